//! API keys.

use serde_json::json;

use crate::support::{App, is_id, members, send, text, time};

#[tokio::test]
async fn a_new_key_is_shown_once_and_works_until_it_is_deleted() {
    let app = App::start().await;
    let created = app
        .post("/api-keys", json!({"name": "billing"}))
        .await
        .json(201);
    let key = &created["api_key"];
    assert_eq!(
        members(key),
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
    let (id, plain, prefix) = (
        text(&key["id"]),
        text(&key["plaintext_key"]),
        text(&key["key_prefix"]),
    );
    assert!(is_id(&id), "{id}");
    time(&key["created_at"]);
    let (before, after) = plain.split_once('.').unwrap();
    assert_eq!(
        (before, before.len(), after.len()),
        (prefix.as_str(), 10, 64)
    );

    let mut shown = key.clone();
    shown.as_object_mut().unwrap().remove("plaintext_key");
    assert_eq!(
        app.get(&format!("/api-keys/{id}")).await.json(200),
        json!({"api_key": shown})
    );
    let listed = app.get("/api-keys").await;
    assert!(
        listed.json(200)["api_keys"]
            .as_array()
            .unwrap()
            .contains(&shown)
    );
    assert!(
        !String::from_utf8_lossy(&listed.body).contains(after),
        "the secret part is never shown again"
    );

    let users = || app.http.get(app.api("/users"));
    send(users().bearer_auth(&plain)).await.json(200);
    send(users().bearer_auth(&prefix))
        .await
        .error(401, "invalid_access_token");
    app.delete(&format!("/api-keys/{id}")).await.empty(200);
    send(users().bearer_auth(&plain))
        .await
        .error(401, "invalid_access_token");
    app.get(&format!("/api-keys/{id}"))
        .await
        .error(404, "api_key_not_found");
    app.delete(&format!("/api-keys/{id}"))
        .await
        .error(404, "api_key_not_found");
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
