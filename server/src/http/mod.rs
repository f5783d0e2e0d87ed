//! HTTP: connections, routing, and the handlers of both APIs.

pub(crate) mod auth;
pub(crate) mod entry;
pub(crate) mod error;
pub(crate) mod extract;
pub(crate) mod management;
pub(crate) mod reply;
pub(crate) mod router;
pub(crate) mod serve;
pub(crate) mod visitor;
