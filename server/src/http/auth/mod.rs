//! The Auth API.

pub(crate) mod app;
pub(crate) mod currentuser;
pub(crate) mod tokens;
