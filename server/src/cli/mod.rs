//! The command line.

mod admin;
mod app;
mod audit;
mod dev;
mod serve;
mod transfer;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use passage_server::MetadataRule;
use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use self::admin::Keys;
use self::app::App;
use self::audit::Audit;
use self::dev::Dev;
use self::serve::Serve;
use self::transfer::{Export, Import};

/// A Passage-compatible server.
#[derive(Parser)]
#[command(name = "passage-server", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a development server, with controls under /_dev that issue tokens to any local caller.
    ///
    /// When ready, it prints one line of JSON: url, app_id, api_key, pid. Ctrl-C or SIGTERM stops it.
    Dev(Dev),
    /// Run a production server from a configuration file.
    ///
    /// When ready, it prints one line of JSON: url, address, pid. Ctrl-C or SIGTERM stops it.
    Serve(Serve),
    /// Manage the apps in a data file, even while a server is using it.
    #[command(subcommand)]
    App(Box<App>),
    /// Manage the keys that sign tokens, even while a server is running.
    #[command(subcommand)]
    Keys(Keys),
    /// Print who signed in, who changed what, and who was refused, even while a server is running.
    Audit(Audit),
    /// Export apps and their users, with their passkeys, to a file, even while a server is running.
    ///
    /// The file has one line of JSON for each. It contains personal data but no secrets.
    Export(Export),
    /// Import apps and users, with their passkeys, from an exported file, while no server is running.
    ///
    /// Invalid lines are reported, and nothing is imported.
    Import(Import),
}

/// The log target of the audit log.
const AUDIT: &str = "passage_server::audit";

/// How a command ends.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Runs the command line.
pub(crate) async fn run() -> ExitCode {
    let command = Cli::command().mut_subcommand("app", app::needs_origin);
    let cli = Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit());
    let outcome = match cli.command {
        Command::Dev(options) => dev::run(options).await,
        Command::Serve(options) => serve::run(options).await,
        Command::App(command) => app::run(*command).await,
        Command::Keys(command) => admin::keys(command).await,
        Command::Audit(options) => audit::run(options).await,
        Command::Export(options) => transfer::export(options).await,
        Command::Import(options) => transfer::import(options).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("passage-server: {}", with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

/// Logs our own events only: those of the libraries below could show the contents of a request.
fn log(level: LevelFilter, json: bool) {
    let ours = Targets::new()
        .with_target("passage_server", level)
        .with_target(AUDIT, LevelFilter::OFF);
    // Lines of the audit log are JSON already, in either format.
    let audit = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_level(false)
        .with_target(false)
        .without_time()
        .with_filter(Targets::new().with_target(AUDIT, level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = if json {
        lines.json().flatten_event(true).boxed()
    } else {
        // Without colours: the log is rarely read in a terminal.
        lines.with_ansi(false).boxed()
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(ours))
        .with(audit)
        .init();
}

fn metadata_field(text: &str) -> Result<(String, MetadataRule), String> {
    let (name, rule) = text
        .split_once(':')
        .ok_or("must be a name, a colon and a type")?;
    Ok((name.to_owned(), rule.parse()?))
}

/// Prints a line of JSON.
fn print(line: &Value) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    out.flush()
}

/// A future that completes on the first signal to stop.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// A future that completes on the first signal to stop.
#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // If there is no way to be told, the system can still end the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Some errors already include the text of their cause.
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
