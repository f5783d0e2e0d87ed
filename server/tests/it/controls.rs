//! The controls, in the process and over HTTP.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use passage_server::{Exchange, Fault, MintToken, PassageServer};
use serde_json::{Value, json};

use crate::support::{App, client, send, text, time};

#[tokio::test]
async fn health_tells_what_runs_here() {
    let app = App::start_with(|builder| builder.auth_origin("https://app.example.com")).await;
    let health = app.dev_get("/health").await.json(200);
    assert_eq!(health["status"], "ok");
    assert_eq!(health["url"], app.server().url());
    assert_eq!(health["app_id"], app.server().app_id());
    assert_eq!(health["issuer"], app.server().issuer());
    assert_eq!(health["auth_origin"], "https://app.example.com");
    assert!(!health.to_string().contains(app.server().api_key()));
}

#[tokio::test]
async fn tokens_are_minted_over_http() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let mint = async |body: Value| text(&app.dev_post("/tokens", body).await.json(201)["token"]);
    let good =
        mint(json!({"subject": id, "lifetime_seconds": 60, "claims": {"role": "admin"}})).await;
    app.current_user(&good).await.json(200);
    let one_audience = json!({"subject": id, "audience": app.server().app_id()});
    app.current_user(&mint(one_audience).await).await.json(200);
    for bad in [
        json!({"subject": id, "audience": ["another"]}),
        json!({"subject": id, "audience": "another"}),
        json!({"subject": id, "issuer": "https://elsewhere.example"}),
        json!({"subject": id, "wrong_key": true}),
        json!({"subject": id, "not_before": "2999-01-01T00:00:00Z"}),
        json!({"subject": id, "expires_at": "2001-01-01T00:00:00Z"}),
        json!({"subject": id, "header": {"alg": "none"}}),
    ] {
        app.current_user(&mint(bad.clone()).await)
            .await
            .error(401, "invalid_access_token");
    }
    for refused in [
        json!(null),
        json!({"subject": id, "lifetime": 60}),
        json!({"subject": 7}),
        json!({"subject": id, "audience": 7}),
        json!([]),
    ] {
        app.dev_post("/tokens", refused)
            .await
            .error(400, "invalid_request");
    }
}

#[tokio::test]
async fn devices_are_seeded_over_http() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let body = json!({"friendly_name": "Blue key", "type": "security_key", "usage_count": 2});
    let device = app
        .dev_post(&format!("/users/{id}/devices"), body)
        .await
        .json(201);
    let plain = send(app.http.post(app.dev(&format!("/users/{id}/devices"))))
        .await
        .json(201);
    let listed = app.get(&format!("/users/{id}/devices")).await.json(200);
    let devices = listed["devices"].as_array().unwrap();
    let find = |id: &Value| devices.iter().find(|device| device["id"] == *id).unwrap();
    let first = find(&device["device_id"]);
    assert_eq!(
        (
            &first["friendly_name"],
            &first["type"],
            &first["usage_count"]
        ),
        (&json!("Blue key"), &json!("security_key"), &json!(2))
    );
    assert_eq!(find(&plain["device_id"])["type"], "passkey");
    app.dev_post("/users/nobody/devices", json!({}))
        .await
        .error(404, "user_not_found");
    app.dev_post(&format!("/users/{id}/devices"), json!({"type": "toaster"}))
        .await
        .error(400, "invalid_request");
}

#[tokio::test]
async fn users_are_signed_in_over_http() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let path = format!("/users/{id}/sessions");
    let result = app.dev_post(&path, json!({})).await.json(201)["auth_result"].clone();
    app.current_user(&text(&result["auth_token"]))
        .await
        .json(200);
    let body = json!({"refresh_token": result["refresh_token"]});
    send(app.http.post(app.auth("/tokens")).json(&body))
        .await
        .json(201);
    app.touch(&format!("/users/{id}/deactivate"))
        .await
        .json(200);
    app.dev_post(&path, json!({}))
        .await
        .error(403, "user_not_active");
    app.dev_post("/users/nobody/sessions", json!({}))
        .await
        .error(404, "user_not_found");
}

#[tokio::test]
async fn transactions_are_completed_over_http() {
    let app = App::start().await;
    let body = json!({"external_id": "customer-7", "passkey_display_name": "Phone"});
    let transaction =
        text(&app.post("/transactions/register", body).await.json(201)["transaction_id"]);
    let path = format!("/transactions/{transaction}/complete");
    let nonce = app.dev_post(&path, json!({})).await.json(201)["nonce"].clone();
    let verified = app
        .post("/authenticate/verify", json!({"nonce": nonce}))
        .await
        .json(200);
    assert_eq!(verified, json!({"external_id": "customer-7"}));
    app.dev_post(&path, json!({}))
        .await
        .error(404, "transaction_not_found");
}

