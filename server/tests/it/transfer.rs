//! Users move from one data file to another, with the passkeys that they have.

use std::io::Cursor;
use std::path::Path;

use passage_server::{AdminError, DataFile, MetadataType, NewApp, SeedDevice, TransferCounts};
use serde_json::{Value, json};

use crate::browser::VERIFIER;
use crate::mailbox::{ADA, BOB};
use crate::passkeys::authenticator::Browser;
use crate::passkeys::forge::Key;
use crate::support::{App, text};

pub const HEADER: &str = r#"{"format":"passage-server","version":1}"#;

/// All that a data file has to export.
pub async fn exported(data: &Path) -> String {
    let file = DataFile::open(data).await.unwrap();
    let (_, lines) = file.export(&[], Vec::new()).await.unwrap();
    file.close().await;
    String::from_utf8(lines).unwrap()
}

pub async fn import(data: &Path, lines: &str) -> Result<TransferCounts, AdminError> {
    let file = DataFile::open(data).await.unwrap();
    let result = file.import(Cursor::new(lines.to_owned())).await;
    file.close().await;
    result
}

/// The lines as JSON.
pub fn parsed(lines: &str) -> Vec<Value> {
    let lines = lines.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A server with the app that moves.
pub async fn open(data: &Path) -> App {
    App::start_with(|builder| builder.app_id("moving").data(data)).await
}

/// A user as the API shows them, without what stays behind.
async fn shown(app: &App, id: &str) -> Value {
    let mut user = app.managed_user(id).await;
    user["recent_events"] = json!([]);
    user
}

const ADA_AT_GOOGLE: &str = "ada@elsewhere.example";

/// What the API shows of an app that moves, before it does.
struct Before {
    info: Value,
    /// By their ids.
    users: Vec<(String, Value)>,
    ada: String,
}

/// Fills a data file with four users, who have among them all that can move.
async fn fill(data: &Path) -> Before {
    let app = App::start_with(|builder| {
        builder
            .app_id("moving")
            .data(data)
            .metadata_field("plan", MetadataType::String)
            .metadata_field("age", MetadataType::Integer)
            .callback_url("my-app://back")
    })
    .await;
    let body = json!({"email": "Ada@Example.COM", "phone": "+15005550006", "user_metadata": {"plan": "pro", "age": 36}});
    let ada = text(&app.post("/users", body).await.json(201)["user"]["id"]);
    let token = app.sign_in(&ada).await.auth_token;
    let icon = "data:image/svg+xml;base64,PHN2Zy8+";
    let seeded = SeedDevice::new().icons(icon, icon).usage_count(3);
    app.controls().seed_device(&ada, seeded).await.unwrap();
    let code = app.social_code("google", ADA_AT_GOOGLE).await;
    app.link(&token, &code, VERIFIER).await.empty(201);
    // A verified address, and a login that is counted.
    app.social_sign_in("github", BOB).await.signed_in();
    let carl = app.register("carl@example.com").await.id;
    app.deactivate(&carl).await;
    let mut key = Key::new();
    app.flex_register("customer-7", &mut key).await.json(201);
    let list = app.list(&[]).await.json(200);
    let mut users = Vec::new();
    for user in list["users"].as_array().unwrap() {
        users.push((text(&user["id"]), shown(&app, &text(&user["id"])).await));
    }
    assert_eq!(users.len(), 4);
    let info = app.get("").await.json(200);
    app.stop().await;
    Before { info, users, ada }
}

#[tokio::test]
async fn an_import_counts_what_it_took_and_exports_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old.db"), folder.path().join("new.db"));
    fill(&old).await;
    let lines = exported(&old).await;
    let moved = import(&new, &lines).await.unwrap();
    assert_eq!(
        (
            moved.apps,
            moved.users,
            moved.devices,
            moved.social_connections
        ),
        (1, 4, 3, 2)
    );
    assert_eq!(exported(&new).await, lines);
}

