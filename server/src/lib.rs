//! A Passage-compatible server for tests, for development and for production.
//!
//! It speaks both APIs of "Passage by 1Password", the passkey service that was retired on 2026-01-16, really signs
//! its tokens, and keeps its data in memory or in a SQLite file. In a test it runs in the same process:
//!
//! ```
//! use passage_server::{MintToken, PassageServer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = PassageServer::builder().start().await?;
//! println!("{} serves the app {}", server.url(), server.app_id());
//!
//! let token = server.controls().mint_token(MintToken::new("some user id")).await?;
//! assert_eq!(token.split('.').count(), 3);
//!
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! The binary runs the same server by itself as `passage-server dev`. Its controls, which hand out tokens to whoever
//! asks, are why either listens on loopback addresses only. `passage-server serve`, in a program [`Service`], has no
//! controls and takes a [`Config`].
//!
//! | What | Where |
//! |---|---|
//! | Management API | `{url}/api/v1/..`, or `/v1/..` with a host `api.*` |
//! | Auth API | `{url}/auth/v1/..`, or `/v1/..` with a host `auth.*` |
//! | Controls | `{url}/_dev/..`, or [`PassageServer::controls`] |

// From top to bottom: a module imports from its own floor and from those below.
mod run;

mod dev;

mod http;

mod admin;
mod transfer;

mod config;

mod domain;

mod delivery;
mod keys;

mod store;

mod certificate;
mod clock;
mod identifier;
mod ids;
mod json_problem;
mod private_file;

pub use self::admin::{AdminError, CreatedApp, DataFile, NewApp, StoredApp, StoredKey};
pub use self::config::{Config, ConfigError, LogConfig};
pub use self::delivery::{Channel, Delivery, Message, Smtp, SmtpSecurity, TextHook};
pub use self::dev::error::ControlError;
pub use self::dev::observe::Exchange;
pub use self::dev::{
    Controls, Cut, Fault, IdToken, LoggedRequest, MintIdToken, MintToken, SeedDevice,
};
pub use self::domain::settings::{MetadataType, SettingsPatch, SocialLogin, SocialLogins};
pub use self::domain::social::SocialProvider;
pub use self::run::builder::ServerBuilder;
pub use self::run::error::StartError;
pub use self::run::handle::PassageServer;
pub use self::run::service::Service;
pub use self::transfer::{BadLine, TransferCounts};
