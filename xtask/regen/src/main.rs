//! `cargo xtask regen`.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

/// Make openapi/effective from the vendored documents and the overlay, then update the snapshots.
#[derive(Parser)]
#[command(name = "cargo xtask regen")]
struct Cli {
    /// Change nothing; fail and name each file that is out of date.
    #[arg(long)]
    check: bool,
    /// The folder of the project.
    #[arg(long, hide = true)]
    root: std::path::PathBuf,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let root: &Path = &cli.root;
    let done = if cli.check {
        regen::check(root)
    } else {
        regen::update(root)
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
