//! The controls over HTTP, under `/_dev`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Reply, Server, members, refused, reply, str};
use passage_server::{Exchange, PassageServer};
use reqwest::Method;
use reqwest::header::{HOST, ORIGIN};
use serde_json::{Value, json};

async fn dev(server: &Server, method: &str, path: &str, body: Value) -> Reply {
    let url = format!("{}/_dev{path}", server.server.url());
    let request = server.http.request(method.parse().unwrap(), url);
    reply(if body.is_null() {
        request
    } else {
        request.json(&body)
    })
    .await
}

#[tokio::test]
async fn health_tells_what_runs() {
    let server = Server::start().await;
    let (status, health) = dev(&server, "GET", "/health", json!(null)).await;
    assert_eq!(status, 200);
    assert_eq!(
        members(&health),
        ["app_id", "auth_origin", "issuer", "now", "status", "url"]
    );
    assert_eq!(
        (str(&health["status"]), str(&health["app_id"])),
        ("ok", server.server.app_id())
    );
}

#[tokio::test]
async fn tokens_are_minted_as_asked() {
    let server = Server::start().await;
    let id = server.user("ada@example.com").await;
    let good = dev(&server, "POST", "/tokens", json!({"subject": id})).await;
    assert_eq!((good.0, members(&good.1)), (201, vec!["token"]));
    let current = |token: &Value| {
        reply(
            server
                .http
                .get(server.auth("/currentuser"))
                .bearer_auth(str(token)),
        )
    };
    assert_eq!(current(&good.1["token"]).await.0, 200);
    for bad in [
        json!({"subject": id, "wrong_key": true}),
        json!({"subject": id, "lifetime_seconds": 0}),
        json!({"subject": id, "expires_at": "2020-01-01T00:00:00Z"}),
        json!({"subject": id, "not_before": "2999-01-01T00:00:00Z"}),
        json!({"subject": id, "audience": ["elsewhere"]}),
        json!({"subject": id, "issuer": "elsewhere"}),
        json!({"subject": id, "claims": {"iss": null}}),
        json!({"subject": id, "header": {"alg": "none"}}),
    ] {
        let (status, minted) = dev(&server, "POST", "/tokens", bad.clone()).await;
        assert_eq!(status, 201, "{bad}");
        refused(
            &current(&minted["token"]).await,
            401,
            "invalid_access_token",
        );
    }
    let one = dev(
        &server,
        "POST",
        "/tokens",
        json!({"subject": id, "audience": server.server.app_id()}),
    )
    .await;
    assert_eq!(
        current(&one.1["token"]).await.0,
        200,
        "an audience that is a string"
    );
    for bad in [
        json!(null),
        json!({"subjekt": id}),
        json!({"subject": id, "audience": 5}),
    ] {
        refused(
            &dev(&server, "POST", "/tokens", bad).await,
            400,
            "invalid_request",
        );
    }
}

#[tokio::test]
async fn devices_sessions_and_transactions() {
    let server = Server::start().await;
    let id = server.user("ada@example.com").await;
    let body = json!({"friendly_name": "Key", "type": "security_key", "usage_count": 1});
    let (status, device) = dev(&server, "POST", &format!("/users/{id}/devices"), body).await;
    assert_eq!(status, 201);
    let devices = server.get(&format!("/users/{id}/devices")).await.1;
    assert_eq!(
        (
            &devices["devices"][0]["id"],
            &devices["devices"][0]["friendly_name"]
        ),
        (&device["device_id"], &json!("Key"))
    );
    assert_eq!(
        dev(
            &server,
            "POST",
            &format!("/users/{id}/devices"),
            json!(null)
        )
        .await
        .0,
        201,
        "without a body"
    );
    refused(
        &dev(&server, "POST", "/users/nobody/devices", json!({})).await,
        404,
        "user_not_found",
    );

    let (status, session) = dev(
        &server,
        "POST",
        &format!("/users/{id}/sessions"),
        json!(null),
    )
    .await;
    assert_eq!((status, members(&session["auth_result"]).len()), (201, 4));
    refused(
        &dev(&server, "POST", "/users/nobody/sessions", json!(null)).await,
        404,
        "user_not_found",
    );

    let register = json!({"external_id": "ext-1", "passkey_display_name": "Ada"});
    let (_, transaction) = server.post("/transactions/register", register).await;
    let path = format!(
        "/transactions/{}/complete",
        str(&transaction["transaction_id"])
    );
    let (status, nonce) = dev(&server, "POST", &path, json!(null)).await;
    assert_eq!(status, 201);
    assert_eq!(
        server.post("/authenticate/verify", nonce).await,
        (200, json!({"external_id": "ext-1"}))
    );
    refused(
        &dev(&server, "POST", &path, json!(null)).await,
        404,
        "transaction_not_found",
    );
}

