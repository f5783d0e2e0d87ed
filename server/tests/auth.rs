//! The Auth API: app info, keys, tokens, the current user, refresh and revoke.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::{Reply, Server, members, refused, reply, str};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use passage_server::{MintToken, PassageServer, SeedDevice};
use reqwest::Method;
use serde_json::{Value, json};

async fn get(server: &Server, path: &str) -> Reply {
    reply(server.http.get(server.auth(path))).await
}

async fn currentuser(server: &Server, token: &str) -> Reply {
    reply(
        server
            .http
            .get(server.auth("/currentuser"))
            .bearer_auth(token),
    )
    .await
}

/// The claims of a token, if the key set verifies it for the app and the issuer, by another implementation of JWT.
async fn verified(server: &Server, token: &str) -> jsonwebtoken::errors::Result<Value> {
    let keys: JwkSet =
        serde_json::from_value(get(server, "/.well-known/jwks.json").await.1).unwrap();
    let key = keys
        .find(&decode_header(token)?.kid.unwrap())
        .ok_or(jsonwebtoken::errors::ErrorKind::InvalidKeyFormat)?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[server.server.app_id()]);
    validation.set_issuer(&[server.server.issuer()]);
    validation.set_required_spec_claims(&["aud", "exp", "iss", "nbf", "sub"]);
    validation.validate_nbf = true;
    validation.leeway = 0;
    Ok(decode::<Value>(token, &DecodingKey::from_jwk(key)?, &validation)?.claims)
}

#[tokio::test]
async fn a_token_is_signed_and_says_what_tokens_of_the_service_say() {
    let server = Server::from(
        PassageServer::builder()
            .app_id("my-app")
            .auth_origin("https://app.example"),
    )
    .await;
    let id = server.user("ada@example.com").await;
    let session = server.controls().sign_in(&id).await.unwrap();
    let claims = verified(&server, &session.auth_token).await.unwrap();
    assert_eq!(members(&claims), ["aud", "exp", "iat", "iss", "nbf", "sub"]);
    assert_eq!(claims["aud"], json!(["https://app.example", "my-app"]));
    assert_eq!(
        str(&claims["iss"]),
        format!("{}/auth/v1/apps/my-app", server.server.url())
    );
    assert_eq!(str(&claims["iss"]), server.server.issuer());
    assert_eq!(str(&claims["sub"]), id);
    let time = |name: &str| claims[name].as_i64().unwrap();
    assert_eq!(
        (time("nbf"), time("exp")),
        (time("iat") - 5, time("iat") + 3600)
    );
    assert!((jiff::Timestamp::now().as_second() - time("iat")).abs() < 60);

    let header = decode_header(&session.auth_token).unwrap();
    assert_eq!(
        (header.alg, header.typ.as_deref()),
        (Algorithm::RS256, Some("JWT"))
    );
    let kid = header.kid.unwrap();
    assert!(
        kid.len() == 24 && kid.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "{kid}"
    );
    let debug = format!("{session:?}");
    assert!(
        !debug.contains(&session.auth_token)
            && !debug.contains(session.refresh_token.as_deref().unwrap()),
        "{debug}"
    );
}

#[tokio::test]
async fn the_key_set_and_the_app_show_the_same_key() {
    let server = Server::start().await;
    let (status, keys) = get(&server, "/.well-known/jwks.json").await;
    assert_eq!(status, 200);
    let key = &keys["keys"][0];
    assert_eq!(members(key), ["alg", "e", "kid", "kty", "n", "use"]);
    assert_eq!(
        (
            str(&key["alg"]),
            str(&key["e"]),
            str(&key["kty"]),
            str(&key["use"])
        ),
        ("RS256", "AQAB", "RSA", "sig")
    );
    let token = server
        .controls()
        .mint_token(MintToken::new("x"))
        .await
        .unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for app in [get(&server, "").await.1, server.get("").await.1] {
        let pem = String::from_utf8(STANDARD.decode(str(&app["app"]["rsa_public_key"])).unwrap())
            .unwrap();
        let lines: Vec<&str> = pem.lines().collect();
        let [begin, inner @ .., end] = lines.as_slice() else {
            panic!("{pem}")
        };
        assert_eq!(
            (*begin, *end),
            ("-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----")
        );
        assert!(inner.iter().all(|line| line.len() <= 64));
        let der = STANDARD.decode(inner.concat()).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der)
            .verify(message.as_bytes(), &signature)
            .unwrap();
    }
}

