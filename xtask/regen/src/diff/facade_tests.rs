#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;

const FACADE: &str = include_str!("../../tests/cases/facade.yaml");
const DOCUMENT: &str = include_str!("../../tests/cases/facade_document.yaml");

#[test]
fn covered_operations_lead_to_their_schemas() {
    let facade = Facade::parse(FACADE).unwrap();
    let value: Value = yaml::parse(DOCUMENT).unwrap();
    let document = Document { root: &value };
    let cover = facade.cover("api", &document, &document);
    for (names, uses) in [
        ("In Kind Shared", Use::REQUEST),
        ("Reply", Use::REPLY),
        ("Both", Use::new(true, true)),
    ] {
        for name in names.split(' ') {
            let part = Part::Covered;
            assert_eq!(cover.schema(name), Judged { part, uses }, "{name}");
        }
    }
    for name in ["Hidden", "Whole", "Inside", "Other", "Nowhere"] {
        assert_eq!(cover.schema(name), Judged::default(), "{name}");
    }
    for (places, part) in [
        ("Reply.list Reply.whole Reply.to_come", Part::Covered),
        ("Reply.hidden", Part::Left),
        ("Whole.a Other.a", Part::Foreign),
    ] {
        for (schema, field) in places.split(' ').filter_map(|place| place.split_once('.')) {
            assert_eq!(cover.field(schema, field).part, part, "{schema}.{field}");
        }
    }
    for (id, whole, inside) in [
        ("send", Part::Covered, Part::Covered),
        ("look", Part::Left, Part::Foreign),
        // Not mentioned: may be added, and is not used until then.
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
    let facade = Facade::parse(FACADE).unwrap();
    let old: Value = yaml::parse(DOCUMENT).unwrap();
    let mut new = old.clone();
    let send = new
        .pointer_mut("/paths/~1send/post")
        .unwrap()
        .as_object_mut()
        .unwrap();
    let replies = json!({"200": {"schema": {"$ref": "#/components/schemas/Other"}}});
    send.extend([
        ("operationId".to_owned(), "dispatch".into()),
        ("responses".to_owned(), replies),
    ]);
    let cover = facade.cover("api", &Document { root: &old }, &Document { root: &new });
    assert_eq!(cover.schema("Other").uses, Use::REPLY);
}

#[test]
fn a_facade_file_that_says_nothing_is_refused() {
    for (yaml, why) in [
        ("api: {operations: {send: []}}", "neither method nor reason"),
        (
            "api: {operations: {send: {left: ' '}}}",
            "neither method nor",
        ),
        (
            "api: {operations: {}, left: {A.b: ''}}",
            "neither method nor",
        ),
        ("api: {operations: {}, leaves: {}}", "leaves"),
        ("api: {left: {A.b: why}}", "operations"),
    ] {
        let error = Facade::parse(yaml).unwrap_err();
        assert!(error.contains(why), "{yaml}: {error}");
    }
}