#[tokio::test]
async fn the_clock_keys_and_outbox() {
    let server = Server::start().await;
    let before = server.controls().now();
    let (status, now) = dev(
        &server,
        "POST",
        "/clock",
        json!({"advance_seconds": 3600.5}),
    )
    .await;
    assert_eq!(status, 200);
    let now: jiff::Timestamp = str(&now["now"]).parse().unwrap();
    assert!(now.duration_since(before) >= jiff::SignedDuration::from_millis(3_600_500));
    for bad in [
        json!({"advance_seconds": -1}),
        json!({"advance_seconds": "x"}),
        json!({}),
    ] {
        refused(
            &dev(&server, "POST", "/clock", bad).await,
            400,
            "invalid_request",
        );
    }
    assert!(
        str(&server.create(json!({"email": "a@b.c"})).await["created_at"])
            .parse::<jiff::Timestamp>()
            .unwrap()
            >= now
    );

    let (status, key) = dev(&server, "POST", "/keys/rotate", json!(null)).await;
    assert_eq!(status, 201);
    let keys = reply(server.http.get(server.auth("/.well-known/jwks.json")))
        .await
        .1;
    assert_eq!(
        keys["keys"].as_array().unwrap().last().unwrap()["kid"],
        key["kid"]
    );

    for to in ["ada@example.com", "bob@example.com"] {
        server
            .post(
                "/magic-links",
                json!({"email": to, "channel": "email", "send": true}),
            )
            .await;
    }
    let (_, all) = dev(&server, "GET", "/outbox", json!(null)).await;
    assert_eq!(all["messages"].as_array().unwrap().len(), 2);
    let (_, one) = dev(&server, "GET", "/outbox?to=bob%40example.com", json!(null)).await;
    assert_eq!(
        (
            one["messages"].as_array().unwrap().len(),
            &one["messages"][0]["to"]
        ),
        (1, &json!("bob@example.com"))
    );
    assert_eq!(
        members(&one["messages"][0]),
        [
            "channel",
            "created_at",
            "id",
            "language",
            "magic_link_id",
            "purpose",
            "to",
            "url",
            "user_id"
        ]
    );
    assert_eq!(dev(&server, "DELETE", "/outbox", json!(null)).await.0, 200);
    assert!(server.controls().outbox().is_empty());
}

#[tokio::test]
async fn a_reset_leaves_app_and_keys() {
    let server = Server::start().await;
    let id = server.user("ada@example.com").await;
    let token = server
        .controls()
        .mint_token(passage_server::MintToken::new(&id))
        .await
        .unwrap();
    server
        .post(
            "/magic-links",
            json!({"user_id": id, "channel": "email", "send": true}),
        )
        .await;
    let (_, key) = server.post("/api-keys", json!({"name": "CI"})).await;
    dev(
        &server,
        "POST",
        "/faults",
        json!({"operation": "getUser", "status": 500}),
    )
    .await;
    server.controls().advance(Duration::from_secs(1_000_000));

    assert_eq!(
        dev(&server, "POST", "/reset", json!(null)).await,
        (200, json!(null))
    );
    assert_eq!(server.list(&[]).await.1["total_users"], 0);
    assert!(server.controls().outbox().is_empty() && server.controls().faults().is_empty());
    assert_eq!(server.controls().requests().len(), 1, "the list above");
    assert!(
        server
            .controls()
            .now()
            .duration_since(jiff::Timestamp::now())
            .abs()
            .as_secs()
            < 60
    );
    let other = server
        .http
        .get(server.management("/users"))
        .bearer_auth(str(&key["api_key"]["plaintext_key"]));
    refused(&reply(other).await, 401, "invalid_access_token");
    let current = server
        .http
        .get(server.auth("/currentuser"))
        .bearer_auth(token);
    refused(&reply(current).await, 404, "user_not_found");
}

