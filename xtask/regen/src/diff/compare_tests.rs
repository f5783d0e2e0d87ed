//! Changes of tiny documents, for what no fixture has.

#![allow(clippy::indexing_slicing)]

use serde_json::{Value, json};

use super::{Facade, compare};

/// A document with one schema and one operation that answers with it.
fn schema(schema: Value) -> Value {
    let reply = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}});
    json!({
        "paths": {"/t": {"get": {"operationId": "getThing", "responses": {"200": {"content": reply}}}}},
        "components": {"schemas": {"Thing": schema}},
    })
}

fn operation(operation: Value) -> Value {
    let mut operation = operation;
    operation["operationId"] = json!("doIt");
    json!({"paths": {"/{a}/{b}": {"post": operation}}})
}

/// Place, change and class for the generated client, a line each.
fn changes(old: &Value, new: &Value) -> Vec<String> {
    let changes = compare("api", old, new, &Facade::default());
    changes
        .iter()
        .map(|c| format!("{} {}: {}", c.place, c.what, c.generated.class))
        .collect()
}

#[test]
fn types() {
    let field = |property: Value| schema(json!({"type": "object", "properties": {"f": property}}));
    let nested = |property: Value| field(json!({"type": "object", "properties": {"g": property}}));
    let list = |property: Value| {
        field(json!({"type": "array", "items": {"type": "object", "properties": {"g": property}}}))
    };
    let text = json!({"type": "string"});
    let number = json!({"type": "integer"});
    for (old, new, expected) in [
        (
            nested(text.clone()),
            nested(number.clone()),
            vec!["Thing.f.g `Option<String>` → `Option<i64>`: breaking"],
        ),
        (
            list(text.clone()),
            list(number.clone()),
            vec!["Thing.f.g `Option<String>` → `Option<i64>`: breaking"],
        ),
        (
            field(json!({"type": "array", "items": text})),
            field(json!({"type": "array", "items": number})),
            vec!["Thing.f `Vec<String>` → `Vec<i64>`: breaking"],
        ),
        (
            field(text.clone()),
            field(json!({"type": "string", "format": "email"})),
            vec!["Thing.f string → string (email), still `Option<String>`: no change"],
        ),
        (
            field(text.clone()),
            field(json!({"type": "string", "format": "date-time"})),
            vec!["Thing.f `Option<String>` → `Option<Timestamp>`: breaking"],
        ),
        (
            field(text.clone()),
            field(json!({"type": "string", "x-passage-secret": true})),
            vec!["Thing.f now a secret: no change"],
        ),
        (
            field(json!({"type": "array", "x-passage-null-as-empty": true})),
            field(json!({"type": "array"})),
            vec!["Thing.f null no longer reads as empty: breaking"],
        ),
        (
            schema(json!({"type": "string", "enum": ["a"]})),
            schema(json!({"type": "object", "properties": {"f": {}}})),
            vec!["Thing type replaced: enum → struct: breaking"],
        ),
        (
            schema(text.clone()),
            schema(number.clone()),
            vec!["Thing type replaced: `String` → `i64`: breaking"],
        ),
        (
            schema(json!({"enum": ["a", "b"]})),
            schema(json!({"enum": ["b", "a"]})),
            vec!["Thing values in another order: no change"],
        ),
        (
            schema(json!({"enum": ["a-b"]})),
            schema(json!({"enum": ["a-b"], "x-passage-variants": {"a-b": "Both"}})),
            vec!["Thing variant of `a-b`: `AB` → `Both`: breaking"],
        ),
        // Examples are for people who read the document.
        (
            field(text.clone()),
            field(json!({"type": "string", "example": "x"})),
            vec![],
        ),
    ] {
        assert_eq!(changes(&old, &new), expected);
    }
}

