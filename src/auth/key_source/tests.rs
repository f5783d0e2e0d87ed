use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use httpmock::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::auth::testing::{TestClock, TestKey, key_set};
use crate::error::ErrorKind;

const CLAIMS: &str = r#"{"iss":"https://id.example","sub":"account","exp":1}"#;

struct EcKey(EcdsaKeyPair);

impl EcKey {
    fn generate() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn jwk(&self, kid: &str) -> Value {
        let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": encode(x), "y": encode(y)})
    }

    fn token(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes());
        format!("{signed}.{}", encode(signature.unwrap()))
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn header(algorithm: &str, kid: &str) -> String {
    json!({"alg": algorithm, "kid": kid}).to_string()
}

/// An issuer that serves these keys, and the builder of a source of them.
async fn issuer(keys: &[Value]) -> (MockServer, KeySourceBuilder) {
    let server = MockServer::start_async().await;
    let keys = key_set(keys);
    server
        .mock_async(|when, then| {
            when.method(GET).path("/jwks").query_param("p", "policy");
            then.status(200).body(keys);
        })
        .await;
    let builder = KeySource::builder(server.url("/jwks?p=policy"));
    (server, builder)
}

async fn refusal(source: &KeySource, token: &str) -> ErrorKind {
    source.verify(token).await.unwrap_err().kind()
}

#[tokio::test]
async fn tokens_of_both_algorithms_are_verified() {
    let (rsa, ec) = (TestKey::first(), EcKey::generate());
    let (_server, builder) = issuer(&[rsa.jwk("r"), ec.jwk("e")]).await;
    let both = [Algorithm::Rs256, Algorithm::Es256];
    let source = builder.algorithms(both).build().unwrap();
    assert_eq!(source.health(), JwksHealth::NeverLoaded);
    for token in [
        rsa.token(&header("RS256", "r"), CLAIMS),
        ec.token(&header("ES256", "e"), CLAIMS),
    ] {
        // Expired long ago, which is for the caller to say.
        let claims = source.verify(&token).await.unwrap();
        assert_eq!(claims.get("sub"), Some(&json!("account")));
    }
    assert_eq!(source.health(), JwksHealth::Fresh);
}

#[tokio::test]
async fn a_token_does_not_choose_what_its_key_is_for() {
    let (rsa, ec) = (TestKey::first(), EcKey::generate());
    let (_server, builder) = issuer(&[rsa.jwk("r"), ec.jwk("e")]).await;
    let both = [Algorithm::Rs256, Algorithm::Es256];
    let source = builder.clone().algorithms(both).build().unwrap();
    for (token, expected) in [
        (rsa.token(&header("ES256", "r"), CLAIMS), ErrorKind::BadKey),
        (ec.token(&header("RS256", "e"), CLAIMS), ErrorKind::BadKey),
        (
            rsa.token(&header("ES256", "e"), CLAIMS),
            ErrorKind::BadSignature,
        ),
        (
            rsa.token(&header("HS256", "r"), CLAIMS),
            ErrorKind::UnsupportedAlgorithm,
        ),
        (
            ec.token(&header("ES384", "e"), CLAIMS),
            ErrorKind::UnsupportedAlgorithm,
        ),
        (
            EcKey::generate().token(&header("ES256", "e"), CLAIMS),
            ErrorKind::BadSignature,
        ),
        (
            ec.token(&header("ES256", "other"), CLAIMS),
            ErrorKind::UnknownKey,
        ),
    ] {
        assert_eq!(refusal(&source, &token).await, expected, "{token}");
    }
    let ec_token = ec.token(&header("ES256", "e"), CLAIMS);
    let rs256 = builder.build().unwrap();
    let refused = refusal(&rs256, &ec_token).await;
    assert_eq!(refused, ErrorKind::UnsupportedAlgorithm);
}

#[tokio::test]
async fn claims_that_are_no_object_with_each_member_once_are_refused() {
    let key = TestKey::first();
    let (_server, builder) = issuer(&[key.jwk("r")]).await;
    let source = builder.build().unwrap();
    for claims in ["[]", "{", r#"{"sub":"a","sub":"b"}"#] {
        let token = key.token(&header("RS256", "r"), claims);
        assert_eq!(refusal(&source, &token).await, ErrorKind::Malformed);
    }
}

#[tokio::test]
async fn an_issuer_that_is_down_is_no_bad_token() {
    let server = MockServer::start_async().await;
    let down = server
        .mock_async(|_, then| {
            then.status(503);
        })
        .await;
    let clock = Arc::new(TestClock::default());
    let source = KeySource::builder(server.url("/jwks"))
        .clock(clock.clone())
        .build()
        .unwrap();
    let token = TestKey::first().token(&header("RS256", "r"), CLAIMS);
    for _ in 0..3 {
        let error = source.verify(&token).await.unwrap_err();
        assert!(error.is_unavailable() && !error.is_token_invalid());
        assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
    }
    down.assert_calls_async(1).await;
    clock.advance(Duration::from_secs(1));
    assert!(source.warm_up().await.unwrap_err().is_unavailable());
    down.assert_calls_async(2).await;
}

#[tokio::test]
async fn pinned_keys_are_never_fetched() {
    let key = TestKey::first();
    let keys = JwkSet::from_json(key_set(&[key.jwk("r")])).unwrap();
    let source = KeySource::pinned(keys);
    let token = key.token(&header("RS256", "r"), CLAIMS);
    assert!(source.verify(&token).await.is_ok());
    assert_eq!(source.health(), JwksHealth::Pinned);
}

#[tokio::test]
async fn a_crowd_causes_one_fetch() {
    let key = TestKey::first();
    let server = MockServer::start_async().await;
    let keys = key_set(&[key.jwk("r")]);
    let fetched = server
        .mock_async(|_, then| {
            then.status(200).body(keys);
        })
        .await;
    let source = KeySource::builder(server.url("/jwks")).build().unwrap();
    let token = key.token(&header("RS256", "r"), CLAIMS);
    let crowd: Vec<_> = (0..100)
        .map(|_| {
            let (source, token) = (source.clone(), token.clone());
            tokio::spawn(async move { source.verify(&token).await.is_ok() })
        })
        .collect();
    for one in crowd {
        assert!(one.await.unwrap());
    }
    fetched.assert_calls_async(1).await;
}

#[test]
fn bad_settings_are_refused_without_showing_the_url() {
    let good = || KeySource::builder("https://id.example/jwks");
    for (builder, words) in [
        (KeySource::builder("hunter2"), "cannot be parsed"),
        (
            KeySource::builder("ftp://id.example/hunter2"),
            "neither http nor https",
        ),
        (
            KeySource::builder("https://hunter2@id.example/"),
            "credentials",
        ),
        (
            KeySource::builder("http://id.example/hunter2"),
            "danger_allow_http",
        ),
        (good().algorithms([]), "algorithm"),
        (good().timeout(Duration::ZERO), "time-out"),
        (good().connect_timeout(Duration::ZERO), "time-out"),
    ] {
        let shown = format!("{builder:?}");
        let error = builder.build().unwrap_err();
        assert!(error.is_config());
        assert!(error.to_string().contains(words), "{error}");
        assert!(!format!("{shown} {error:?}").contains("hunter2"));
    }
    assert!(good().build().is_ok());
    let http = KeySource::builder("http://id.example/jwks");
    assert!(http.danger_allow_http().build().is_ok());
}
