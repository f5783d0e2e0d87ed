//! The generated types of both APIs without the client that uses them, and the generated code as text.
//!
//! `tests/` pins them.

pub mod generated;

/// The generated code of the Authentication API.
pub const AUTH: &str = include_str!(concat!(env!("OUT_DIR"), "/auth.rs"));

/// The generated code of the Management API.
pub const MANAGEMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/management.rs"));
