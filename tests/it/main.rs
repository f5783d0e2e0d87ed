//! What the SDK does: against a passage-server, which [`passage_test_support`] starts, and against
//! servers of the tests' own that answer as they are told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml allows them in test functions, but not in what these call"
)]

mod blocking;
mod builder;
mod bulk;
mod differential;
mod facade_guard;
mod faults;
mod generated_types;
mod hostile;
mod layers;
mod lists;
mod management;
mod properties;
mod proxies;
mod quickstart;
mod readme;
mod requests;
mod secrets;
mod spans;
mod support;
mod verification;
mod web;
