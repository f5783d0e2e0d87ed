//! Users of the Management API.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{Server, members, refused, str};
use jiff::Timestamp;
use passage_server::{MetadataType, PassageServer, SeedDevice};
use serde_json::json;

#[tokio::test]
async fn a_new_user_has_every_member() {
    let server = Server::start().await;
    let user = server.create(json!({"email": "Ada@Example.COM", "phone": "+15005550006", "user_metadata": {"plan": "pro"}})).await;
    assert_eq!(
        members(&user),
        [
            "created_at",
            "email",
            "email_verified",
            "external_id",
            "id",
            "last_login_at",
            "login_count",
            "phone",
            "phone_verified",
            "recent_events",
            "social_connections",
            "status",
            "updated_at",
            "user_metadata",
            "webauthn",
            "webauthn_devices",
            "webauthn_types"
        ]
    );
    assert_eq!(user["email"], "ada@example.com");
    assert_eq!(user["phone"], "+15005550006");
    assert_eq!(user["external_id"], "");
    assert_eq!(user["status"], "pending");
    assert_eq!(user["last_login_at"], "0001-01-01T00:00:00Z");
    assert_eq!(user["login_count"], 0);
    assert_eq!(user["user_metadata"], json!({"plan": "pro"}));
    assert_eq!(user["social_connections"], json!({}));
    for name in ["recent_events", "webauthn_devices", "webauthn_types"] {
        assert_eq!(user[name], json!([]), "{name}");
    }
    for name in ["email_verified", "phone_verified", "webauthn"] {
        assert_eq!(user[name], false, "{name}");
    }
    let id = str(&user["id"]);
    assert!(
        id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "{id}"
    );
    let created: Timestamp = str(&user["created_at"]).parse().unwrap();
    assert!(created.duration_until(Timestamp::now()).as_secs() < 60);
    assert!(str(&user["created_at"]).ends_with('Z'));

    assert_eq!(
        server.get(&format!("/users/{id}")).await,
        (200, json!({"user": user}))
    );
    let (_, only_phone) = server
        .post("/users", json!({"phone": "+15005550007"}))
        .await;
    assert_eq!(only_phone["user"]["email"], "");
    assert_eq!(only_phone["user"]["user_metadata"], json!({}));
}

#[tokio::test]
async fn what_cannot_be_a_user_is_refused() {
    let server = Server::start().await;
    for (body, names) in [
        (json!({}), "email or phone"),
        (json!({"email": "", "phone": ""}), "email or phone"),
        (json!({"email": "nobody"}), "email"),
        (json!({"phone": "5005550006"}), "phone"),
        (json!({"email": 5}), "invalid type"),
        (
            json!({"email": "a@b.c", "user_metadata": {"deep": {}}}),
            "deep",
        ),
        (json!({"email": "a@b.c", "user_metadata": []}), "body"),
        (json!([]), "body"),
    ] {
        let reply = server.post("/users", body.clone()).await;
        refused(&reply, 400, "invalid_request");
        assert!(
            str(&reply.1["error"]).contains(names),
            "{body}: {}",
            reply.1
        );
    }
    assert_eq!(server.list(&[]).await.1["total_users"], 0);
}

#[tokio::test]
async fn an_identifier_belongs_to_one_user() {
    let server = Server::start().await;
    let ada = server
        .create(json!({"email": "ada@example.com", "phone": "+15005550006"}))
        .await;
    let bob = server.user("bob@example.com").await;
    for body in [
        json!({"email": "ADA@example.com"}),
        json!({"phone": "+15005550006"}),
        json!({"email": "new@example.com", "phone": "+15005550006"}),
    ] {
        let reply = server.post("/users", body).await;
        refused(&reply, 400, "invalid_request");
        assert_eq!(reply.1["error"], "user: already exists.");
    }
    let reply = server
        .patch(
            &format!("/users/{bob}"),
            json!({"email": "Ada@Example.com"}),
        )
        .await;
    refused(&reply, 400, "invalid_request");
    assert_eq!(reply.1["error"], "user: already exists.");
    let same = server
        .patch(
            &format!("/users/{}", str(&ada["id"])),
            json!({"email": "ada@example.com"}),
        )
        .await;
    assert_eq!(same.0, 200, "one's own identifier is not taken");
    assert_eq!(server.list(&[]).await.1["total_users"], 2);
}

