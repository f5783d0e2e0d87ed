//! From the descriptions of both APIs and the overlay to the effective documents, to a report of what
//! changed, and to the snapshots of what is generated.

mod attempt;
mod changelog;
#[path = "../../../build/mod.rs"]
mod codegen;
mod counts;
mod diff;
mod document;
mod import;
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
pub use orphans::{files_below, name_in};
pub use regen::{check, update};
pub use world::{Mode, Run, World};

#[cfg(test)]
mod document_tests;

#[cfg(test)]
mod cases {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use serde_json::Value;

    /// A file of the project.
    pub(crate) fn file(name: &str) -> String {
        let path = format!("{}/../../{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The vendored document of an API.
    pub(crate) fn vendored(api: &str) -> Value {
        crate::yaml::parse(&file(&format!("openapi/{api}.yaml"))).unwrap()
    }

    /// The cases in `tests/cases`.
    pub(crate) fn read(name: &str) -> Vec<Value> {
        crate::yaml::parse(&file(&format!("xtask/regen/tests/cases/{name}.yaml"))).unwrap()
    }

    /// Holds `text` against a file in `tests/snapshots`.
    pub(crate) fn snapshot(name: &str, text: &str) {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, text));
    }
}
