//! The Auth API: its public documents, the signed-in user, and that every operation is there.

use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use passage_server::MintToken;
use serde_json::{Value, json};

use crate::support::{App, members, send, text};

#[tokio::test]
async fn the_jwks_is_public() {
    let app = App::start().await;
    let jwks = app.jwks().await;
    let [key] = jwks["keys"].as_array().unwrap().as_slice() else {
        panic!("{jwks}")
    };
    assert_eq!(members(key), ["alg", "e", "kid", "kty", "n", "use"]);
    assert_eq!(
        (&key["alg"], &key["e"], &key["kty"], &key["use"]),
        (
            &json!("RS256"),
            &json!("AQAB"),
            &json!("RSA"),
            &json!("sig")
        )
    );
    assert_eq!(text(&key["kid"]).len(), 24);
    assert_eq!(text(&key["n"]).len(), 342, "2048 bits in base64url");
}

#[tokio::test]
async fn the_openid_configuration_names_issuer_and_keys() {
    let app = App::start().await;
    let configuration = send(app.http.get(app.auth("/.well-known/openid-configuration")))
        .await
        .json(200);
    assert_eq!(configuration["issuer"], app.auth(""));
    assert_eq!(configuration["issuer"], app.server().issuer());
    assert_eq!(
        configuration["jwks_uri"],
        app.auth("/.well-known/jwks.json")
    );
    send(app.http.get(text(&configuration["jwks_uri"])))
        .await
        .json(200);
    assert_eq!(
        configuration["authorization_endpoint"],
        app.auth("/social/authorize")
    );
}

#[tokio::test]
async fn the_current_user_is_the_one_the_token_names() {
    let app = App::start().await;
    let body = json!({"email": "ada@example.com", "phone": "+15005550006", "user_metadata": {"plan": "pro"}});
    let id = text(&app.post("/users", body).await.json(201)["user"]["id"]);
    let device = app
        .controls()
        .seed_device(&id, passage_server::SeedDevice::new())
        .await
        .unwrap();
    let token = app.mint(MintToken::new(&id)).await;
    let managed = app.get(&format!("/users/{id}")).await.json(200)["user"].clone();
    let current = app.current_user(&token).await.json(200)["user"].clone();
    for name in [
        "id",
        "email",
        "email_verified",
        "phone",
        "phone_verified",
        "status",
        "created_at",
        "updated_at",
        "last_login_at",
        "login_count",
        "social_connections",
        "user_metadata",
        "webauthn",
        "webauthn_types",
    ] {
        assert_eq!(current[name], managed[name], "{name}");
    }
    assert_eq!(members(&current).len(), 15);
    let mut device_of_user = managed["webauthn_devices"][0].clone();
    device_of_user["user_id"] = json!(id);
    assert_eq!(current["webauthn_devices"], json!([device_of_user]));
    assert_eq!(current["webauthn_devices"][0]["id"], device);
}

/// A way to make a token that is not good, at a time.
type BadToken = (&'static str, fn(MintToken, Timestamp) -> MintToken);

const HOUR: Duration = Duration::from_secs(3600);

/// Tokens that the server would not issue.
const BAD_TOKENS: &[BadToken] = &[
    ("wrong key", |token, _| token.wrong_key()),
    ("expired", |token, now| token.expires_at(now - HOUR)),
    ("expires now", |token, _| token.lifetime(Duration::ZERO)),
    ("not yet good", |token, now| token.not_before(now + HOUR)),
    ("another audience", |token, _| {
        token.audience(["https://elsewhere.example", "anotherapp"])
    }),
    ("no audience", |token, _| token.claim("aud", json!(null))),
    ("an empty audience", |token, _| token.audience([""; 0])),
    ("another issuer", |token, _| {
        token.issuer("https://elsewhere.example")
    }),
    ("no issuer", |token, _| token.claim("iss", json!(null))),
    ("no expiry", |token, _| token.claim("exp", json!(null))),
    ("no subject", |token, _| token.claim("sub", json!(null))),
    ("an empty subject", |_, _| MintToken::new("")),
    ("no key id", |token, _| token.header("kid", json!(null))),
    ("an unknown key id", |token, _| {
        token.header("kid", "nosuchkey")
    }),
    ("no algorithm", |token, _| token.header("alg", "none")),
    ("another algorithm", |token, _| token.header("alg", "HS256")),
];

/// The token is refused, and the reason has no part of this signature.
async fn assert_not_good(app: &App, name: &str, token: &str, signature: &str) {
    let reply = app.current_user(token).await;
    assert_eq!(reply.status, 401, "{name}");
    let error = reply.error(401, "invalid_access_token");
    assert!(!error.contains(signature), "{name}: {error}");
}

#[tokio::test]
async fn a_token_for_the_app_alone_is_good() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let token = MintToken::new(&id).audience([app.server().app_id()]);
    let token = app.mint(token).await;
    app.current_user(&token).await.json(200);
}

#[tokio::test]
async fn a_token_with_a_bad_claim_header_or_key_is_401() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let now = app.controls().now();
    let good = app.mint(MintToken::new(&id)).await;
    app.current_user(&good).await.json(200);
    let (_, signature) = good.rsplit_once('.').unwrap();
    for (name, change) in BAD_TOKENS {
        let token = app.mint(change(MintToken::new(&id), now)).await;
        assert_not_good(&app, name, &token, signature).await;
    }
}

