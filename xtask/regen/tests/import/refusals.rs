//! What is refused, how it is named, and that nothing is written then.

use serde_json::{Value, json};

use crate::bed::Bed;

/// Imports `text` and returns the error, after a look at every file.
fn refused(text: &str) -> String {
    let bed = Bed::new();
    let before = bed.files();
    let error = bed.import("n.json", text, None).unwrap_err();
    assert_eq!(bed.changed_since(&before), [""; 0], "{error}");
    assert!(!bed.path("target").exists(), "{error}");
    assert!(bed.world.modes.borrow().is_empty(), "{error}");
    error
}

fn management(edit: impl FnOnce(&mut Value)) -> String {
    let mut document = Bed::new().management();
    edit(&mut document);
    document.to_string()
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
    ] {
        let error = refused(text);
        assert!(error.starts_with(want), "{text}: {error}");
    }
}

#[test]
fn mistakes_are_named_with_their_places() {
    let users = "/apps/{app_id}/users";
    let post = "n.json#/paths/~1apps~1{app_id}~1users/post";
    let schema = |name: &str| format!("#/components/schemas/{name}");
    for (text, place, what) in [
        (
            management(|d| d["paths"][users]["post"]["operationId"] = json!("getUser")),
            // The first one in the document has the name.
            "n.json#/paths/~1apps~1{app_id}~1users~1{user_id}/get/operationId".to_owned(),
            "`getUser` already in use",
        ),
        (
            management(|d| {
                d["paths"][users]["post"]
                    .as_object_mut()
                    .unwrap()
                    .remove("operationId");
            }),
            post.to_owned(),
            "no operationId",
        ),
        (
            management(|d| {
                let body = &mut d["paths"][users]["post"]["requestBody"];
                body["content"]["application/json"]["schema"] = json!({"$ref": schema("Gone")});
            }),
            format!("{post}/requestBody/content/application~1json/schema"),
            "`#/components/schemas/Gone` not found",
        ),
        (
            management(|d| {
                let body = &mut d["paths"][users]["post"]["requestBody"];
                body["content"]["application/json"]["schema"] = json!({"$ref": "other.json#/A"});
            }),
            format!("{post}/requestBody/content/application~1json/schema"),
            "other.json#/A",
        ),
        (
            management(|d| {
                let item = d["paths"][users].take();
                d["paths"].as_object_mut().unwrap().remove(users);
                d["paths"]["/apps/{other}/users"] = item;
            }),
            "n.json#/paths/~1apps~1{other}~1users/get/parameters".to_owned(),
            "`{other}`",
        ),
        (
            management(|d| d["paths"][users]["post"]["parameters"][0] = json!({"name": 1})),
            format!("{post}/parameters/0"),
            "",
        ),
        (
            management(|d| {
                d["components"]["schemas"]["UserInfo"]["properties"]["id"]["type"] = json!("text");
            }),
            "n.json#/components/schemas/UserInfo".to_owned(),
            "text",
        ),
    ] {
        let error = refused(&text);
        assert!(
            error.starts_with(&place) && error.contains(what),
            "{place}\n{error}"
        );
    }
}

#[test]
fn a_member_that_appears_twice() {
    let text = management(|_| {}).replacen("{\"openapi\":", "{\"info\":{},\"openapi\":", 1);
    assert!(refused(&text).contains("`info` appears twice"));
}

#[test]
fn what_the_generator_does_not_support() {
    let text = management(|d| {
        let responses = &mut d["paths"]["/apps/{app_id}/users"]["post"]["responses"];
        responses["default"] = json!({"description": "Else.", "content": {"application/json":
            {"schema": {"$ref": "#/components/schemas/ApiKey"}}}});
    });
    let error = refused(&text);
    let place =
        "n.json#/paths/~1apps~1{app_id}~1users/post: the generator does not support something";
    assert!(error.starts_with(place), "{error}");
}

#[test]
fn overlay_actions_that_match_nothing_are_all_named() {
    let text = management(|d| {
        let schemas = d["components"]["schemas"].as_object_mut().unwrap();
        let request = schemas["CreateMagicLinkRequest"]["properties"]
            .as_object_mut()
            .unwrap();
        request.remove("ttl");
        request.remove("send");
    });
    let error = refused(&text);
    let (first, rest) = error.split_once('\n').unwrap();
    assert!(
        first.starts_with("openapi/overlay.yaml does not fit the description any more"),
        "{first}"
    );
    for line in rest.lines() {
        assert!(line.starts_with("overlay action "), "{error}");
        assert!(line.ends_with(" matches nothing in n.json"), "{error}");
    }
    assert!(rest.contains("CreateMagicLinkRequest"), "{error}");
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
        let before = bed.files();
        let refused = bed
            .import("n.json", &document.to_string(), None)
            .unwrap_err();
        assert!(refused.starts_with(error), "{refused}");
        assert_eq!(bed.changed_since(&before), [""; 0]);
    }
}
