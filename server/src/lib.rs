//! A Passage-compatible server for development and tests.
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
//! The binary `passage-server` runs the same server by itself. Its controls, which hand out tokens to whoever asks,
//! are why either listens on loopback addresses only.
//!
//! | What | Where |
//! |---|---|
//! | Management API | `{url}/api/v1/..`, or `/v1/..` with a host `api.*` |
//! | Auth API | `{url}/auth/v1/..`, or `/v1/..` with a host `auth.*` |
//! | Controls | `{url}/_dev/..`, or [`PassageServer::controls`] |

mod accounts;
mod api_key;
mod builder;
mod clock;
mod codes;
mod core;
mod delivery;
mod dev;
mod error;
mod filters;
mod flex;
mod handle;
mod http;
mod identifier;
mod ids;
mod keys;
mod links;
mod observe;
mod operations;
mod passkeys;
mod sessions;
mod settings;
mod store;
mod tokens;

pub use self::builder::ServerBuilder;
pub use self::delivery::{Channel, Delivery, Message, Smtp, SmtpSecurity, TextHook};
pub use self::dev::{Controls, Cut, Fault, LoggedRequest, MintToken, SeedDevice};
pub use self::error::{ControlError, StartError};
pub use self::handle::PassageServer;
pub use self::observe::Exchange;
pub use self::settings::MetadataType;
