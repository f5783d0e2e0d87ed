//! `cargo xtask regen` on a copy of the project's documents.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod bed;
mod documents;
mod refusals;
mod reports;
mod snapshots;
