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
//! The binary runs the same server on its own as `passage-server dev`. The controls issue tokens to any caller, so both
//! listen on loopback addresses only. `passage-server serve`, or [`Service`] in a program, has no controls and is
//! configured by a [`Config`].
//!
//! | What | Where |
//! |---|---|
//! | Management API | `{url}/api/v1/..`, or `/v1/..` with a host `api.*` |
//! | Auth API | `{url}/auth/v1/..`, or `/v1/..` with a host `auth.*` |
//! | Controls | `{url}/_dev/..`, or [`PassageServer::controls`] |
//!
//! # How it is built
//!
//! A module imports from its own layer and from those below it, never from one above.
//!
//! | Layer | What it does |
//! |---|---|
//! | `cli` | the command line; in the binary |
//! | `run` | puts a server together, starts it, maintains it and stops it |
//! | `dev` | the development tools, which wrap the server from above: faults, request log, controls, test provider |
//! | `http` | connections, the layers before the router, the handlers of both APIs, replies |
//! | `admin` | what operators do with a data file: apps, keys, users |
//! | `transfer` | import and export |
//! | `config` | the configuration of a production server |
//! | `domain` | the use cases, without HTTP: apps, users, sign-ins, passkeys, codes, links, social logins |
//! | `delivery` | messages on their way to mail and text providers |
//! | `keys` | signing keys |
//! | `store` | storage; no other module names the database |
//! | ground | the clock, ids, identifiers, names of providers |

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
mod provider_name;

pub use self::admin::{
    AdminError, AuditFilter, CreatedApp, DataFile, NewApp, StoredApp, StoredKey,
};
pub use self::config::{Config, ConfigError, LogConfig};
pub use self::delivery::{Channel, Delivery, Message, Smtp, SmtpSecurity, TextHook};
pub use self::dev::error::ControlError;
pub use self::dev::observe::Exchange;
pub use self::dev::{
    Controls, Cut, Fault, IdToken, LoggedRequest, MintIdToken, MintToken, SeedDevice,
};
pub use self::domain::audit::AuditEntry;
pub use self::domain::settings::{
    ChangeConfirmedBy, ConcealUsers, MagicLinkWaiting, MetadataRule, MetadataType, SettingsPatch,
    SocialLogin, SocialLogins,
};
pub use self::domain::social::SocialProvider;
pub use self::run::builder::ServerBuilder;
pub use self::run::error::StartError;
pub use self::run::handle::PassageServer;
pub use self::run::service::Service;
pub use self::transfer::{BadLine, ImportOptions, TransferCounts};
