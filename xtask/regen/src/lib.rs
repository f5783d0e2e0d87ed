//! From the descriptions of both APIs and the overlay to the effective documents, to a report of what
//! changed, and to the snapshots of what is generated.

mod attempt;
mod changelog;
#[path = "../../../codegen/mod.rs"]
mod codegen;
mod counts;
pub mod diff;
mod files;
mod import;
mod json;
mod make;
mod normalise;
mod order;
mod orphans;
mod overlay;
mod provenance;
mod regen;
mod report;
mod validate;
mod world;
mod yaml;

pub use import::Import;
pub use make::Sources;
pub use regen::{Options, check, update};
pub use world::{Mode, Run, World};
