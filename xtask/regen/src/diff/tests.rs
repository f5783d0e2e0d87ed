//! Small changes of the vendored documents, run through everything: overlay, rules, generator, report.
//!
//! Each file of `tests/fixtures` is an overlay that is laid over a copy of the vendored documents before the
//! project's own. What the reports say of the generated client is held against the generated code.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod claims;
mod compiles;
mod mapping;
mod reports;
mod surface;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use serde_json::Value;

use super::{Changes, Facade, compare};
use crate::codegen;
use crate::normalise::normalise;
use crate::overlay::Overlay;
use crate::yaml;

const APIS: [&str; 2] = ["management", "auth"];

/// Every fixture: `<name>.yaml`, and `<name>.before.yaml` if the old documents differ from the vendored ones.
const FIXTURES: [&str; 17] = [
    "new_optional_field",
    "new_optional_request_field",
    "new_required_request_field",
    "removed_operation",
    "renamed_enum_value",
    "new_enum_value",
    "int32_to_int64",
    "new_operation",
    "changed_description",
    "nullable_added",
    "presence",
    "field_removed",
    "parameters",
    "status_codes",
    "type_replaced",
    "renamed_and_moved",
    "auth_api",
];

/// The folder of the project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The facade file as it is.
fn facade() -> Facade {
    Facade::parse(&read("openapi/facade.yaml")).unwrap()
}

/// The vendored document of `api`; reading YAML is the slow part.
fn vendored(api: &str) -> Value {
    static BOTH: LazyLock<[Value; 2]> = LazyLock::new(|| {
        APIS.map(|api| yaml::parse(&read(&format!("openapi/{api}.yaml"))).unwrap())
    });
    BOTH[usize::from(api == "auth")].clone()
}

/// The effective document of `api`, after the fixture overlay `fixture`.
fn effective(api: &str, fixture: Option<&str>) -> Value {
    let mut document = vendored(api);
    let mut overlays = vec!["openapi/overlay.yaml".to_owned()];
    overlays.extend(fixture.map(|name| format!("xtask/regen/tests/fixtures/{name}.yaml")));
    // The fixture stands for a new vendored document, so it comes before the project's overlay.
    for overlay in overlays.iter().rev() {
        Overlay::parse(&read(overlay))
            .and_then(|parsed| parsed.apply(api, api, &mut document))
            .unwrap_or_else(|e| panic!("{overlay}: {e}"));
    }
    normalise(&mut document).unwrap();
    document
}

/// Whether the old documents of a fixture differ from the vendored ones.
fn has_before(fixture: &str) -> bool {
    let path = format!("xtask/regen/tests/fixtures/{fixture}.before.yaml");
    root().join(path).exists()
}

/// Both documents of `api` before and after a fixture.
fn documents(fixture: &str, api: &str) -> (Value, Value) {
    let before = has_before(fixture).then(|| format!("{fixture}.before"));
    (
        effective(api, before.as_deref()),
        effective(api, Some(fixture)),
    )
}

/// The report on a fixture, both APIs in one.
fn report(fixture: &str) -> Changes {
    let facade = facade();
    APIS.into_iter()
        .map(|api| {
            let (old, new) = documents(fixture, api);
            compare(api, &old, &new, &facade)
        })
        .reduce(Changes::and)
        .unwrap()
}

/// The code for a document; that for the project's own is made once.
fn code(document: &Value) -> String {
    static MADE: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    let text = document.to_string();
    let made = MADE.lock().unwrap().get(&text).cloned();
    made.unwrap_or_else(|| {
        let code = codegen::generate(&text).unwrap();
        MADE.lock().unwrap().insert(text, code.clone());
        code
    })
}
