//! The command line.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use passage_server::{MetadataType, PassageServer, StartError};
use serde_json::json;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// A Passage-compatible server.
#[derive(Parser)]
#[command(name = "passage-server", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a server for development, with controls under /_dev that hand out tokens to whoever asks.
    ///
    /// When it is ready it prints one line of JSON: url, app_id, api_key, pid. Ctrl-C or SIGTERM stops it.
    Dev(Dev),
}

#[derive(Args)]
struct Dev {
    /// Loopback address and port to listen on; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:8787", value_name = "ADDRESS", value_parser = listen_address)]
    listen: SocketAddr,
    /// Id of the app [default: the app in the data file, or a new one]
    #[arg(long, env = "PASSAGE_APP_ID", value_name = "ID")]
    app_id: Option<String>,
    /// An API key of the app [default: a new one at each start]
    #[arg(
        long,
        env = "PASSAGE_API_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    api_key: Option<String>,
    /// Origin of the app's website [default: the one in the data file, or http://localhost:3000]
    #[arg(long, value_name = "ORIGIN")]
    auth_origin: Option<String>,
    /// Domain that passkeys belong to: the host of the auth origin, or a domain above it [default: that host]
    #[arg(long, value_name = "DOMAIN")]
    rp_id: Option<String>,
    /// Issuer of the app's tokens [default: the URL of the app under this server's Auth API]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// File to keep the data in [default: in memory]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// A metadata field of the app, such as plan:string; an app without any takes all fields. Can be repeated.
    #[arg(long, value_name = "NAME:TYPE", value_parser = metadata_field)]
    metadata: Vec<(String, MetadataType)>,
    /// How much to log to stderr: off, error, warn, info, debug or trace
    #[arg(
        long,
        env = "PASSAGE_LOG",
        value_name = "LEVEL",
        default_value = "warn"
    )]
    log: LevelFilter,
}

/// No other name is looked up, as it could stand for an address that others can reach.
fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let address = match text.split_once(':') {
        Some(("localhost", port)) => format!("127.0.0.1:{port}"),
        _ => text.to_owned(),
    };
    let problem = "must be a loopback address and a port, such as 127.0.0.1:8787 or [::1]:8787";
    address.parse().map_err(|_| problem.to_owned())
}

fn metadata_field(text: &str) -> Result<(String, MetadataType), String> {
    let (name, kind) = text
        .split_once(':')
        .ok_or("must be a name, a colon and a type")?;
    Ok((name.to_owned(), kind.parse()?))
}

/// Does what the command line says.
pub(crate) async fn run() -> ExitCode {
    let Command::Dev(options) = Cli::parse().command;
    match dev(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("passage-server: {}", with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

/// Our own events alone: those of the libraries below could show what a request holds.
fn log(level: LevelFilter) {
    let ours = Targets::new().with_target("passage_server", level);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(lines.with_filter(ours))
        .init();
}

async fn dev(options: Dev) -> Result<(), Box<dyn std::error::Error>> {
    log(options.log);
    // Watching for signals comes first, so that one that arrives during the start is not lost.
    let stop = stop_signal()?;
    let server = start(options).await?;
    let ready = json!({
        "url": server.url(),
        "app_id": server.app_id(),
        "api_key": server.api_key(),
        "pid": std::process::id(),
    });
    let mut out = std::io::stdout();
    writeln!(out, "{ready}")?;
    out.flush()?;
    stop.await;
    server.shutdown().await;
    Ok(())
}

async fn start(options: Dev) -> Result<PassageServer, StartError> {
    let mut builder = PassageServer::builder().listen(options.listen);
    if let Some(id) = options.app_id {
        builder = builder.app_id(id);
    }
    if let Some(key) = options.api_key {
        builder = builder.api_key(key);
    }
    if let Some(origin) = options.auth_origin {
        builder = builder.auth_origin(origin);
    }
    if let Some(domain) = options.rp_id {
        builder = builder.rp_id(domain);
    }
    if let Some(issuer) = options.issuer {
        builder = builder.issuer(issuer);
    }
    if let Some(data) = options.data {
        builder = builder.data(data);
    }
    for (name, kind) in options.metadata {
        builder = builder.metadata_field(name, kind);
    }
    builder.start().await
}

/// A future that ends with the first signal to stop.
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

/// A future that ends with the first signal to stop.
#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a way to be told, the process can still be ended by the system.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Some errors repeat the text of their cause.
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
