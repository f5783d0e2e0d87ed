//! The Authentication API: what a signed-in user, or one about to sign in, calls.
//!
//! Operations under `currentuser` want the user's auth token, the others no credential.

// The generator's style, not ours; it has lints of its own for what matters.
#![allow(
    clippy::all,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing
)]

include!(concat!(env!("OUT_DIR"), "/auth.rs"));
