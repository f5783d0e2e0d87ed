//! The clients that are generated from the API descriptions, one module per API.
//!
//! Most programs want the facade at the crate root. These modules hold every operation and every type of the
//! wire, for what the facade does not show. They follow `openapi/effective/*.json`: what the service published,
//! changed where `openapi/overlay.yaml` says so and why.
//!
//! - Enums are open: a value that this version does not know reads as `Unknown`.
//! - `Debug` prints `<redacted>` instead of tokens and other secrets. `Serialize` writes them.
//! - A list reads `null` as empty.

pub mod auth;
pub mod management;
pub(crate) mod support;
