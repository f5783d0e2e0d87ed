//! The key source against a real listener, on a clock that only the tests move.
mod bad_answers;
mod site;
mod timeouts;

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use serde_json::{Value, json};

use super::super::testing::{TestClock, TestKey};
use super::super::{AuthStrategy, Policy, UnverifiedToken, Verifier, VerifierSettings};
use super::*;
use crate::transport::USER_AGENT;
use site::{Answer, Site, reply};

const ISSUER: &str = "https://auth.example.com/v1/apps/app";
const PATH: &str = "/v1/apps/app/.well-known/jwks.json";

struct Fixture {
    site: Site,
    verifier: Arc<Verifier>,
    clock: Arc<TestClock>,
}

async fn fixture(answer: Answer) -> Fixture {
    let site = Site::start(answer).await;
    let (verifier, clock) = verifier(site.url(PATH));
    Fixture {
        site,
        verifier,
        clock,
    }
}

fn verifier(jwks_url: reqwest::Url) -> (Arc<Verifier>, Arc<TestClock>) {
    let clock = Arc::new(TestClock::default());
    let verifier = Verifier::new(VerifierSettings {
        strategy: AuthStrategy::Cookie,
        policy: Policy {
            issuers: vec![ISSUER.into()],
            audiences: vec!["app".into()],
            leeway: Duration::from_secs(5),
        },
        keys: KeySettings {
            pinned: None,
            max_stale: Duration::from_secs(24 * 3600),
            listener: JwksListener::default(),
            ..KeySettings::default()
        },
        jwks_url,
        token_cache: 100,
        clock: clock.clone(),
    });
    (Arc::new(verifier.unwrap()), clock)
}

impl Fixture {
    fn after(&self, seconds: u64) -> &Self {
        self.clock.advance(Duration::from_secs(seconds));
        self
    }

    async fn verify(&self, token: &str) -> Result<(), ErrorKind> {
        verify(&self.verifier, token).await
    }

    /// Verifies without waiting for anything at all.
    fn verify_at_once(&self, token: &str) -> Result<(), ErrorKind> {
        match poll_once(self.verify(token)) {
            Poll::Ready(verdict) => verdict,
            Poll::Pending => panic!("verifying waits for something"),
        }
    }

    fn source(&self) -> &Arc<Shared> {
        match &self.verifier.signatures.jwks {
            Jwks::Fetched(shared) => shared,
            Jwks::Pinned(_) => panic!("no keys were pinned"),
        }
    }

    /// Waits for the end of the fetch in the background, if there is one.
    async fn fetched(&self) {
        let running = self.source().fetching().running.clone();
        if let Some(mut running) = running {
            while running.changed().await.is_ok() {}
        }
    }
}

async fn verify(verifier: &Verifier, token: &str) -> Result<(), ErrorKind> {
    let verdict = verifier.verify(&UnverifiedToken::from(token)).await;
    verdict.map(|_| ()).map_err(|error| error.kind())
}

fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn token(key: &TestKey, kid: &str) -> String {
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": kid});
    let exp = TestClock::START + 365 * 24 * 3600;
    let claims = json!({"iss": ISSUER, "aud": ["app"], "sub": "jane", "exp": exp});
    key.token(&header.to_string(), &claims.to_string())
}

fn old() -> String {
    token(TestKey::first(), "old")
}

fn new() -> String {
    token(TestKey::second(), "new")
}

/// A token that names a key which nobody has.
fn stray(number: usize) -> String {
    // The name is looked for before the signature is, so the signature of another token will do.
    static SIGNED: std::sync::LazyLock<String> = std::sync::LazyLock::new(old);
    let header = json!({"alg": "RS256", "kid": format!("stray {number}")}).to_string();
    let header = TestKey::encode(&header);
    let (_, rest) = SIGNED.split_once('.').unwrap();
    format!("{header}.{rest}")
}

fn keys(keys: &[Value]) -> Answer {
    reply("200 OK", &[], json!({ "keys": keys }).to_string())
}

fn old_key() -> Value {
    TestKey::first().jwk("old")
}