#[tokio::test]
async fn a_token_that_was_changed_or_cut_is_401() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let good = app.mint(MintToken::new(&id)).await;
    app.current_user(&good).await.json(200);
    let [header, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("{good}")
    };
    let other = app.mint(MintToken::new("somebody else")).await;
    let other_claims = other.split('.').nth(1).unwrap();
    for (name, token) in [
        (
            "swapped claims",
            format!("{header}.{other_claims}.{signature}"),
        ),
        ("no signature", format!("{header}.{claims}.")),
        (
            "a cut signature",
            format!("{header}.{claims}.{}", &signature[..100]),
        ),
        ("a longer signature", format!("{good}AAAA")),
        ("two parts", format!("{header}.{claims}")),
        ("four parts", format!("{good}.{signature}")),
        ("no token", "nonsense".to_owned()),
    ] {
        assert_not_good(&app, name, &token, signature).await;
    }
}

#[tokio::test]
async fn a_token_of_another_server_is_401() {
    let (app, elsewhere) = (App::start().await, App::start().await);
    let id = app.user_id("ada@example.com").await;
    let foreign = MintToken::new(&id)
        .issuer(app.server().issuer())
        .audience([app.server().app_id()]);
    let foreign = elsewhere.mint(foreign).await;
    let (_, signature) = foreign.rsplit_once('.').unwrap();
    assert_not_good(&app, "another server", &foreign, signature).await;
}

#[tokio::test]
async fn a_request_without_a_bearer_token_is_401() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let good = app.mint(MintToken::new(&id)).await;
    app.current_user(&good).await.json(200);
    let request = || app.http.get(app.auth("/currentuser"));
    send(request()).await.error(401, "invalid_access_token");
    send(request().header("authorization", format!("Basic {good}")))
        .await
        .error(401, "invalid_access_token");
}

#[tokio::test]
async fn a_token_dies_when_its_time_is_over() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let token = app
        .mint(MintToken::new(&id).lifetime(Duration::from_secs(60)))
        .await;
    app.controls().advance(Duration::from_secs(50));
    app.current_user(&token).await.json(200);
    app.controls().advance(Duration::from_secs(10));
    app.current_user(&token)
        .await
        .error(401, "invalid_access_token");
}

#[tokio::test]
async fn the_user_of_a_good_token_may_be_inactive_or_gone() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let token = app.mint(MintToken::new(&id)).await;
    app.touch(&format!("/users/{id}/deactivate"))
        .await
        .json(200);
    app.current_user(&token).await.error(403, "user_not_active");
    app.touch(&format!("/users/{id}/activate")).await.json(200);
    app.current_user(&token)
        .await
        .error(401, "invalid_access_token");
    let token = app.sign_in(&id).await.auth_token;
    app.current_user(&token).await.json(200);
    app.delete(&format!("/users/{id}")).await.empty(200);
    app.current_user(&token).await.error(404, "user_not_found");
}

#[tokio::test]
async fn every_operation_of_the_document_is_there() {
    let app = App::start().await;
    let counts: Value = serde_json::from_str(include_str!("../../../openapi/counts.json")).unwrap();
    let operations = counts["auth"]["operations"].as_object().unwrap();
    assert_eq!(operations.len(), 43);
    for (id, operation) in operations {
        let path = text(&operation["path"])
            .replace("{app_id}", app.server().app_id())
            .replace(['{', '}'], "");
        let url = format!("{}/auth/v1{path}", app.server().url());
        let method: Method = text(&operation["method"]).parse().unwrap();
        let reply = send(app.http.request(method, url).json(&json!({}))).await;
        assert!(![405, 500, 501].contains(&reply.status), "{id}");
    }
}

#[tokio::test]
async fn browsers_may_call_the_auth_api_from_any_origin() {
    let app = App::start().await;
    let origin = "https://app.example.com";
    for (method, path, header) in [
        ("GET", "/currentuser", "authorization"),
        ("POST", "/tokens", "content-type"),
        ("PATCH", "/magic-link/activate", "content-type"),
        ("DELETE", "/tokens", "passage-version"),
    ] {
        let request = app
            .http
            .request(Method::OPTIONS, app.auth(path))
            .header("origin", origin);
        let request = request
            .header("access-control-request-method", method)
            .header("access-control-request-headers", header);
        let reply = send(request).await;
        assert!(
            matches!(reply.status, 200 | 204),
            "{method} {path}: {}",
            reply.status
        );
        let allowed = reply.header("access-control-allow-origin");
        assert!(allowed == "*" || allowed == origin, "{allowed}");
        let methods = reply.header("access-control-allow-methods");
        assert!(
            methods == "*" || methods.contains(method),
            "{method} {path}: {methods}"
        );
        let headers = reply.header("access-control-allow-headers").to_lowercase();
        // A star does not cover `Authorization`: it has to be named.
        assert!(headers.contains(header), "{headers}");
    }
    for request in [
        app.http.get(app.auth("")),
        app.http.get(app.auth("/currentuser")),
        app.http.get(app.auth("/nothing")),
    ] {
        let reply = send(request.header("origin", origin)).await;
        assert!(
            !reply.header("access-control-allow-origin").is_empty(),
            "replies and errors can be read by the page"
        );
        let cookies = reply.header("access-control-allow-credentials");
        assert_eq!(cookies, "", "without cookies");
    }
}

#[tokio::test]
async fn browsers_may_not_call_the_management_api() {
    let app = App::start().await;
    let preflight = app
        .http
        .request(Method::OPTIONS, app.api("/users"))
        .header("access-control-request-method", "GET");
    for request in [app.managed(Method::GET, "/users"), preflight] {
        let reply = send(request.header("origin", "https://app.example.com")).await;
        assert_eq!(
            reply.header("access-control-allow-origin"),
            "",
            "an API key has no business in a browser"
        );
    }
}
