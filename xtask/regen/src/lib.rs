//! From the vendored API descriptions and the overlay to the effective documents, and to the
//! snapshots of what is generated from them.

#[path = "../../../build/mod.rs"]
mod codegen;
pub mod diff;
mod normalise;
mod overlay;
mod regen;
mod yaml;

pub use regen::{check, update};
