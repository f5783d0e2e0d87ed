//! Pins what users of this crate see, in files small enough to be reviewed: for each API one per type, one per
//! operation and the generated code, and the public API of the crate.
//!
//! `cargo xtask regen` updates the snapshots. A type or an operation that differs is a change for users of the
//! generated client, a line in `public_api` one for everybody. `code.snap` alone is not: it also has the docs,
//! which the others leave out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "shapes/document.rs"]
mod document;
#[path = "shapes/generated.rs"]
mod generated;
#[path = "shapes/pins.rs"]
mod pins;
#[path = "shapes/public_api/mod.rs"]
mod public_api;
#[path = "shapes/text.rs"]
mod text;

use std::collections::BTreeMap;

use passage_identity::generated::{auth, management};
use serde_json::{Map, Value};

use document::Documents;
use pins::Pins;

const MANAGEMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/management.rs"));
const AUTH: &str = include_str!(concat!(env!("OUT_DIR"), "/auth.rs"));

/// Rust type and JSON Schema of every type. The schema is made from the type, so it says what Rust accepts.
fn types(api: &str, code: &str, schemas: Map<String, Value>) -> Pins {
    let (_, listed) = generated::read(code);
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
    let (functions, _) = generated::read(code);
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

fn public_api() -> Pins {
    Pins {
        folder: "public_api".to_owned(),
        texts: public_api::listings(),
    }
}

fn all() -> [Pins; 7] {
    [
        types("management", MANAGEMENT, sorted(management::json_schemas())),
        types("auth", AUTH, sorted(auth::json_schemas())),
        operations("management", MANAGEMENT),
        operations("auth", AUTH),
        code_and_errors("management", MANAGEMENT),
        code_and_errors("auth", AUTH),
        public_api(),
    ]
}

/// By name, whether or not some crate switches on serde_json's `preserve_order`.
fn sorted(mut map: Map<String, Value>) -> Map<String, Value> {
    map.sort_keys();
    map
}

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
    types("management", MANAGEMENT, sorted(management::json_schemas())).check();
}

#[test]
fn auth_types() {
    types("auth", AUTH, sorted(auth::json_schemas())).check();
}

#[test]
fn management_operations() {
    operations("management", MANAGEMENT).check();
}

#[test]
fn auth_operations() {
    operations("auth", AUTH).check();
}

#[test]
fn management_code_and_errors() {
    code_and_errors("management", MANAGEMENT).check();
}

#[test]
fn auth_code_and_errors() {
    code_and_errors("auth", AUTH).check();
}

#[test]
fn the_public_api() {
    public_api().check();
}

#[test]
fn every_pin_has_a_source() {
    pins::no_orphans(&all());
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
