//! `cargo xtask regen`.

mod outside;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgGroup, Parser};
use regen::{Import, Sources, World};

use outside::Outside;

/// Update everything that is generated from the API descriptions, and report what changed.
///
/// Without options: applies openapi/overlay.yaml to the vendored documents, writes openapi/effective,
/// reports what changed since the last commit (on the screen, in target/regen/report.md, and as a draft
/// in CHANGELOG.md), and leaves changed snapshots as `.snap.new` for `cargo insta review`.
///
/// Nothing is written unless every document can be read, overlaid and generated from. Exits with 0 even
/// if snapshots need a review; --check fails until they are accepted. docs/upgrading.md is the guide.
#[derive(Parser)]
#[command(
    name = "cargo xtask regen",
    group = ArgGroup::new("descriptions").multiple(true),
    override_usage = "cargo xtask regen [OPTIONS]",
    after_help = "A new description in two commands:\n  \
                  cargo xtask regen --management new.json --from 'https://.. as of 2026-01-16'\n  \
                  cargo xtask regen --accept        (or `cargo insta review`)\n"
)]
struct Cli {
    /// A new description of the Management API: OpenAPI 3.0 or Swagger 2.0, JSON or YAML.
    #[arg(long, value_name = "FILE", group = "descriptions")]
    management: Option<PathBuf>,
    /// A new description of the Auth API.
    #[arg(long, value_name = "FILE", group = "descriptions")]
    auth: Option<PathBuf>,
    /// Where the new descriptions are from, for openapi/PROVENANCE.md [default: the name of the file].
    #[arg(long, value_name = "TEXT", requires = "descriptions")]
    from: Option<String>,
    /// Replace changed snapshots, and delete unused ones.
    #[arg(long)]
    accept: bool,
    /// Report what changed since this commit [default: HEAD].
    #[arg(long, value_name = "COMMIT")]
    since: Option<String>,
    /// Change nothing; fail and name each file that is out of date.
    #[arg(long, conflicts_with_all = ["management", "auth", "from", "accept", "since"])]
    check: bool,
    /// The folder of the project.
    #[arg(long, hide = true)]
    root: PathBuf,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), String> {
    let outside = Outside::new(&cli.root, cli.since)?;
    if cli.check {
        return regen::check(&cli.root, &outside);
    }
    let files = [("management", cli.management), ("auth", cli.auth)];
    let files = files
        .into_iter()
        .filter_map(|(api, file)| Some((api, file?)));
    let imports = files.map(|(api, file)| import(&file).map(|import| (api, import)));
    let sources = Sources {
        imports: imports.collect::<Result<_, String>>()?,
        from: cli.from,
        date: outside::today(),
        root: cli.root,
        accept: cli.accept,
        report: outside.folder().join("report.md"),
    };
    regen::update(&sources, &outside)?;
    let report = sources.report.display();
    outside.say(&format!("the report for a pull request is {report}"));
    Ok(())
}

fn import(path: &Path) -> Result<Import, String> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    // Where the file lies on somebody's disk is nobody's business.
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = name.to_string_lossy().into_owned();
    Ok(Import { name, text })
}
