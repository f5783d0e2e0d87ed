#![allow(clippy::unwrap_used)]

use bytes::Bytes;

use super::super::testing::{self, TestClock, TestFetch, TestKey, key_set};
use super::*;

struct Rig {
    jwks: Jwks,
    clock: Arc<TestClock>,
    fetch: Arc<TestFetch>,
}

fn rig(fetch: Arc<TestFetch>) -> Rig {
    let clock = Arc::new(TestClock::default());
    let jwks = testing::jwks(Arc::clone(&fetch), clock.clone());
    Rig { jwks, clock, fetch }
}

impl Rig {
    async fn find(&self, kid: &str) -> Result<(), ErrorKind> {
        self.jwks
            .find(kid)
            .await
            .map(|_| ())
            .map_err(|error| error.kind())
    }

    fn after(&self, seconds: u64) -> &Self {
        self.clock.advance(Duration::from_secs(seconds));
        self
    }
}

/// Lets tasks in the background come to their end; the runtime of a test has one thread.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

fn set(kids: &[&str]) -> Result<Bytes, FetchError> {
    let keys: Vec<_> = kids.iter().map(|kid| TestKey::first().jwk(kid)).collect();
    Ok(key_set(&keys))
}

fn down() -> Result<Bytes, FetchError> {
    Err(FetchError::Status(500))
}

#[tokio::test]
async fn a_crowd_on_a_cold_cache_causes_one_fetch() {
    let rig = Arc::new(rig(TestFetch::gated([set(&["a"])])));
    let crowd: Vec<_> = (0..1_000)
        .map(|_| {
            let rig = Arc::clone(&rig);
            tokio::spawn(async move { rig.find("a").await })
        })
        .collect();
    settle().await;
    rig.fetch.open(1);
    for member in crowd {
        assert_eq!(member.await.unwrap(), Ok(()));
    }
    assert_eq!(rig.fetch.calls(), 1);
}

#[tokio::test]
async fn keys_are_fetched_again_in_the_background_before_they_are_old() {
    let rig = rig(TestFetch::new([set(&["a"]), set(&["a", "b"])]));
    assert_eq!(rig.find("a").await, Ok(()));
    assert_eq!(rig.after(479).find("a").await, Ok(()));
    assert_eq!(rig.fetch.calls(), 1);
    assert_eq!(rig.after(1).find("a").await, Ok(()));
    settle().await;
    assert_eq!(rig.fetch.calls(), 2);
    assert_eq!(rig.find("b").await, Ok(()));
    assert_eq!(rig.fetch.calls(), 2);
}

#[tokio::test]
async fn a_key_that_was_withdrawn_is_refused_within_ten_minutes() {
    let rig = rig(TestFetch::new([set(&["a", "b"]), set(&["b"])]));
    assert_eq!(rig.find("a").await, Ok(()));
    assert_eq!(rig.after(600).find("a").await, Err(ErrorKind::UnknownKey));
    assert_eq!(rig.find("b").await, Ok(()));
    assert_eq!(rig.fetch.calls(), 2);
}

#[tokio::test]
async fn a_new_key_is_found_at_once() {
    let rig = rig(TestFetch::new([set(&["a"]), set(&["a", "b"])]));
    assert_eq!(rig.find("a").await, Ok(()));
    assert_eq!(rig.find("b").await, Ok(()));
    assert_eq!(rig.fetch.calls(), 2);
}

#[tokio::test]
async fn unknown_names_cause_two_fetches_in_thirty_seconds() {
    let rig = rig(TestFetch::new([set(&["a"])]));
    assert_eq!(rig.find("a").await, Ok(()));
    for index in 0..1_000 {
        assert_eq!(
            rig.find(&format!("x{index}")).await,
            Err(ErrorKind::UnknownKey)
        );
        assert_eq!(rig.find("a").await, Ok(()));
    }
    assert_eq!(rig.fetch.calls(), 3);
    let unknown = rig.after(29).find("another").await;
    assert_eq!(unknown, Err(ErrorKind::UnknownKey));
    assert_eq!(rig.fetch.calls(), 3);
    for index in 0..10 {
        let unknown = rig.after(1).find(&format!("y{index}")).await;
        assert_eq!(unknown, Err(ErrorKind::UnknownKey));
    }
    assert_eq!(rig.fetch.calls(), 5);
}

