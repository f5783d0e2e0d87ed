//! `passage-server keys`, and how commands find their data file.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use passage_server::{AdminError, Config, ConfigError, DataFile};
use serde_json::json;

use super::{Outcome, print};

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
pub(super) enum Keys {
    /// Print a new key for encrypting signing keys
    Secret,
    /// List the signing keys, one line of JSON for each
    List {
        #[command(flatten)]
        place: Where,
    },
    /// Have the server make new signing keys; they are announced at once, and used once verifiers know them
    Rotate {
        #[command(flatten)]
        place: Where,
        /// Only for this app [default: all apps]
        #[arg(long, value_name = "ID")]
        app: Option<String>,
        /// Sign with them at once, as after a leak; verifiers that cache the old keys reject new tokens for a while
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

    /// The data file, for changing an app. An app that the configuration declares can only be changed there.
    pub(super) fn data_of(self, app: &str) -> Result<PathBuf, Box<dyn std::error::Error>> {
        let (None, Some(path)) = (&self.data, &self.config) else {
            return Ok(self.data()?);
        };
        let config = Config::read(path)?;
        if config.app_ids().any(|id| id == app) {
            let path = path.display();
            let problem =
                format!("app `{app}` is in {path}, which counts at every start: change it there");
            return Err(problem.into());
        }
        Ok(config.data())
    }
}

/// Opens a data file, works on it, and closes it whether or not that succeeded.
pub(super) async fn with<T>(
    data: PathBuf,
    work: impl AsyncFnOnce(&DataFile) -> Result<T, AdminError>,
) -> Result<T, AdminError> {
    let file = DataFile::open(data).await?;
    let done = work(&file).await;
    file.close().await;
    done
}

pub(super) async fn keys(command: Keys) -> Outcome {
    match command {
        Keys::Secret => {
            // Goes into a file or a variable, so it is not wrapped in JSON.
            println!("{}", DataFile::encryption_key());
        }
        Keys::List { place } => {
            let keys = with(place.data()?, async |file| file.signing_keys().await);
            for key in keys.await? {
                print(&json!({
                    "app_id": key.app_id,
                    "kid": key.kid,
                    "state": key.state,
                    "created_at": key.created_at,
                }))?;
            }
        }
        Keys::Rotate { place, app, now } => {
            with(place.data()?, async |file| file.rotate_keys(app, now).await).await?;
        }
    }
    Ok(())
}
