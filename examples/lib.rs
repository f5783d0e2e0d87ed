//! The examples as modules, so that the tests can try the very code that readers see. Each file is
//! a program of its own as well: `cargo run --example quickstart`.
#![allow(dead_code, reason = "each file has a main, which its program runs")]

pub mod axum;
pub mod bulk;
pub mod flex;
pub mod forms;
pub mod list_users;
pub mod magic_link;
pub mod middleware;
pub mod quickstart;
pub mod tower;