#[tokio::test]
async fn an_unknown_name_is_remembered_for_thirty_seconds() {
    let rig = rig(TestFetch::new([set(&["a"])]));
    for _ in 0..10 {
        assert_eq!(rig.find("x").await, Err(ErrorKind::UnknownKey));
    }
    assert_eq!(rig.fetch.calls(), 1, "the set was fetched on its behalf");
    assert_eq!(rig.after(29).find("x").await, Err(ErrorKind::UnknownKey));
    assert_eq!(rig.fetch.calls(), 1);
    assert_eq!(rig.after(1).find("x").await, Err(ErrorKind::UnknownKey));
    assert_eq!(rig.fetch.calls(), 2);
}

#[tokio::test]
async fn a_fetch_that_failed_says_nothing_of_a_name() {
    let rig = rig(TestFetch::new([set(&["a"]), down(), set(&["a", "b"])]));
    assert_eq!(rig.find("a").await, Ok(()));
    assert_eq!(rig.find("b").await, Err(ErrorKind::UnknownKey));
    assert_eq!(rig.after(1).find("b").await, Ok(()));
    assert_eq!(rig.fetch.calls(), 3);
}

#[tokio::test]
async fn known_names_do_not_wait_for_a_fetch() {
    let rig = Arc::new(rig(TestFetch::gated([set(&["a"])])));
    rig.fetch.open(1);
    assert_eq!(rig.find("a").await, Ok(()));
    // The second fetch hangs until the gate opens.
    let waiting = tokio::spawn({
        let rig = Arc::clone(&rig);
        async move { rig.find("x").await }
    });
    settle().await;
    assert_eq!(rig.fetch.calls(), 2);
    assert_eq!(rig.find("a").await, Ok(()));
    assert_eq!(rig.after(500).find("a").await, Ok(()));
    assert!(!waiting.is_finished());
    rig.fetch.open(1);
    assert_eq!(waiting.await.unwrap(), Err(ErrorKind::UnknownKey));
    assert_eq!(rig.fetch.calls(), 2);
}

#[tokio::test]
async fn without_any_keys_nothing_is_decided_and_the_wait_is_told() {
    let rig = rig(TestFetch::new([down(), down(), set(&["a"])]));
    let error = rig.jwks.find("a").await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::JwksUnavailable);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        cause,
        "the request for the key set was answered with status 500"
    );
    assert_eq!(rig.find("a").await, Err(ErrorKind::JwksUnavailable));
    assert_eq!(rig.fetch.calls(), 1, "the wait is not over");
    assert_eq!(
        rig.after(1).find("a").await,
        Err(ErrorKind::JwksUnavailable)
    );
    assert_eq!(
        rig.after(1).find("a").await,
        Err(ErrorKind::JwksUnavailable)
    );
    assert_eq!(rig.fetch.calls(), 2, "the second wait is longer");
    assert_eq!(rig.after(1).find("a").await, Ok(()));
    assert_eq!(rig.fetch.calls(), 3);
}

#[tokio::test]
async fn in_an_outage_known_keys_serve_for_a_day_and_forgeries_stay_forgeries() {
    let rig = rig(TestFetch::new([set(&["a"]), down()]));
    assert_eq!(rig.find("a").await, Ok(()));
    for _ in 0..23 {
        rig.after(3_600);
        assert_eq!(rig.find("a").await, Ok(()));
        assert_eq!(rig.find("forged").await, Err(ErrorKind::UnknownKey));
        settle().await;
    }
    let tries = rig.fetch.calls();
    assert!((24..=70).contains(&tries), "{tries}");
    rig.after(3_600);
    assert_eq!(rig.find("a").await, Err(ErrorKind::JwksUnavailable));
}

