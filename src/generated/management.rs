//! The Management API: users, devices, tokens, magic links, API keys and Flex transactions of one app.
//!
//! Every operation wants an API key, which the client's transport adds.

// The generator's style, not ours; it has lints of its own for what matters.
#![allow(
    clippy::all,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing
)]

include!(concat!(env!("OUT_DIR"), "/management.rs"));
