//! Lost replies of a real `serve`, with its encryption key and its data file.

use serde_json::{Value, json};

use passage_server::{DataFile, Service};

use crate::passkeys::authenticator::Browser;
use crate::site::{Site, TWO_APPS};
use crate::support::{Reply, client, send, text};

async fn post(server: &Service, app: &str, path: &str, body: Value) -> Reply {
    let url = format!("{}/auth/v1/apps/{app}{path}", server.url());
    send(client().post(url).json(&body)).await
}

/// The tokens of somebody who registers with a passkey.
async fn registered(server: &Service) -> Value {
    let body = json!({"identifier": "ada@example.com"});
    let start = post(server, "one", "/register/webauthn/start", body)
        .await
        .json(200);
    let mut browser = Browser::at("https://one.example");
    let created = browser.create(&start["handshake"]["challenge"]).await;
    let response: Value = created.unwrap();
    let body = json!({
        "handshake_id": start["handshake"]["id"],
        "handshake_response": response,
        "user_id": start["user"]["id"],
    });
    let finish = post(server, "one", "/register/webauthn/finish", body).await;
    finish.json(201)["auth_result"].clone()
}

async fn refresh(server: &Service, app: &str, token: &Value) -> Reply {
    let body = json!({"refresh_token": token});
    post(server, app, "/tokens", body).await
}

#[tokio::test]
async fn a_reply_that_a_restart_lost_is_had_again_also_with_a_new_encryption_key() {
    let site = Site::new(TWO_APPS);
    let server = site.start().await;
    let token = registered(&server).await["refresh_token"].clone();
    let lost = refresh(&server, "one", &token).await.json(201);
    server.shutdown().await;

    let server = site.start().await;
    let again = refresh(&server, "one", &token).await.json(201);
    let second = &lost["auth_result"]["refresh_token"];
    assert_eq!(again["auth_result"]["refresh_token"], *second);
    server.shutdown().await;

    let old = std::fs::read_to_string(site.path("encryption.key")).unwrap();
    site.secret("old.key", &old);
    site.secret("encryption.key", &DataFile::encryption_key());
    let text = std::fs::read_to_string(site.path("passage.toml")).unwrap();
    let text = text.replace("[listen]", "previous = [{ file = \"old.key\" }]\n[listen]");
    std::fs::write(site.path("passage.toml"), text).unwrap();
    let server = site.start().await;
    let again = refresh(&server, "one", &token).await.json(201);
    assert_eq!(again["auth_result"]["refresh_token"], *second);
    refresh(&server, "one", second).await.json(201);
    server.shutdown().await;
}

#[tokio::test]
async fn another_app_neither_exchanges_nor_ends_a_sign_in() {
    let site = Site::new(TWO_APPS);
    let server = site.start().await;
    let signed_in = registered(&server).await;
    let token = &signed_in["refresh_token"];
    let refused = refresh(&server, "two", token).await;
    refused.error(401, "invalid_refresh_token");
    let next = refresh(&server, "one", token).await.json(201)["auth_result"].clone();
    // A spent one is no better there.
    let refused = refresh(&server, "two", token).await;
    refused.error(401, "invalid_refresh_token");
    let query = [("refresh_token", text(&next["refresh_token"]))];
    let url = format!("{}/auth/v1/apps/two/tokens", server.url());
    send(client().delete(&url).query(&query)).await.empty(200);
    let url = format!("{}/auth/v1/apps/two/currentuser", server.url());
    let request = client().get(url).bearer_auth(text(&next["auth_token"]));
    send(request).await.error(401, "invalid_access_token");
    refresh(&server, "one", &next["refresh_token"])
        .await
        .json(201);
    server.shutdown().await;
}
