//! The app as both APIs show it.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use passage_server::{MetadataType, MintToken};
use serde_json::json;

use crate::support::{App, send, text};

/// Whether the key, as base64 of a PEM document, verifies the token.
fn verifies(rsa_public_key: &str, token: &str) -> bool {
    let pem = String::from_utf8(STANDARD.decode(rsa_public_key).unwrap()).unwrap();
    let lines: Vec<&str> = pem.lines().collect();
    assert_eq!(
        (lines[0], lines[lines.len() - 1]),
        ("-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----")
    );
    assert!(lines.iter().all(|line| line.len() <= 64), "{pem}");
    let der = STANDARD.decode(lines[1..lines.len() - 1].concat()).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der)
        .verify(message.as_bytes(), &signature)
        .is_ok()
}

#[tokio::test]
async fn both_apis_show_the_app() {
    let app = App::start_with(|builder| builder.auth_origin("https://app.example.com")).await;
    let managed = app.get("").await.json(200)["app"].clone();
    let public = send(app.http.get(app.auth(""))).await.json(200)["app"].clone();
    for info in [&managed, &public] {
        assert_eq!(
            (&info["id"], &info["auth_origin"]),
            (
                &json!(app.server().app_id()),
                &json!("https://app.example.com")
            )
        );
        assert_eq!(info["session_timeout_length"], 3600);
        assert_eq!(info["user_metadata_schema"], json!([]));
        assert_eq!(info["rsa_public_key"], managed["rsa_public_key"]);
    }
    assert!(public.get("secret").is_none() && managed.get("secret").is_none());
    for info in [&managed, &public] {
        assert_eq!(
            (&info["allowed_identifier"], &info["required_identifier"]),
            (&json!("both"), &json!("either"))
        );
        assert_eq!(
            (
                &info["public_signup"],
                &info["require_identifier_verification"]
            ),
            (&json!(true), &json!(false))
        );
    }
    assert_eq!(public["auth_methods"]["passkeys"], json!({}));
    assert_eq!(public["auth_methods"]["otp"]["ttl"], 300);

    let token = app.mint(MintToken::new("someone")).await;
    let forged = app.mint(MintToken::new("someone").wrong_key()).await;
    let key = text(&public["rsa_public_key"]);
    assert!(verifies(&key, &token));
    assert!(!verifies(&key, &forged));
}

#[tokio::test]
async fn the_app_needs_no_key_but_refuses_a_wrong_one() {
    let app = App::start().await;
    let with_key = app.get("").await.json(200)["app"].clone();
    let without = send(app.http.get(app.api(""))).await.json(200)["app"].clone();
    assert_eq!(
        (&with_key["role"], &without["role"]),
        (&json!("admin"), &json!(""))
    );
    assert_eq!(
        (&without["id"], &without["type"]),
        (&json!(app.server().app_id()), &json!("complete"))
    );
    assert_eq!(without["auth_methods"]["otp"]["ttl"], 300);
    send(app.http.get(app.api("")).bearer_auth("wrong"))
        .await
        .error(401, "invalid_access_token");
}

#[tokio::test]
async fn the_public_key_follows_a_rotation() {
    let app = App::start().await;
    let before = text(&app.get("").await.json(200)["app"]["rsa_public_key"]);
    app.controls().rotate_keys().await.unwrap();
    let after = text(&app.get("").await.json(200)["app"]["rsa_public_key"]);
    let token = app.mint(MintToken::new("someone")).await;
    assert!(verifies(&after, &token) && !verifies(&before, &token));
}

#[tokio::test]
async fn the_metadata_schema_rules_what_users_may_have() {
    let field = |name: &str, kind: &str| (name.to_owned(), kind.parse::<MetadataType>().unwrap());
    let app = App::start_with(|builder| {
        [
            field("plan", "string"),
            field("seats", "integer"),
            field("beta", "boolean"),
            field("born", "date"),
        ]
        .into_iter()
        .fold(builder, |builder, (name, kind)| {
            builder.metadata_field(name, kind)
        })
    })
    .await;
    let schema = app.get("").await.json(200)["app"]["user_metadata_schema"].clone();
    let shown: Vec<_> = schema
        .as_array()
        .unwrap()
        .iter()
        .map(|field| {
            assert_eq!(
                (&field["registration"], &field["profile"]),
                (&json!(true), &json!(true)),
                "in development users write them"
            );
            (text(&field["field_name"]), text(&field["type"]))
        })
        .collect();
    let expected = [
        ("plan", "string"),
        ("seats", "integer"),
        ("beta", "boolean"),
        ("born", "date"),
    ];
    assert_eq!(
        shown,
        expected.map(|(name, kind)| (name.to_owned(), kind.to_owned()))
    );

    let good = json!({"plan": "pro", "seats": 3, "beta": false, "born": "02/29/2024"});
    let user = app
        .post(
            "/users",
            json!({"email": "ada@example.com", "user_metadata": good}),
        )
        .await
        .json(201)["user"]
        .clone();
    assert_eq!(user["user_metadata"], good);
    for bad in [
        json!({"other": 1}),
        json!({"plan": 1}),
        json!({"seats": "3"}),
        json!({"beta": "no"}),
        json!({"born": "2024-02-29"}),
    ] {
        let name = bad.as_object().unwrap().keys().next().unwrap().clone();
        let body = json!({"email": "bob@example.com", "user_metadata": bad});
        let error = app.post("/users", body).await.error(400, "invalid_request");
        assert!(error.contains(&name), "{name}: {error}");
        let path = format!("/users/{}", text(&user["id"]));
        app.patch(&path, json!({"user_metadata": bad}))
            .await
            .error(400, "invalid_request");
    }
}
