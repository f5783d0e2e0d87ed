//! The generated types, at the path by which they name what they call.

// The generator's style, not ours.
#![allow(
    clippy::all,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing
)]

#[path = "../../../src/generated/support.rs"]
pub(crate) mod support;

/// The types of the Authentication API.
pub mod auth {
    include!(concat!(env!("OUT_DIR"), "/auth_types.rs"));
}

/// The types of the Management API.
pub mod management {
    include!(concat!(env!("OUT_DIR"), "/management_types.rs"));
}