#[tokio::test]
async fn what_moves_is_the_same_there() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old.db"), folder.path().join("new.db"));
    let before = fill(&old).await;
    import(&new, &exported(&old).await).await.unwrap();
    let app = open(&new).await;
    for (id, user) in before.users {
        assert_eq!(shown(&app, &id).await, user);
    }
    let mut there = app.get("").await.json(200);
    // A key of the new server's own.
    there["app"]["rsa_public_key"] = before.info["app"]["rsa_public_key"].clone();
    assert_eq!(there, before.info);
    app.stop().await;
}

#[tokio::test]
async fn an_account_at_a_provider_signs_its_user_in_where_they_moved_to() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old.db"), folder.path().join("new.db"));
    let before = fill(&old).await;
    import(&new, &exported(&old).await).await.unwrap();
    let app = open(&new).await;
    let signed_in = app.social_sign_in("google", ADA_AT_GOOGLE).await;
    let current = app.current_user(&signed_in.signed_in().auth_token).await;
    assert_eq!(current.json(200)["user"]["id"], json!(before.ada));
    app.stop().await;
}

#[tokio::test]
async fn what_is_secret_stays_behind() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let app = open(&data).await;
    let id = app.user_id(ADA).await;
    let tokens = app.sign_in(&id).await;
    let link = app
        .visit_post("/login/magic-link", json!({"identifier": ADA}))
        .await;
    let (key, link) = (app.server().api_key().to_owned(), link.json(200));
    app.stop().await;
    let lines = exported(&data).await;
    for secret in [
        &key,
        &tokens.auth_token,
        &tokens.refresh_token,
        &text(&link["magic_link"]["id"]),
    ] {
        assert!(!lines.contains(secret.as_str()), "{secret}");
    }
    let kinds: Vec<_> = parsed(&lines).iter().map(|it| it["type"].clone()).collect();
    assert_eq!(kinds, [Value::Null, json!("app"), json!("user")]);
}

#[tokio::test]
async fn an_authenticator_notices_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old.db"), folder.path().join("new.db"));
    let mut browser = Browser::new().counting();
    let app = open(&old).await;
    let mut ids = Vec::new();
    for identifier in [ADA, "+15005550006"] {
        let start = app.register_start(identifier).await;
        let created = browser.create(&start["handshake"]["challenge"]).await;
        app.register_finish(&start, created.unwrap())
            .await
            .json(201);
        ids.push(text(&start["user"]["id"]));
    }
    app.stop().await;
    import(&new, &exported(&old).await).await.unwrap();

    let app = open(&new).await;
    // The newest passkey is the one that the authenticator offers first.
    for (body, id) in [
        (json!({"identifier": ADA}), &ids[0]),
        (json!({"identifier": "+15005550006"}), &ids[1]),
        (json!({}), &ids[1]),
    ] {
        let start = app.login_start(body).await;
        let signed = browser.get(&start["handshake"]["challenge"]).await.unwrap();
        let reply = app.login_finish(&start, signed).await.json(200);
        let token = text(&reply["auth_result"]["auth_token"]);
        let current = app.current_user(&token).await.json(200);
        assert_eq!(current["user"]["id"], json!(id));
    }
    // It is known as one that need not be registered again.
    let token = app.sign_in(&ids[0]).await.auth_token;
    let start = app.add_start(&token).await;
    let again: Result<Value, _> = browser.create(&start["handshake"]["challenge"]).await;
    assert!(again.is_err(), "{again:?}");
    app.stop().await;
}

