//! Users who were imported, and strangers among them.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use passage_server::{
    Config, DataFile, ImportOptions, MetadataType, NewApp, ServerBuilder, TransferCounts,
};
use serde_json::json;

use crate::mailbox::{ADA, BOB, PHONE};
use crate::passkeys::forge::Key;
use crate::site::Site;
use crate::support::App;
use crate::transfer::{HEADER, exported, import, open, parsed};

/// A system that users move away from: Ada has a passkey and has proved nothing.
async fn old(folder: &Path) -> (String, Key) {
    let data = folder.join("old.db");
    let app = open(&data).await;
    let ada = app.register(ADA).await;
    app.user(BOB).await;
    app.stop().await;
    (exported(&data).await, ada.key)
}

/// A server with the imported users, as `serve` would treat them.
async fn new(folder: &Path, lines: &str, options: ImportOptions) -> (App, TransferCounts) {
    let data: PathBuf = folder.join("new.db");
    let file = DataFile::open(&data).await.unwrap();
    let counts = file.import_with(Cursor::new(lines.to_owned()), options);
    let counts = counts.await.unwrap();
    file.close().await;
    let app = App::start_with(|builder| {
        builder
            .app_id("moving")
            .data(&data)
            .conceal_users(true)
            .claim_pending(false)
            .require_identifier_verification(false)
    })
    .await;
    (app, counts)
}

#[tokio::test]
async fn an_imported_passkey_of_a_stranger_survives_the_first_proof() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, key) = old(folder.path()).await;
    let (app, counts) = new(folder.path(), &lines, ImportOptions::new()).await;
    assert_eq!(counts.users_with_unproved_passkeys, 1);
    app.login(&key, json!({})).await.json(200);
    let (id, code) = app.login_code(ADA).await;
    app.enter(&id, &code).await.json(200);
    app.login(&key, json!({}))
        .await
        .error(401, "discoverable_login_failed");
}

#[tokio::test]
async fn trusted_identifiers_keep_their_passkeys() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, key) = old(folder.path()).await;
    let trust = ImportOptions::new().trust_identifiers(true);
    let (app, counts) = new(folder.path(), &lines, trust).await;
    assert_eq!(counts.users_with_unproved_passkeys, 0);
    let (id, code) = app.login_code(ADA).await;
    app.enter(&id, &code).await.json(200);
    app.login(&key, json!({})).await.json(200);
}

#[tokio::test]
async fn an_imported_user_is_claimed_by_a_passkey() {
    let folder = tempfile::tempdir().unwrap();
    let app_line = r#"{"type":"app","id":"moving","auth_origin":"http://localhost:3000"}"#;
    let user = json!({"type": "user", "app": "moving", "email": ADA, "phone": PHONE,
                      "user_metadata": {"role": "admin"}});
    let lines = format!("{HEADER}\n{app_line}\n{user}\n");
    let (app, _) = new(folder.path(), &lines, ImportOptions::new()).await;
    for identifier in [ADA, PHONE] {
        let body = json!({"identifier": identifier});
        app.visit_post("/register/webauthn/start", body)
            .await
            .error(403, "identifier_not_verified");
    }
    // Exported and imported again, it is still nobody's.
    app.stop().await;
    let lines = exported(&folder.path().join("new.db")).await;
    let again = tempfile::tempdir().unwrap();
    let (app, _) = new(again.path(), &lines, ImportOptions::new()).await;
    let body = json!({"identifier": ADA});
    app.visit_post("/register/webauthn/start", body)
        .await
        .error(403, "identifier_not_verified");
}

#[tokio::test]
async fn metadata_of_a_stranger_survive_a_move_and_the_first_proof() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("old.db");
    let plan = |builder: ServerBuilder| builder.metadata_field("plan", MetadataType::String);
    let app = App::start_with(|builder| plan(builder.app_id("moving").data(&data))).await;
    // A stranger signs up as Ada. Bob is made by the backend, which knows what it says about him.
    let metadata = json!({"plan": "pro"});
    let body = json!({"identifier": ADA, "user_metadata": metadata});
    app.visit_post("/users", body).await.json(201);
    let body = json!({"email": BOB, "user_metadata": metadata});
    app.post("/users", body).await.json(201);
    let (ada, bob) = (app.register(ADA).await.id, app.register(BOB).await.id);
    app.stop().await;
    let lines = exported(&data).await;
    for line in parsed(&lines).iter().filter(|it| it["type"] == "user") {
        let made_by = (line["id"] == json!(ada)).then_some("themselves");
        assert_eq!(line.get("made_by"), made_by.map(|by| json!(by)).as_ref());
    }

    let (app, _) = new(folder.path(), &lines, ImportOptions::new()).await;
    for (identifier, id, keeps) in [(ADA, ada, json!({})), (BOB, bob, metadata)] {
        let (code_id, code) = app.login_code(identifier).await;
        app.enter(&code_id, &code).await.json(200);
        let user = app.managed_user(&id).await;
        assert_eq!(user["user_metadata"], keeps, "{identifier}");
    }
}

#[tokio::test]
async fn weak_settings_come_in_unnoticed() {
    let site = Site::new("");
    let data = site.path("dev.db");
    let app = App::start_with(|builder| {
        builder
            .app_id("moving")
            .data(&data)
            .metadata_field("plan", MetadataType::String)
    });
    app.await.stop().await;
    let file = DataFile::open(site.path("passage.db")).await.unwrap();
    let shop = NewApp::new("https://shop.example.com").id("shop");
    file.create_app(shop).await.unwrap();
    file.close().await;
    let noted = || {
        let config = Config::read(site.path("passage.toml")).unwrap();
        let mut notes = config.notes().unwrap();
        notes.retain(|note| note.contains("protect its users less"));
        notes
    };
    assert_eq!(noted(), [""; 0]);
    let lines = exported(&data).await;
    import(&site.path("passage.db"), &lines).await.unwrap();
    let notes = noted();
    assert_eq!(notes.len(), 1, "{notes:?}");
    for said in [
        "app `moving`",
        "reauthentication_seconds = 0",
        "magic_link_waiting = \"any\"",
        "magic_link_paths = [\"*\"]",
        "change_confirmed_by = \"anybody\"",
        "conceal_users = false",
        "require_identifier_verification = false",
        "claim_pending = true",
        "users write: \"plan\"",
    ] {
        assert!(notes[0].contains(said), "{said}: {notes:?}");
    }
    // What the configuration says of the app counts instead, and whoever wrote it knows it.
    site.configure(
        "[[apps]]\nid = \"moving\"\nauth_origin = \"http://localhost:3000\"\nclaim_pending = true\n",
    );
    assert_eq!(noted(), [""; 0]);
}
