//! What callers send by carelessness or malice: it is refused in the API's own form, and the server goes on.

use std::time::Duration;

use http::Method;
use passage_server::SeedDevice;
use serde_json::json;

use crate::support::{App, send, text};

#[tokio::test]
async fn the_end_of_time_harms_nothing() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    for _ in 0..2 {
        let clock = app
            .dev_post("/clock", json!({"advance_seconds": 1e18}))
            .await
            .json(200);
        assert_eq!(clock["now"], "9000-01-01T00:00:00Z");
    }
    // Each of these adds a lifetime to the time.
    let tokens = app.sign_in(&id).await;
    app.current_user(&tokens.auth_token).await.json(200);
    app.post("/magic-links", json!({"user_id": id, "ttl": 525_600}))
        .await
        .json(201);
    let start = json!({"external_id": "one", "passkey_display_name": "One"});
    let transaction = app.post("/transactions/register", start).await.json(201);
    app.controls()
        .complete_transaction(text(&transaction["transaction_id"]))
        .await
        .unwrap();
    app.controls()
        .seed_device(&id, SeedDevice::new())
        .await
        .unwrap();
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 2);
}

#[tokio::test]
async fn an_endless_session_still_ends() {
    let app = App::start_with(|builder| builder.session_timeout(Duration::MAX)).await;
    let id = app.user_id("ada@example.com").await;
    let token = app.sign_in(&id).await.auth_token;
    app.current_user(&token).await.json(200);
}

#[tokio::test]
async fn a_query_that_is_too_much_for_the_database_is_refused() {
    let app = App::start().await;
    let ids = vec!["id"; 2100].join(",");
    let problem = app
        .list(&[("order_by", &ids)])
        .await
        .error(400, "invalid_request");
    assert!(problem.starts_with("order_by"), "{problem}");
    let problem = app
        .list(&vec![("id", "x"); 1100])
        .await
        .error(400, "invalid_request");
    assert!(problem.starts_with("filters"), "{problem}");
    let pattern = format!("<like:{}>", "x".repeat(10_100));
    let problem = app
        .list(&[("identifier", &pattern)])
        .await
        .error(400, "invalid_request");
    assert!(problem.starts_with("identifier"), "{problem}");
    app.list(&[
        ("page", "2147483647"),
        ("created_before", "9223372036854775807"),
    ])
    .await
    .json(200);
}

#[tokio::test]
async fn the_parameters_of_controls_are_checked_like_those_of_the_api() {
    let app = App::unchecked().await;
    for path in [
        "/users/%FF/sessions",
        "/users/%FF/devices",
        "/transactions/%FF/complete",
    ] {
        app.dev_post(path, json!({}))
            .await
            .error(400, "invalid_request");
    }
    for seconds in [json!(-1), json!(1e300), json!("1"), json!(null)] {
        app.dev_post("/clock", json!({"advance_seconds": seconds}))
            .await
            .error(400, "invalid_request");
    }
}

#[tokio::test]
async fn faults_name_operations_that_exist_and_have_a_bound() {
    let app = App::unchecked().await;
    for name in ["getUsr", "other.getUser", ""] {
        let problem = app
            .dev_post("/faults", json!({"operation": name, "status": 500}))
            .await
            .error(400, "invalid_request");
        assert!(problem.starts_with("operation"), "{problem}");
    }
    let fault =
        json!({"operation": "management.getUser", "path": "/nowhere", "status": 500, "times": 1});
    for _ in 0..1000 {
        app.dev_post("/faults", fault.clone()).await.json(201);
    }
    app.dev_post("/faults", fault.clone())
        .await
        .error(400, "invalid_request");
    send(app.http.delete(app.dev("/faults"))).await.empty(200);
    app.dev_post("/faults", fault).await.json(201);
}

#[tokio::test]
async fn scripts_see_replies_that_never_reached_the_router() {
    let app = App::unchecked().await;
    let fault = json!({"operation": "getCurrentuser", "status": 429, "retry_after": 1, "times": 1});
    app.dev_post("/faults", fault).await.json(201);
    let limited = send(app.http.get(app.auth("/currentuser"))).await;
    assert_eq!(limited.status, 429);
    let large = send(app.http.post(app.auth("/tokens")).body("x".repeat(70_000))).await;
    large.error(400, "invalid_request");
    for reply in [limited, large] {
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        assert_eq!(reply.header("access-control-expose-headers"), "retry-after");
    }
    let management = send(app.managed(Method::POST, "/users").body("x".repeat(70_000))).await;
    assert_eq!(management.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_reset_brings_the_first_api_key_back() {
    let app = App::start().await;
    let keys = app.get("/api-keys").await.json(200);
    let path = format!("/api-keys/{}", text(&keys["api_keys"][0]["id"]));
    app.delete(&path).await.empty(200);
    app.get("/users").await.error(401, "invalid_access_token");
    app.controls().reset().await.unwrap();
    app.get("/users").await.json(200);
    let keys = app.get("/api-keys").await.json(200);
    assert_eq!(keys["api_keys"].as_array().unwrap().len(), 1);
}
