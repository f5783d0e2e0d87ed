#![doc = include_str!("../README.md")]
//!
//! # Where things are
//!
//! [`Passage`] is where to start, [`Error`] is the one error type, and [`generated`] has every
//! operation and type of both APIs as they are on the wire.

mod api_keys;
mod app;
mod auth;
mod check;
mod config;
mod error;
mod flex;
pub mod generated;
mod id;
mod magic_links;
mod open_enum;
mod passage;
mod secret;
mod transport;
mod users;
pub mod verification;

pub use api_keys::{ApiKey, ApiKeyRole, ApiKeys, CreatedApiKey};
pub use app::{App, AppType, MetadataField, MetadataType};
pub use auth::{
    AUTH_COOKIE, AuthStrategy, Claims, ClaimsSet, JwkSet, JwksEvent, JwksHealth, RequestHeaders,
};
pub use config::{Endpoint, PassageBuilder};
pub use error::{Error, ErrorCode, ErrorKind, Result};
pub use flex::Flex;
pub use id::{ApiKeyId, AppId, DeviceId, ExternalId, IntoId, TransactionId, UserId};
pub use magic_links::{
    CreateMagicLink, MagicLink, MagicLinkChannel, MagicLinkLanguage, MagicLinkType, MagicLinks,
};
pub use passage::Passage;
pub use secret::Secret;
pub use users::{
    CountFilter, CreateUser, Device, DeviceIcons, EventAction, EventStatus, ListUsers, Order, Page,
    RecentEvent, SocialConnection, SocialConnections, SocialProvider, SortBy, TextFilter,
    TimeFilter, UpdateUser, User, UserStatus, UserSummary, Users, WebAuthnType,
};
