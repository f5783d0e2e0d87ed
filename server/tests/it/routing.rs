//! Paths, hosts, methods and bodies.

use http::Method;
use serde_json::json;

use crate::support::{App, send, text};

#[tokio::test]
async fn what_is_not_there_is_404_in_json() {
    let app = App::start().await;
    let base = app.server().url().to_owned();
    let id = app.server().app_id().to_owned();
    for path in [
        "/".to_owned(),
        "/nothing".to_owned(),
        "/api/v1".to_owned(),
        "/api/v2/apps/x/users".to_owned(),
        format!("/v1/apps/{id}/users"),
        format!("/api/v1/apps/{id}/nothing"),
        format!("/api/v1/apps/{id}/users/x/devices/y/z"),
        format!("/auth/v1/apps/{id}/nothing"),
        format!("/auth/v1/apps/{id}/api-keys"),
    ] {
        let reply = send(
            app.http
                .get(format!("{base}{path}"))
                .bearer_auth(app.server().api_key()),
        )
        .await;
        assert_eq!(reply.status, 404, "{path}");
        let body = reply.json(404);
        assert!(
            body["code"].is_string() && body["error"].is_string(),
            "{path}: {body}"
        );
        assert_eq!(body.as_object().unwrap().len(), 2, "{path}: {body}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_405_in_json() {
    let app = App::start().await;
    for (method, path) in [
        (Method::PUT, "/users"),
        (Method::DELETE, "/users"),
        (Method::POST, "/users/x"),
        (Method::PUT, "/users/x"),
        (Method::POST, "/users/x/activate"),
        (Method::GET, "/magic-links"),
        (Method::PATCH, "/api-keys/x"),
    ] {
        let reply = send(app.managed(method.clone(), path).json(&json!({}))).await;
        assert_eq!(reply.status, 405, "{method} {path}");
        let body = reply.json(405);
        assert!(
            body["code"].is_string() && body["error"].is_string(),
            "{body}"
        );
        assert!(
            !reply.header("allow").is_empty(),
            "{method} {path}: the allowed methods are named"
        );
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let app = App::start().await;
    send(app.managed(Method::HEAD, "/users")).await.empty(200);
    send(app.http.head(app.auth("/.well-known/jwks.json")))
        .await
        .empty(200);
    send(app.http.head(app.api("/users"))).await.empty(401);
}

#[tokio::test]
async fn a_slash_at_the_end_makes_no_difference() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    app.get("/").await.json(200);
    app.get("/users/").await.json(200);
    app.get(&format!("/users/{id}/")).await.json(200);
    app.delete(&format!("/users/{id}/tokens/")).await.empty(200);
    app.post("/users/", json!({"email": "bob@example.com"}))
        .await
        .json(201);
    app.post("/magic-links/", json!({"email": "bob@example.com"}))
        .await
        .json(201);
    assert_eq!(
        app.list(&[("limit", "1")]).await.json(200)["total_users"],
        2
    );
    let page = send(app.managed(Method::GET, "/users/").query(&[("limit", "1")]))
        .await
        .json(200);
    assert_eq!(page["limit"], 1, "the query survives");
    send(app.http.get(app.auth("/"))).await.json(200);
    send(app.http.get(app.auth("/.well-known/jwks.json/")))
        .await
        .json(200);
}

#[tokio::test]
async fn hosts_choose_the_api() {
    let app = App::start().await;
    let (base, id, key) = (
        app.server().url(),
        app.server().app_id(),
        app.server().api_key(),
    );
    let get = |host: &str, path: &str| {
        app.http
            .get(format!("{base}/v1/apps/{id}{path}"))
            .header("host", host)
            .bearer_auth(key)
    };
    for host in [
        "api.passage.test",
        "api.localhost",
        "API.Passage.Test",
        "api.passage.test:8787",
    ] {
        send(get(host, "/users")).await.json(200);
    }
    for host in ["auth.passage.test", "auth.localhost:8787"] {
        send(get(host, "/.well-known/jwks.json")).await.json(200);
    }
    assert_eq!(
        send(get("api.passage.test", "/.well-known/jwks.json"))
            .await
            .status,
        404
    );
    assert_eq!(
        send(get("auth.passage.test", "/api-keys")).await.status,
        404
    );
    assert_eq!(
        send(get("127.0.0.1", "/users")).await.status,
        404,
        "without a host or prefix there is no API"
    );
    assert_eq!(send(get("apix.passage.test", "/users")).await.status, 404);
    let page = send(get("api.passage.test", "/users")).await.json(200);
    let href = text(&page["_links"]["self"]["href"]);
    assert!(
        href.starts_with(&format!("/v1/apps/{id}/users?")),
        "links fit the host: {href}"
    );
    // The prefixes work under any host.
    send(
        app.http
            .get(app.api("/users"))
            .header("host", "api.passage.test")
            .bearer_auth(key),
    )
    .await
    .json(200);
}

#[tokio::test]
async fn a_body_is_read_as_json_whatever_its_type() {
    let app = App::start().await;
    for (index, content_type) in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("nonsense"),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"email": format!("ada{index}@example.com")}).to_string();
        let request = app.managed(Method::POST, "/users").body(body);
        let request = match content_type {
            Some(content_type) => request.header("content-type", content_type),
            None => request,
        };
        send(request).await.json(201);
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_says_why() {
    let app = App::start().await;
    for body in [
        "",
        "{",
        "{\"email\": \"ada@example.com\"",
        "email=ada@example.com",
        "[]",
        "[\"ada@example.com\", null, null]",
        "null",
        "\"ada@example.com\"",
        "{\"email\": \"a@b.c\"} x",
    ] {
        let request = app
            .managed(Method::POST, "/users")
            .header("content-type", "application/json")
            .body(body);
        let error = send(request).await.error(400, "invalid_request");
        assert!(
            error.to_lowercase().contains("json") || error.contains("body"),
            "{body}: {error}"
        );
    }
    let bytes = app
        .managed(Method::POST, "/users")
        .body(b"{\"email\": \"\xff@example.com\"}".to_vec());
    send(bytes).await.error(400, "invalid_request");
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 0);
}

