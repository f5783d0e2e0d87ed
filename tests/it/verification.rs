//! Tokens of every kind against the real server: who is let in, and why not.
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, header};
use passage_identity::users::CreateUser;
use passage_identity::{AuthStrategy, Error, ErrorKind, Passage, UserId};
use passage_server::MintToken;
use passage_test_support::TestServer;
use serde_json::{Value, json};

/// A server with one user, and a client for each auth strategy.
struct Setup {
    server: TestServer,
    cookie: Passage,
    header: Passage,
    user: UserId,
}

impl Setup {
    async fn new() -> Self {
        let server = TestServer::checked().await;
        let client = |strategy| {
            Passage::builder(server.app_id())
                .server(server.url())
                .api_key(server.api_key())
                .auth_strategy(strategy)
                .build()
                .unwrap()
        };
        let (cookie, header) = (client(AuthStrategy::Cookie), client(AuthStrategy::Header));
        let user = cookie
            .users()
            .create(CreateUser::with_email("ada@example.com"))
            .await
            .unwrap();
        Self {
            cookie,
            header,
            user: user.id,
            server,
        }
    }

    fn token(&self) -> MintToken {
        MintToken::new(self.user.as_str())
    }

    async fn mint(&self, token: MintToken) -> String {
        self.server.controls().mint_token(token).await.unwrap()
    }

    /// What each strategy, and the bare token, make of `token`.
    async fn verdicts(&self, token: &str) -> [Result<UserId, Error>; 3] {
        [
            self.cookie.authenticate(&cookie(token)).await,
            self.header.authenticate(&bearer(token)).await,
            self.cookie
                .verify_token(token)
                .await
                .map(|claims| claims.user_id),
        ]
    }
}

fn cookie(token: &str) -> HeaderMap {
    let cookies = format!("theme=dark; psg_auth_token={token}; lang=en");
    HeaderMap::from_iter([(header::COOKIE, HeaderValue::try_from(cookies).unwrap())])
}

fn bearer(token: &str) -> HeaderMap {
    let value = format!("Bearer {token}");
    HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::try_from(value).unwrap())])
}

fn encode(part: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(part.to_string())
}

