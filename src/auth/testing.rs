//! Keys, tokens, a clock and a fetcher for the tests of this module.
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::clock::Clock;
use super::jwks::fetch::{Fetch, FetchError};
use super::jwks::{Jwks, JwksListener, KeySettings};
use crate::test_util;

/// A key of the test kit, for tests that cannot go on without one.
pub(super) struct TestKey(test_util::TestKey);

impl TestKey {
    pub(super) fn first() -> &'static Self {
        static KEY: LazyLock<TestKey> =
            LazyLock::new(|| TestKey(test_util::TestKey::shared().unwrap()));
        &KEY
    }

    pub(super) fn second() -> &'static Self {
        static KEY: LazyLock<TestKey> =
            LazyLock::new(|| TestKey(test_util::TestKey::stranger().unwrap()));
        &KEY
    }

    pub(super) fn jwk(&self, kid: &str) -> Value {
        self.0.jwk(kid)
    }

    pub(super) fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.0.sign(text).unwrap()
    }

    /// A text as a part of a token.
    pub(super) fn encode(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(text)
    }

    /// A token of exactly these texts, signed whatever they say.
    pub(super) fn token(&self, header: &str, claims: &str) -> String {
        self.0.token(header, claims).unwrap()
    }
}

pub(super) fn key_set(keys: &[Value]) -> Bytes {
    json!({ "keys": keys }).to_string().into()
}

/// The clock of the test kit, and chance that can be foreseen.
#[derive(Debug, Default)]
pub(super) struct TestClock {
    clock: test_util::TestClock,
    jitter: Mutex<f64>,
}

impl TestClock {
    /// `test_util::TestClock::START` as a constant that can be added to.
    pub(super) const START: i64 = 1_700_000_000;

    pub(super) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    pub(super) fn set_jitter(&self, jitter: f64) {
        *self.jitter.lock().unwrap() = jitter;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn jitter(&self) -> f64 {
        *self.jitter.lock().unwrap()
    }
}

/// Answers from a list, the last entry again and again, and counts.
pub(super) struct TestFetch {
    answers: Mutex<VecDeque<Result<Bytes, FetchError>>>,
    calls: AtomicUsize,
    /// A fetch takes a permit before it answers.
    gate: Semaphore,
}

impl TestFetch {
    pub(super) fn new(answers: impl IntoIterator<Item = Result<Bytes, FetchError>>) -> Arc<Self> {
        let fetch = Self::gated(answers);
        fetch.open(Semaphore::MAX_PERMITS);
        fetch
    }

    pub(super) fn gated(answers: impl IntoIterator<Item = Result<Bytes, FetchError>>) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers.into_iter().collect()),
            calls: AtomicUsize::new(0),
            gate: Semaphore::new(0),
        })
    }

    pub(super) fn open(&self, fetches: usize) {
        self.gate.add_permits(fetches);
    }

    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// A key source that fetches from `fetch`, with settings as they are unless changed.
pub(super) fn jwks(fetch: Arc<TestFetch>, clock: Arc<TestClock>) -> Jwks {
    jwks_with(
        fetch,
        clock,
        Duration::from_secs(24 * 3600),
        JwksListener::default(),
    )
}

pub(super) fn jwks_with(
    fetch: Arc<TestFetch>,
    clock: Arc<TestClock>,
    max_stale: Duration,
    listener: JwksListener,
) -> Jwks {
    let settings = KeySettings {
        pinned: None,
        max_stale,
        listener,
        ..KeySettings::default()
    };
    Jwks::new(settings, |_| Ok(Box::new(fetch)), clock).unwrap()
}

impl Fetch for Arc<TestFetch> {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Bytes, FetchError>> + Send + '_>> {
        Box::pin(async {
            self.calls.fetch_add(1, Ordering::SeqCst);
            self.gate.acquire().await.unwrap().forget();
            let mut answers = self.answers.lock().unwrap();
            if answers.len() > 1 {
                answers.pop_front().unwrap()
            } else {
                answers.front().cloned().unwrap()
            }
        })
    }
}
