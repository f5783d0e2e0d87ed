//! `passage-server serve`.

use std::path::PathBuf;

use clap::Args;
use passage_server::{Config, Service};
use serde_json::json;

use super::{Outcome, log, print, stop_signal};

#[derive(Args)]
pub(super) struct Serve {
    /// Configuration file
    #[arg(long, env = "PASSAGE_CONFIG", value_name = "FILE")]
    config: PathBuf,
    /// Only check the configuration, with the secrets and files that it refers to
    #[arg(long)]
    check: bool,
}

/// Runs a server until it is told to stop.
pub(super) async fn run(options: Serve) -> Outcome {
    let config = Config::read(&options.config)?;
    if options.check {
        for note in config.notes()? {
            eprintln!("note: {note}");
        }
        return Ok(());
    }
    let wanted = config.log();
    log(wanted.level.into(), wanted.json);
    // Watch for signals first, so that one that arrives during the start is not lost.
    let stop = stop_signal()?;
    let server = Service::start(&config).await?;
    print(&json!({
        "url": server.url(),
        "address": server.address(),
        "pid": std::process::id(),
    }))?;
    stop.await;
    tracing::info!("the server stops");
    server.shutdown().await;
    Ok(())
}
