//! A restart on the same data file loses nothing.

use std::path::PathBuf;

use passage_server::SeedDevice;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::durability::open;
use crate::support::{App, send, text};

/// A data file in a folder of its own.
struct DataFolder(TempDir);

impl DataFolder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    async fn open(&self) -> App {
        let data: PathBuf = self.0.path().join("passage.db");
        open(&data).await
    }

    /// Stops the server and starts another on the same file.
    async fn restart(&self, app: App) -> App {
        app.stop().await;
        self.open().await
    }
}

/// Ada, with one of everything that a user can have.
async fn ada(app: &App) -> String {
    let body = json!({"email": "ada@example.com", "phone": "+15005550006", "user_metadata": {"plan": "pro"}});
    let id = text(&app.post("/users", body).await.json(201)["user"]["id"]);
    app.controls()
        .seed_device(&id, SeedDevice::new())
        .await
        .unwrap();
    id
}

async fn assert_same_after_restart(data: &DataFolder, app: App, paths: &[&str]) -> App {
    let mut before = Vec::new();
    for path in paths {
        before.push(app.get(path).await.json(200));
    }
    let app = data.restart(app).await;
    for (path, before) in paths.iter().zip(before) {
        assert_eq!(app.get(path).await.json(200), before, "{path}");
    }
    app
}

#[tokio::test]
async fn users_are_as_they_were_after_a_restart() {
    let data = DataFolder::new();
    let app = data.open().await;
    let id = ada(&app).await;
    app.sign_in(&id).await;
    let inactive = app.user_id("bob@example.com").await;
    app.touch(&format!("/users/{inactive}/deactivate"))
        .await
        .json(200);
    let paths = [format!("/users/{id}"), format!("/users/{inactive}")];
    let paths = paths.each_ref().map(String::as_str);
    let app = assert_same_after_restart(&data, app, &paths).await;
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 2);
}

#[tokio::test]
async fn a_deleted_user_is_still_gone_after_a_restart() {
    let data = DataFolder::new();
    let app = data.open().await;
    let deleted = app.user_id("gone@example.com").await;
    app.delete(&format!("/users/{deleted}")).await.empty(200);
    let app = data.restart(app).await;
    app.get(&format!("/users/{deleted}"))
        .await
        .error(404, "user_not_found");
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 0);
}

#[tokio::test]
async fn api_keys_are_good_after_a_restart() {
    let data = DataFolder::new();
    let app = data.open().await;
    let created = app.post("/api-keys", json!({"name": "spare"})).await;
    let key = text(&created.json(201)["api_key"]["plaintext_key"]);
    let app = assert_same_after_restart(&data, app, &["/api-keys"]).await;
    send(app.http.get(app.api("/users")).bearer_auth(key))
        .await
        .json(200);
    let keys = app.get("/api-keys").await.json(200)["api_keys"].clone();
    assert_eq!(
        keys.as_array().unwrap().len(),
        2,
        "a key given again is not a new one"
    );
}

#[tokio::test]
async fn the_app_and_its_signing_keys_are_kept_by_a_restart() {
    let data = DataFolder::new();
    let app = data.open().await;
    app.controls().rotate_keys().await.unwrap();
    let known = async |app: &App| -> [Value; 3] {
        let info = app.get("").await.json(200)["app"].clone();
        [
            app.jwks().await,
            info["rsa_public_key"].clone(),
            info["created_at"].clone(),
        ]
    };
    let before = known(&app).await;
    let app = data.restart(app).await;
    assert_eq!(known(&app).await, before);
}

#[tokio::test]
async fn a_sign_in_goes_on_after_a_restart() {
    let data = DataFolder::new();
    let app = data.open().await;
    let id = ada(&app).await;
    let tokens = app.sign_in(&id).await;
    let app = data.restart(app).await;
    // The address may differ after a restart, and with it the issuer: the signature is what must hold.
    let refreshed = send(
        app.http
            .post(app.auth("/tokens"))
            .json(&json!({"refresh_token": tokens.refresh_token})),
    )
    .await
    .json(201);
    app.current_user(&text(&refreshed["auth_result"]["auth_token"]))
        .await
        .json(200);
}

#[tokio::test]
async fn a_transaction_is_completed_after_a_restart() {
    let data = DataFolder::new();
    let app = data.open().await;
    let body = json!({"external_id": "customer-7", "passkey_display_name": "Phone"});
    let started = app.post("/transactions/register", body).await.json(201);
    let transaction = text(&started["transaction_id"]);
    let app = data.restart(app).await;
    app.controls()
        .complete_transaction(&transaction)
        .await
        .unwrap();
}
