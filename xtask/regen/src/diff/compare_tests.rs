//! Changes of tiny documents, for what no fixture has: `tests/cases/compare.yaml`.

#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use serde_json::{Value, json};

use super::{Facade, compare};
use crate::cases;

/// A document with these members and a schema that its one operation answers with.
fn document(members: &Value, schema: &Value) -> Value {
    let reply = json!({"schema": {"$ref": "#/components/schemas/Thing"}});
    let reply = json!({"description": "R", "content": {"application/json": reply}});
    let mut document = json!({
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1"},
        "paths": {"/t": {"get": {"operationId": "getThing", "responses": {"200": reply}}}},
        "components": {"schemas": {"Thing": schema}},
    });
    document
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    document
}

#[test]
fn what_is_said_of_small_changes() {
    let object = |f: &Value| json!({"type": "object", "properties": {"f": f}});
    for case in cases::read("compare") {
        let made = |at: usize| match case.as_object().unwrap().iter().next().unwrap() {
            (kind, pair) if kind == "field" => document(&json!({}), &object(&pair[at])),
            (kind, pair) if kind == "schema" => document(&json!({}), &pair[at]),
            (kind, pair) if kind == "document" => document(&pair[at], &json!({"type": "object"})),
            (_, pair) => {
                let mut post =
                    json!({"operationId": "doIt", "responses": {"200": {"description": "R"}}});
                let members = pair[at].as_object().unwrap().clone();
                post.as_object_mut().unwrap().extend(members);
                document(
                    &json!({"paths": {"/i": {"post": post}}}),
                    &object(&json!({})),
                )
            }
        };
        let changes = compare("api", &made(0), &made(1), &Facade::default()).unwrap();
        let changes = changes.0.iter();
        let found: Vec<String> = changes
            .map(|c| format!("{} {}: {}", c.place, c.words, c.generated.class))
            .collect();
        match case["has"].as_str() {
            Some(line) => assert!(found.iter().any(|found| found == line), "{found:?}"),
            None => {
                // Those of one class come in any order.
                let lines = case["says"].as_array().unwrap();
                assert!(
                    lines.iter().all(|line| found.iter().any(|f| line == f)),
                    "{found:?}"
                );
                assert_eq!(lines.len(), found.len(), "{found:?}");
            }
        }
    }
}
