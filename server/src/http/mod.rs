//! HTTP: connections, routing, and the handlers of both APIs.

mod access_log;
mod audit;
pub(crate) mod auth;
pub(crate) mod body;
pub(crate) mod client_address;
pub(crate) mod entry;
pub(crate) mod extract;
pub(crate) mod headers;
pub(crate) mod health;
pub(crate) mod html;
pub(crate) mod management;
pub(crate) mod operations;
mod panic_guard;
mod problem;
pub(crate) mod reply;
pub(crate) mod route;
pub(crate) mod router;
pub(crate) mod serve;
pub(crate) mod tls;
mod write_timeout;
