//! HTTP: connections, routing, and the handlers of both APIs.

pub(crate) mod auth;
pub(crate) mod client_address;
mod cut;
pub(crate) mod entry;
pub(crate) mod extract;
mod headers;
pub(crate) mod health;
pub(crate) mod management;
pub(crate) mod operations;
mod problem;
pub(crate) mod reply;
mod route;
pub(crate) mod router;
pub(crate) mod serve;
pub(crate) mod tls;
mod write_timeout;