/// The same token under another header, with a signature that fits it or is none.
fn reheaded(token: &str, header: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let claims = token.split('.').nth(1).unwrap();
    let message = format!("{}.{claims}", encode(header));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn a_good_token_names_its_user() {
    let setup = Setup::new().await;
    for token in [
        setup.token(),
        setup.token().lifetime(Duration::from_secs(60)),
        setup.token().audience([setup.server.app_id()]),
        setup
            .token()
            .audience(["https://other.example", setup.server.app_id()]),
        setup.token().claim("plan", json!("pro")),
    ] {
        let token = setup.mint(token).await;
        for verdict in setup.verdicts(&token).await {
            assert_eq!(verdict.unwrap(), setup.user);
        }
    }
}

/// Holds that each token is refused for its reason, whatever the strategy, and that a good one is
/// accepted afterwards: nothing spoiled the key set.
async fn refused(setup: &Setup, good: &str, cases: Vec<(&str, String, ErrorKind)>) {
    for (what, token, kind) in cases {
        for error in setup.verdicts(&token).await.map(Result::unwrap_err) {
            assert_eq!(error.kind(), kind, "{what}");
            assert!(
                error.is_token_invalid() && !error.is_unavailable(),
                "{what}"
            );
            assert_eq!(error.answer_status(), 401, "{what}");
            let shown = format!("{error} {error:?}");
            assert!(
                !shown.contains(&token) && !shown.contains("another"),
                "{what}: {shown}"
            );
        }
    }
    assert!(setup.verdicts(good).await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn tokens_that_say_something_else_are_refused_each_for_its_reason() {
    let setup = Setup::new().await;
    let good = setup.mint(setup.token()).await;
    let now = setup.server.controls().now();
    let [head, _, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts")
    };
    let mut other_claims = part(&good, 1);
    other_claims["sub"] = json!("AnotherUserOfThisApp");
    let other_claims = encode(&other_claims);
    let cases = vec![
        (
            "expired",
            setup
                .mint(setup.token().expires_at(now - Duration::from_secs(60)))
                .await,
            ErrorKind::Expired,
        ),
        (
            "not valid yet",
            setup
                .mint(setup.token().not_before(now + Duration::from_secs(600)))
                .await,
            ErrorKind::NotYetValid,
        ),
        (
            "for another app",
            setup.mint(setup.token().audience(["another-app"])).await,
            ErrorKind::BadAudience,
        ),
        (
            "from another issuer",
            setup
                .mint(setup.token().issuer("https://auth.example/v1/apps/x"))
                .await,
            ErrorKind::BadIssuer,
        ),
        (
            "without a subject",
            setup.mint(MintToken::new("")).await,
            ErrorKind::BadSubject,
        ),
        (
            "signed by another key",
            setup.mint(setup.token().wrong_key()).await,
            ErrorKind::BadSignature,
        ),
        (
            "another user under the same signature",
            format!("{head}.{other_claims}.{signature}"),
            ErrorKind::BadSignature,
        ),
    ];
    refused(&setup, &good, cases).await;
}

#[tokio::test]
async fn tokens_with_another_header_are_refused_each_for_its_reason() {
    let setup = Setup::new().await;
    let good = setup.mint(setup.token()).await;
    let kid = part(&good, 0)["kid"].clone();
    let hs256 = json!({ "alg": "HS256", "typ": "JWT", "kid": kid });
    let hmac_key = hmac::Key::new(hmac::HMAC_SHA256, &public_key(&setup).await);
    let signature = good.rsplit('.').next().unwrap();
    let cases = vec![
        (
            "alg none",
            reheaded(
                &good,
                &json!({ "alg": "none", "typ": "JWT", "kid": kid }),
                |_| Vec::new(),
            ),
            ErrorKind::UnsupportedAlgorithm,
        ),
        (
            "alg none with the old signature",
            reheaded(&good, &json!({ "alg": "none", "kid": kid }), |_| {
                BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap()
            }),
            ErrorKind::UnsupportedAlgorithm,
        ),
        (
            "HS256 with the public key as the secret",
            reheaded(&good, &hs256, |message| {
                hmac::sign(&hmac_key, message).as_ref().to_vec()
            }),
            ErrorKind::UnsupportedAlgorithm,
        ),
        (
            "a key that nobody has",
            reheaded(&good, &json!({ "alg": "RS256", "kid": "nobody" }), |_| {
                vec![7; 256]
            }),
            ErrorKind::UnknownKey,
        ),
        (
            "no kid",
            reheaded(&good, &json!({ "alg": "RS256" }), |_| vec![7; 256]),
            ErrorKind::UnknownKey,
        ),
        (
            "a critical extension",
            reheaded(
                &good,
                &json!({ "alg": "RS256", "kid": kid, "crit": ["x"] }),
                |_| vec![7; 256],
            ),
            ErrorKind::UnsupportedCritical,
        ),
        (
            "another type",
            reheaded(
                &good,
                &json!({ "alg": "RS256", "kid": kid, "typ": "at+jwt" }),
                |_| vec![7; 256],
            ),
            ErrorKind::BadType,
        ),
    ];
    refused(&setup, &good, cases).await;
}

#[tokio::test]
async fn what_has_not_the_form_of_a_token_is_refused() {
    let setup = Setup::new().await;
    let good = setup.mint(setup.token()).await;
    let [head, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts")
    };
    let cases = vec![
        (
            "two parts",
            format!("{head}.{claims}"),
            ErrorKind::Malformed,
        ),
        ("four parts", format!("{good}.x"), ErrorKind::Malformed),
        (
            "no signature",
            format!("{head}.{claims}."),
            ErrorKind::Malformed,
        ),
        ("no token at all", "hello".to_owned(), ErrorKind::Malformed),
        ("padding", format!("{good}="), ErrorKind::Malformed),
        (
            "a huge one",
            format!("{head}.{}.{signature}", "A".repeat(20_000)),
            ErrorKind::TooLarge,
        ),
    ];
    refused(&setup, &good, cases).await;
}

/// The key that `getApp` of the auth API shows: PEM under base64.
async fn public_key(setup: &Setup) -> Vec<u8> {
    let app = setup
        .cookie
        .auth_api()
        .get_app(setup.server.app_id())
        .await
        .unwrap();
    BASE64_STANDARD.decode(&app.app.rsa_public_key).unwrap()
}

#[tokio::test]
async fn every_changed_character_is_noticed() {
    let setup = Setup::new().await;
    let good = setup.mint(setup.token()).await;
    // Every eleventh position: enough to hit each part many times.
    for position in (0..good.len()).step_by(11) {
        let mut bytes = good.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        let token = String::from_utf8(bytes).unwrap();
        let error = setup.cookie.verify_token(&token).await.unwrap_err();
        assert!(error.is_token_invalid(), "position {position}: {error}");
    }
}

#[tokio::test]
async fn each_strategy_looks_in_one_place_only() {
    let setup = Setup::new().await;
    let token = setup.mint(setup.token()).await;
    let missing = [
        setup.cookie.authenticate(&bearer(&token)).await,
        setup.header.authenticate(&cookie(&token)).await,
        setup.cookie.authenticate(&HeaderMap::new()).await,
        setup.header.authenticate(&HeaderMap::new()).await,
    ];
    for error in missing.map(Result::unwrap_err) {
        assert_eq!(error.kind(), ErrorKind::TokenMissing);
        assert_eq!(error.answer_status(), 401);
    }
}

#[tokio::test]
async fn a_token_expires_as_the_clock_of_its_server_moves_on() {
    let setup = Setup::new().await;
    let controls = setup.server.controls();
    // The server's clock runs an hour behind ours: what it issues for 10 minutes is long over.
    let issued = controls.now() - Duration::from_secs(3600);
    let token = setup
        .token()
        .not_before(issued)
        .expires_at(issued + Duration::from_secs(600));
    let token = setup.mint(token).await;
    let error = setup.cookie.verify_token(&token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Expired);
}

#[tokio::test]
async fn rotated_keys_are_picked_up_and_old_tokens_stay_good() {
    let setup = Setup::new().await;
    let old = setup.mint(setup.token()).await;
    assert!(setup.cookie.verify_token(&old).await.is_ok());

    setup.server.controls().rotate_keys().await.unwrap();
    let new = setup.mint(setup.token()).await;
    assert_ne!(part(&old, 0)["kid"], part(&new, 0)["kid"]);
    assert!(setup.cookie.verify_token(&new).await.is_ok());
    assert!(setup.cookie.verify_token(&old).await.is_ok());
}

/// A server that can go away, a client that has no keys yet, and a good and a forged token.
async fn alone() -> (TestServer, Passage, [String; 2]) {
    let server = TestServer::start().await;
    let passage = Passage::builder(server.app_id())
        .server(server.url())
        .build()
        .unwrap();
    let good = server
        .controls()
        .mint_token(MintToken::new("ada"))
        .await
        .unwrap();
    let forged = server
        .controls()
        .mint_token(MintToken::new("ada").wrong_key())
        .await
        .unwrap();
    (server, passage, [good, forged])
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_no_verdict_on_the_token() {
    let (server, passage, [good, forged]) = alone().await;
    server.shutdown().await;

    // The form of a token is judged without keys; a signature is not.
    let error = passage.verify_token("a.b").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.answer_status()),
        (ErrorKind::Malformed, 401)
    );
    for token in [&good, &forged] {
        let error = passage.verify_token(token).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::JwksUnavailable);
        assert!(error.is_unavailable() && !error.is_token_invalid());
        assert_eq!(error.answer_status(), 503);
    }
}

#[tokio::test]
async fn known_keys_outlive_their_server() {
    let (server, passage, [good, forged]) = alone().await;
    assert!(passage.verify_token(&good).await.is_ok());
    server.shutdown().await;

    assert_eq!(passage.verify_token(&good).await.unwrap().user_id, "ada");
    let error = passage.verify_token(&forged).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.answer_status()),
        (ErrorKind::BadSignature, 401)
    );
    let stranger = reheaded(&good, &json!({ "alg": "RS256", "kid": "stranger" }), |_| {
        vec![7; 256]
    });
    let error = passage.verify_token(&stranger).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.answer_status()),
        (ErrorKind::UnknownKey, 401)
    );
}
