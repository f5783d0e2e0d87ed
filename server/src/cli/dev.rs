//! `passage-server dev`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use passage_server::{MetadataRule, PassageServer, StartError};
use serde_json::json;
use tracing::level_filters::LevelFilter;

use super::{Outcome, log, metadata_field, print, stop_signal};

#[derive(Args)]
pub(super) struct Dev {
    /// Loopback address and port to listen on; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:8787", value_name = "ADDRESS", value_parser = listen_address)]
    listen: SocketAddr,
    /// Id of the app [default: the app in the data file, or a new one]
    #[arg(long, env = "PASSAGE_APP_ID", value_name = "ID")]
    app_id: Option<String>,
    /// An API key of the app [default: a new one on each start]
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
    /// Domain that passkeys belong to: the host of the auth origin, or a parent domain of it [default: that host]
    #[arg(long, value_name = "DOMAIN")]
    rp_id: Option<String>,
    /// Issuer of the app's tokens [default: the URL of the app under this server's Auth API]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// File for the data [default: in memory]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// A metadata field of the app, such as display_name:string. Users may write it, unless plan:string:backend or
    /// :profile says who and when. Can be repeated.
    #[arg(long, value_name = "NAME:TYPE[:RIGHTS]", value_parser = metadata_field)]
    metadata: Vec<(String, MetadataRule)>,
    /// A URL, besides those of the auth origin, that social logins may redirect to, such as my-app://callback. Can be
    /// repeated.
    #[arg(long, value_name = "URL")]
    callback_url: Vec<String>,
    /// How much to log to stderr: off, error, warn, info, debug or trace
    #[arg(
        long,
        env = "PASSAGE_LOG",
        value_name = "LEVEL",
        default_value = "warn"
    )]
    log: LevelFilter,
}

/// Only localhost is resolved: any other name could point to an address that others can reach.
fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let address = match text.split_once(':') {
        Some(("localhost", port)) => format!("127.0.0.1:{port}"),
        _ => text.to_owned(),
    };
    let problem = "must be a loopback address and a port, such as 127.0.0.1:8787 or [::1]:8787";
    address.parse().map_err(|_| problem.to_owned())
}

/// Runs a development server until it is told to stop.
pub(super) async fn run(options: Dev) -> Outcome {
    log(options.log, false);
    // Watch for signals first, so that one that arrives during the start is not lost.
    let stop = stop_signal()?;
    let server = start(options).await?;
    print(&json!({
        "url": server.url(),
        "app_id": server.app_id(),
        "api_key": server.api_key(),
        "pid": std::process::id(),
    }))?;
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
    for (name, rule) in options.metadata {
        builder = builder.metadata_field(name, rule);
    }
    for url in options.callback_url {
        builder = builder.callback_url(url);
    }
    builder.start().await
}
