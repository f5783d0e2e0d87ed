//! Magic links, API keys, Flex and app info of the Management API.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{Server, members, refused, str};
use passage_server::{Channel, PassageServer, SeedDevice};
use serde_json::{Value, json};

#[tokio::test]
async fn a_magic_link_for_an_unknown_address_creates_the_user() {
    let server = Server::from(PassageServer::builder().auth_origin("https://app.example")).await;
    let (status, body) = server
        .post("/magic-links", json!({"email": "Ada@Example.com"}))
        .await;
    assert_eq!(status, 201);
    let link = &body["magic_link"];
    assert_eq!(
        members(link),
        [
            "activated",
            "app_id",
            "id",
            "identifier",
            "redirect_url",
            "secret",
            "ttl",
            "type",
            "url",
            "user_id"
        ]
    );
    assert_eq!(
        (&link["identifier"], &link["type"], &link["ttl"]),
        (&json!("ada@example.com"), &json!("login"), &json!(5))
    );
    assert_eq!(
        (&link["activated"], &link["redirect_url"]),
        (&json!(false), &json!(""))
    );
    let secret = str(&link["secret"]);
    let parts: Vec<&str> = secret.split('.').collect();
    assert_eq!(
        (parts[0], parts[1].len(), parts[2], parts[3].len()),
        ("ml", 24, str(&link["user_id"]), 24)
    );
    assert_eq!(
        str(&link["url"]),
        format!("https://app.example/?psg_magic_link={secret}")
    );
    assert!(
        server.controls().outbox().is_empty(),
        "it is for own delivery"
    );

    let user = server
        .get(&format!("/users/{}", str(&link["user_id"])))
        .await
        .1["user"]
        .clone();
    assert_eq!(
        (&user["email"], &user["status"]),
        (&json!("ada@example.com"), &json!("pending"))
    );
    let (_, again) = server
        .post("/magic-links", json!({"email": "ada@example.com"}))
        .await;
    assert_eq!(again["magic_link"]["user_id"], link["user_id"]);
    assert_ne!(again["magic_link"]["secret"], link["secret"]);
    let (_, phone) = server
        .post("/magic-links", json!({"phone": "+15005550006"}))
        .await;
    assert_eq!(phone["magic_link"]["identifier"], "+15005550006");
    assert_eq!(server.list(&[]).await.1["total_users"], 2);
}

#[tokio::test]
async fn a_magic_link_that_is_sent_is_in_the_outbox() {
    let server = Server::start().await;
    let user = server
        .create(json!({"email": "ada@example.com", "phone": "+15005550006"}))
        .await;
    let body = json!({
        "user_id": user["id"], "channel": "phone", "send": true, "ttl": 15, "type": "verify_identifier", "language": "de",
        "magic_link_path": "welcome?from=mail", "redirect_url": "/done",
    });
    let (status, reply) = server.post("/magic-links", body).await;
    assert_eq!(status, 201, "{reply}");
    let link = &reply["magic_link"];
    assert_eq!(
        (&link["ttl"], &link["type"], &link["redirect_url"]),
        (&json!(15), &json!("verify_identifier"), &json!("/done"))
    );
    let url = format!(
        "http://localhost:3000/welcome?from=mail&psg_magic_link={}",
        str(&link["secret"])
    );
    assert_eq!(str(&link["url"]), url);
    let outbox = server.controls().outbox();
    let [message] = outbox.as_slice() else {
        panic!("{outbox:?}")
    };
    assert_eq!(
        (message.channel, message.to.as_str(), message.url.as_str()),
        (Channel::Phone, "+15005550006", url.as_str())
    );
    assert_eq!(
        (message.purpose.as_str(), message.language.as_str()),
        ("verify_identifier", "de")
    );
    assert_eq!(Value::from(message.magic_link_id.clone()), link["id"]);
    assert!(
        !format!("{message:?}").contains("psg_magic_link"),
        "Debug hides the link"
    );
}