#[tokio::test]
async fn a_bad_answer_never_replaces_good_keys() {
    for bad in [&b"<html>"[..], b"{}", br#"{"keys":[]}"#, b""] {
        let rig = rig(TestFetch::new([
            set(&["a"]),
            Ok(Bytes::from_static(bad)),
            set(&["b"]),
        ]));
        assert_eq!(rig.find("a").await, Ok(()));
        assert_eq!(rig.find("b").await, Err(ErrorKind::UnknownKey));
        assert_eq!(rig.find("a").await, Ok(()));
        assert_eq!(rig.after(1).find("b").await, Ok(()));
        assert_eq!(rig.find("a").await, Err(ErrorKind::UnknownKey));
    }
}

#[tokio::test]
async fn a_caller_who_goes_away_does_not_end_the_fetch() {
    let rig = Arc::new(rig(TestFetch::gated([set(&["a"])])));
    let caller = tokio::spawn({
        let rig = Arc::clone(&rig);
        async move { rig.find("a").await }
    });
    settle().await;
    caller.abort();
    settle().await;
    rig.fetch.open(1);
    assert_eq!(rig.find("a").await, Ok(()));
    assert_eq!(rig.fetch.calls(), 1);
}

#[test]
fn a_runtime_that_ends_leaves_no_fetch_behind() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
    };
    let rig = Arc::new(rig(TestFetch::gated([set(&["a"])])));
    let first = runtime();
    first.block_on(async {
        let rig = Arc::clone(&rig);
        tokio::spawn(async move { rig.find("a").await });
        settle().await;
    });
    drop(first);
    assert_eq!(rig.fetch.calls(), 1);
    rig.fetch.open(1);
    assert_eq!(runtime().block_on(rig.after(1).find("a")), Ok(()));
    assert_eq!(rig.fetch.calls(), 2);
}

#[test]
fn no_runtime_is_an_error_and_no_panic() {
    let rig = rig(TestFetch::new([set(&["a"])]));
    let mut find = std::pin::pin!(rig.find("a"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = find.as_mut().poll(&mut context);
    assert_eq!(
        polled,
        std::task::Poll::Ready(Err(ErrorKind::JwksUnavailable))
    );
}

#[tokio::test]
async fn jitter_brings_a_refresh_forward() {
    let rig = rig(TestFetch::new([set(&["a"])]));
    rig.clock.set_jitter(1.0);
    assert_eq!(rig.find("a").await, Ok(()));
    assert_eq!(rig.after(431).find("a").await, Ok(()));
    settle().await;
    assert_eq!(rig.fetch.calls(), 1);
    assert_eq!(rig.after(1).find("a").await, Ok(()));
    settle().await;
    assert_eq!(rig.fetch.calls(), 2);
}

#[tokio::test]
async fn jitter_shortens_the_wait_after_a_failure() {
    let rig = rig(TestFetch::new([down()]));
    rig.clock.set_jitter(0.75);
    let error = rig.jwks.find("a").await.err().unwrap();
    assert_eq!(error.retry_after(), Some(Duration::from_millis(250)));
}

#[tokio::test]
async fn warming_up_fetches_once_and_says_what_came_of_it() {
    let rig = rig(TestFetch::new([down(), set(&["a"])]));
    assert_eq!(rig.jwks.health(), JwksHealth::NeverLoaded);
    let error = rig.jwks.warm_up().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JwksUnavailable);
    assert_eq!(rig.jwks.health(), JwksHealth::NeverLoaded);
    rig.after(1).jwks.warm_up().await.unwrap();
    rig.jwks.warm_up().await.unwrap();
    assert_eq!(rig.fetch.calls(), 2);
    assert_eq!(rig.jwks.health(), JwksHealth::Fresh);
    assert_eq!(rig.find("a").await, Ok(()));
    assert_eq!(rig.fetch.calls(), 2);
}

#[tokio::test]
async fn health_tells_since_when_keys_are_stale() {
    let rig = rig(TestFetch::new([set(&["a"]), down()]));
    rig.jwks.warm_up().await.unwrap();
    rig.after(599);
    assert_eq!(rig.jwks.health(), JwksHealth::Fresh);
    let since = rig.after(1).clock.now();
    assert_eq!(rig.jwks.health(), JwksHealth::Stale { since });
    assert_eq!(rig.after(5_000).find("a").await, Ok(()));
    assert_eq!(rig.jwks.health(), JwksHealth::Stale { since });
    rig.jwks.warm_up().await.unwrap();
}

#[tokio::test]
async fn the_limit_of_stale_keys_can_be_set_but_not_below_their_usual_age() {
    for (limit, last) in [(0, 599), (599, 599), (3_600, 3_599)] {
        let clock = Arc::new(TestClock::default());
        let jwks = testing::jwks_with(
            TestFetch::new([set(&["a"]), down()]),
            clock.clone(),
            Duration::from_secs(limit),
            JwksListener::default(),
        );
        assert!(jwks.find("a").await.is_ok());
        clock.advance(Duration::from_secs(last));
        assert!(jwks.find("a").await.is_ok(), "{limit}");
        settle().await;
        clock.advance(Duration::from_secs(1));
        let error = jwks.find("a").await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::JwksUnavailable, "{limit}");
    }
}