#[tokio::test]
async fn the_request_log_holds_no_credentials() {
    let server = Server::start().await;
    let id = server.user("ada@example.com").await;
    let session = server.controls().sign_in(&id).await.unwrap();
    let refresh = session.refresh_token.clone().unwrap();
    let current = server
        .http
        .get(server.auth("/currentuser"))
        .bearer_auth(&session.auth_token);
    reply(current.header("cookie", format!("psg_auth_token={}", session.auth_token))).await;
    reply(
        server
            .http
            .delete(server.auth("/tokens"))
            .query(&[("refresh_token", &refresh)]),
    )
    .await;
    reply(
        server
            .http
            .post(server.auth("/tokens/"))
            .json(&json!({"refresh_token": refresh})),
    )
    .await;
    server.get("/nothing?x=1").await;
    dev(&server, "GET", "/health", json!(null)).await;

    let (_, log) = dev(&server, "GET", "/requests", json!(null)).await;
    let requests = log["requests"].as_array().unwrap();
    let seen: Vec<(&str, &Value, u64)> = requests
        .iter()
        .map(|request| {
            (
                str(&request["method"]),
                &request["operation"],
                request["status"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("POST", &json!("createUser"), 201),
            ("GET", &json!("getCurrentuser"), 200),
            ("DELETE", &json!("revokeRefreshToken"), 200),
            ("POST", &json!("refreshAuthToken"), 401),
            ("GET", &json!(null), 404),
        ]
    );
    assert_eq!(requests[0]["body"], json!({"email": "ada@example.com"}));
    assert_eq!(requests[3]["body"], json!({"refresh_token": "[redacted]"}));
    assert!(str(&requests[2]["path"]).ends_with("/tokens?refresh_token=[redacted]"));
    assert!(str(&requests[3]["path"]).ends_with("/tokens/"), "as sent");
    assert_eq!(requests[0]["headers"]["authorization"], "[redacted]");
    let text = log.to_string();
    for secret in [server.server.api_key(), &refresh, &session.auth_token] {
        assert!(!text.contains(secret));
    }
    dev(&server, "DELETE", "/requests", json!(null)).await;
    assert!(server.controls().requests().is_empty());
}

#[tokio::test]
async fn pages_of_other_sites_do_not_reach_the_controls() {
    let server = Server::start().await;
    let request = || {
        server
            .http
            .get(format!("{}/_dev/health", server.server.url()))
    };
    for good in ["localhost:8787", "127.0.0.1", "[::1]:1", "app.localhost"] {
        assert_eq!(reply(request().header(HOST, good)).await.0, 200, "{good}");
    }
    assert_eq!(
        reply(request().header(ORIGIN, "http://localhost:3000"))
            .await
            .0,
        200
    );
    for request in [
        request().header(HOST, "rebound.example"),
        request().header(HOST, "127.0.0.1.rebound.example:8787"),
        request().header(ORIGIN, "https://site.example"),
        request().header(ORIGIN, "null"),
    ] {
        refused(&reply(request).await, 403, "operation_not_allowed");
    }
}

#[tokio::test]
async fn the_observer_sees_every_exchange_with_the_apis() {
    let seen: Arc<Mutex<Vec<Exchange>>> = Arc::default();
    let observer = Arc::clone(&seen);
    let builder = PassageServer::builder()
        .observe(move |exchange| observer.lock().unwrap().push(exchange.clone()));
    let server = Server::unchecked(builder).await;
    let (_, created) = server
        .post("/users/", json!({"email": "ada@example.com"}))
        .await;
    let (_, missing) = server.get("/users/nobody?x=1").await;
    dev(&server, "GET", "/health", json!(null)).await;
    let seen = seen.lock().unwrap();
    let [create, get] = seen.as_slice() else {
        panic!("{seen:?}")
    };
    assert_eq!(
        (&create.method, create.operation, create.status.as_u16()),
        (&Method::POST, Some("createUser"), 201)
    );
    assert_eq!(
        create.path,
        format!("/api/v1/apps/{}/users/", server.server.app_id())
    );
    assert_eq!(
        create.request_body.as_ref(),
        br#"{"email":"ada@example.com"}"#
    );
    assert_eq!(
        serde_json::from_slice::<Value>(&create.response_body).unwrap(),
        created
    );
    assert_eq!(create.response_headers["content-type"], "application/json");
    assert!(
        create.request_headers["authorization"]
            .to_str()
            .unwrap()
            .contains(server.server.api_key())
    );
    assert!(get.path.ends_with("/users/nobody?x=1"));
    assert_eq!((get.operation, get.status.as_u16()), (Some("getUser"), 404));
    assert_eq!(
        serde_json::from_slice::<Value>(&get.response_body).unwrap(),
        missing
    );
    assert!(!format!("{create:?}").contains(server.server.api_key()));
}
