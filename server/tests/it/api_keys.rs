//! API keys.

use serde_json::{Value, json};

use crate::support::{App, is_id, members, send, text, time};

/// Creates a key, and returns it with its plain text.
async fn create(app: &App) -> Value {
    let body = json!({"name": "billing"});
    app.post("/api-keys", body).await.json(201)["api_key"].clone()
}

#[tokio::test]
async fn a_new_key_has_a_prefix_and_a_secret() {
    let app = App::start().await;
    let key = create(&app).await;
    assert_eq!(
        members(&key),
        [
            "created_at",
            "id",
            "key_prefix",
            "name",
            "plaintext_key",
            "role"
        ]
    );
    assert_eq!(
        (&key["name"], &key["role"]),
        (&json!("billing"), &json!("admin"))
    );
    let id = text(&key["id"]);
    assert!(is_id(&id), "{id}");
    time(&key["created_at"]);
    let plain = text(&key["plaintext_key"]);
    let (before, after) = plain.split_once('.').unwrap();
    assert_eq!(
        (before, before.len(), after.len()),
        (text(&key["key_prefix"]).as_str(), 10, 64)
    );
}

#[tokio::test]
async fn the_secret_of_a_new_key_is_shown_once() {
    let app = App::start().await;
    let key = create(&app).await;
    let mut shown = key.clone();
    shown.as_object_mut().unwrap().remove("plaintext_key");
    let path = format!("/api-keys/{}", text(&key["id"]));
    assert_eq!(app.get(&path).await.json(200), json!({"api_key": shown}));
    let listed = app.get("/api-keys").await;
    assert!(
        listed.json(200)["api_keys"]
            .as_array()
            .unwrap()
            .contains(&shown)
    );
    let plain = text(&key["plaintext_key"]);
    let (_, secret) = plain.split_once('.').unwrap();
    assert!(
        !String::from_utf8_lossy(&listed.body).contains(secret),
        "the secret part is never shown again"
    );
}

#[tokio::test]
async fn a_key_works_as_a_whole_until_it_is_deleted() {
    let app = App::start().await;
    let key = create(&app).await;
    let users = |token: &Value| app.http.get(app.api("/users")).bearer_auth(text(token));
    send(users(&key["plaintext_key"])).await.json(200);
    send(users(&key["key_prefix"]))
        .await
        .error(401, "invalid_access_token");
    let path = format!("/api-keys/{}", text(&key["id"]));
    app.delete(&path).await.empty(200);
    send(users(&key["plaintext_key"]))
        .await
        .error(401, "invalid_access_token");
}

#[tokio::test]
async fn a_deleted_key_is_not_found() {
    let app = App::start().await;
    let key = create(&app).await;
    let path = format!("/api-keys/{}", text(&key["id"]));
    app.delete(&path).await.empty(200);
    app.get(&path).await.error(404, "api_key_not_found");
    app.delete(&path).await.error(404, "api_key_not_found");
}

#[tokio::test]
async fn the_first_key_is_listed_by_its_prefix() {
    let app = App::start().await;
    let keys = app.get("/api-keys").await.json(200);
    let [key] = keys["api_keys"].as_array().unwrap().as_slice() else {
        panic!("{keys}")
    };
    assert_eq!(
        members(key),
        ["created_at", "id", "key_prefix", "name", "role"]
    );
    assert_eq!(key["name"], "development");
    assert!(
        app.server()
            .api_key()
            .starts_with(&format!("{}.", text(&key["key_prefix"])))
    );
}

#[tokio::test]
async fn keys_are_listed_oldest_first() {
    let app = App::start().await;
    for name in ["one", "two", "three"] {
        app.controls().advance(std::time::Duration::from_secs(1));
        app.post("/api-keys", json!({"name": name})).await.json(201);
    }
    let keys = app.get("/api-keys").await.json(200);
    let names: Vec<String> = keys["api_keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| text(&key["name"]))
        .collect();
    assert_eq!(names[1..], ["one", "two", "three"]);
}

#[tokio::test]
async fn a_key_needs_a_name() {
    let app = App::start().await;
    for body in [
        json!({}),
        json!({"name": ""}),
        json!({"name": "  "}),
        json!({"name": null}),
        json!({"name": 7}),
    ] {
        let error = app
            .post("/api-keys", body.clone())
            .await
            .error(400, "invalid_request");
        assert!(error.contains("name"), "{body}: {error}");
    }
    assert_eq!(
        app.get("/api-keys").await.json(200)["api_keys"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
