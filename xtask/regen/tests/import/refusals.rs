//! What is refused, how it is named, and that nothing is written then.

use serde_json::{Value, json};

use crate::bed::Bed;

/// Imports `text` and returns the error, after a look at every file.
fn refused(bed: &Bed, text: &str) -> String {
    let before = bed.files();
    let error = bed.import(text, None).unwrap_err();
    assert_eq!(bed.changed_since(&before), [""; 0], "{error}");
    assert!(!bed.path("target").exists(), "{error}");
    assert!(bed.world.modes.borrow().is_empty(), "{error}");
    error
}

#[test]
fn what_is_no_openapi_3_0() {
    for (text, want) in [
        ("", "n.json is no API description"),
        ("[1, 2]", "n.json is no API description"),
        ("{\"title\": \"x\"}", "n.json is no API description"),
        ("{\"openapi\": ", "n.json cannot be read: EOF"),
        ("a: b: c", "n.json cannot be read: "),
        (
            "{\"openapi\": \"3.1.0\"}",
            "n.json is OpenAPI 3.1.0, and the generator reads 3.0: convert it first",
        ),
        ("openapi: 3.2.0", "n.json is OpenAPI 3.2.0"),
        ("{\"swagger\": \"2.0\"}", "n.json#: missing field"),
        ("{\"openapi\": \"3.0.3\"}", "n.json#: missing field"),
        (
            "{\"info\": {}, \"info\": {}}",
            "n.json cannot be read: error: line 1 column 14: duplicate mapping key: info",
        ),
    ] {
        let error = refused(&Bed::new(), text);
        assert!(error.starts_with(want), "{text}: {error}");
    }
}

#[test]
fn mistakes_are_named_with_their_places() {
    let cases: Vec<Value> = serde_saphyr::from_str(include_str!("../cases/refusals.yaml")).unwrap();
    for case in cases {
        let bed = Bed::new();
        let mut document = bed.management();
        let (parent, name) = case["at"].as_str().unwrap().rsplit_once('/').unwrap();
        let name = name.replace("~1", "/");
        match (document.pointer_mut(parent).unwrap(), case.get("put")) {
            (Value::Array(list), Some(value)) => {
                list[name.parse::<usize>().unwrap()] = value.clone()
            }
            (parent, Some(value)) => parent[&name] = value.clone(),
            (parent, None) => drop(parent.as_object_mut().unwrap().remove(&name).unwrap()),
        }
        let error = refused(&bed, &document.to_string());
        let place = format!("n.json{}", case["begins"].as_str().unwrap());
        assert!(error.starts_with(&place), "{place}\n{error}");
        assert!(
            error.contains(case["says"].as_str().unwrap()),
            "{case}\n{error}"
        );
    }
}

#[test]
fn overlay_actions_that_match_nothing_are_all_named() {
    let bed = Bed::new();
    let mut document = bed.management();
    let properties = &mut document["components"]["schemas"]["CreateMagicLinkRequest"]["properties"];
    for gone in ["ttl", "send"] {
        properties.as_object_mut().unwrap().remove(gone).unwrap();
    }
    let error = refused(&bed, &document.to_string());
    let (first, rest) = error.split_once('\n').unwrap();
    assert!(
        first.starts_with("openapi/overlay.yaml does not fit the description any more"),
        "{first}"
    );
    assert!(rest.contains("CreateMagicLinkRequest"), "{error}");
    for line in rest.lines() {
        assert!(line.starts_with("overlay action "), "{error}");
        assert!(line.ends_with(" matches nothing in n.json"), "{error}");
    }
}

#[test]
fn a_page_or_changelog_that_cannot_be_updated_stops_everything() {
    for (name, error) in [
        (
            "openapi/PROVENANCE.md",
            "openapi/PROVENANCE.md has no row `| `management.yaml` | ..`",
        ),
        (
            "CHANGELOG.md",
            "CHANGELOG.md has no section `## [Unreleased]`",
        ),
    ] {
        let bed = Bed::new();
        bed.write(name, "# Nothing\n");
        let mut document = bed.management();
        document["info"]["description"] = json!("Another.");
        let refused = refused(&bed, &document.to_string());
        assert!(refused.starts_with(error), "{refused}");
    }
}
