//! Wrong credentials, wrong paths, wrong bodies, and leniency where old clients need it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use common::{Server, refused, reply, str};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use serde_json::json;

const MANAGED: [(&str, &str); 18] = [
    ("GET", "/users"),
    ("POST", "/users"),
    ("GET", "/users/x"),
    ("PATCH", "/users/x"),
    ("DELETE", "/users/x"),
    ("PATCH", "/users/x/activate"),
    ("PATCH", "/users/x/deactivate"),
    ("GET", "/users/x/devices"),
    ("DELETE", "/users/x/devices/y"),
    ("DELETE", "/users/x/tokens"),
    ("POST", "/magic-links"),
    ("POST", "/transactions/register"),
    ("POST", "/transactions/authenticate"),
    ("POST", "/authenticate/verify"),
    ("GET", "/api-keys"),
    ("POST", "/api-keys"),
    ("GET", "/api-keys/x"),
    ("DELETE", "/api-keys/x"),
];

#[tokio::test]
async fn every_managed_operation_wants_the_key_of_the_app() {
    let server = Server::start().await;
    let other_app = server.server.url().to_owned() + "/api/v1/apps/other";
    for (method, path) in MANAGED {
        let method: Method = method.parse().unwrap();
        let request = || server.http.request(method.clone(), server.management(path));
        refused(&reply(request()).await, 401, "invalid_access_token");
        refused(
            &reply(request().bearer_auth("wrong.key")).await,
            401,
            "invalid_access_token",
        );
        refused(
            &reply(request().header(AUTHORIZATION, server.server.api_key())).await,
            401,
            "invalid_access_token",
        );
        refused(
            &reply(request().header(AUTHORIZATION, "Bearer ")).await,
            401,
            "invalid_access_token",
        );
        refused(
            &reply(request().basic_auth("a", Some("b"))).await,
            401,
            "invalid_access_token",
        );
        let elsewhere = server
            .http
            .request(method.clone(), format!("{other_app}{path}"));
        refused(
            &reply(elsewhere.bearer_auth(server.server.api_key())).await,
            404,
            "app_not_found",
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_with_its_code() {
    let server = Server::start().await;
    for (method, path, code) in [
        ("GET", "/users/nobody", "user_not_found"),
        ("PATCH", "/users/nobody", "user_not_found"),
        ("DELETE", "/users/nobody", "user_not_found"),
        ("PATCH", "/users/nobody/activate", "user_not_found"),
        ("PATCH", "/users/nobody/deactivate", "user_not_found"),
        ("GET", "/users/nobody/devices", "user_not_found"),
        ("DELETE", "/users/nobody/devices/x", "user_not_found"),
        ("DELETE", "/users/nobody/tokens", "user_not_found"),
        ("GET", "/api-keys/none", "api_key_not_found"),
        ("DELETE", "/api-keys/none", "api_key_not_found"),
        ("GET", "/nothing", "not_found"),
        ("GET", "/users/a/b/c/d", "not_found"),
    ] {
        let request = server
            .request(method.parse().unwrap(), path)
            .json(&json!({}));
        refused(&reply(request).await, 404, code);
    }
    for path in [
        "/",
        "/api",
        "/api/v1",
        "/api/v2/apps/x",
        "/v1/apps/x",
        "/_dev/nothing",
        "/auth/v1/apps/x/y",
    ] {
        let answer = reply(server.http.get(format!("{}{path}", server.server.url()))).await;
        refused(&answer, 404, "not_found");
        assert!(str(&answer.1["error"]).contains(path), "{}", answer.1);
    }
    for path in [
        "",
        "/.well-known/jwks.json",
        "/.well-known/openid-configuration",
        "/currentuser",
    ] {
        let url = format!("{}/auth/v1/apps/other{path}", server.server.url());
        refused(&reply(server.http.get(url)).await, 404, "app_not_found");
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_405() {
    let server = Server::start().await;
    for (method, url) in [
        ("PUT", server.management("/users")),
        ("POST", server.management("/users/x")),
        ("GET", server.management("/magic-links")),
        ("POST", server.auth("")),
        ("PUT", server.auth("/tokens")),
        ("DELETE", server.auth("/login/otp")),
        ("GET", format!("{}/_dev/reset", server.server.url())),
    ] {
        refused(
            &reply(server.http.request(method.parse().unwrap(), url)).await,
            405,
            "method_not_allowed",
        );
    }
    let response = server
        .http
        .put(server.management("/users"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["allow"], "GET,HEAD,POST");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_named() {
    let server = Server::start().await;
    for (body, names) in [
        ("", "JSON object is needed"),
        ("   ", "JSON object is needed"),
        ("{\"email\":", "EOF"),
        ("{email: 1}", "line 1 column 2"),
        ("null", "body"),
        ("\"text\"", "body"),
    ] {
        for (method, path) in [
            (Method::POST, "/users"),
            (Method::POST, "/magic-links"),
            (Method::POST, "/api-keys"),
        ] {
            let answer = reply(server.request(method, path).body(body)).await;
            refused(&answer, 400, "invalid_request");
            assert!(
                str(&answer.1["error"]).contains(names),
                "{body}: {}",
                answer.1
            );
        }
    }
    let large = json!({"email": "a@b.c", "user_metadata": {"x": "y".repeat(70_000)}});
    let answer = server.post("/users", large).await;
    refused(&answer, 400, "invalid_request");
    assert!(str(&answer.1["error"]).contains("65536"), "{}", answer.1);
    let fits = json!({"email": "a@b.c", "user_metadata": {"x": "y".repeat(60_000)}});
    assert_eq!(server.post("/users", fits).await.0, 201);
}

#[tokio::test]
async fn the_content_type_does_not_matter() {
    let server = Server::start().await;
    for (number, content_type) in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut request = server
            .request(Method::POST, "/users")
            .body(format!("{{\"email\":\"user{number}@example.com\"}}"));
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        assert_eq!(reply(request).await.0, 201, "{content_type:?}");
    }
}

#[tokio::test]
async fn a_slash_at_the_end_does_not_matter() {
    let server = Server::start().await;
    let (status, body) = server
        .post("/users/", json!({"email": "ada@example.com"}))
        .await;
    assert_eq!(status, 201);
    let id = str(&body["user"]["id"]);
    for path in [
        format!("/users/{id}/"),
        format!("/users/{id}/devices/"),
        "/users/?limit=1".to_owned(),
        "/".to_owned(),
    ] {
        assert_eq!(server.get(&path).await.0, 200, "{path}");
    }
    assert_eq!(
        server
            .post("/magic-links/", json!({"email": "ada@example.com"}))
            .await
            .0,
        201
    );
    assert_eq!(server.delete(&format!("/users/{id}/tokens/")).await.0, 200);
    for path in ["/", "/.well-known/jwks.json/"] {
        assert_eq!(
            reply(server.http.get(server.auth(path))).await.0,
            200,
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_host_can_name_the_api() {
    let server = Server::start().await;
    let (app, url) = (server.server.app_id(), server.server.url());
    let get = async |host: &str, path: &str| {
        let request = server
            .http
            .get(format!("{url}{path}"))
            .header(HOST, host)
            .bearer_auth(server.server.api_key());
        reply(request).await
    };
    let users = get("api.passage.test", &format!("/v1/apps/{app}/users?limit=1")).await;
    assert_eq!(users.0, 200);
    assert!(
        str(&users.1["_links"]["self"]["href"]).starts_with(&format!("/v1/apps/{app}/users?")),
        "links fit the host"
    );
    assert_eq!(
        get("api.passage.test:8080", &format!("/v1/apps/{app}/"))
            .await
            .0,
        200
    );
    let keys = get(
        "auth.passage.test",
        &format!("/v1/apps/{app}/.well-known/jwks.json"),
    )
    .await;
    assert_eq!(keys.1["keys"].as_array().unwrap().len(), 1);
    refused(
        &get("www.passage.test", &format!("/v1/apps/{app}")).await,
        404,
        "not_found",
    );
    refused(
        &get("auth.passage.test", &format!("/v1/apps/{app}/api-keys")).await,
        404,
        "not_found",
    );
}
