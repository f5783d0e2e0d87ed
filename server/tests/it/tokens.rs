//! Auth tokens, verified by another implementation.

use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use passage_server::MintToken;
use serde_json::{Value, json};

use crate::support::{App, is_id, members, text};

/// Verifies a token against the JWKS the way a strict client does, without a look at the clock.
async fn verify(app: &App, token: &str) -> Result<(Header, Value), ErrorKind> {
    let header = decode_header(token).unwrap();
    let jwks = app.jwks().await;
    let kid = header.kid.clone().unwrap();
    let key = jwks["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["kid"] == kid)
        .expect("the key is in the JWKS");
    let key =
        DecodingKey::from_rsa_components(key["n"].as_str().unwrap(), key["e"].as_str().unwrap())
            .unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_required_spec_claims(&["aud", "exp", "iss", "nbf", "sub"]);
    validation.set_audience(&[app.server().app_id()]);
    validation.set_issuer(&[app.server().issuer()]);
    validation.leeway = 0;
    validation.validate_nbf = true;
    let token = decode::<Value>(token, &key, &validation).map_err(|error| error.kind().clone())?;
    Ok((token.header, token.claims))
}

#[tokio::test]
async fn header_and_claims_are_as_documented() {
    let app = App::start_with(|builder| builder.auth_origin("https://app.example.com")).await;
    let id = app.user_id("ada@example.com").await;
    let minted = app.mint(MintToken::new(&id)).await;
    let now = app.controls().now().as_second();
    let signed_in = app.sign_in(&id).await.auth_token;
    for (token, of_sign_in) in [(minted, false), (signed_in, true)] {
        let (header, claims) = verify(&app, &token).await.unwrap();
        assert_eq!(
            (header.alg, header.typ.as_deref()),
            (Algorithm::RS256, Some("JWT"))
        );
        assert!(is_id(&header.kid.unwrap()));
        let mut expected = vec!["aud", "auth_time", "exp", "iat", "iss", "nbf", "sub"];
        if of_sign_in {
            expected.insert(6, "sid");
        }
        assert_eq!(members(&claims), expected);
        assert_eq!(
            claims["aud"],
            json!(["https://app.example.com", app.server().app_id()])
        );
        assert_eq!(claims["iss"], app.auth(""));
        assert_eq!(claims["sub"], id);
        let [iat, nbf, exp] = ["iat", "nbf", "exp"].map(|name| claims[name].as_i64().unwrap());
        assert!((now - 2..=now + 2).contains(&iat), "{iat}");
        assert_eq!((nbf, exp), (iat - 5, iat + 3600));
        assert_eq!(claims["auth_time"], iat);
    }
}

#[tokio::test]
async fn a_wrong_key_really_is_wrong() {
    let app = App::start().await;
    let token = app.mint(MintToken::new("someone").wrong_key()).await;
    assert_eq!(
        verify(&app, &token).await.unwrap_err(),
        ErrorKind::InvalidSignature
    );
    assert_eq!(
        app.jwks().await["keys"].as_array().unwrap().len(),
        1,
        "the wrong key is in no key set"
    );
}

#[tokio::test]
async fn a_token_can_be_minted_to_order() {
    let app = App::start().await;
    let now = app.controls().now();
    let token = MintToken::new("someone")
        .audience(["https://elsewhere.example", app.server().app_id()])
        .lifetime(Duration::from_secs(90))
        .not_before(now - Duration::from_secs(60))
        .claim("role", "admin")
        .claim("groups", json!(["a", "b"]))
        .header("extra", 1);
    let token = app.mint(token).await;
    let (_, claims) = verify(&app, &token).await.unwrap();
    assert_eq!(
        (&claims["role"], &claims["groups"]),
        (&json!("admin"), &json!(["a", "b"]))
    );
    assert_eq!(
        claims["aud"],
        json!(["https://elsewhere.example", app.server().app_id()])
    );
    assert_eq!(claims["nbf"], now.as_second() - 60);
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        90
    );

    for (token, error) in [
        (
            MintToken::new("someone").expires_at(now - Duration::from_secs(1)),
            ErrorKind::ExpiredSignature,
        ),
        (
            MintToken::new("someone").not_before(now + Duration::from_secs(60)),
            ErrorKind::ImmatureSignature,
        ),
        (
            MintToken::new("someone").audience(["another"]),
            ErrorKind::InvalidAudience,
        ),
        (
            MintToken::new("someone").issuer("https://elsewhere.example"),
            ErrorKind::InvalidIssuer,
        ),
        (
            MintToken::new("someone").claim("sub", json!(null)),
            ErrorKind::MissingRequiredClaim("sub".to_owned()),
        ),
    ] {
        let token = app.mint(token).await;
        assert_eq!(verify(&app, &token).await.unwrap_err(), error);
    }
}

#[tokio::test]
async fn the_issuer_can_be_another_address() {
    let app = App::start_with(|builder| {
        builder
            .issuer("https://auth.passage.test/v1/apps/demo")
            .app_id("demo")
    })
    .await;
    let token = app.mint(MintToken::new("someone")).await;
    let (_, claims) = verify(&app, &token).await.unwrap();
    assert_eq!(claims["iss"], "https://auth.passage.test/v1/apps/demo");
    assert_eq!(claims["aud"][1], "demo");
    assert_eq!(
        app.current_user(&token).await.status,
        404,
        "good, but of nobody"
    );
}

#[tokio::test]
async fn after_a_rotation_old_tokens_stay_good() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let old = app.mint(MintToken::new(&id)).await;
    let new_kid = app.controls().rotate_keys().await.unwrap();
    let new = app.mint(MintToken::new(&id)).await;
    assert_eq!(decode_header(&new).unwrap().kid.unwrap(), new_kid);
    assert_ne!(decode_header(&old).unwrap().kid.unwrap(), new_kid);
    for token in [&old, &new] {
        verify(&app, token).await.unwrap();
        app.current_user(token).await.json(200);
    }
    let kids = app.kids().await;
    assert_eq!(kids.len(), 2);

    let reply = app.dev_post("/keys/rotate", json!({})).await.json(201);
    let kids = app.kids().await;
    assert_eq!(kids.len(), 3);
    assert!(kids.contains(&text(&reply["kid"])));
    verify(&app, &old).await.unwrap();
}

#[tokio::test]
async fn no_two_servers_share_a_key() {
    let (one, two) = (App::start().await, App::start().await);
    assert_ne!(
        one.jwks().await["keys"][0]["n"],
        two.jwks().await["keys"][0]["n"]
    );
    assert_ne!(one.server().api_key(), two.server().api_key());
    let token = one.mint(MintToken::new("someone")).await;
    two.current_user(&token)
        .await
        .error(401, "invalid_access_token");
}
