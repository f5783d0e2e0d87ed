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

fn cases(text: &str) -> Vec<Value> {
    serde_saphyr::from_str(text).unwrap()
}

#[test]
fn what_is_no_openapi_3_0() {
    for case in cases(include_str!("../cases/no_openapi.yaml")) {
        let [text, want] = ["text", "error"].map(|key| case[key].as_str().unwrap());
        let error = refused(&Bed::new(), text);
        assert!(error.starts_with(want), "{text}: {error}");
    }
}

#[test]
fn mistakes_are_named_with_their_places() {
    for case in cases(include_str!("../cases/refusals.yaml")) {
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
        let [begins, says] = ["begins", "says"].map(|key| case[key].as_str().unwrap());
        assert!(
            error.starts_with(&format!("n.json{begins}")),
            "{begins}\n{error}"
        );
        assert!(error.contains(says), "{case}\n{error}");
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
    for (name, lacks) in [
        ("openapi/PROVENANCE.md", "no row `| `management.yaml` | ..`"),
        ("CHANGELOG.md", "no section `## [Unreleased]`"),
    ] {
        let bed = Bed::new();
        bed.write(name, "# Nothing\n");
        let mut document = bed.management();
        document["info"]["description"] = json!("Another.");
        let refused = refused(&bed, &document.to_string());
        assert!(
            refused.starts_with(&format!("{name} has {lacks}")),
            "{refused}"
        );
    }
}
