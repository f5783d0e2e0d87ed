//! The Auth API.

pub(crate) mod app;
pub(crate) mod currentuser;
pub(crate) mod devices;
pub(crate) mod readiness;
pub(crate) mod tokens;
pub(crate) mod transactions;
pub(crate) mod webauthn;
