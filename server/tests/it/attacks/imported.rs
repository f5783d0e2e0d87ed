//! Users who were imported, and strangers among them.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use passage_server::{DataFile, ImportOptions, TransferCounts};
use serde_json::json;

use crate::mailbox::{ADA, BOB, PHONE};
use crate::passkeys::forge::Key;
use crate::support::App;
use crate::transfer::{HEADER, exported, open};

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
