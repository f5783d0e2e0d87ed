#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;

const YAML: &str = "
api:
  operations:
    send: ['X::send']
    look: {left: why}
  left:
    Reply.hidden: why
    Whole: why
    send.trace: why
";

/// `send` takes `In` and answers `Reply`; `look` answers `Other`.
fn document() -> Value {
    let to = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let reply =
        |name: &str| json!({"200": {"content": {"application/json": {"schema": to(name)}}}});
    json!({
        "paths": {
            "/send": {"post": {
                "operationId": "send",
                "parameters": [{"name": "kind", "in": "query", "schema": to("Kind")}, {"$ref": "#/components/parameters/p"}],
                "requestBody": {"content": {"application/json": {"schema": to("In")}}},
                "responses": reply("Reply"),
            }},
            "/look": {"get": {"operationId": "look", "responses": reply("Other")}},
            "/new": {"get": {"operationId": "new", "responses": reply("Other")}},
        },
        "components": {
            "parameters": {"p": {"name": "p", "in": "query", "schema": to("Shared")}},
            "schemas": {
                "In": {"properties": {"both": {"allOf": [to("Both")]}}},
                "Reply": {"properties": {
                    "list": {"type": "array", "items": to("Both")},
                    "hidden": to("Hidden"),
                    "whole": to("Whole"),
                }},
                "Whole": {"properties": {"a": to("Inside")}},
                "Both": {}, "Hidden": {}, "Inside": {}, "Kind": {}, "Shared": {}, "Other": {},
            },
        },
    })
}

#[test]
fn covered_operations_lead_to_their_schemas() {
    let facade = Facade::parse(YAML).unwrap();
    let value = document();
    let document = Document::new(&value);
    let cover = facade.cover("api", &document, &document);
    let both = Use {
        request: true,
        reply: true,
    };
    for (name, uses) in [
        ("In", Use::REQUEST),
        ("Kind", Use::REQUEST),
        ("Shared", Use::REQUEST),
        ("Reply", Use::REPLY),
        ("Both", both),
    ] {
        let judged = cover.schema(name);
        assert_eq!((judged.part, judged.uses), (Part::Covered, uses), "{name}");
    }
    for name in ["Hidden", "Whole", "Inside", "Other", "Nowhere"] {
        assert_eq!(cover.schema(name), Judged::FOREIGN, "{name}");
    }
    for (schema, field, part) in [
        ("Reply", "list", Part::Covered),
        ("Reply", "hidden", Part::Left),
        ("Reply", "whole", Part::Covered),
        ("Reply", "to_come", Part::Covered),
        ("Whole", "a", Part::Foreign),
        ("Other", "a", Part::Foreign),
    ] {
        assert_eq!(cover.field(schema, field).part, part, "{schema}.{field}");
    }
}

#[test]
fn operations_are_covered_left_or_undecided() {
    let facade = Facade::parse(YAML).unwrap();
    let value = document();
    let document = Document::new(&value);
    let cover = facade.cover("api", &document, &document);
    for (id, whole, inside) in [
        ("send", Part::Covered, Part::Covered),
        ("look", Part::Left, Part::Foreign),
        // Not mentioned: may be taken up, and is not used until then.
        ("new", Part::Covered, Part::Foreign),
    ] {
        assert_eq!(cover.operation(id).part, whole, "{id}");
        assert_eq!(cover.inside(id).part, inside, "{id}");
    }
    assert_eq!(cover.parameter("send", "kind").part, Part::Covered);
    assert_eq!(cover.parameter("send", "trace").part, Part::Left);
    assert_eq!(cover.parameter("look", "kind").part, Part::Foreign);
    let other = facade.cover("elsewhere", &document, &document);
    assert_eq!(other.operation("send").part, Part::Foreign);
}

#[test]
fn a_renamed_operation_is_still_covered() {
    let facade = Facade::parse(YAML).unwrap();
    let (old, mut new) = (document(), document());
    *new.pointer_mut("/paths/~1send/post/operationId").unwrap() = json!("dispatch");
    *new.pointer_mut("/paths/~1send/post/responses/200/content/application~1json/schema")
        .unwrap() = json!({"$ref": "#/components/schemas/Other"});
    let cover = facade.cover("api", &Document::new(&old), &Document::new(&new));
    assert_eq!(cover.schema("Other").uses, Use::REPLY);
}

#[test]
fn a_facade_file_that_says_nothing_is_refused() {
    for (yaml, why) in [
        ("api: {operations: {send: []}}", "neither method nor reason"),
        ("api: {operations: {send: {left: ' '}}}", "without a reason"),
        ("api: {operations: {}, left: {A.b: ''}}", "without a reason"),
        ("api: {operations: {}, leaves: {}}", "leaves"),
        ("api: {left: {A.b: why}}", "operations"),
    ] {
        let error = Facade::parse(yaml).unwrap_err();
        assert!(error.contains(why), "{yaml}: {error}");
    }
}
