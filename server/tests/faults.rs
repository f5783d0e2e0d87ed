//! Faults on demand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::time::{Duration, Instant};

use common::{Server, refused, reply, str};
use passage_server::{Cut, Fault, PassageServer};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_status_hits_its_operation_so_many_times() {
    let server = Server::unchecked(PassageServer::builder()).await;
    let id = server.user("ada@example.com").await;
    let path = format!("/users/{id}");
    server.controls().fault(
        Fault::operation("getUser")
            .status(503)
            .retry_after(Duration::from_secs(7))
            .times(2),
    );
    for _ in 0..2 {
        assert_eq!(server.list(&[]).await.0, 200, "another operation");
        let response = server.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(
            (
                response.status().as_u16(),
                response.headers()["retry-after"].to_str().unwrap()
            ),
            (503, "7")
        );
        assert_eq!(
            response.json::<serde_json::Value>().await.unwrap()["code"],
            "internal_server_error"
        );
    }
    assert_eq!(server.get(&path).await.0, 200);
    assert_eq!(
        server
            .controls()
            .requests()
            .iter()
            .filter(|request| request.status == Some(503))
            .count(),
        2
    );
}

#[tokio::test]
async fn a_fault_by_path_stays_until_it_is_cleared() {
    let server = Server::unchecked(PassageServer::builder()).await;
    server.controls().fault(
        Fault::path("/auth/v1/")
            .status(429)
            .code("slow_down")
            .error("not so fast"),
    );
    for _ in 0..3 {
        let answer = reply(server.http.get(server.auth("/.well-known/jwks.json"))).await;
        refused(&answer, 429, "slow_down");
        assert_eq!(answer.1["error"], "not so fast");
    }
    let response = server
        .http
        .get(server.auth(""))
        .header("origin", "https://app.example")
        .send()
        .await
        .unwrap();
    assert_eq!(
        response.headers()["access-control-allow-origin"],
        "*",
        "a script sees the status"
    );
    assert_eq!(server.list(&[]).await.0, 200);
    server.controls().clear_faults();
    assert_eq!(reply(server.http.get(server.auth(""))).await.0, 200);
}

#[tokio::test]
async fn a_proxy_may_answer_something_else_than_json() {
    let server = Server::unchecked(PassageServer::builder()).await;
    server.controls().fault(
        Fault::any()
            .status(403)
            .body("text/html", "<h1>Forbidden</h1>")
            .times(1),
    );
    let response = server.request(Method::GET, "/users").send().await.unwrap();
    assert_eq!(
        (
            response.status().as_u16(),
            response.headers()["content-type"].to_str().unwrap()
        ),
        (403, "text/html")
    );
    assert_eq!(response.text().await.unwrap(), "<h1>Forbidden</h1>");
}

#[tokio::test]
async fn a_delay_alone_makes_a_slow_reply() {
    let server = Server::unchecked(PassageServer::builder()).await;
    server.controls().fault(
        Fault::operation("listPaginatedUsers")
            .delay(Duration::from_millis(150))
            .times(1),
    );
    let start = Instant::now();
    assert_eq!(server.list(&[]).await.0, 200);
    assert!(start.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn a_cut_before_loses_the_request_and_a_cut_after_the_reply() {
    let server = Server::unchecked(PassageServer::builder()).await;
    let create = |email: &str| {
        server
            .request(Method::POST, "/users")
            .json(&json!({"email": email}))
            .send()
    };
    server
        .controls()
        .fault(Fault::operation("createUser").cut(Cut::Before).times(1));
    assert!(create("lost@example.com").await.is_err());
    assert_eq!(server.list(&[]).await.1["total_users"], 0);

    server
        .controls()
        .fault(Fault::operation("createUser").cut(Cut::After).times(1));
    assert!(create("kept@example.com").await.is_err());
    let list = server.list(&[]).await.1;
    assert_eq!(
        (&list["total_users"], &list["users"][0]["email"]),
        (&json!(1), &json!("kept@example.com"))
    );
    let cut = server
        .controls()
        .requests()
        .into_iter()
        .filter(|request| request.status.is_none())
        .count();
    assert_eq!(cut, 2);
}

#[tokio::test]
async fn a_cut_in_the_middle_loses_half_of_the_body() {
    let server = Server::unchecked(PassageServer::builder()).await;
    server
        .controls()
        .fault(Fault::operation("createUser").cut(Cut::Mid).times(1));
    let request = server
        .request(Method::POST, "/users")
        .json(&json!({"email": "ada@example.com"}));
    let response = request.send().await.unwrap();
    assert_eq!(response.status().as_u16(), 201, "the head arrives");
    assert!(response.bytes().await.is_err(), "the body does not");
    assert_eq!(server.list(&[]).await.1["total_users"], 1);
}

#[tokio::test]
async fn faults_are_set_and_cleared_over_http() {
    let server = Server::unchecked(PassageServer::builder()).await;
    let url = format!("{}/_dev/faults", server.server.url());
    let add = |body: serde_json::Value| reply(server.http.post(&url).json(&body));
    let fault = json!({
        "operation": "getUser", "path": "/api/v1", "status": 500, "code": "internal_server_error", "error": "broken",
        "delay_ms": 1, "retry_after": 3, "times": 2,
    });
    assert_eq!(add(fault).await.0, 201);
    assert_eq!(add(json!({"cut": "mid", "path": "/nothing"})).await.0, 201);
    refused(&server.get("/users/x").await, 500, "internal_server_error");
    let (_, listed) = reply(server.http.get(&url)).await;
    assert_eq!(
        (&listed["faults"][0]["times"], &listed["faults"][1]["cut"]),
        (&json!(1), &json!("mid"))
    );
    for bad in [
        json!({}),
        json!({"operation": "getUser"}),
        json!({"status": 99}),
        json!({"status": 500, "operaton": "x"}),
        json!({"cut": "never"}),
    ] {
        let answer = add(bad).await;
        refused(&answer, 400, "invalid_request");
        assert!(!str(&answer.1["error"]).is_empty());
    }
    assert_eq!(reply(server.http.delete(&url)).await.0, 200);
    refused(&server.get("/users/x").await, 404, "user_not_found");
}
