//! Typed access to the Passage API.

pub mod generated;
pub mod transport;
