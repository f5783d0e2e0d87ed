//! Holds the vendored documents against `openapi/counts.json`, which was counted from the sources
//! rather than from the documents, so that nothing gets lost and nothing is made up.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Map, Value, json};

const APIS: [&str; 2] = ["management", "auth"];

fn read(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../openapi")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn document(api: &str) -> Value {
    serde_saphyr::from_str(&read(&format!("{api}.yaml"))).unwrap()
}

fn counts(api: &str) -> Value {
    serde_json::from_str::<Value>(&read("counts.json")).unwrap()[api].take()
}

fn object(value: &Value) -> &Map<String, Value> {
    value
        .as_object()
        .unwrap_or_else(|| panic!("not an object: {value}"))
}

/// The items of a list that may be absent.
fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The members of an object that may be absent.
fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn texts(value: &Value) -> Vec<&str> {
    items(value).map(|item| item.as_str().unwrap()).collect()
}

/// What `reference` points to within `document`.
fn resolve<'a>(document: &'a Value, reference: &str) -> &'a Value {
    reference
        .strip_prefix('#')
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or_else(|| panic!("{reference} does not resolve"))
}

/// The value itself, or what it refers to when it is nothing but a reference.
fn deref<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    value["$ref"]
        .as_str()
        .map_or(value, |reference| resolve(document, reference))
}

struct Operation<'a> {
    /// Method and path, to name the operation in a failure.
    place: String,
    method: String,
    path: &'a str,
    body: &'a Value,
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut found = Vec::new();
    for (path, item) in members(&document["paths"]) {
        for (method, body) in members(item) {
            let method = method.to_uppercase();
            found.push(Operation {
                place: format!("{method} {path}"),
                method,
                path,
                body,
            });
        }
    }
    found
}

/// Calls `visit` with `value` and everything in it.
fn walk(value: &Value, visit: &mut impl FnMut(&Value)) {
    visit(value);
    for (_, member) in members(value) {
        walk(member, visit);
    }
    for item in items(value) {
        walk(item, visit);
    }
}

fn rows(table: &Value) -> BTreeMap<String, Value> {
    object(table)
        .iter()
        .map(|(name, row)| (name.clone(), row.clone()))
        .collect()
}

#[test]
fn operations_are_those_of_the_sources() {
    for api in APIS {
        let document = document(api);
        let found: BTreeMap<String, Value> = operations(&document)
            .iter()
            .map(|operation| {
                let statuses: Vec<Value> = members(&operation.body["responses"])
                    .map(|(status, _)| status.parse::<u16>().map_or(json!(status), Value::from))
                    .collect();
                let row = json!({
                    "method": operation.method,
                    "path": operation.path,
                    "parameters": items(&operation.body["parameters"]).count(),
                    "statuses": statuses,
                });
                (
                    operation.body["operationId"].as_str().unwrap().to_owned(),
                    row,
                )
            })
            .collect();
        assert_eq!(found, rows(&counts(api)["operations"]), "{api}");
    }
}

#[test]
fn schemas_are_those_of_the_sources() {
    for api in APIS {
        let document = document(api);
        let found: BTreeMap<String, Value> = members(&document["components"]["schemas"])
            .map(|(name, schema)| {
                let row = json!({
                    "properties": members(&schema["properties"]).count(),
                    "required": items(&schema["required"]).count(),
                    "enum": items(&schema["enum"]).count(),
                });
                (name.clone(), row)
            })
            .collect();
        assert_eq!(found, rows(&counts(api)["schemas"]), "{api}");
    }
}

#[test]
fn totals_are_those_of_the_sources() {
    for api in APIS {
        let document = document(api);
        let operations = operations(&document);
        let schemas = object(&document["components"]["schemas"]);
        let found = json!({
            "operations": operations.len(),
            "parameters": operations.iter().map(|op| items(&op.body["parameters"]).count()).sum::<usize>(),
            "responses": operations.iter().map(|op| members(&op.body["responses"]).count()).sum::<usize>(),
            "schemas": schemas.len(),
            "properties": schemas.values().map(|schema| members(&schema["properties"]).count()).sum::<usize>(),
            "enum_values": schemas.values().map(|schema| items(&schema["enum"]).count()).sum::<usize>(),
        });
        assert_eq!(found, counts(api)["totals"], "{api}");
    }
}

