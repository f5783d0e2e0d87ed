//! Pins what users of this crate see, in files small enough to be reviewed: for each API one per type, one per
//! operation and the generated code, and the public API of the crate.
//!
//! `cargo xtask regen` updates the snapshots. A type or an operation that differs is a change for users of the
//! generated client, a line in `public_api` one for everybody. `code.snap` alone is not: it also has the docs,
//! which the others leave out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod code;
mod document;
mod pins;
mod public_api;
mod text;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use passage_shapes::generated::{auth, management};
use passage_shapes::{AUTH, MANAGEMENT};
use serde_json::{Map, Value};

use document::Documents;
use pins::Pins;

/// The folder of the crate whose users see all this.
const CRATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Rust type and JSON Schema of every type. The schema is made from the type, so it says what Rust accepts.
fn types(api: &str, code: &str, mut schemas: Map<String, Value>) -> Pins {
    // Whether or not some crate switches on serde_json's `preserve_order`.
    schemas.sort_keys();
    let (_, listed) = code::read(code);
    let named: Vec<&String> = schemas.keys().collect();
    assert_eq!(
        listed.keys().collect::<Vec<_>>(),
        named,
        "types and their schemas"
    );
    let pin = |(name, mut schema): (String, Value)| {
        drop_descriptions(&mut schema);
        schema.sort_all_objects();
        let text = format!("{}\n{schema:#}", listed[&name]);
        (name, text)
    };
    Pins {
        folder: format!("{api}/schemas"),
        texts: schemas.into_iter().map(pin).collect(),
    }
}

fn operations(api: &str, code: &str) -> Pins {
    let (functions, _) = code::read(code);
    let documents = Documents::read(api);
    let texts: BTreeMap<_, _> = functions.iter().map(|f| documents.pin(f)).collect();
    assert_eq!(texts.len(), documents.operations());
    Pins {
        folder: format!("{api}/operations"),
        texts,
    }
}

/// The generated code, and the codes of errors as they were published: in generated code they are one enum.
fn code_and_errors(api: &str, code: &str) -> Pins {
    let errors = Documents::read(api).errors();
    Pins {
        folder: api.to_owned(),
        texts: BTreeMap::from([
            ("code".to_owned(), code.to_owned()),
            ("errors".to_owned(), errors),
        ]),
    }
}

static MANAGEMENT_TYPES: LazyLock<Pins> =
    LazyLock::new(|| types("management", MANAGEMENT, management::json_schemas()));
static AUTH_TYPES: LazyLock<Pins> = LazyLock::new(|| types("auth", AUTH, auth::json_schemas()));
static MANAGEMENT_OPERATIONS: LazyLock<Pins> =
    LazyLock::new(|| operations("management", MANAGEMENT));
static AUTH_OPERATIONS: LazyLock<Pins> = LazyLock::new(|| operations("auth", AUTH));
static MANAGEMENT_CODE: LazyLock<Pins> =
    LazyLock::new(|| code_and_errors("management", MANAGEMENT));
static AUTH_CODE: LazyLock<Pins> = LazyLock::new(|| code_and_errors("auth", AUTH));
static PUBLIC_API: LazyLock<Pins> = LazyLock::new(|| Pins {
    folder: "public_api".to_owned(),
    texts: public_api::listings(),
});

/// A changed description is a change of the docs, which `code.snap` shows.
fn drop_descriptions(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                match (name.as_str(), value) {
                    // Keys that are names of properties, and values that are no schemas.
                    ("properties", Value::Object(properties)) => {
                        properties.values_mut().for_each(drop_descriptions);
                    }
                    ("default" | "enum" | "const" | "required", _) => {}
                    (_, value) => drop_descriptions(value),
                }
            }
            members.remove("description");
        }
        Value::Array(list) => list.iter_mut().for_each(drop_descriptions),
        _ => {}
    }
}

#[test]
fn management_types() {
    MANAGEMENT_TYPES.check();
}

#[test]
fn auth_types() {
    AUTH_TYPES.check();
}

#[test]
fn management_operations() {
    MANAGEMENT_OPERATIONS.check();
}

#[test]
fn auth_operations() {
    AUTH_OPERATIONS.check();
}

#[test]
fn management_code() {
    MANAGEMENT_CODE.check();
}

#[test]
fn auth_code() {
    AUTH_CODE.check();
}

#[test]
fn the_public_api() {
    PUBLIC_API.check();
}

#[test]
fn every_pin_has_a_source() {
    pins::no_orphans(&[
        &MANAGEMENT_TYPES,
        &AUTH_TYPES,
        &MANAGEMENT_OPERATIONS,
        &AUTH_OPERATIONS,
        &MANAGEMENT_CODE,
        &AUTH_CODE,
        &PUBLIC_API,
    ]);
}

#[test]
fn descriptions_are_left_out_and_properties_of_that_name_are_not() {
    let mut schema = serde_json::json!({
        "description": "D", "type": "object", "required": ["description"],
        "properties": {"description": {"description": "D", "type": "string", "default": {"description": "kept"}}},
        "anyOf": [{"description": "D", "items": {"description": "D"}}],
    });
    drop_descriptions(&mut schema);
    let want = serde_json::json!({
        "type": "object", "required": ["description"],
        "properties": {"description": {"type": "string", "default": {"description": "kept"}}},
        "anyOf": [{"items": {}}],
    });
    assert_eq!(schema, want);
}