#[tokio::test]
async fn magic_link_requests_are_checked() {
    let server = Server::start().await;
    let email_only = server.user("ada@example.com").await;
    let inactive = server.user("ina@example.com").await;
    server
        .patch(&format!("/users/{inactive}/deactivate"), json!({}))
        .await;
    for (body, status, code) in [
        (json!({}), 400, "invalid_request"),
        (
            json!({"email": "a@b.c", "phone": "+15005550006"}),
            400,
            "invalid_request",
        ),
        (
            json!({"email": "a@b.c", "user_id": email_only}),
            400,
            "invalid_request",
        ),
        (json!({"email": "nobody"}), 400, "invalid_request"),
        (json!({"phone": "12"}), 400, "invalid_request"),
        (
            json!({"email": "a@b.c", "send": true}),
            400,
            "invalid_request",
        ),
        (
            json!({"email": "a@b.c", "send": true, "channel": "phone"}),
            400,
            "invalid_request",
        ),
        (
            json!({"email": "a@b.c", "channel": "pigeon"}),
            400,
            "invalid_request",
        ),
        (json!({"email": "a@b.c", "ttl": -1}), 400, "invalid_request"),
        (
            json!({"email": "a@b.c", "ttl": "soon"}),
            400,
            "invalid_request",
        ),
        (
            json!({"email": "a@b.c", "type": "other"}),
            400,
            "invalid_request",
        ),
        (
            json!({"email": "a@b.c", "language": "xx"}),
            400,
            "invalid_request",
        ),
        (
            json!({"email": "a@b.c", "magic_link_path": "https://elsewhere.example/"}),
            400,
            "invalid_request",
        ),
        (
            json!({"user_id": email_only, "channel": "phone"}),
            400,
            "invalid_request",
        ),
        (
            json!({"user_id": "nobody", "channel": "email"}),
            404,
            "user_not_found",
        ),
        (
            json!({"user_id": inactive, "channel": "email"}),
            403,
            "operation_not_allowed",
        ),
    ] {
        let reply = server.post("/magic-links", body.clone()).await;
        assert_eq!(
            (reply.0, str(&reply.1["code"])),
            (status, code),
            "{body}: {}",
            reply.1
        );
    }
    assert!(server.controls().outbox().is_empty());
    assert_eq!(
        server.list(&[]).await.1["total_users"],
        2,
        "a refused request creates nobody"
    );
}

#[tokio::test]
async fn old_sdks_write_empty_strings_and_zeros_for_unset() {
    let server = Server::start().await;
    let body = json!({
        "email": "ada@example.com", "phone": "", "user_id": "", "channel": "email", "send": false, "ttl": 0, "type": "",
        "language": "", "magic_link_path": "", "redirect_url": "",
    });
    assert_eq!(
        server.post("/magic-links", body).await.1["magic_link"]["ttl"],
        5
    );
    let typed_as_text =
        json!({"email": "ada@example.com", "channel": "email", "send": "true", "ttl": "60"});
    assert_eq!(
        server.post("/magic-links", typed_as_text).await.1["magic_link"]["ttl"],
        60
    );
    assert_eq!(server.controls().outbox().len(), 1);
}

#[tokio::test]
async fn an_api_key_is_shown_once_and_works_until_deleted() {
    let server = Server::start().await;
    let (status, body) = server.post("/api-keys", json!({"name": "CI"})).await;
    assert_eq!(status, 201);
    let created = &body["api_key"];
    assert_eq!(
        members(created),
        [
            "created_at",
            "id",
            "key_prefix",
            "name",
            "plaintext_key",
            "role"
        ]
    );
    let key = str(&created["plaintext_key"]);
    let (prefix, secret) = key.split_once('.').unwrap();
    assert_eq!(
        (prefix.len(), secret.len(), prefix),
        (10, 64, str(&created["key_prefix"]))
    );
    assert_eq!(
        (&created["name"], &created["role"]),
        (&json!("CI"), &json!("admin"))
    );

    let mut shown = created.clone();
    shown.as_object_mut().unwrap().remove("plaintext_key");
    let path = format!("/api-keys/{}", str(&created["id"]));
    assert_eq!(server.get(&path).await, (200, json!({"api_key": shown})));
    let (_, list) = server.get("/api-keys").await;
    assert_eq!(list["api_keys"].as_array().unwrap().len(), 2);
    assert_eq!(list["api_keys"][1], shown);
    assert!(!list.to_string().contains(secret));

    let with_key = || {
        common::reply(
            server
                .http
                .get(server.management("/users"))
                .bearer_auth(key),
        )
    };
    assert_eq!(with_key().await.0, 200);
    assert_eq!(server.delete(&path).await, (200, json!(null)));
    refused(&with_key().await, 401, "invalid_access_token");
    refused(&server.get(&path).await, 404, "api_key_not_found");
    refused(&server.delete(&path).await, 404, "api_key_not_found");
    for bad in [json!({}), json!({"name": " "}), json!({"name": 1})] {
        refused(&server.post("/api-keys", bad).await, 400, "invalid_request");
    }
}

