#![doc = include_str!("../README.md")]
//!
//! # Where things are
//!
//! [`Passage`] is where to start, and [`Error`] is the only error type. The arguments and results
//! of each handler are in its module: [`users`], [`bulk`] for many of them at a time,
//! [`magic_links`], [`api_keys`], [`flex`] and [`app`]; their ids are in [`ids`]. [`keys`] has the
//! keys that verify tokens, and [`generated`] has every operation and type of both APIs as on the
//! wire.
//!
//! With the feature of the same name, `tower`, `axum` and `actix` authenticate the requests of
//! services built with these frameworks: each module's page begins with an example. With the
//! feature `blocking`, the module of that name is the client for programs without `async`.
//!
//! # Conventions
//!
//! - A setter is named after what it sets and takes `self`; calling it again replaces the value.
//!   One that adds to a list begins with `add_`, and one that removes a value with `clear_`.
//! - A constructor that takes required values begins with `with_` or `for_`.
//! - A method that removes something returns `()`. A missing object is an error for which
//!   [`Error::is_not_found`] holds, and never counts as removed: for a user with the code
//!   `user_not_found`, for a passkey with `device_not_found`, for an API key with
//!   `api_key_not_found`. Only a call that was tried more than once ([`Error::attempts`]) may have
//!   removed the object that it no longer finds.

// From the top down: a module uses those of its group and of groups below it, and there is no
// circle. `tests/it/layers.rs` holds it.

// For services and programs of a certain kind.
#[cfg(feature = "actix")]
pub mod actix;
#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "blocking")]
pub mod blocking;
#[cfg(any(test, feature = "test-util"))]
pub mod test_util;
#[cfg(feature = "tower")]
pub mod tower;
mod web;

// The client.
mod passage;

// Its handlers: one module for each part of the management API.
pub mod api_keys;
pub mod app;
pub mod bulk;
pub mod flex;
pub mod magic_links;
pub mod users;

// Calls of the APIs, and the verification of tokens.
mod api;
mod auth;
pub mod generated;
pub mod keys;
pub mod retries;
mod transport;
pub mod verification;

// The ground.
mod check;
mod endpoint;
mod error;
pub mod ids;
mod jitter;
mod opaque;
mod open_enum;
mod secret;
mod wire;

pub use auth::{AuthStrategy, Claims, RequestHeaders};
pub use endpoint::Endpoint;
pub use error::{Error, ErrorCode, ErrorKind, Result};
pub use ids::UserId;
pub use passage::{Passage, PassageBuilder};
pub use secret::Secret;
pub use transport::CallOptions;
