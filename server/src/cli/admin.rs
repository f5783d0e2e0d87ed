//! `passage-server app` and `passage-server keys`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use passage_server::{Config, ConfigError, DataFile, MetadataType, NewApp};
use serde_json::json;

use super::{Outcome, metadata_field, print};

/// Which data file.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Where {
    /// Configuration file of the server
    #[arg(long, env = "PASSAGE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data file
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(super) enum App {
    /// Create an app, and print its id and its first API key, which is shown this once
    Create(Create),
    /// List the apps, one line of JSON for each
    List {
        #[command(flatten)]
        place: Where,
    },
    /// See to the API keys of an app
    #[command(subcommand)]
    ApiKey(ApiKey),
}

#[derive(Args)]
pub(super) struct Create {
    #[command(flatten)]
    place: Where,
    /// Origin of the app's website, such as https://shop.example.com
    #[arg(long, value_name = "ORIGIN")]
    auth_origin: String,
    /// Domain that passkeys belong to: the host of the auth origin, or a domain above it [default: that host]
    #[arg(long, value_name = "DOMAIN")]
    rp_id: Option<String>,
    /// Id of the app [default: a random one]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Name of the app, as messages have it [default: the origin]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Page that magic links open [default: /]
    #[arg(long, value_name = "PATH")]
    login_url: Option<String>,
    /// Page where users go after they signed in [default: /]
    #[arg(long, value_name = "PATH")]
    redirect_url: Option<String>,
    /// Lifetime of auth tokens [default: 3600]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    session_seconds: Option<u64>,
    /// Do not hand out refresh tokens
    #[arg(long)]
    no_refresh_tokens: bool,
    /// Do not sign users in with magic links
    #[arg(long)]
    no_magic_links: bool,
    /// Do not sign users in with one-time codes
    #[arg(long)]
    no_one_time_codes: bool,
    /// Answer requests for codes and links alike for users who are known and who are not
    #[arg(long)]
    conceal_users: bool,
    /// A metadata field, such as plan:string; an app without any takes all fields. Can be repeated.
    #[arg(long, value_name = "NAME:TYPE", value_parser = metadata_field)]
    metadata: Vec<(String, MetadataType)>,
}

#[derive(Subcommand)]
pub(super) enum ApiKey {
    /// Create an API key, and print it: it is shown this once
    Create {
        #[command(flatten)]
        place: Where,
        /// Id of the app
        #[arg(long, value_name = "ID")]
        app: String,
        /// What the key is for
        #[arg(long, value_name = "NAME", default_value = "command line")]
        name: String,
    },
}

#[derive(Subcommand)]
pub(super) enum Keys {
    /// Print a new key to encrypt signing keys with
    Secret,
    /// List the signing keys, one line of JSON for each
    List {
        #[command(flatten)]
        place: Where,
    },
    /// Have the server make new signing keys: announced at once, in use when verifiers know them
    Rotate {
        #[command(flatten)]
        place: Where,
        /// Of this app alone [default: of all apps]
        #[arg(long, value_name = "ID")]
        app: Option<String>,
        /// Sign with them at once, as after a leak: verifiers that do not look again refuse the new tokens for a while
        #[arg(long)]
        now: bool,
    },
}

impl Where {
    /// The data file.
    pub(super) fn data(self) -> Result<PathBuf, ConfigError> {
        match (self.data, self.config) {
            (Some(data), _) => Ok(data),
            (None, Some(config)) => Config::read(config).map(|config| config.data()),
            (None, None) => Ok(PathBuf::new()),
        }
    }

    async fn open(self) -> Result<DataFile, Box<dyn std::error::Error>> {
        Ok(DataFile::open(self.data()?).await?)
    }
}

pub(super) async fn app(command: App) -> Outcome {
    match command {
        App::Create(options) => create(options).await,
        App::List { place } => {
            let file = place.open().await?;
            for app in file.apps().await? {
                print(&json!({
                    "app_id": app.id,
                    "name": app.name,
                    "auth_origin": app.auth_origin,
                    "created_at": app.created_at,
                }))?;
            }
            file.close().await;
            Ok(())
        }
        App::ApiKey(ApiKey::Create { place, app, name }) => {
            let file = place.open().await?;
            let key = file.create_api_key(app.clone(), name).await?;
            file.close().await;
            print(&json!({"app_id": app, "api_key": key}))?;
            Ok(())
        }
    }
}

async fn create(options: Create) -> Outcome {
    let mut app = NewApp::new(options.auth_origin)
        .refresh_tokens(!options.no_refresh_tokens)
        .magic_links(!options.no_magic_links)
        .one_time_codes(!options.no_one_time_codes)
        .conceal_users(options.conceal_users);
    if let Some(id) = options.id {
        app = app.id(id);
    }
    if let Some(domain) = options.rp_id {
        app = app.rp_id(domain);
    }
    if let Some(name) = options.name {
        app = app.name(name);
    }
    if let Some(path) = options.login_url {
        app = app.login_url(path);
    }
    if let Some(path) = options.redirect_url {
        app = app.redirect_url(path);
    }
    if let Some(seconds) = options.session_seconds {
        app = app.session_timeout(Duration::from_secs(seconds));
    }
    for (name, kind) in options.metadata {
        app = app.metadata_field(name, kind);
    }
    let file = options.place.open().await?;
    let app = file.create_app(app).await?;
    file.close().await;
    print(&json!({"app_id": app.id, "api_key": app.api_key}))?;
    Ok(())
}

pub(super) async fn keys(command: Keys) -> Outcome {
    match command {
        Keys::Secret => {
            // For a file or a variable, so without JSON around it.
            println!("{}", DataFile::encryption_key());
        }
        Keys::List { place } => {
            let file = place.open().await?;
            for key in file.signing_keys().await? {
                print(&json!({
                    "app_id": key.app_id,
                    "kid": key.kid,
                    "state": key.state,
                    "created_at": key.created_at,
                }))?;
            }
            file.close().await;
        }
        Keys::Rotate { place, app, now } => {
            let file = place.open().await?;
            file.rotate_keys(app, now).await?;
            file.close().await;
        }
    }
    Ok(())
}
