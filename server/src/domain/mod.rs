//! The use cases: apps and their users, and every way to sign in, independent of HTTP.

pub(crate) mod api_keys;
pub(crate) mod apps;
pub(crate) mod audit;
pub(crate) mod client;
pub(crate) mod devices;
pub(crate) mod error;
pub(crate) mod flex;
pub(crate) mod magic_links;
pub(crate) mod notices;
pub(crate) mod one_time_codes;
pub(crate) mod passkeys;
pub(crate) mod rate_limits;
pub(crate) mod settings;
pub(crate) mod sign_ins;
pub(crate) mod social;
pub(crate) mod state;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod testing;
pub(crate) mod tokens;
pub(crate) mod users;
