#![doc = include_str!("../README.md")]
//!
//! # Where things are
//!
//! [`Passage`] is where to start, [`Error`] is the one error type, and [`generated`] has every
//! operation and type of both APIs as they are on the wire.
//!
//! With the feature of the same name, `tower`, `axum` and `actix` authenticate the requests of
//! services built with these: each module's page begins with an example. With the feature
//! `blocking`, the module of that name is the client for programs without `async`.

#[cfg(feature = "actix")]
pub mod actix;
mod api_keys;
mod app;
mod auth;
#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "blocking")]
pub mod blocking;
mod check;
mod config;
mod error;
mod flex;
pub mod generated;
mod id;
mod jitter;
mod magic_links;
mod opaque;
mod open_enum;
mod passage;
pub mod retries;
mod secret;
#[cfg(any(test, feature = "test-util"))]
pub mod test_util;
#[cfg(feature = "tower")]
pub mod tower;
mod transport;
mod users;
pub mod verification;
mod web;

pub use api_keys::{ApiKey, ApiKeyRole, ApiKeys, CreatedApiKey};
pub use app::{App, AppType, MetadataField, MetadataType};
pub use auth::{
    AUTH_COOKIE, AuthStrategy, Claims, ClaimsSet, JwkSet, JwksEvent, JwksHealth, RequestHeaders,
};
pub use config::{CallOptions, Endpoint, PassageBuilder};
pub use error::{Error, ErrorCode, ErrorKind, Result};
pub use flex::Flex;
pub use id::{ApiKeyId, AppId, DeviceId, ExternalId, IntoId, TransactionId, UserId};
pub use magic_links::{
    CreateMagicLink, MagicLink, MagicLinkChannel, MagicLinkLanguage, MagicLinkType, MagicLinks,
};
pub use passage::Passage;
pub use secret::Secret;
pub use users::{
    CountFilter, CreateUser, Device, DeviceIcons, EventAction, EventStatus, ExportProgress,
    ExportUsers, ImportEnd, ImportFailure, ImportHandle, ImportOutcome, ImportPosition,
    ImportProgress, ImportReport, ImportUser, ImportUsers, ListCursor, ListUsers, Order, Page,
    RecentEvent, SocialConnection, SocialConnections, SocialProvider, SortBy, TextFilter,
    TimeFilter, UpdateUser, User, UserStatus, UserStream, UserSummary, Users, WebAuthnType,
};
