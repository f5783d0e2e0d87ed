//! Faults on demand.

use std::time::Duration;

use passage_server::{Cut, Fault};
use serde_json::{Value, json};

use crate::support::{App, send};

#[tokio::test]
async fn a_fault_hits_its_operation_so_many_times() {
    let app = App::unchecked().await;
    let id = app.user_id("ada@example.com").await;
    let path = format!("/users/{id}");
    app.controls().fault(
        Fault::operation("getUser")
            .status(503)
            .retry_after(Duration::from_secs(7))
            .times(2),
    );
    for _ in 0..2 {
        let reply = app.get(&path).await;
        reply.error(503, "internal_server_error");
        assert_eq!(reply.header("retry-after"), "7");
        app.list(&[]).await.json(200);
    }
    app.get(&path).await.json(200);
}

#[tokio::test]
async fn a_fault_does_not_carry_the_request_out() {
    let app = App::unchecked().await;
    app.controls()
        .fault(Fault::operation("createUser").status(500).times(1));
    app.post("/users", json!({"email": "ada@example.com"}))
        .await
        .error(500, "internal_server_error");
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 0);
    app.user("ada@example.com").await;
}

#[tokio::test]
async fn a_fault_answers_what_it_is_told() {
    let app = App::unchecked().await;
    let faults = app.controls();
    let hit = async || app.list(&[]).await;
    for (status, code) in [
        (401, "invalid_access_token"),
        (403, "operation_not_allowed"),
        (404, "user_not_found"),
        (429, "too_many_requests"),
        (500, "internal_server_error"),
    ] {
        faults.fault(Fault::any().status(status).times(1));
        hit().await.error(status, code);
    }
    faults.fault(
        Fault::any()
            .status(400)
            .code("brand_new_code")
            .error("Never seen before.")
            .times(1),
    );
    assert_eq!(
        hit().await.error(400, "brand_new_code"),
        "Never seen before."
    );
    faults.fault(
        Fault::any()
            .status(502)
            .body("text/html", "<h1>Bad gateway</h1>")
            .times(1),
    );
    let reply = hit().await;
    assert_eq!(
        (reply.status, reply.header("content-type"), &reply.body[..]),
        (502, "text/html", &b"<h1>Bad gateway</h1>"[..])
    );
    // A delay alone makes a slow but good reply, and a Retry-After alone a good one with that header.
    faults.fault(Fault::any().delay(Duration::from_millis(20)).times(1));
    let start = std::time::Instant::now();
    hit().await.json(200);
    assert!(start.elapsed() >= Duration::from_millis(20));
    faults.fault(Fault::any().retry_after(Duration::from_secs(3)).times(1));
    let reply = hit().await;
    reply.json(200);
    assert_eq!(reply.header("retry-after"), "3");
}

#[tokio::test]
async fn a_fault_can_be_for_a_path_or_for_one_of_two_operations_of_a_name() {
    let app = App::unchecked().await;
    let both = async || {
        let managed = app.get("").await.status;
        (managed, send(app.http.get(app.auth(""))).await.status)
    };
    app.controls()
        .fault(Fault::path("/auth/v1/").status(500).times(1));
    assert_eq!(both().await, (200, 500));
    app.controls()
        .fault(Fault::path("/auth/v1/").status(429).times(1));
    let reply = send(
        app.http
            .get(app.auth(""))
            .header("origin", "https://app.example.com"),
    )
    .await;
    assert_eq!(
        (reply.status, reply.header("access-control-allow-origin")),
        (429, "*"),
        "a script sees the status"
    );
    app.controls().fault(
        Fault::operation("getApp")
            .under("/api/")
            .status(500)
            .times(1),
    );
    assert_eq!(both().await, (500, 200));
    app.controls()
        .fault(Fault::operation("getApp").status(500).times(2));
    assert_eq!(both().await, (500, 500));
    app.controls()
        .fault(Fault::operation("auth.getApp").status(500).times(1));
    assert_eq!(both().await, (200, 500));
    app.controls()
        .fault(Fault::operation("management.getApp").status(500).times(1));
    assert_eq!(both().await, (500, 200));
}

#[tokio::test]
async fn connections_are_cut_before_after_and_in_the_middle() {
    let app = App::unchecked().await;
    let create = |email: &str| {
        app.managed(http::Method::POST, "/users")
            .json(&json!({"email": email}))
            .send()
    };
    let count = async || {
        app.list(&[]).await.json(200)["total_users"]
            .as_u64()
            .unwrap()
    };

    app.controls()
        .fault(Fault::operation("createUser").cut(Cut::Before).times(1));
    create("before@example.com").await.unwrap_err();
    assert_eq!(count().await, 0, "nothing was carried out");

    app.controls()
        .fault(Fault::operation("createUser").cut(Cut::After).times(1));
    create("after@example.com").await.unwrap_err();
    assert_eq!(
        count().await,
        1,
        "it was carried out, only the reply is lost"
    );

    app.controls()
        .fault(Fault::operation("createUser").cut(Cut::Mid).times(1));
    let reply = create("mid@example.com").await.unwrap();
    assert_eq!(reply.status(), 201);
    reply.bytes().await.unwrap_err();
    assert_eq!(count().await, 2);

    let log: Vec<_> = app
        .controls()
        .requests()
        .into_iter()
        .filter(|request| request.operation.as_deref() == Some("createUser"))
        .collect();
    assert_eq!(
        log.iter().map(|request| request.status).collect::<Vec<_>>(),
        [None, None, Some(201)]
    );
}

#[tokio::test]
async fn faults_are_set_listed_and_cleared_over_http() {
    let app = App::unchecked().await;
    let add = async |body: Value| app.dev_post("/faults", body).await;
    add(json!({"operation": "listPaginatedUsers", "status": 429, "retry_after": 2, "times": 3}))
        .await
        .json(201);
    add(json!({"path": "/auth/v1/", "cut": "before"}))
        .await
        .json(201);
    let reply = app.list(&[]).await;
    reply.error(429, "too_many_requests");
    assert_eq!(reply.header("retry-after"), "2");
    app.http.get(app.auth("")).send().await.unwrap_err();

    let listed = app.dev_get("/faults").await.json(200)["faults"].clone();
    assert_eq!(
        (&listed[0]["operation"], &listed[0]["times"]),
        (&json!("listPaginatedUsers"), &json!(2)),
        "the times that remain"
    );
    assert_eq!(
        (&listed[1]["path"], &listed[1]["cut"]),
        (&json!("/auth/v1/"), &json!("before"))
    );
    send(app.http.delete(app.dev("/faults"))).await.empty(200);
    app.list(&[]).await.json(200);
    send(app.http.get(app.auth(""))).await.json(200);

    for refused in [
        json!({}),
        json!({"operation": "getUser"}),
        json!({"status": 99}),
        json!({"status": 600}),
        json!({"status": "500"}),
        json!({"status": 500, "colour": "red"}),
        json!({"cut": "sideways"}),
    ] {
        add(refused).await.error(400, "invalid_request");
    }
    assert_eq!(app.dev_get("/faults").await.json(200)["faults"], json!([]));
}

#[tokio::test]
async fn controls_themselves_have_no_faults() {
    let app = App::unchecked().await;
    app.controls().fault(Fault::any().status(500));
    app.list(&[]).await.error(500, "internal_server_error");
    app.dev_get("/health").await.json(200);
    app.controls().clear_faults();
    app.list(&[]).await.json(200);
}
