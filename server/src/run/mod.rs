//! How a server is put together, runs and stops.

mod audit;
pub(crate) mod builder;
pub(crate) mod error;
pub(crate) mod handle;
mod listen;
pub(crate) mod maintenance;
pub(crate) mod running;
pub(crate) mod service;