#[tokio::test]
async fn app_info_has_every_member() {
    let server = Server::from(PassageServer::builder().auth_origin("https://app.example")).await;
    let (status, body) = get(&server, "").await;
    assert_eq!(status, 200);
    assert_eq!(
        members(&body["app"]),
        [
            "allowed_identifier",
            "auth_fallback_method",
            "auth_fallback_method_ttl",
            "auth_methods",
            "auth_origin",
            "default_language",
            "element_customization",
            "element_customization_dark",
            "ephemeral",
            "id",
            "layouts",
            "login_url",
            "name",
            "passage_branding",
            "profile_management",
            "public_signup",
            "redirect_url",
            "require_email_verification",
            "require_identifier_verification",
            "required_identifier",
            "rsa_public_key",
            "session_timeout_length",
            "social_connections",
            "user_metadata_schema"
        ]
    );
    assert_eq!(body["app"]["auth_methods"]["passkeys"], json!({}));
    assert_eq!(
        body["app"]["layouts"],
        json!({"profile": [], "registration": []})
    );
    let (_, configuration) = get(&server, "/.well-known/openid-configuration").await;
    assert_eq!(
        members(&configuration),
        ["authorization_endpoint", "issuer", "jwks_uri"]
    );
    assert_eq!(str(&configuration["issuer"]), server.server.issuer());
    assert_eq!(
        reply(server.http.get(str(&configuration["jwks_uri"])))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn an_issuer_that_is_given_is_used_everywhere() {
    let issuer = "https://auth.example/v1/apps/my-app";
    let server = Server::from(PassageServer::builder().app_id("my-app").issuer(issuer)).await;
    let id = server.user("ada@example.com").await;
    let session = server.controls().sign_in(&id).await.unwrap();
    assert_eq!(
        verified(&server, &session.auth_token).await.unwrap()["iss"],
        issuer
    );
    assert_eq!(currentuser(&server, &session.auth_token).await.0, 200);
    let (_, configuration) = get(&server, "/.well-known/openid-configuration").await;
    assert_eq!(configuration["issuer"], issuer);
    assert!(str(&configuration["jwks_uri"]).starts_with(server.server.url()));
}

#[tokio::test]
async fn the_current_user_sees_themselves() {
    let server = Server::start().await;
    let user = server
        .create(json!({"email": "ada@example.com", "user_metadata": {"plan": "pro"}}))
        .await;
    let id = str(&user["id"]);
    server
        .controls()
        .seed_device(id, SeedDevice::new())
        .await
        .unwrap();
    let token = server
        .controls()
        .mint_token(MintToken::new(id))
        .await
        .unwrap();
    let (status, body) = currentuser(&server, &token).await;
    assert_eq!(status, 200);
    let current = &body["user"];
    assert_eq!(
        members(current),
        [
            "created_at",
            "email",
            "email_verified",
            "id",
            "last_login_at",
            "login_count",
            "phone",
            "phone_verified",
            "social_connections",
            "status",
            "updated_at",
            "user_metadata",
            "webauthn",
            "webauthn_devices",
            "webauthn_types"
        ]
    );
    for name in [
        "id",
        "email",
        "phone",
        "status",
        "created_at",
        "last_login_at",
        "user_metadata",
    ] {
        assert_eq!(current[name], user[name], "{name}");
    }
    assert_eq!(
        (&current["webauthn"], &current["webauthn_types"]),
        (&json!(true), &json!(["passkey"]))
    );
    let device = &current["webauthn_devices"][0];
    assert_eq!(
        members(device),
        [
            "created_at",
            "cred_id",
            "friendly_name",
            "icons",
            "id",
            "last_login_at",
            "type",
            "updated_at",
            "usage_count",
            "user_id"
        ]
    );
    assert_eq!(str(&device["user_id"]), id);

    server
        .patch(&format!("/users/{id}/deactivate"), json!({}))
        .await;
    refused(&currentuser(&server, &token).await, 403, "user_not_active");
    server.delete(&format!("/users/{id}")).await;
    refused(&currentuser(&server, &token).await, 404, "user_not_found");
}

#[tokio::test]
async fn bad_tokens_are_refused() {
    let server = Server::start().await;
    let other = Server::start().await;
    let id = server.user("ada@example.com").await;
    let controls = server.controls();
    let now = controls.now();
    let mint = || MintToken::new(&id);
    let hour = Duration::from_secs(3600);
    for (what, token) in [
        ("wrong key", mint().wrong_key()),
        ("expired", mint().expires_at(now)),
        ("not yet", mint().not_before(now + hour)),
        (
            "another audience",
            mint().audience(["https://elsewhere.example"]),
        ),
        ("no audience", mint().claim("aud", Value::Null)),
        ("another issuer", mint().issuer("https://elsewhere.example")),
        ("no issuer", mint().claim("iss", Value::Null)),
        ("no expiry", mint().claim("exp", Value::Null)),
        ("no subject", mint().claim("sub", Value::Null)),
        ("empty subject", MintToken::new("")),
        ("algorithm none", mint().header("alg", "none")),
        ("algorithm HS256", mint().header("alg", "HS256")),
        ("unknown key id", mint().header("kid", "unknown")),
        ("no key id", mint().header("kid", Value::Null)),
    ] {
        let token = controls.mint_token(token).await.unwrap();
        let answer = currentuser(&server, &token).await;
        assert_eq!(
            (answer.0, str(&answer.1["code"])),
            (401, "invalid_access_token"),
            "{what}"
        );
    }
    let foreign = other
        .controls()
        .mint_token(
            mint()
                .issuer(server.server.issuer())
                .audience([server.server.app_id()]),
        )
        .await
        .unwrap();
    let good = controls.mint_token(mint()).await.unwrap();
    assert_eq!(currentuser(&server, &good).await.0, 200);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let unsigned = format!("{message}.");
    let cut = format!("{message}.{}", &signature[..100]);
    let longer = format!("{message}.{signature}AAAA");
    let parts: Vec<&str> = good.split('.').collect();
    let two = format!("{}.{}", parts[0], parts[1]);
    for bad in [
        "x",
        "a.b.c",
        "..",
        foreign.as_str(),
        &unsigned,
        &cut,
        &longer,
        &two,
        server.server.api_key(),
    ] {
        refused(
            &currentuser(&server, bad).await,
            401,
            "invalid_access_token",
        );
    }
    refused(
        &get(&server, "/currentuser").await,
        401,
        "invalid_access_token",
    );
}

#[tokio::test]
async fn minted_tokens_say_what_was_asked() {
    let server = Server::start().await;
    let controls = server.controls();
    let now = controls.now();
    let token = MintToken::new("someone")
        .audience(["one", "two"])
        .issuer("me")
        .lifetime(Duration::from_secs(60))
        .not_before(now - Duration::from_secs(100))
        .claim("role", "boss")
        .header("x", 1);
    let token = controls.mint_token(token).await.unwrap();
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(&token)
        .unwrap()
        .claims;
    assert_eq!(
        (&claims["aud"], &claims["iss"], &claims["role"]),
        (&json!(["one", "two"]), &json!("me"), &json!("boss"))
    );
    assert_eq!(claims["nbf"], now.as_second() - 100);
    let time = |name: &str| claims[name].as_i64().unwrap();
    assert_eq!(time("exp"), time("iat") + 60);
    let forged = controls
        .mint_token(MintToken::new("someone").wrong_key())
        .await
        .unwrap();
    assert_eq!(
        decode_header(&forged).unwrap().kid,
        decode_header(&token).unwrap().kid
    );
    let error = verified(&server, &forged).await.unwrap_err();
    assert!(
        matches!(
            error.kind(),
            jsonwebtoken::errors::ErrorKind::InvalidSignature
        ),
        "{error}"
    );
}

#[tokio::test]
async fn rotated_keys_keep_old_tokens_good() {
    let server = Server::start().await;
    let id = server.user("ada@example.com").await;
    let old = server
        .controls()
        .mint_token(MintToken::new(&id))
        .await
        .unwrap();
    let kid = server.controls().rotate_keys().await.unwrap();
    let new = server
        .controls()
        .mint_token(MintToken::new(&id))
        .await
        .unwrap();
    assert_eq!(
        decode_header(&new).unwrap().kid.as_deref(),
        Some(kid.as_str())
    );
    assert_ne!(
        decode_header(&old).unwrap().kid.as_deref(),
        Some(kid.as_str())
    );
    let (_, keys) = get(&server, "/.well-known/jwks.json").await;
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    for token in [&old, &new] {
        assert_eq!(str(&verified(&server, token).await.unwrap()["sub"]), id);
        assert_eq!(currentuser(&server, token).await.0, 200);
    }
}

#[tokio::test]
async fn operations_that_are_not_built_name_themselves() {
    let server = Server::start().await;
    let mut count = 0;
    for (method, path, id) in [
        ("POST", "/login/webauthn/start", "loginWebauthnStart"),
        ("POST", "/register/otp", "registerOneTimePasscode"),
        ("GET", "/users?identifier=a@b.c", "checkUserIdentifier"),
        ("POST", "/users", "createUser"),
        ("PATCH", "/currentuser/devices/x", "updateCurrentuserDevice"),
        (
            "DELETE",
            "/currentuser/social-connections/github",
            "deleteCurrentuserSocialConnection",
        ),
        ("POST", "/social/oauth2_callback", "appleOauth2Callback"),
    ] {
        let answer = reply(
            server
                .http
                .request(method.parse().unwrap(), server.auth(path)),
        )
        .await;
        refused(&answer, 501, "not_implemented");
        assert!(str(&answer.1["error"]).starts_with(id), "{}", answer.1);
        count += 1;
    }
    let readiness = format!(
        "{}/auth/v1/analytics/passkey-readiness",
        server.server.url()
    );
    refused(
        &reply(server.http.post(readiness)).await,
        501,
        "not_implemented",
    );
    assert_eq!(count, 7);
}

#[tokio::test]
async fn scripts_of_any_site_may_call_the_auth_api_only() {
    let server = Server::start().await;
    let preflight = async |url: String| {
        let request = server
            .http
            .request(Method::OPTIONS, url)
            .header("origin", "https://app.example");
        let request = request.header("access-control-request-method", "PATCH");
        request
            .header(
                "access-control-request-headers",
                "authorization,content-type,passage-version",
            )
            .send()
            .await
            .unwrap()
    };
    for path in [
        "",
        "/currentuser",
        "/login/webauthn/start",
        "/magic-link/activate",
    ] {
        let response = preflight(server.auth(path)).await;
        assert!(response.status().is_success(), "{path}");
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("access-control-allow-origin"), "*");
        assert_eq!(
            header("access-control-allow-headers"),
            "authorization,content-type,passage-version"
        );
        assert!(header("access-control-allow-methods").contains("PATCH"));
    }
    for path in ["", "/currentuser", "/nothing"] {
        let response = server
            .http
            .get(server.auth(path))
            .header("origin", "https://app.example")
            .send()
            .await
            .unwrap();
        assert_eq!(
            response.headers()["access-control-allow-origin"],
            "*",
            "{path}"
        );
    }
    let response = preflight(server.management("/users")).await;
    assert!(
        !response
            .headers()
            .contains_key("access-control-allow-origin")
    );
}
