//! What the effective documents have to say, from which the clients and their docs are generated. What
//! somebody's description leaves out, the overlay can add.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

const APIS: [&str; 2] = ["management", "auth"];

fn document(api: &str) -> Value {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../openapi/effective");
    let text = std::fs::read_to_string(folder.join(format!("{api}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Each operation, and a name for it.
fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    members(&document["paths"]).flat_map(|(path, item)| {
        members(item).map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

/// The value itself, or what it refers to when it is nothing but a reference.
fn deref<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let reference = value["$ref"]
        .as_str()
        .and_then(|text| text.strip_prefix('#'));
    reference.map_or(value, |pointer| document.pointer(pointer).unwrap())
}

#[test]
fn everything_is_described() {
    for api in APIS {
        let document = document(api);
        let mut silent = Vec::new();
        let mut described = |place: String, value: &Value, member: &str| {
            let text = deref(&document, value)[member].as_str().unwrap_or_default();
            if text.trim().is_empty() {
                silent.push(format!("{place} has no {member}"));
            }
        };
        described("info".to_owned(), &document["info"], "description");
        for tag in items(&document["tags"]) {
            described(format!("tag {tag}"), tag, "description");
        }
        for (place, operation) in operations(&document) {
            described(place.clone(), operation, "summary");
            described(place.clone(), operation, "description");
            for parameter in items(&operation["parameters"]) {
                described(format!("{place} {parameter}"), parameter, "description");
            }
            if let Some(body) = operation.get("requestBody") {
                described(format!("{place} body"), body, "description");
            }
            for (status, response) in members(&operation["responses"]) {
                described(format!("{place} {status}"), response, "description");
            }
        }
        for (name, schema) in members(&document["components"]["schemas"]) {
            described(name.clone(), schema, "description");
            for (property, shape) in members(&schema["properties"]) {
                described(format!("{name}.{property}"), shape, "description");
            }
        }
        let list = silent.join("\n");
        assert!(
            silent.is_empty(),
            "{api}: describe these in openapi/overlay.yaml\n{list}"
        );
    }
}

#[test]
fn tags_are_declared() {
    for api in APIS {
        let document = document(api);
        let tags: BTreeSet<&str> = items(&document["tags"])
            .map(|tag| tag["name"].as_str().unwrap())
            .collect();
        for (place, operation) in operations(&document) {
            for tag in items(&operation["tags"]) {
                let tag = tag.as_str().unwrap();
                assert!(
                    tags.contains(tag),
                    "{api}: {place} has the unknown tag {tag}"
                );
            }
        }
    }
}