#[tokio::test]
async fn a_flex_user_registers_and_logs_in_once_per_nonce() {
    let server = Server::start().await;
    let authenticate = || {
        server.post(
            "/transactions/authenticate",
            json!({"external_id": "ext-1"}),
        )
    };
    refused(&authenticate().await, 409, "user_has_no_passkeys");
    let register = json!({"external_id": "ext-1", "passkey_display_name": "Ada"});
    let (status, transaction) = server.post("/transactions/register", register).await;
    assert_eq!(status, 201);
    assert_eq!(members(&transaction), ["transaction_id"]);
    assert_eq!(
        server.list(&[]).await.1["total_users"],
        0,
        "the user comes with the finished registration"
    );

    let id = str(&transaction["transaction_id"]);
    let nonce = server.controls().complete_transaction(id).await.unwrap();
    assert_eq!(
        server
            .controls()
            .complete_transaction(id)
            .await
            .unwrap_err()
            .code(),
        "transaction_not_found"
    );
    let verify = || server.post("/authenticate/verify", json!({"nonce": nonce}));
    assert_eq!(verify().await, (200, json!({"external_id": "ext-1"})));
    refused(&verify().await, 401, "invalid_nonce");

    let users = server
        .list(&[("identifier", "ext-1"), ("limit", "1")])
        .await
        .1["users"]
        .clone();
    assert_eq!(
        (&users[0]["external_id"], &users[0]["status"]),
        (&json!("ext-1"), &json!("active"))
    );
    let user = server
        .get(&format!("/users/{}", str(&users[0]["id"])))
        .await
        .1["user"]
        .clone();
    assert_eq!(user["webauthn_devices"][0]["friendly_name"], "Ada");
    assert_eq!(user["recent_events"][0]["action"], "register");

    let (status, transaction) = authenticate().await;
    assert_eq!(status, 201);
    let nonce = server
        .controls()
        .complete_transaction(str(&transaction["transaction_id"]))
        .await
        .unwrap();
    server.controls().advance(Duration::from_secs(301));
    refused(
        &server
            .post("/authenticate/verify", json!({"nonce": nonce}))
            .await,
        401,
        "invalid_nonce",
    );

    let (_, transaction) = authenticate().await;
    server.controls().advance(Duration::from_secs(301));
    let late = server
        .controls()
        .complete_transaction(str(&transaction["transaction_id"]))
        .await;
    assert_eq!(late.unwrap_err().code(), "transaction_not_found");
}

#[tokio::test]
async fn flex_requests_are_checked() {
    let server = Server::start().await;
    for (path, body) in [
        ("/transactions/register", json!({"external_id": "x"})),
        (
            "/transactions/register",
            json!({"external_id": "", "passkey_display_name": "x"}),
        ),
        (
            "/transactions/register",
            json!({"external_id": "x", "passkey_display_name": ""}),
        ),
        ("/transactions/authenticate", json!({})),
        ("/transactions/authenticate", json!({"external_id": ""})),
        ("/authenticate/verify", json!({})),
    ] {
        refused(&server.post(path, body).await, 400, "invalid_request");
    }
    refused(
        &server
            .post("/authenticate/verify", json!({"nonce": "made up"}))
            .await,
        401,
        "invalid_nonce",
    );
    let id = server.user("ada@example.com").await;
    server
        .controls()
        .seed_device(&id, SeedDevice::new())
        .await
        .unwrap();
    refused(
        &server
            .post(
                "/transactions/authenticate",
                json!({"external_id": "ada@example.com"}),
            )
            .await,
        409,
        "user_has_no_passkeys",
    );
}

#[tokio::test]
async fn a_deactivated_flex_user_starts_nothing() {
    let server = Server::start().await;
    let register = || {
        server.post(
            "/transactions/register",
            json!({"external_id": "ext-1", "passkey_display_name": "Ada"}),
        )
    };
    let (_, first) = register().await;
    server
        .controls()
        .complete_transaction(str(&first["transaction_id"]))
        .await
        .unwrap();
    let id = str(&server.list(&[]).await.1["users"][0]["id"]).to_owned();
    let (_, second) = register().await;
    server
        .patch(&format!("/users/{id}/deactivate"), json!({}))
        .await;
    refused(
        &server
            .post(
                "/transactions/authenticate",
                json!({"external_id": "ext-1"}),
            )
            .await,
        403,
        "operation_not_allowed",
    );
    let completed = server
        .controls()
        .complete_transaction(str(&second["transaction_id"]))
        .await;
    assert_eq!(completed.unwrap_err().code(), "operation_not_allowed");
    assert_eq!(
        server.get(&format!("/users/{id}")).await.1["user"]["status"],
        "inactive"
    );
}

#[tokio::test]
async fn app_info_needs_no_key_but_no_wrong_one_either() {
    let server = Server::from(
        PassageServer::builder()
            .app_id("my-app")
            .auth_origin("https://app.example"),
    )
    .await;
    let (status, body) = server.get("").await;
    assert_eq!(status, 200);
    let app = &body["app"];
    assert_eq!(
        (&app["id"], &app["auth_origin"], &app["type"], &app["role"]),
        (
            &json!("my-app"),
            &json!("https://app.example"),
            &json!("complete"),
            &json!("admin")
        )
    );
    assert_eq!(
        (
            &app["session_timeout_length"],
            &app["auth_methods"]["otp"]["ttl"]
        ),
        (&json!(3600), &json!(300))
    );
    let (status, open) = common::reply(server.http.get(server.management(""))).await;
    assert_eq!(
        (status, &open["app"]["id"], &open["app"]["role"]),
        (200, &json!("my-app"), &json!(""))
    );
    refused(
        &common::reply(server.http.get(server.management("")).bearer_auth("wrong")).await,
        401,
        "invalid_access_token",
    );
}