#[test]
fn keywords_that_cannot_be_judged_count_as_breaking() {
    let field = |property: Value| schema(json!({"type": "object", "properties": {"f": property}}));
    for (old, new, keyword) in [
        (json!({"uniqueItems": true}), json!({}), "uniqueItems"),
        (json!({"oneOf": [{}]}), json!({"oneOf": [{}, {}]}), "oneOf"),
        (
            json!({"items": {"minItems": 1}}),
            json!({"items": {}}),
            "minItems",
        ),
        (json!({"allOf": [{}, {}]}), json!({"allOf": [{}]}), "allOf"),
        (
            json!({"properties": {"g": {}}, "additionalProperties": false}),
            json!({"properties": {"g": {}}}),
            "additionalProperties",
        ),
    ] {
        let line = format!("Thing.f `{keyword}` changed, which this report cannot judge: breaking");
        let found = changes(&field(old), &field(new));
        assert!(found.contains(&line), "{keyword}: {found:?}");
    }
    let line = "doIt `callbacks` changed, which this report cannot judge: breaking";
    let found = changes(&operation(json!({})), &operation(json!({"callbacks": {}})));
    assert_eq!(found, [line]);
}

#[test]
fn operations() {
    let path = |name: &str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
    let body = |kind: &str, required: bool, schema: Value| {
        operation(
            json!({"requestBody": {"required": required, "content": {kind: {"schema": schema}}}}),
        )
    };
    let json_type = "application/json";
    let text = json!({"type": "string"});
    let reply = |status: &str, schema: Value| {
        operation(
            json!({"responses": {status: {"content": {"application/json": {"schema": schema}}}}}),
        )
    };
    for (old, new, expected) in [
        (
            operation(json!({"parameters": [path("a")]})),
            operation(
                json!({"parameters": [{"name": "a", "in": "query", "required": true, "schema": {"type": "string"}}]}),
            ),
            vec!["doIt.a parameter: path → query: no change"],
        ),
        (
            operation(json!({"parameters": [path("a"), path("b")]})),
            operation(json!({"parameters": [path("b"), path("a")]})),
            // Arguments follow the path, not the list.
            vec![],
        ),
        (
            operation(json!({})),
            body(json_type, false, text.clone()),
            vec!["doIt optional body added: `String`: breaking"],
        ),
        (
            body(json_type, true, text.clone()),
            operation(json!({})),
            vec!["doIt body removed: `String`: breaking"],
        ),
        (
            body(json_type, true, text.clone()),
            body(json_type, false, text.clone()),
            vec!["doIt body: required → optional: no change"],
        ),
        (
            body(json_type, true, text.clone()),
            body("application/x-www-form-urlencoded", true, text.clone()),
            vec![
                "doIt media type of the body: application/json → application/x-www-form-urlencoded: breaking",
            ],
        ),
        (
            reply("4XX", text.clone()),
            reply("4XX", json!({"type": "integer"})),
            vec!["doIt body of errors: `String` → `i64`: breaking"],
        ),
        (
            reply("2XX", text.clone()),
            reply("200", text.clone()),
            vec![
                "doIt status 2XX removed: no change",
                "doIt status 200 added: no change",
            ],
        ),
        (
            operation(json!({"security": [{"a": []}, {}]})),
            operation(json!({"security": [{"a": []}]})),
            vec!["doIt credential: a or none → a: breaking"],
        ),
        (
            operation(json!({"security": [{"a": []}]})),
            operation(json!({"security": []})),
            // Whoever sends the credential still may, though it is not asked for.
            vec!["doIt credential: a → none: no change"],
        ),
        (
            operation(json!({"tags": ["x"]})),
            operation(json!({"tags": ["y"]})),
            vec!["doIt tags: x → y: no change"],
        ),
    ] {
        assert_eq!(changes(&old, &new), expected);
    }
}

#[test]
fn path_parameters_in_another_order() {
    let document = |path: &str| {
        let parameter = |name: &str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
        json!({"paths": {path: {"get": {
            "operationId": "getIt",
            "parameters": [parameter("a"), parameter("b")],
        }}}})
    };
    assert_eq!(
        changes(&document("/{a}/{b}"), &document("/{b}/{a}")),
        [
            "getIt path parameters in another order: breaking",
            "getIt moved from `GET /{a}/{b}` to `GET /{b}/{a}`: no change",
        ]
    );
}

#[test]
fn what_is_about_the_whole_document() {
    let old = json!({"info": {"version": "1"}, "servers": [], "tags": [{"name": "a"}]});
    let new = json!({"info": {"version": "2"}, "servers": [{"url": "x"}], "tags": [{"name": "b"}]});
    assert_eq!(
        changes(&old, &new),
        [
            "info title, version or text of the document changed: docs only",
            "servers servers changed: no change",
            "tag a tag removed: no change",
            "tag b tag added: no change",
        ]
    );
}