#[tokio::test]
async fn unknown_members_of_a_body_are_ignored() {
    let app = App::start().await;
    let body = json!({"email": "ada@example.com", "favourite_colour": "green", "id": "mine", "status": "active"});
    let user = app.post("/users", body).await.json(201)["user"].clone();
    assert_eq!(user["status"], "pending");
    assert_ne!(text(&user["id"]), "mine");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let app = App::start().await;
    let body = json!({"email": "ada@example.com", "filler": "x".repeat(4 << 20)});
    let error = app.post("/users", body).await.error(400, "invalid_request");
    assert!(error.contains("65536"), "{error}");
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 0);
    let fits = json!({"email": "ada@example.com", "user_metadata": {"note": "x".repeat(60_000)}});
    app.post("/users", fits).await.json(201);
}

#[tokio::test]
async fn any_client_version_is_served() {
    let app = App::start().await;
    for version in [
        "passage-go v2.1.2",
        "swift 1.0.2",
        "",
        "something else entirely",
    ] {
        send(
            app.managed(Method::GET, "/users")
                .header("passage-version", version),
        )
        .await
        .json(200);
    }
}

#[tokio::test]
async fn any_user_agent_is_served() {
    let app = App::start().await;
    let silent = reqwest::Client::builder().no_proxy().build().unwrap();
    for agent in [None, Some("Python-urllib/3.12"), Some("")] {
        let request = silent.get(app.auth("/.well-known/jwks.json"));
        let request = match agent {
            Some(agent) => request.header("user-agent", agent),
            None => request,
        };
        send(request).await.json(200);
    }
    let first = app.controls().requests().remove(0);
    let named = first.headers.contains_key("user-agent");
    assert!(!named, "{first:?}");
}

#[tokio::test]
async fn ids_in_paths_are_data() {
    // No description declares a 400 for what is not even text.
    let app = App::unchecked().await;
    app.user("ada@example.com").await;
    for id in [
        "%252e%252e",
        "x%2Fy",
        "%27%20OR%201=1",
        "%00",
        "%F0%9F%A6%80",
        "%ff",
    ] {
        let reply = app.delete(&format!("/users/{id}")).await;
        let expected = match id {
            "%ff" => (400, "invalid_request"),
            // A slash that is not a slash makes no other path.
            _ => (404, "user_not_found"),
        };
        assert_eq!(reply.status, expected.0, "{id}");
        reply.error(expected.0, expected.1);
    }
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 1);
}
