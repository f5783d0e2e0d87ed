#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;

/// Normalises a document whose one operation takes `parameters` and returns the schema `Root`.
fn run(parameters: Value, schemas: Value) -> Result<Value, String> {
    let root =
        json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Root"}}}});
    let mut document = json!({
        "paths": {
            "/p": {"get": {"operationId": "getIt", "parameters": parameters, "responses": {"200": root}}},
            "/empty": {"summary": "nothing left"},
        },
        "components": {"schemas": schemas},
    });
    normalise(&mut document).map(|()| document)
}

#[test]
fn unions_hold_each_value_once_and_their_parts_go() {
    let out = run(
        json!([]),
        json!({
            "A": {"type": "string", "enum": ["x", "y"]},
            "B": {"type": "string", "enum": ["y", "z"]},
            "Root": {"type": "string", "x-passage-union": ["A", "B"]},
        }),
    )
    .unwrap();
    let want = json!({"Root": {"type": "string", "enum": ["x", "y", "z"]}});
    assert_eq!(out["components"]["schemas"], want);
    let error = run(json!([]), json!({"Root": {"x-passage-union": ["Gone"]}})).unwrap_err();
    assert_eq!(error, "Root unites Gone, which is no enum");
}

#[test]
fn inline_enums_become_components_and_reuse_those_with_the_same_values() {
    let inline = json!({"type": "string", "enum": ["a", "b"], "description": "d"});
    let out = run(
        json!([
            {"name": "some_kind", "in": "query", "schema": {"type": "string", "enum": ["q"]}},
            {"name": "known", "in": "query", "schema": {"type": "string", "enum": ["b", "a"]}},
        ]),
        json!({
            "Root": {"type": "object", "properties": {
                "one": inline,
                "list": {"type": "array", "items": {"type": "string", "enum": ["i"]}},
            }},
        }),
    )
    .unwrap();
    let schemas = &out["components"]["schemas"];
    let properties = &schemas["Root"]["properties"];
    assert_eq!(
        properties["one"]["allOf"][0]["$ref"],
        "#/components/schemas/RootOne"
    );
    assert_eq!(properties["one"]["description"], "d");
    assert_eq!(
        properties["list"]["items"],
        json!({"$ref": "#/components/schemas/RootList"})
    );
    assert_eq!(schemas["RootOne"]["enum"], json!(["a", "b"]));
    assert_eq!(schemas["GetItSomeKind"]["enum"], json!(["q"]));
    let parameters = &out["paths"]["/p"]["get"]["parameters"];
    assert_eq!(
        parameters[1]["schema"],
        json!({"$ref": "#/components/schemas/RootOne"})
    );
}

#[test]
fn a_hoisted_enum_never_replaces_a_schema() {
    let error = run(
        json!([]),
        json!({
            "Root": {"type": "object", "properties": {"one": {"type": "string", "enum": ["a"]}}},
            "RootOne": {"type": "object"},
        }),
    )
    .unwrap_err();
    assert!(error.contains("RootOne"), "{error}");
}

#[test]
fn nullable_is_optional_to_read_and_null_to_write() {
    let out = run(
        json!([]),
        json!({"Root": {
            "type": "object",
            "required": ["at", "map", "plain"],
            "properties": {
                "at": {"type": "string", "format": "date-time", "nullable": true},
                "map": {"type": "object", "additionalProperties": true, "nullable": true},
                "plain": {"type": "string"},
                "free": {"type": "string", "nullable": true},
            },
        }}),
    )
    .unwrap();
    let root = &out["components"]["schemas"]["Root"];
    let want = json!({
        "type": "object",
        "required": ["plain"],
        "properties": {
            "at": {"type": "string", "format": "date-time", "x-passage-null": true},
            "map": {
                "type": "object", "additionalProperties": true, "nullable": true, "x-passage-null": true
            },
            "plain": {"type": "string"},
            "free": {"type": "string"},
        },
    });
    assert_eq!(*root, want);
}

#[test]
fn a_required_list_holds_names_only() {
    let error = run(json!([]), json!({"Root": {"required": ["x", true]}})).unwrap_err();
    assert!(error.contains("no list of strings"), "{error}");
}

#[test]
fn limits_and_defaults_turn_into_words() {
    let out = run(
        json!([]),
        json!({"Root": {"type": "object", "properties": {
            "ttl": {"type": "integer", "description": "Seconds.", "default": 300, "minimum": 60, "maximum": 900},
            "kind": {"type": "string", "default": "login"},
        }}}),
    )
    .unwrap();
    let properties = &out["components"]["schemas"]["Root"]["properties"];
    let ttl = json!({
        "type": "integer",
        "description": "Seconds. At least 60. At most 900. Left out, it is `300`.",
    });
    assert_eq!(properties["ttl"], ttl);
    assert_eq!(
        properties["kind"]["description"],
        "Left out, it is `login`."
    );
}

#[test]
fn unused_schemas_and_empty_paths_go() {
    let out = run(
        json!([]),
        json!({
            "Root": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Next"}}},
            "Next": {"type": "object", "properties": {"root": {"$ref": "#/components/schemas/Root"}}},
            "Lonely": {"type": "object"},
        }),
    )
    .unwrap();
    let names: Vec<_> = out["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(names, ["Root", "Next"]);
    assert!(out["paths"].get("/empty").is_none());
}

#[test]
fn descriptions_survive_rustdoc() {
    assert_eq!(
        escape("`<gt:3>` or <b>, see [x]\n"),
        r"`<gt:3>` or \<b>, see \[x\]"
    );
    assert_eq!(escape(r"done \<b>"), r"done \<b>");
    let out = run(
        json!([]),
        json!({"Root": {"type": "object", "properties": {
            "description": {"type": "string", "description": "<x>"},
        }}}),
    )
    .unwrap();
    let property = &out["components"]["schemas"]["Root"]["properties"]["description"];
    assert_eq!(property["description"], r"\<x>");
}
