//! `passage-server export` and `passage-server import`.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use clap::Args;
use passage_server::{AdminError, ImportOptions, TransferCounts};
use serde_json::{Value, json};

use super::admin::{Where, with};
use super::{Outcome, print};

/// Stands for standard input and standard output.
const STANDARD: &str = "-";

#[derive(Args)]
pub(super) struct Export {
    #[command(flatten)]
    place: Where,
    /// Only this app; can be repeated [default: all apps]
    #[arg(long = "app", value_name = "ID")]
    apps: Vec<String>,
    /// File to create, readable by its owner only; - for standard output
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Args)]
pub(super) struct Import {
    #[command(flatten)]
    place: Where,
    /// Only report problems, or what would be imported
    #[arg(long)]
    dry_run: bool,
    /// Count every e-mail address and phone number as verified, as the old system has verified them
    #[arg(long)]
    trust_identifiers: bool,
    /// File to read; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Exports apps with their users to a file, and prints how many there were.
pub(super) async fn export(options: Export) -> Outcome {
    let path = options.place.data()?;
    if !path.exists() {
        // Opening it would create an empty file, with nothing to export.
        return Err(format!("there is no data file {}", path.display()).into());
    }
    let apps: Vec<&str> = options.apps.iter().map(String::as_str).collect();
    if options.file == Path::new(STANDARD) {
        let out = BufWriter::new(std::io::stdout());
        let (transferred, _) = with(path, async |data| data.export(&apps, out).await).await?;
        eprintln!("{}", counts(&transferred));
    } else {
        let export = with(path, async |data| {
            data.export_file(&apps, &options.file).await
        });
        print(&counts(&export.await?))?;
    }
    Ok(())
}

/// Imports apps and users from a file, and prints how many there were.
pub(super) async fn import(options: Import) -> Outcome {
    let path = options.place.data()?;
    let how = ImportOptions::new()
        .trust_identifiers(options.trust_identifiers)
        .dry_run(options.dry_run);
    let file = options.file;
    let transferred = if file == Path::new(STANDARD) {
        let lines = BufReader::new(std::io::stdin());
        take_in(path, lines, how).await?
    } else {
        let lines = File::open(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        take_in(path, BufReader::new(lines), how).await?
    };
    let mut counts = counts(&transferred);
    let unproved = transferred.users_with_unproved_passkeys;
    if let Some(counts) = counts.as_object_mut() {
        counts.insert("users_with_unproved_passkeys".to_owned(), json!(unproved));
        if options.dry_run {
            counts.insert("dry_run".to_owned(), json!(true));
        }
    }
    print(&counts)?;
    if unproved > 0 {
        eprintln!(
            "note: {unproved} of the users have passkeys and no verified identifier: their first code or link removes \
             the passkeys. If the old system has verified the identifiers, import with --trust-identifiers"
        );
    }
    Ok(())
}

async fn take_in(
    path: PathBuf,
    lines: impl std::io::BufRead + Send + 'static,
    options: ImportOptions,
) -> Result<TransferCounts, AdminError> {
    with(path, async |data| data.import_with(lines, options).await).await
}

fn counts(transferred: &TransferCounts) -> Value {
    json!({
        "apps": transferred.apps,
        "users": transferred.users,
        "devices": transferred.devices,
        "social_connections": transferred.social_connections,
    })
}
