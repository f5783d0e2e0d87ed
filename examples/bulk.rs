//! Moves many users: imports a file of JSON Lines, and exports all users into another one, each
//! with a progress bar, and each so that it can go on where it stopped.
//!
//! Run it with `cargo run --example bulk`, or with `cargo run --example bulk -- 10000`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use passage_identity::Passage;
use passage_identity::bulk::{ExportProgress, ImportReport};
use passage_identity::users::ListCursor;
use passage_server::PassageServer;
use tokio::fs::File;
use tokio::io::BufReader;

type Failure = Box<dyn std::error::Error>;

/// Imports a file. If the position of an earlier run is there, goes on from it.
pub async fn import(
    passage: &Passage,
    file: &Path,
    position: &Path,
    bar: &ProgressBar,
) -> Result<ImportReport, Failure> {
    let lines = BufReader::new(File::open(file).await?);
    let mut import = passage.users().import_json_lines(lines).concurrency(16);
    if let Ok(stored) = std::fs::read_to_string(position) {
        import = import.resume(stored.parse()?);
    }
    let handle = import.handle();
    let mut progress = handle.progress();
    let show = async {
        while progress.changed().await.is_ok() {
            bar.set_position(progress.borrow_and_update().done());
        }
    };
    let run = async {
        tokio::select! {
            report = import.run() => report,
            // Whatever was under way then is taken up by the next run.
            _ = tokio::signal::ctrl_c() => handle.report(),
        }
    };
    let (report, ()) = tokio::join!(run, show);
    if report.is_complete() {
        std::fs::remove_file(position).ok();
    } else {
        std::fs::write(position, report.position.to_string())?;
    }
    Ok(report)
}

/// Exports all users into a file, or goes on with it. Beside it is written, after each piece, how
/// far the export came.
pub async fn export(
    passage: &Passage,
    file: &Path,
    position: &Path,
    bar: &ProgressBar,
) -> Result<ExportProgress, Failure> {
    let mut export = passage.users().export_users();
    let mut start = 0;
    if let Ok(stored) = std::fs::read_to_string(position)
        && let Some((bytes, cursor)) = stored.split_once(' ')
    {
        start = bytes.parse()?;
        export = export.resume(cursor.parse::<ListCursor>()?);
    }
    // What is behind that was perhaps not written whole.
    let output = OpenOptions::new()
        .create(true)
        .truncate(false)
        .append(true)
        .open(file)?;
    output.set_len(start)?;

    let mut progress = export.progress();
    let show = async {
        while progress.changed().await.is_ok() {
            let progress = progress.borrow_and_update().clone();
            bar.set_length(progress.total.unwrap_or_default());
            bar.set_position(progress.users);
            if let Some(cursor) = progress.cursor {
                let place = format!("{} {cursor}", start + progress.bytes);
                std::fs::write(position, place).ok();
            }
        }
    };
    let (written, ()) = tokio::join!(export.write_to(File::from_std(output)), show);
    let written = written?;
    std::fs::remove_file(position).ok();
    Ok(written)
}

/// Writes a file to be imported.
pub fn generate(file: &Path, users: u64) -> Result<(), Failure> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(file)?);
    for number in 0..users {
        let team = if number % 10 == 0 { "red" } else { "blue" };
        let active = number % 2 == 0;
        writeln!(
            file,
            r#"{{"email":"user{number}@example.com","metadata":{{"team":"{team}"}},"active":{active}}}"#
        )?;
    }
    Ok(file.flush()?)
}

fn bar(length: u64) -> Result<ProgressBar, Failure> {
    let style = ProgressStyle::with_template("{msg:8} {bar:40} {pos}/{len} {per_sec} {eta}")?;
    Ok(ProgressBar::new(length).with_style(style))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let users = std::env::args()
        .nth(1)
        .map_or(Ok(1_000), |arg| arg.parse())?;
    let server = PassageServer::builder().start().await?;
    let passage = Passage::builder(server.app_id())
        .server(server.url())
        .api_key(server.api_key())
        .build()?;
    let folder = std::env::temp_dir().join(format!("passage-bulk-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let file = |name: &str| folder.join(name);
    generate(&file("in.jsonl"), users)?;

    let shown = bar(users)?.with_message("import");
    let report = import(&passage, &file("in.jsonl"), &file("import"), &shown).await?;
    shown.finish();
    println!("{} created, end: {:?}", report.progress.created, report.end);
    for failure in &report.failures {
        println!("line {}: {}", failure.line, failure.error);
    }

    let shown = bar(users)?.with_message("export");
    let written = export(&passage, &file("out.jsonl"), &file("export"), &shown).await?;
    shown.finish();
    println!("{} users, {} bytes", written.users, written.bytes);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