fn new_key() -> Value {
    TestKey::second().jwk("new")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_tasks_without_keys_cause_one_fetch() {
    let fixture = fixture(keys(&[old_key()])).await;
    fixture.site.close_gate();
    let polled = Arc::new(AtomicUsize::new(0));
    let token: Arc<str> = old().into();
    let tasks: Vec<_> = (0..10_000)
        .map(|_| {
            let (verifier, token) = (Arc::clone(&fixture.verifier), Arc::clone(&token));
            let polled = Arc::clone(&polled);
            tokio::spawn(async move {
                let mut verdict = pin!(verify(&verifier, &token));
                // Waits for the fetch, as the gate is closed.
                let first = std::future::poll_fn(|cx| Poll::Ready(verdict.as_mut().poll(cx))).await;
                assert!(first.is_pending());
                polled.fetch_add(1, Ordering::SeqCst);
                verdict.await
            })
        })
        .collect();
    while polled.load(Ordering::SeqCst) < 10_000 {
        tokio::task::yield_now().await;
    }
    fixture.site.open_gate(10_000);
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    assert_eq!(fixture.site.hits(), 1);
}

#[tokio::test]
async fn every_request_says_who_asks_and_carries_no_credential() {
    let fixture = fixture(keys(&[old_key()])).await;
    assert_eq!(fixture.verify(&old()).await, Ok(()));
    let [head] = &fixture.site.heads()[..] else {
        panic!("one request was made");
    };
    assert!(
        head.starts_with(&format!("GET {PATH} HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(
        head.contains(&format!("user-agent: {USER_AGENT}\r\n")),
        "{head}"
    );
    assert!(
        !head.contains("authorization") && !head.contains("cookie"),
        "{head}"
    );
}

#[tokio::test]
async fn a_new_key_is_found_at_once() {
    let fixture = fixture(keys(&[old_key()])).await;
    assert_eq!(fixture.verify(&old()).await, Ok(()));
    fixture.site.answer(keys(&[old_key(), new_key()]));
    assert_eq!(fixture.verify(&new()).await, Ok(()));
    assert_eq!(fixture.verify_at_once(&old()), Ok(()));
    assert_eq!(fixture.site.hits(), 2);
}

#[tokio::test]
async fn a_key_that_was_withdrawn_is_refused_even_if_its_token_was_seen_before() {
    let fixture = fixture(keys(&[old_key(), new_key()])).await;
    assert_eq!(fixture.verify(&old()).await, Ok(()));
    fixture.site.answer(keys(&[new_key()]));
    assert_eq!(fixture.after(479).verify_at_once(&old()), Ok(()));
    // Nobody asks between the eighth and the tenth minute: then the first who does has to wait.
    assert_eq!(
        fixture.after(121).verify(&old()).await,
        Err(ErrorKind::UnknownKey)
    );
    assert_eq!(fixture.verify_at_once(&new()), Ok(()));
    assert_eq!(fixture.site.hits(), 2);
}

#[tokio::test]
async fn with_traffic_a_withdrawn_key_is_refused_as_soon_as_the_background_knows() {
    let fixture = fixture(keys(&[old_key(), new_key()])).await;
    assert_eq!(fixture.verify(&old()).await, Ok(()));
    fixture.site.answer(keys(&[new_key()]));
    fixture.site.close_gate();
    // The set is due. Whoever has a known key waits for nothing while the fetch hangs.
    assert_eq!(fixture.after(480).verify_at_once(&old()), Ok(()));
    fixture.site.asked().await;
    fixture.site.asked().await;
    assert_eq!(fixture.verify_at_once(&old()), Ok(()));
    assert_eq!(fixture.verify_at_once(&new()), Ok(()));
    fixture.site.open_gate(1);
    fixture.fetched().await;
    // One more fetch is due to the name that is unknown now.
    fixture.site.open_gate(1);
    assert_eq!(fixture.verify(&old()).await, Err(ErrorKind::UnknownKey));
    assert_eq!(fixture.verify_at_once(&new()), Ok(()));
    assert_eq!(fixture.site.hits(), 3);
}

#[tokio::test]
async fn a_name_whose_key_was_replaced_is_that_of_the_new_key() {
    let fixture = fixture(keys(&[TestKey::first().jwk("same")])).await;
    let (before, after) = (
        token(TestKey::first(), "same"),
        token(TestKey::second(), "same"),
    );
    assert_eq!(fixture.verify(&before).await, Ok(()));
    assert_eq!(fixture.verify_at_once(&after), Err(ErrorKind::BadSignature));
    fixture.site.answer(keys(&[TestKey::second().jwk("same")]));
    assert_eq!(fixture.after(600).verify(&after).await, Ok(()));
    assert_eq!(
        fixture.verify_at_once(&before),
        Err(ErrorKind::BadSignature)
    );
}

#[tokio::test]
async fn an_outage_of_an_hour_is_not_noticed_by_known_tokens() {
    let fixture = fixture(keys(&[old_key()])).await;
    assert_eq!(fixture.verify(&old()).await, Ok(()));
    // Connections are closed without a word.
    fixture.site.answer(Answer::Bytes(Vec::new()));
    for step in 0..360 {
        fixture.after(10);
        assert_eq!(fixture.verify_at_once(&old()), Ok(()), "after {step} steps");
        fixture.fetched().await;
        // A forged token stays one, whether it causes a fetch that fails or not.
        assert_eq!(
            fixture.verify(&stray(step)).await,
            Err(ErrorKind::UnknownKey)
        );
    }
    assert_eq!(
        fixture.verifier.health(),
        JwksHealth::Stale {
            since: jiff::Timestamp::from_second(TestClock::START + 600).unwrap()
        }
    );
    // Six tries come sooner than a minute after the one before, all others do not.
    let tries = fixture.site.hits() - 1;
    assert!((50..=66).contains(&tries), "{tries}");

    fixture.site.answer(keys(&[new_key()]));
    assert_eq!(fixture.after(60).verify_at_once(&old()), Ok(()));
    fixture.fetched().await;
    assert_eq!(fixture.verifier.health(), JwksHealth::Fresh);
    assert_eq!(fixture.verify_at_once(&new()), Ok(()));
    assert_eq!(fixture.verify(&old()).await, Err(ErrorKind::UnknownKey));
}

#[tokio::test]
async fn one_bad_key_does_not_sink_the_set() {
    let garbage = [
        json!({"kty": "RSA", "kid": "new", "n": "AQAB", "e": "AQAB"}),
        json!({"kty": "XX", "kid": "xx"}),
        json!("key"),
        json!(null),
        json!({}),
    ];
    let fixture = fixture(keys(&[&garbage[..], &[old_key()]].concat())).await;
    assert_eq!(fixture.verify(&old()).await, Ok(()));
    assert_eq!(fixture.verify_at_once(&new()), Err(ErrorKind::BadKey));
}

#[tokio::test]
async fn ten_thousand_unknown_names_cause_two_fetches_and_delay_nobody() {
    let fixture = fixture(keys(&[old_key()])).await;
    let old = old();
    assert_eq!(fixture.verify(&old).await, Ok(()));
    let mut fetches = Vec::new();
    for number in 0..10_000 {
        fixture.clock.advance(Duration::from_millis(1));
        let before = fixture.site.hits();
        assert_eq!(
            fixture.verify(&stray(number)).await,
            Err(ErrorKind::UnknownKey)
        );
        assert_eq!(fixture.verify_at_once(&old), Ok(()));
        if fixture.site.hits() > before {
            fetches.push(fixture.clock.elapsed());
        }
    }
    assert_eq!((fetches.len(), fixture.site.hits()), (2, 3));
    // What remembers them is bounded.
    let remembered = fixture.source().fetching().unknown.remembered();
    assert!(remembered <= 1024, "{remembered}");

    // The same names and others, for two minutes more.
    for number in 0..1_200 {
        fixture.clock.advance(Duration::from_millis(100));
        let before = fixture.site.hits();
        assert_eq!(
            fixture.verify(&stray(9_000 + number)).await,
            Err(ErrorKind::UnknownKey)
        );
        assert_eq!(fixture.verify_at_once(&old), Ok(()));
        if fixture.site.hits() > before {
            fetches.push(fixture.clock.elapsed());
        }
    }
    assert!(fetches.len() > 6, "{fetches:?}");
    for three in fetches.windows(3) {
        assert!(
            *three.last().unwrap() - *three.first().unwrap() >= Duration::from_secs(30),
            "{fetches:?}"
        );
    }
    assert_eq!(fetches.len(), fixture.site.hits() - 1);
}

#[tokio::test]
async fn while_a_fetch_for_unknown_names_hangs_known_tokens_wait_for_nothing() {
    let fixture = fixture(keys(&[old_key(), new_key()])).await;
    assert_eq!(fixture.verify(&old()).await, Ok(()));
    fixture.site.asked().await;
    fixture.site.close_gate();
    let strays: Vec<_> = (0..1_000)
        .map(|number| {
            let verifier = Arc::clone(&fixture.verifier);
            tokio::spawn(async move { verify(&verifier, &stray(number)).await })
        })
        .collect();
    fixture.site.asked().await;
    // A token seen before, and one never seen.
    assert_eq!(fixture.verify_at_once(&old()), Ok(()));
    assert_eq!(fixture.verify_at_once(&new()), Ok(()));
    fixture.site.open_gate(2);
    for stray in strays {
        assert_eq!(stray.await.unwrap(), Err(ErrorKind::UnknownKey));
    }
    assert!(fixture.site.hits() <= 3, "{}", fixture.site.hits());
    assert!(fixture.source().fetching().unknown.remembered() <= 1024);
}

#[tokio::test]
async fn warming_up_brings_the_keys_before_the_first_token_or_says_that_it_could_not() {
    let fixture = fixture(reply("503 Service Unavailable", &[], "")).await;
    let error = fixture.verifier.warm_up().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JwksUnavailable);
    assert_eq!(fixture.verifier.health(), JwksHealth::NeverLoaded);

    fixture.site.answer(keys(&[old_key()]));
    fixture.after(1).verifier.warm_up().await.unwrap();
    assert_eq!(fixture.verifier.health(), JwksHealth::Fresh);
    assert_eq!(fixture.verify_at_once(&old()), Ok(()));
    // Keys that are there are not fetched again.
    fixture.verifier.warm_up().await.unwrap();
    assert_eq!(fixture.site.hits(), 2);
}
