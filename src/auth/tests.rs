use std::time::Duration;

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use serde_json::{Value, json};

use super::testing::{TestClock, TestFetch, TestKey, key_set};
use super::*;

const ISSUER: &str = "https://auth.example.com/v1/apps/app";
const HEADER: &str = r#"{"alg":"RS256","typ":"JWT","kid":"first"}"#;

fn verifier_with(strategy: AuthStrategy, fetch: Arc<TestFetch>) -> (Verifier, Arc<TestClock>) {
    let clock = Arc::new(TestClock::default());
    let policy = Policy {
        issuers: vec![ISSUER.into()],
        audiences: vec!["app".into()],
        leeway: Duration::from_secs(5),
    };
    let verifier = Verifier {
        strategy,
        policy,
        signatures: Signatures::new(testing::jwks(fetch, clock.clone()), vec![Algorithm::Rs256]),
        cache: TokenCache::new(100),
        clock: clock.clone(),
    };
    (verifier, clock)
}

fn verifier(strategy: AuthStrategy) -> Verifier {
    let keys = [
        TestKey::first().jwk("first"),
        TestKey::second().jwk("second"),
        json!({"kid": "bad", "kty": "RSA"}),
    ];
    verifier_with(strategy, TestFetch::new([Ok(key_set(&keys))])).0
}

fn claims(user: &str) -> Value {
    let now = TestClock::START;
    json!({"iss": ISSUER, "aud": ["https://example.com", "app"], "sub": user, "exp": now + 60, "nbf": now - 5, "iat": now})
}

fn token(user: &str) -> String {
    TestKey::first().token(HEADER, &claims(user).to_string())
}

async fn verify(verifier: &Verifier, token: &str) -> Result<String, ErrorKind> {
    let verified = verifier.verify(&UnverifiedToken::from(token)).await;
    verified
        .map(|verified| verified.user_id().to_string())
        .map_err(|error| error.kind())
}

async fn authenticate(verifier: &Verifier, headers: &HeaderMap) -> Result<String, ErrorKind> {
    let tokens = verifier
        .find_tokens(headers)
        .map_err(|error| error.kind())?;
    let verified = verifier.verify_request(&tokens).await;
    verified
        .map(|verified| verified.user_id().to_string())
        .map_err(|error| error.kind())
}

#[tokio::test]
async fn a_good_token_is_accepted_until_it_expires() {
    let fetch = TestFetch::new([Ok(key_set(&[TestKey::first().jwk("first")]))]);
    let (verifier, clock) = verifier_with(AuthStrategy::Cookie, fetch);
    let token = token("user1");
    assert_eq!(verify(&verifier, &token).await.as_deref(), Ok("user1"));
    clock.advance(Duration::from_secs(64));
    assert_eq!(verify(&verifier, &token).await.as_deref(), Ok("user1"));
    clock.advance(Duration::from_secs(1));
    assert_eq!(verify(&verifier, &token).await, Err(ErrorKind::Expired));
}