#[tokio::test]
async fn an_app_that_is_there_keeps_its_settings_and_gets_the_users() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let file = DataFile::open(&data).await.unwrap();
    let shop = || NewApp::new("https://shop.example.com").id("shop");
    file.create_app(shop().name("The Shop")).await.unwrap();
    file.close().await;
    let app =
        r#"{"type":"app","id":"shop","auth_origin":"https://shop.example.com","name":"Other"}"#;
    let user = |email: &str| format!(r#"{{"type":"user","app":"shop","email":"{email}"}}"#);
    let moved = import(&data, &format!("{HEADER}\n{app}\n{}", user(ADA))).await;
    assert_eq!((moved.as_ref().unwrap().apps, moved.unwrap().users), (0, 1));
    // The line of the app need not be there.
    let moved = import(&data, &format!("{HEADER}\n{}", user(BOB))).await;
    assert_eq!(moved.unwrap().users, 1);
    let file = DataFile::open(&data).await.unwrap();
    let apps = file.apps().await.unwrap();
    assert_eq!(apps[0].name, "The Shop");
    file.close().await;
    let emails: Vec<_> = parsed(&exported(&data).await)
        .iter()
        .filter_map(|line| line["email"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(emails, [ADA, BOB]);
}

#[tokio::test]
async fn an_export_can_be_of_some_apps() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let file = DataFile::open(&data).await.unwrap();
    for id in ["one", "two", "three"] {
        let app = NewApp::new(format!("https://{id}.example")).id(id);
        file.create_app(app).await.unwrap();
    }
    for (wanted, there) in [
        (vec![], vec!["one", "two", "three"]),
        (vec!["two"], vec!["two"]),
        (vec!["three", "one"], vec!["one", "three"]),
    ] {
        let (moved, lines) = file.export(&wanted, Vec::new()).await.unwrap();
        let ids: Vec<_> = parsed(&String::from_utf8(lines).unwrap())
            .iter()
            .skip(1)
            .map(|line| text(&line["id"]))
            .collect();
        assert_eq!(ids, there);
        assert_eq!(moved.apps, there.len() as u64);
    }
    let error = file.export(&["one", "four"], Vec::new()).await.unwrap_err();
    assert!(error.to_string().contains("no app `four`"), "{error}");
    assert!(error.bad_lines().is_empty());
    let place = folder.path().join("out.jsonl");
    assert!(file.export_file(&["four"], &place).await.is_err());
    assert!(!place.exists());
    file.close().await;
}

#[tokio::test]
async fn beside_a_server_users_go_out_but_not_in() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("passage.db");
    let app = open(&data).await;
    app.user_id(ADA).await;
    assert!(exported(&data).await.contains(ADA));
    let before = exported(&data).await;
    let line = format!(
        r#"{HEADER}{}{{"type":"user","app":"moving","email":"{BOB}"}}"#,
        '\n'
    );
    let error = import(&data, &line).await.unwrap_err();
    assert!(error.to_string().contains("stop it first"), "{error}");
    assert_eq!(exported(&data).await, before);
    app.stop().await;
    import(&data, &line).await.unwrap();
}

/// More users than a page has, many of them of the same moment, are each there once.
#[tokio::test]
async fn pages_lose_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (data, copy) = (folder.path().join("a.db"), folder.path().join("b.db"));
    let mut lines = format!(
        "{HEADER}\n{}\n",
        r#"{"type":"app","id":"moving","auth_origin":"http://localhost:3000"}"#
    );
    for number in 0..1201 {
        let at = if number % 7 == 0 { 1 } else { 2 };
        let line = json!({
            "type": "user", "app": "moving", "email": format!("u{number}@example.com"),
            "created_at": format!("200{at}-01-01T00:00:00Z"),
        });
        lines.push_str(&format!("{line}\n"));
    }
    assert_eq!(import(&data, &lines).await.unwrap().users, 1201);
    let first = exported(&data).await;
    let mut emails: Vec<_> = parsed(&first)
        .iter()
        .filter_map(|line| line["email"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(emails.len(), 1201);
    emails.sort();
    emails.dedup();
    assert_eq!(emails.len(), 1201);
    import(&copy, &first).await.unwrap();
    assert_eq!(exported(&copy).await, first);
}