#[tokio::test]
async fn the_clock_moves_forwards_for_everything() {
    let app = App::start().await;
    let start = app.controls().now();
    let moved = app
        .dev_post("/clock", json!({"advance_seconds": 86400.5}))
        .await
        .json(200);
    let ahead = time(&moved["now"]).duration_since(start);
    assert!(
        ahead.as_secs_f64() >= 86400.5 && ahead.as_secs_f64() < 86500.0,
        "{ahead:?}"
    );
    app.controls().advance(Duration::from_secs(86400));
    let created = time(&app.user("ada@example.com").await["created_at"]);
    assert!(created.duration_since(start).as_secs() >= 2 * 86400);
    assert!(time(&app.dev_get("/clock").await.json(200)["now"]) >= created);
    for refused in [
        json!({}),
        json!({"advance_seconds": -1}),
        json!({"advance_seconds": "1"}),
        json!({"advance": 1}),
    ] {
        app.dev_post("/clock", refused)
            .await
            .error(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_reset_takes_everything_back_to_the_start() {
    let app = App::start().await;
    for over_http in [false, true] {
        let id = app.user_id("ada@example.com").await;
        let refresh = app.sign_in(&id).await.refresh_token;
        let token = app.mint(MintToken::new(&id)).await;
        let key = text(
            &app.post("/api-keys", json!({"name": "spare"}))
                .await
                .json(201)["api_key"]["plaintext_key"],
        );
        app.post(
            "/magic-links",
            json!({"email": "new@example.com", "channel": "email", "send": true}),
        )
        .await
        .json(201);
        app.controls()
            .fault(Fault::operation("createUser").status(500));
        app.controls().advance(Duration::from_secs(1000));
        let jwks = app.jwks().await;

        if over_http {
            app.dev_post("/reset", json!({})).await.empty(200);
        } else {
            app.controls().reset().await.unwrap();
        }
        assert!(app.controls().requests().is_empty());
        assert!(app.controls().outbox().is_empty());
        assert!(app.controls().faults().is_empty());
        assert!(
            app.controls()
                .now()
                .duration_since(jiff::Timestamp::now())
                .as_secs()
                < 500
        );
        assert_eq!(
            app.list(&[]).await.json(200)["total_users"],
            0,
            "the first API key still works"
        );
        send(app.http.get(app.api("/users")).bearer_auth(&key))
            .await
            .error(401, "invalid_access_token");
        let refreshed = send(
            app.http
                .post(app.auth("/tokens"))
                .json(&json!({"refresh_token": refresh})),
        )
        .await;
        refreshed.error(401, "invalid_refresh_token");
        app.get(&format!("/users/{id}"))
            .await
            .error(404, "user_not_found");
        assert_eq!(app.jwks().await, jwks, "the signing keys stay");
        app.current_user(&token).await.error(404, "user_not_found");
    }
}

#[tokio::test]
async fn the_outbox_can_be_searched_and_emptied() {
    let app = App::start().await;
    for email in ["ada@example.com", "bob@example.com", "ada@example.com"] {
        app.post(
            "/magic-links",
            json!({"email": email, "channel": "email", "send": true}),
        )
        .await
        .json(201);
    }
    let count = async |query: &str| {
        app.dev_get(&format!("/outbox{query}")).await.json(200)["messages"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(count("").await, 3);
    assert_eq!(count("?to=ada%40example.com").await, 2);
    assert_eq!(count("?to=nobody").await, 0);
    send(app.http.delete(app.dev("/outbox"))).await.empty(200);
    assert_eq!(count("").await, 0);
}

#[tokio::test]
async fn the_observer_sees_every_exchange_with_the_apis() {
    let seen: Arc<Mutex<Vec<Exchange>>> = Arc::default();
    let observer = Arc::clone(&seen);
    let server = PassageServer::builder()
        .observe(move |exchange| observer.lock().unwrap().push(exchange.clone()));
    let server = server.start().await.unwrap();
    let users = format!("{}/api/v1/apps/{}/users", server.url(), server.app_id());
    let request = |method, url: String| client().request(method, url).bearer_auth(server.api_key());
    let created =
        send(request(Method::POST, format!("{users}/")).json(&json!({"email": "ada@example.com"})))
            .await;
    let missing = send(request(Method::GET, format!("{users}/nobody?x=1"))).await;
    send(client().get(format!("{}/_dev/health", server.url())))
        .await
        .json(200);

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
        format!("/api/v1/apps/{}/users/", server.app_id())
    );
    assert_eq!(
        create.request_body.as_ref(),
        br#"{"email":"ada@example.com"}"#
    );
    assert_eq!(create.response_body, created.body);
    assert_eq!(create.response_headers["content-type"], "application/json");
    assert!(
        create.request_headers["authorization"]
            .to_str()
            .unwrap()
            .contains(server.api_key())
    );
    assert!(get.path.ends_with("/users/nobody?x=1"));
    assert_eq!(
        (get.operation, get.status.as_u16(), &get.response_body),
        (Some("getUser"), 404, &missing.body)
    );
    assert!(!format!("{create:?}").contains(server.api_key()));
}

#[tokio::test]
async fn controls_are_for_this_machine_alone() {
    let app = App::start().await;
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("host", "rebound.example"),
        ("host", "127.0.0.1.rebound.example:8787"),
        ("host", "localhost.rebound.example"),
    ] {
        let reply = send(app.http.post(app.dev("/reset")).header(name, value)).await;
        reply.error(403, "operation_not_allowed");
    }
    for (name, value) in [
        ("origin", "http://localhost:3000"),
        ("host", "localhost:8787"),
        ("host", "[::1]:1"),
        ("host", "app.localhost"),
    ] {
        send(app.http.get(app.dev("/health")).header(name, value))
            .await
            .json(200);
    }
}

#[tokio::test]
async fn a_control_that_is_not_there_is_404() {
    let app = App::start().await;
    app.dev_get("/nothing").await.error(404, "not_found");
    app.dev_get("/reset").await.error(405, "method_not_allowed");
}
