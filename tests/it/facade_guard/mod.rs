//! Nothing arrives in the API descriptions without a decision: the facade covers it, or `openapi/facade.yaml`
//! leaves it to the generated client and says why.
//!
//! What the facade covers is not believed but tried. A server of the test's own answers every operation with a
//! full reply, then with one member of it changed at a time: what the facade gives back must change with it. What
//! the facade's methods send, with everything set that can be set, is held against the descriptions too.
mod calls;
mod document;
mod evidence;
mod facade;
mod guard;
mod mock_api;
mod shown;

use std::fs;
use std::path::Path;

use serde_json::json;
use tokio::sync::OnceCell;

use document::Document;
use evidence::{Evidence, gather};
use facade::Facade;
use guard::complaints;

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("openapi")
        .join(name);
    fs::read_to_string(path).unwrap()
}

fn effective(api: &str) -> Document {
    Document::parse(api, &read(&format!("effective/{api}.json")))
}

fn facade() -> Facade {
    Facade::parse(&read("facade.yaml"))
}

/// What the facade does with the management API; two tests look at it.
async fn seen() -> &'static Evidence {
    static SEEN: OnceCell<Evidence> = OnceCell::const_new();
    let api = "management";
    SEEN.get_or_init(async || gather(&effective(api), &facade()[api]).await)
        .await
}

#[tokio::test]
async fn the_facade_covers_what_it_does_not_leave() {
    let (facade, auth) = (facade(), effective("auth"));
    let evidence = gather(&auth, &facade["auth"]).await;
    let mut found = complaints(
        &effective("management"),
        &facade["management"],
        seen().await,
    );
    found.extend(complaints(&auth, &facade["auth"], &evidence));
    assert!(found.is_empty(), "\n{}\n", found.join("\n\n"));
}

#[test]
fn both_documents_are_in_the_file_and_there_is_no_other() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/effective");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut files: Vec<String> = files.map(|name| name.into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files, ["auth.json", "management.json"]);
    assert_eq!(facade().apis().collect::<Vec<_>>(), ["auth", "management"]);
}

/// The same test on documents with more in them, so that it is known to fail, and what it says.
#[tokio::test]
async fn what_is_new_is_found_and_the_mend_is_named() {
    let mut document = effective("management");
    let freeze = json!({"operationId": "freezeUser", "responses": {}});
    document.edit("/paths", |paths| {
        paths["/apps/{app_id}/users/{user_id}/freeze"] = json!({"post": freeze})
    });
    document.edit("/paths/~1apps~1{app_id}~1users/get/parameters", |list| {
        let region = json!({"name": "region", "in": "query", "schema": {"type": "string"}});
        list.as_array_mut().unwrap().push(region);
    });
    document.edit(
        "/components/schemas/CreateMagicLinkRequest/properties",
        |fields| {
            fields["subject"] = json!({"type": "string"});
        },
    );
    document.edit("/components/schemas/WebAuthnDevices/properties", |fields| {
        fields["backed_up"] = json!({"type": "boolean"});
    });
    for schema in ["UserStatus", "MagicLinkLanguage", "ErrorCode"] {
        document.edit(&format!("/components/schemas/{schema}/enum"), |values| {
            values.as_array_mut().unwrap().push("brand_new".into());
        });
    }
    let facade = facade();
    let evidence = gather(&document, &facade["management"]).await;
    let found = complaints(&document, &facade["management"], &evidence);
    insta::assert_snapshot!(found.join("\n\n"));
}

/// Claims that were once true, or never.
#[tokio::test]
async fn claims_that_do_not_hold_are_found() {
    let document = effective("management");
    let mut facade = facade();
    let management = facade.get_mut("management");
    management.cover("getUser", &["Users::get", "Users::delete", "Users::fetch"]);
    management.cover("deleteUser", &[]);
    management.cover("mergeUsers", &["Users::merge"]);
    management.leave_operation("listApiKeys", "Nobody asked for it.");
    management.leave("UserInfo.nickname", "Gone for long.");
    management.leave("UserInfo.email", "Too private.");
    management.leave("UserInfo.phone", " ");
    management.leave("listPaginatedUsers.region", "Never there.");
    let found = complaints(&document, &facade["management"], seen().await);
    insta::assert_snapshot!(found.join("\n\n"));
}