#[tokio::test]
async fn every_refusal_of_a_token_is_reached() {
    use ErrorKind as K;
    let verifier = verifier(AuthStrategy::Cookie);
    let key = TestKey::first();
    let good = claims("user1").to_string();
    let with = |name: &str, value: Value| {
        let mut claims = claims("user1");
        claims[name] = value;
        key.token(HEADER, &claims.to_string())
    };
    let header = |text: &str| key.token(text, &good);
    let mut lacking = claims("user1");
    lacking.as_object_mut().unwrap().remove("exp");
    let now = TestClock::START;
    let good_token = token("user1");
    let (signed, _) = good_token.rsplit_once('.').unwrap();
    for (token, expected) in [
        (String::new(), K::TokenMissing),
        ("a.b".into(), K::Malformed),
        (key.token(HEADER, r#"{"exp":1,"exp":2}"#), K::Malformed),
        (key.token(HEADER, "[]"), K::Malformed),
        ("A".repeat(20_000), K::TooLarge),
        (
            header(r#"{"alg":"HS256","kid":"first"}"#),
            K::UnsupportedAlgorithm,
        ),
        (
            format!(
                "{}.",
                header(r#"{"alg":"none"}"#).rsplit_once('.').unwrap().0
            ),
            K::UnsupportedAlgorithm,
        ),
        (
            header(r#"{"alg":"RS256","kid":"first","crit":["x"],"x":1}"#),
            K::UnsupportedCritical,
        ),
        (
            header(r#"{"alg":"RS256","kid":"first","typ":"logout+jwt"}"#),
            K::BadType,
        ),
        (
            header(r#"{"alg":"RS256","kid":"unheard-of"}"#),
            K::UnknownKey,
        ),
        (header(r#"{"alg":"RS256"}"#), K::UnknownKey),
        (header(r#"{"alg":"RS256","kid":"bad"}"#), K::BadKey),
        (header(r#"{"alg":"RS256","kid":"second"}"#), K::BadSignature),
        (TestKey::second().token(HEADER, &good), K::BadSignature),
        (format!("{signed}."), K::Malformed),
        (format!("{signed}.{}", "A".repeat(342)), K::BadSignature),
        (key.token(HEADER, &lacking.to_string()), K::MissingClaim),
        (with("exp", json!(now - 5)), K::Expired),
        (with("nbf", json!(now + 6)), K::NotYetValid),
        (with("iss", json!("https://evil.example")), K::BadIssuer),
        (with("aud", json!("other app")), K::BadAudience),
        (with("sub", json!("")), K::BadSubject),
    ] {
        assert_eq!(
            verify(&verifier, &token).await,
            Err(expected),
            "{token:.60}"
        );
    }
}

#[tokio::test]
async fn the_signature_is_checked_before_any_claim() {
    let verifier = verifier(AuthStrategy::Cookie);
    for claims in ["{}", "not JSON", r#"{"exp":0}"#] {
        let forged = TestKey::second().token(HEADER, claims);
        assert_eq!(
            verify(&verifier, &forged).await,
            Err(ErrorKind::BadSignature),
            "{claims}"
        );
    }
}

#[tokio::test]
async fn a_token_changed_anywhere_is_refused() {
    let verifier = verifier(AuthStrategy::Cookie);
    let token = token("user1");
    assert!(verify(&verifier, &token).await.is_ok());
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let verified = verifier.verify(&UnverifiedToken::new(&changed)).await;
        assert!(
            verified.is_err_and(|error| error.is_token_invalid()),
            "byte {at}"
        );
    }
}

#[tokio::test]
async fn an_ambiguous_key_is_refused() {
    let keys = [
        TestKey::first().jwk("first"),
        TestKey::second().jwk("first"),
        TestKey::second().jwk("second"),
    ];
    let (verifier, _) = verifier_with(AuthStrategy::Cookie, TestFetch::new([Ok(key_set(&keys))]));
    assert_eq!(
        verify(&verifier, &token("user1")).await,
        Err(ErrorKind::AmbiguousKey)
    );
}

#[tokio::test]
async fn an_outage_is_no_refusal() {
    let (verifier, _) = verifier_with(
        AuthStrategy::Cookie,
        TestFetch::new([Err(jwks::fetch::FetchError::Status(503))]),
    );
    let error = verifier
        .verify(&UnverifiedToken::from(&*token("user1")))
        .await
        .err()
        .unwrap();
    assert_eq!(
        (error.kind(), error.answer_status()),
        (ErrorKind::JwksUnavailable, 503)
    );
    // What can be seen without keys is refused all the same.
    assert_eq!(verify(&verifier, "a.b").await, Err(ErrorKind::Malformed));
    // Several cookies do not turn an outage into a refusal.
    let mut headers = HeaderMap::new();
    headers.insert(
        COOKIE,
        format!(
            "psg_auth_token={}; psg_auth_token={}",
            token("a"),
            token("b")
        )
        .parse()
        .unwrap(),
    );
    assert_eq!(
        authenticate(&verifier, &headers).await,
        Err(ErrorKind::JwksUnavailable)
    );
}

#[tokio::test]
async fn several_cookies_must_agree_on_one_user() {
    let verifier = verifier(AuthStrategy::Cookie);
    let (jane, jane_again) = (
        token("jane"),
        TestKey::first().token(
            r#"{"alg":"RS256","kid":"first"}"#,
            &claims("jane").to_string(),
        ),
    );
    let (john, forged) = (
        token("john"),
        TestKey::second().token(HEADER, &claims("jane").to_string()),
    );
    for (tokens, expected) in [
        (vec![&jane], Ok("jane")),
        (vec![&jane, &jane_again], Ok("jane")),
        (vec![&forged, &jane], Ok("jane")),
        (vec![&jane, &forged], Ok("jane")),
        (vec![&jane, &john], Err(ErrorKind::AmbiguousRequest)),
        (
            vec![&forged, &jane, &john],
            Err(ErrorKind::AmbiguousRequest),
        ),
        (vec![&forged], Err(ErrorKind::BadSignature)),
        (
            vec![&forged, &"x".to_owned()],
            Err(ErrorKind::AmbiguousRequest),
        ),
    ] {
        let cookies: Vec<_> = tokens
            .iter()
            .map(|token| format!("{AUTH_COOKIE}={token}"))
            .collect();
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, cookies.join("; ").parse().unwrap());
        assert_eq!(
            authenticate(&verifier, &headers)
                .await
                .as_deref()
                .map_err(|kind| *kind),
            expected
        );
    }
}

#[tokio::test]
async fn a_header_with_more_than_a_token_is_refused() {
    let verifier = verifier(AuthStrategy::Header);
    for (value, expected) in [
        (format!("Bearer {}", token("jane")), Ok("jane")),
        (format!("bearer  {}", token("jane")), Ok("jane")),
        (
            format!("Bearer {} x", token("jane")),
            Err(ErrorKind::Malformed),
        ),
        (
            format!("Bearer {}, Bearer {}", token("jane"), token("jane")),
            Err(ErrorKind::Malformed),
        ),
        (
            format!("Basic {}", token("jane")),
            Err(ErrorKind::TokenMissing),
        ),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        assert_eq!(
            authenticate(&verifier, &headers)
                .await
                .as_deref()
                .map_err(|kind| *kind),
            expected
        );
    }
}

#[tokio::test]
async fn errors_show_nothing_of_the_token() {
    let verifier = verifier(AuthStrategy::Cookie);
    let header = r#"{"alg":"RS256","kid":"canary-kid"}"#;
    let mut bad = claims("canary-user");
    bad["iss"] = json!("canary-issuer");
    for token in [
        TestKey::first().token(header, &bad.to_string()),
        TestKey::first().token(HEADER, &bad.to_string()),
    ] {
        let error = verifier
            .verify(&UnverifiedToken::from(&*token))
            .await
            .err()
            .unwrap();
        let text = format!("{error} {error:?} {error:#?}");
        assert!(!text.contains("canary") && !text.contains(&token), "{text}");
        assert!(std::error::Error::source(&error).is_none());
    }
}

mod remembered;
