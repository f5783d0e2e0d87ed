//! Sign-ins: the clock, refresh tokens, and how they end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{Reply, Server, members, refused, reply, str};
use passage_server::PassageServer;
use serde_json::{Value, json};

async fn currentuser(server: &Server, token: &str) -> Reply {
    reply(
        server
            .http
            .get(server.auth("/currentuser"))
            .bearer_auth(token),
    )
    .await
}

async fn refresh(server: &Server, token: &str) -> Reply {
    reply(
        server
            .http
            .post(server.auth("/tokens"))
            .json(&json!({"refresh_token": token})),
    )
    .await
}

#[tokio::test]
async fn the_clock_expires_tokens() {
    let server =
        Server::from(PassageServer::builder().session_timeout(Duration::from_secs(600))).await;
    let id = server.user("ada@example.com").await;
    let session = server.controls().sign_in(&id).await.unwrap();
    server.controls().advance(Duration::from_secs(590));
    assert_eq!(currentuser(&server, &session.auth_token).await.0, 200);
    server.controls().advance(Duration::from_secs(11));
    refused(
        &currentuser(&server, &session.auth_token).await,
        401,
        "invalid_access_token",
    );
    let (status, fresh) = refresh(&server, session.refresh_token.as_deref().unwrap()).await;
    assert_eq!(status, 201);
    assert_eq!(
        currentuser(&server, str(&fresh["auth_result"]["auth_token"]))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn a_refresh_token_is_exchanged_once() {
    let server = Server::start().await;
    let id = server.user("ada@example.com").await;
    let first = server
        .controls()
        .sign_in(&id)
        .await
        .unwrap()
        .refresh_token
        .unwrap();
    let (status, body) = refresh(&server, &first).await;
    assert_eq!(status, 201);
    let result = &body["auth_result"];
    assert_eq!(
        members(result),
        [
            "auth_token",
            "redirect_url",
            "refresh_token",
            "refresh_token_expiration"
        ]
    );
    let second = str(&result["refresh_token"]);
    assert_ne!(second, first);
    let expires = result["refresh_token_expiration"].as_i64().unwrap();
    assert!((expires - server.controls().now().as_second() - 5 * 24 * 3600).abs() < 60);
    let current = currentuser(&server, str(&result["auth_token"])).await;
    assert_eq!(str(&current.1["user"]["id"]), id);

    let (_, body) = refresh(&server, second).await;
    let third = str(&body["auth_result"]["refresh_token"]).to_owned();
    refused(
        &refresh(&server, second).await,
        401,
        "invalid_refresh_token",
    );
    refused(
        &refresh(&server, &third).await,
        401,
        "invalid_refresh_token",
    );
    let user = server.get(&format!("/users/{id}")).await.1["user"].clone();
    assert_eq!(user["login_count"], 1, "a refresh is not a login");
}

#[tokio::test]
async fn refresh_tokens_end_by_disuse_and_by_age() {
    let server = Server::start().await;
    let id = server.user("ada@example.com").await;
    let day = Duration::from_secs(24 * 3600);
    let idle = server
        .controls()
        .sign_in(&id)
        .await
        .unwrap()
        .refresh_token
        .unwrap();
    server.controls().advance(5 * day);
    refused(&refresh(&server, &idle).await, 401, "invalid_refresh_token");

    let mut token = server
        .controls()
        .sign_in(&id)
        .await
        .unwrap()
        .refresh_token
        .unwrap();
    for used in 1..8 {
        server.controls().advance(4 * day);
        let (status, body) = refresh(&server, &token).await;
        assert_eq!(status, 201, "after {} days", 4 * used);
        token = str(&body["auth_result"]["refresh_token"]).to_owned();
    }
    server.controls().advance(2 * day);
    refused(
        &refresh(&server, &token).await,
        401,
        "invalid_refresh_token",
    );
}

#[tokio::test]
async fn refresh_tokens_are_revoked() {
    let server = Server::start().await;
    let id = server.user("ada@example.com").await;
    let sign_in = async || {
        server
            .controls()
            .sign_in(&id)
            .await
            .unwrap()
            .refresh_token
            .unwrap()
    };
    let revoke = async |token: &str| {
        reply(
            server
                .http
                .delete(server.auth("/tokens"))
                .query(&[("refresh_token", token)]),
        )
        .await
    };

    let (one, two) = (sign_in().await, sign_in().await);
    assert_eq!(revoke(&one).await, (200, Value::Null));
    refused(&refresh(&server, &one).await, 401, "invalid_refresh_token");
    assert_eq!(revoke(&one).await.0, 200, "it stays revoked");
    assert_eq!(revoke("unknown").await.0, 200);
    refused(&revoke("").await, 400, "invalid_request");
    refused(
        &reply(server.http.delete(server.auth("/tokens"))).await,
        400,
        "invalid_request",
    );

    let (_, body) = refresh(&server, &two).await;
    let three = str(&body["auth_result"]["refresh_token"]);
    assert_eq!(
        server.delete(&format!("/users/{id}/tokens")).await,
        (200, Value::Null)
    );
    refused(&refresh(&server, three).await, 401, "invalid_refresh_token");

    let four = sign_in().await;
    server
        .patch(&format!("/users/{id}/deactivate"), json!({}))
        .await;
    refused(&refresh(&server, &four).await, 401, "invalid_refresh_token");
    refused(
        &refresh(&server, "unknown").await,
        401,
        "invalid_refresh_token",
    );
    refused(
        &reply(server.http.post(server.auth("/tokens")).json(&json!({}))).await,
        400,
        "invalid_request",
    );
}

#[tokio::test]
async fn an_app_without_refresh_tokens_gives_none() {
    let server = Server::from(PassageServer::builder().refresh_tokens(false)).await;
    let id = server.user("ada@example.com").await;
    let url = format!("{}/_dev/users/{id}/sessions", server.server.url());
    let (status, body) = reply(server.http.post(url)).await;
    assert_eq!(
        (status, members(&body["auth_result"])),
        (201, vec!["auth_token", "redirect_url"])
    );
}