#[tokio::test]
async fn an_update_changes_only_what_it_names() {
    let server = Server::start().await;
    let user = server.create(json!({"email": "ada@example.com", "phone": "+15005550006", "user_metadata": {"a": 1, "b": 2}})).await;
    let path = format!("/users/{}", str(&user["id"]));
    server.controls().advance(Duration::from_secs(10));

    let (_, reply) = server
        .patch(&path, json!({"email": "Ada@New.example"}))
        .await;
    let changed = &reply["user"];
    assert_eq!(changed["email"], "ada@new.example");
    assert_eq!(changed["phone"], user["phone"]);
    assert_eq!(changed["user_metadata"], user["user_metadata"]);
    assert_eq!(changed["created_at"], user["created_at"]);
    let time = |value: &serde_json::Value| str(value).parse::<Timestamp>().unwrap();
    assert!(
        time(&changed["updated_at"])
            .duration_since(time(&user["updated_at"]))
            .as_secs()
            >= 10
    );

    let (_, reply) = server
        .patch(
            &path,
            json!({"user_metadata": {"b": 3, "c": "x", "a": null}}),
        )
        .await;
    assert_eq!(reply["user"]["user_metadata"], json!({"b": 3, "c": "x"}));
    assert_eq!(
        server.patch(&path, json!({})).await.1["user"]["email"],
        "ada@new.example"
    );

    for clear in [json!({"phone": ""}), json!({"phone": null})] {
        assert_eq!(
            server
                .patch(&path, json!({"phone": "+15005550006"}))
                .await
                .1["user"]["phone"],
            "+15005550006"
        );
        assert_eq!(server.patch(&path, clear).await.1["user"]["phone"], "");
    }
    refused(
        &server.patch(&path, json!({"email": ""})).await,
        400,
        "invalid_request",
    );
    for bad in [
        json!({"email": "x"}),
        json!({"phone": "1"}),
        json!({"phone": 1}),
        json!({"user_metadata": "x"}),
        json!({"user_metadata": {"a": []}}),
    ] {
        refused(&server.patch(&path, bad).await, 400, "invalid_request");
    }
    assert_eq!(
        server.get(&path).await.1["user"]["email"],
        "ada@new.example"
    );
}

#[tokio::test]
async fn metadata_fields_that_are_defined_are_checked() {
    let builder = PassageServer::builder()
        .metadata_field("plan", MetadataType::String)
        .metadata_field("seats", MetadataType::Integer);
    let server = Server::from(builder).await;
    let user = server
        .create(json!({"email": "a@b.c", "user_metadata": {"plan": "pro", "seats": 3}}))
        .await;
    assert_eq!(user["user_metadata"], json!({"plan": "pro", "seats": 3}));
    let path = format!("/users/{}", str(&user["id"]));
    for bad in [json!({"seats": "3"}), json!({"other": 1})] {
        refused(
            &server.patch(&path, json!({"user_metadata": bad})).await,
            400,
            "invalid_request",
        );
    }
    let schema = server.get("").await.1["app"]["user_metadata_schema"].clone();
    assert_eq!(schema.as_array().unwrap().len(), 2);
    assert_eq!(
        (&schema[1]["field_name"], &schema[1]["type"]),
        (&json!("seats"), &json!("integer"))
    );
}

#[tokio::test]
async fn activating_and_deactivating() {
    let server = Server::start().await;
    let id = server.user("ada@example.com").await;
    for (action, status) in [
        ("deactivate", "inactive"),
        ("activate", "active"),
        ("deactivate", "inactive"),
    ] {
        let path = format!("/users/{id}/{action}");
        let reply = common::reply(server.request(reqwest::Method::PATCH, &path)).await;
        assert_eq!((reply.0, &reply.1["user"]["status"]), (200, &json!(status)));
        assert_eq!(reply.1["user"]["email"], "ada@example.com");
    }
    let reply = server.controls().sign_in(&id).await;
    assert_eq!(reply.unwrap_err().code(), "user_not_active");
}

#[tokio::test]
async fn a_sign_in_shows_on_the_user() {
    let server = Server::start().await;
    let id = server.user("ada@example.com").await;
    for _ in 0..12 {
        server.controls().sign_in(&id).await.unwrap();
    }
    let user = server.get(&format!("/users/{id}")).await.1["user"].clone();
    assert_eq!(
        (&user["status"], &user["login_count"]),
        (&json!("active"), &json!(12))
    );
    assert_ne!(user["last_login_at"], "0001-01-01T00:00:00Z");
    let events = user["recent_events"].as_array().unwrap();
    assert_eq!(events.len(), 10);
    assert_eq!(
        members(&events[0]),
        [
            "action",
            "completed_at",
            "created_at",
            "id",
            "ip_addr",
            "social_login_type",
            "status",
            "type",
            "user_agent",
            "user_agent_display"
        ]
    );
    assert_eq!(
        (&events[0]["action"], &events[0]["status"]),
        (&json!("login"), &json!("complete"))
    );
    assert!(events[0]["social_login_type"].is_null());
    let times: Vec<&str> = events
        .iter()
        .map(|event| str(&event["created_at"]))
        .collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "newest first: {times:?}");
}

