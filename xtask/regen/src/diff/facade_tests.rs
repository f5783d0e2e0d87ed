#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;

const FACADE: &str = include_str!("../../tests/cases/facade.yaml");
const DOCUMENT: &str = include_str!("../../tests/cases/facade_document.yaml");

#[test]
fn covered_operations_lead_to_their_schemas() {
    let facade = Facade::parse(FACADE).unwrap();
    let value: Value = yaml::parse(DOCUMENT).unwrap();
    let document = Document { root: &value };
    let cover = facade.cover("api", &document, &document);
    let mut lines = Vec::new();
    for (name, _) in document.components("schemas") {
        lines.push((name.to_owned(), cover.schema(name)));
    }
    lines.push(("Nowhere".to_owned(), cover.schema("Nowhere")));
    let fields = "Reply.list Reply.whole Reply.to_come Reply.hidden Whole.a Other.a";
    for (schema, field) in fields.split(' ').filter_map(|place| place.split_once('.')) {
        lines.push((format!("{schema}.{field}"), cover.field(schema, field)));
    }
    // `new` is not mentioned: it may be added, and is not used until then.
    for id in ["send", "look", "new"] {
        lines.push((id.to_owned(), cover.operation(id)));
        lines.push((format!("inside {id}"), cover.inside(id)));
    }
    for (id, name) in [("send", "kind"), ("send", "trace"), ("look", "kind")] {
        lines.push((format!("{id}({name})"), cover.parameter(id, name)));
    }
    let lines = lines.iter().map(|(place, Judged { part, uses })| {
        let [request, reply] = [(uses.request, ", request"), (uses.reply, ", reply")]
            .map(|(used, word)| if used { word } else { "" });
        format!("{place}: {part:?}{request}{reply}\n")
    });
    crate::cases::snapshot("facade", &lines.collect::<String>());
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