#[tokio::test]
async fn the_listener_hears_of_every_fetch_and_may_panic() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = JwksListener::new({
        let heard = Arc::clone(&heard);
        move |event: &JwksEvent| {
            heard.lock().unwrap().push(event.clone());
            if matches!(event, JwksEvent::Failed { .. }) {
                std::panic::resume_unwind(Box::new("the listener's own fault"));
            }
        }
    });
    let clock = Arc::new(TestClock::default());
    let jwks = testing::jwks_with(
        TestFetch::new([down(), set(&["a", "b"]), down()]),
        clock.clone(),
        Duration::from_secs(3_600),
        listener,
    );
    let reason = "the request for the key set was answered with status 500";
    assert!(jwks.find("a").await.is_err());
    clock.advance(Duration::from_secs(1));
    assert!(jwks.find("a").await.is_ok());
    clock.advance(Duration::from_secs(500));
    assert!(jwks.find("a").await.is_ok());
    settle().await;
    let failed = |age: Option<u64>| JwksEvent::Failed {
        reason: reason.to_owned(),
        failures: 1,
        age: age.map(Duration::from_secs),
        retry_in: Duration::from_secs(1),
    };
    let fetched = JwksEvent::Fetched { keys: 2 };
    assert_eq!(
        *heard.lock().unwrap(),
        [failed(None), fetched, failed(Some(500))]
    );
}

#[tokio::test]
async fn pinned_keys_are_never_fetched() {
    let pinned = JwkSet::from_json(set(&["a"]).unwrap()).unwrap();
    let settings = KeySettings {
        pinned: Some(pinned),
        max_stale: Duration::ZERO,
        listener: JwksListener::default(),
    };
    let clock = Arc::new(TestClock::default());
    let no_fetcher = || unreachable!("pinned keys need no fetcher");
    let jwks = Jwks::new(settings, no_fetcher, clock.clone()).unwrap();
    assert_eq!(jwks.health(), JwksHealth::Pinned);
    jwks.warm_up().await.unwrap();
    clock.advance(Duration::from_secs(1_000_000));
    assert!(jwks.find("a").await.is_ok());
    let error = jwks.find("b").await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::UnknownKey);
}

#[tokio::test]
async fn a_known_key_is_read_while_somebody_holds_the_lock() {
    let rig = rig(TestFetch::new([set(&["a"])]));
    assert_eq!(rig.find("a").await, Ok(()));
    let Jwks::Fetched(shared) = &rig.jwks else {
        unreachable!("the rig's keys are fetched")
    };
    let held = shared.fetching();
    let mut find = std::pin::pin!(rig.find("a"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(
        find.as_mut().poll(&mut context),
        std::task::Poll::Ready(Ok(()))
    );
    drop(held);
}

#[tokio::test]
async fn in_an_outage_nobody_waits_for_the_next_try() {
    let rig = rig(TestFetch::gated([set(&["a"]), down(), set(&["a"])]));
    rig.fetch.open(2);
    assert_eq!(rig.find("a").await, Ok(()));
    assert_eq!(rig.after(600).find("a").await, Ok(()), "the fetch failed");
    // The next try hangs, and the key is old: it serves all the same.
    let mut find = std::pin::pin!(rig.after(2).find("a"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(
        find.as_mut().poll(&mut context),
        std::task::Poll::Ready(Ok(()))
    );
    settle().await;
    assert_eq!(rig.fetch.calls(), 3);
}