#[tokio::test]
async fn devices_are_listed_and_revoked() {
    let server = Server::start().await;
    let id = server.user("ada@example.com").await;
    let path = format!("/users/{id}/devices");
    assert_eq!(server.get(&path).await, (200, json!({"devices": []})));
    let first = server
        .controls()
        .seed_device(
            &id,
            SeedDevice::new().icons("data:l", "data:d").usage_count(2),
        )
        .await
        .unwrap();
    let second = server
        .controls()
        .seed_device(
            &id,
            SeedDevice::new().friendly_name("Key").kind("security_key"),
        )
        .await
        .unwrap();
    let devices = server.get(&path).await.1["devices"].clone();
    assert_eq!(
        members(&devices[0]),
        [
            "created_at",
            "cred_id",
            "friendly_name",
            "icons",
            "id",
            "last_login_at",
            "type",
            "updated_at",
            "usage_count"
        ]
    );
    assert_eq!(
        (&devices[0]["id"], &devices[1]["id"]),
        (&json!(first), &json!(second))
    );
    assert_eq!(
        devices[0]["icons"],
        json!({"light": "data:l", "dark": "data:d"})
    );
    assert_eq!(devices[1]["icons"], json!({"light": null, "dark": null}));
    assert_eq!(
        (&devices[1]["usage_count"], &devices[1]["last_login_at"]),
        (&json!(0), &json!("0001-01-01T00:00:00Z"))
    );

    let user = server.get(&format!("/users/{id}")).await.1["user"].clone();
    assert_eq!(user["webauthn"], true);
    assert_eq!(user["webauthn_types"], json!(["passkey", "security_key"]));
    assert_eq!(user["webauthn_devices"], devices);

    assert_eq!(
        server.delete(&format!("{path}/{first}")).await,
        (200, json!(null))
    );
    refused(
        &server.delete(&format!("{path}/{first}")).await,
        404,
        "device_not_found",
    );
    let other = server.user("bob@example.com").await;
    refused(
        &server
            .delete(&format!("/users/{other}/devices/{second}"))
            .await,
        404,
        "device_not_found",
    );
    assert_eq!(
        server.get(&path).await.1["devices"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn seeding_refuses_what_cannot_be() {
    let server = Server::start().await;
    let id = server.user("ada@example.com").await;
    let seed = async |user: &str, device| server.controls().seed_device(user, device).await;
    assert_eq!(
        seed("nobody", SeedDevice::new()).await.unwrap_err().code(),
        "user_not_found"
    );
    assert_eq!(
        seed(&id, SeedDevice::new().kind("toaster"))
            .await
            .unwrap_err()
            .code(),
        "invalid_request"
    );
    seed(&id, SeedDevice::new().cred_id("abc")).await.unwrap();
    assert_eq!(
        seed(&id, SeedDevice::new().cred_id("abc"))
            .await
            .unwrap_err()
            .code(),
        "invalid_request"
    );
}

#[tokio::test]
async fn a_deleted_user_is_gone_with_everything() {
    let server = Server::start().await;
    let id = server.user("ada@example.com").await;
    server
        .controls()
        .seed_device(&id, SeedDevice::new().cred_id("abc"))
        .await
        .unwrap();
    let session = server.controls().sign_in(&id).await.unwrap();
    assert_eq!(
        server.delete(&format!("/users/{id}")).await,
        (200, json!(null))
    );
    refused(
        &server.get(&format!("/users/{id}")).await,
        404,
        "user_not_found",
    );
    let refresh = server
        .http
        .post(server.auth("/tokens"))
        .json(&json!({"refresh_token": session.refresh_token}));
    refused(&common::reply(refresh).await, 401, "invalid_refresh_token");
    let again = server.user("ada@example.com").await;
    assert_ne!(again, id);
    server
        .controls()
        .seed_device(&again, SeedDevice::new().cred_id("abc"))
        .await
        .unwrap();
}