#[test]
fn operation_ids_are_unique() {
    for api in APIS {
        let document = document(api);
        let mut seen = BTreeSet::new();
        for operation in operations(&document) {
            let id = operation.body["operationId"].as_str().unwrap();
            assert!(seen.insert(id), "{api}: {id} appears twice");
        }
    }
}

#[test]
fn path_parameters_are_those_of_the_path() {
    for api in APIS {
        let document = document(api);
        for operation in operations(&document) {
            let in_path: BTreeSet<&str> = operation
                .path
                .split('/')
                .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
                .collect();
            let declared: BTreeSet<&str> = items(&operation.body["parameters"])
                .map(|parameter| deref(&document, parameter))
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| {
                    assert_eq!(parameter["required"], true, "{api}: {}", operation.place);
                    parameter["name"].as_str().unwrap()
                })
                .collect();
            assert_eq!(declared, in_path, "{api}: {}", operation.place);
        }
    }
}

#[test]
fn error_statuses_and_no_others_have_the_error_schema_of_their_number() {
    for api in APIS {
        let document = document(api);
        for operation in operations(&document) {
            for (status, response) in members(&operation.body["responses"]) {
                let schema = &response["content"]["application/json"]["schema"]["$ref"];
                let error = format!("#/components/schemas/Model{status}Error");
                let is_error = status.starts_with(['4', '5']);
                assert_eq!(
                    schema == &json!(error),
                    is_error,
                    "{api}: {} {status}",
                    operation.place
                );
            }
        }
    }
}

#[test]
fn references_and_security_schemes_resolve() {
    for api in APIS {
        let document = document(api);
        let mut references = 0;
        walk(&document, &mut |value| {
            if let Some(reference) = value["$ref"].as_str() {
                resolve(&document, reference);
                references += 1;
            }
        });
        assert!(
            references > 100,
            "{api}: found {references} references only"
        );

        let schemes = object(&document["components"]["securitySchemes"]);
        for operation in operations(&document) {
            let place = &operation.place;
            assert!(
                operation.body["security"].is_array(),
                "{api}: {place} says nothing of security"
            );
            for scheme in items(&operation.body["security"]).flat_map(|one| object(one).keys()) {
                assert!(
                    schemes.contains_key(scheme),
                    "{api}: {place} has an unknown scheme {scheme}"
                );
            }
        }
    }
}

#[test]
fn required_members_are_properties_and_enum_values_are_distinct() {
    for api in APIS {
        let document = document(api);
        for (name, schema) in members(&document["components"]["schemas"]) {
            for member in texts(&schema["required"]) {
                assert!(
                    schema["properties"].get(member).is_some(),
                    "{api}: {name} requires {member}"
                );
            }
            let values = texts(&schema["enum"]);
            let distinct: BTreeSet<&str> = values.iter().copied().collect();
            assert_eq!(distinct.len(), values.len(), "{api}: {name}");
        }
    }
}

#[test]
fn provenance_lists_every_operation_and_the_hashes() {
    let provenance = read("PROVENANCE.md");
    for (api, heading) in [
        ("management", "### Management API"),
        ("auth", "### Auth API"),
    ] {
        let name = format!("{api}.yaml");
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, read(&name).as_bytes());
        let hash: String = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let row = format!("| `{name}` | `{hash}` |");
        assert!(
            provenance.lines().any(|line| line.starts_with(&row)),
            "PROVENANCE.md needs the row {row}"
        );

        // Both APIs have a `getApp` and a `createUser`, so each is looked for in its own section.
        let section = provenance
            .split(heading)
            .nth(1)
            .unwrap()
            .split("\n#")
            .next()
            .unwrap();
        let listed: BTreeSet<&str> = section
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .collect();
        let counts = counts(api);
        let expected: BTreeSet<&str> = object(&counts["operations"])
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(listed, expected, "{api}");
    }
}
