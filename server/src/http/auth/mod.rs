//! The Auth API.

pub(crate) mod app;
pub(crate) mod currentuser;
pub(crate) mod devices;
pub(crate) mod magic_links;
pub(crate) mod otp;
pub(crate) mod profile;
pub(crate) mod readiness;
pub(crate) mod social;
pub(crate) mod tokens;
pub(crate) mod transactions;
pub(crate) mod undo;
pub(crate) mod users;
pub(crate) mod webauthn;
