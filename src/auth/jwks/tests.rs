use bytes::Bytes;

use super::super::testing::{self, TestClock, TestFetch, TestKey, key_set};
use super::*;

struct Fixture {
    jwks: Jwks,
    clock: Arc<TestClock>,
    fetch: Arc<TestFetch>,
}

fn fixture(fetch: Arc<TestFetch>) -> Fixture {
    let clock = Arc::new(TestClock::default());
    let jwks = testing::jwks(Arc::clone(&fetch), clock.clone());
    Fixture { jwks, clock, fetch }
}

impl Fixture {
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
    let fixture = Arc::new(fixture(TestFetch::gated([set(&["a"])])));
    let crowd: Vec<_> = (0..1_000)
        .map(|_| {
            let fixture = Arc::clone(&fixture);
            tokio::spawn(async move { fixture.find("a").await })
        })
        .collect();
    settle().await;
    fixture.fetch.open(1);
    for member in crowd {
        assert_eq!(member.await.unwrap(), Ok(()));
    }
    assert_eq!(fixture.fetch.calls(), 1);
}

#[tokio::test]
async fn keys_are_fetched_again_in_the_background_before_they_are_old() {
    let fixture = fixture(TestFetch::new([set(&["a"]), set(&["a", "b"])]));
    assert_eq!(fixture.find("a").await, Ok(()));
    assert_eq!(fixture.after(479).find("a").await, Ok(()));
    assert_eq!(fixture.fetch.calls(), 1);
    assert_eq!(fixture.after(1).find("a").await, Ok(()));
    settle().await;
    assert_eq!(fixture.fetch.calls(), 2);
    assert_eq!(fixture.find("b").await, Ok(()));
    assert_eq!(fixture.fetch.calls(), 2);
}

#[tokio::test]
async fn a_key_that_was_withdrawn_is_refused_within_ten_minutes() {
    let fixture = fixture(TestFetch::new([set(&["a", "b"]), set(&["b"])]));
    assert_eq!(fixture.find("a").await, Ok(()));
    assert_eq!(
        fixture.after(600).find("a").await,
        Err(ErrorKind::UnknownKey)
    );
    assert_eq!(fixture.find("b").await, Ok(()));
    assert_eq!(fixture.fetch.calls(), 2);
}

#[tokio::test]
async fn a_new_key_is_found_at_once() {
    let fixture = fixture(TestFetch::new([set(&["a"]), set(&["a", "b"])]));
    assert_eq!(fixture.find("a").await, Ok(()));
    assert_eq!(fixture.find("b").await, Ok(()));
    assert_eq!(fixture.fetch.calls(), 2);
}

#[tokio::test]
async fn unknown_names_cause_two_fetches_in_thirty_seconds() {
    let fixture = fixture(TestFetch::new([set(&["a"])]));
    assert_eq!(fixture.find("a").await, Ok(()));
    for index in 0..1_000 {
        assert_eq!(
            fixture.find(&format!("x{index}")).await,
            Err(ErrorKind::UnknownKey)
        );
        assert_eq!(fixture.find("a").await, Ok(()));
    }
    assert_eq!(fixture.fetch.calls(), 3);
    let unknown = fixture.after(29).find("another").await;
    assert_eq!(unknown, Err(ErrorKind::UnknownKey));
    assert_eq!(fixture.fetch.calls(), 3);
    for index in 0..10 {
        let unknown = fixture.after(1).find(&format!("y{index}")).await;
        assert_eq!(unknown, Err(ErrorKind::UnknownKey));
    }
    assert_eq!(fixture.fetch.calls(), 5);
}

#[tokio::test]
async fn an_unknown_name_is_remembered_for_thirty_seconds() {
    let fixture = fixture(TestFetch::new([set(&["a"])]));
    for _ in 0..10 {
        assert_eq!(fixture.find("x").await, Err(ErrorKind::UnknownKey));
    }
    assert_eq!(
        fixture.fetch.calls(),
        1,
        "the set was fetched on its behalf"
    );
    assert_eq!(
        fixture.after(29).find("x").await,
        Err(ErrorKind::UnknownKey)
    );
    assert_eq!(fixture.fetch.calls(), 1);
    assert_eq!(fixture.after(1).find("x").await, Err(ErrorKind::UnknownKey));
    assert_eq!(fixture.fetch.calls(), 2);
}

#[tokio::test]
async fn a_fetch_that_failed_says_nothing_of_a_name() {
    let fixture = fixture(TestFetch::new([set(&["a"]), down(), set(&["a", "b"])]));
    assert_eq!(fixture.find("a").await, Ok(()));
    assert_eq!(fixture.find("b").await, Err(ErrorKind::UnknownKey));
    assert_eq!(fixture.after(1).find("b").await, Ok(()));
    assert_eq!(fixture.fetch.calls(), 3);
}

#[tokio::test]
async fn known_names_do_not_wait_for_a_fetch() {
    let fixture = Arc::new(fixture(TestFetch::gated([set(&["a"])])));
    fixture.fetch.open(1);
    assert_eq!(fixture.find("a").await, Ok(()));
    // The second fetch hangs until the gate opens.
    let waiting = tokio::spawn({
        let fixture = Arc::clone(&fixture);
        async move { fixture.find("x").await }
    });
    settle().await;
    assert_eq!(fixture.fetch.calls(), 2);
    assert_eq!(fixture.find("a").await, Ok(()));
    assert_eq!(fixture.after(500).find("a").await, Ok(()));
    assert!(!waiting.is_finished());
    fixture.fetch.open(1);
    assert_eq!(waiting.await.unwrap(), Err(ErrorKind::UnknownKey));
    assert_eq!(fixture.fetch.calls(), 2);
}

#[tokio::test]
async fn without_any_keys_nothing_is_decided_and_the_wait_is_told() {
    let fixture = fixture(TestFetch::new([down(), down(), set(&["a"])]));
    let error = fixture.jwks.find("a").await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::JwksUnavailable);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        cause,
        "the request for the key set was answered with status 500"
    );
    assert_eq!(fixture.find("a").await, Err(ErrorKind::JwksUnavailable));
    assert_eq!(fixture.fetch.calls(), 1, "the wait is not over");
    assert_eq!(
        fixture.after(1).find("a").await,
        Err(ErrorKind::JwksUnavailable)
    );
    assert_eq!(
        fixture.after(1).find("a").await,
        Err(ErrorKind::JwksUnavailable)
    );
    assert_eq!(fixture.fetch.calls(), 2, "the second wait is longer");
    assert_eq!(fixture.after(1).find("a").await, Ok(()));
    assert_eq!(fixture.fetch.calls(), 3);
}

#[tokio::test]
async fn in_an_outage_known_keys_serve_for_a_day_and_forgeries_stay_forgeries() {
    let fixture = fixture(TestFetch::new([set(&["a"]), down()]));
    assert_eq!(fixture.find("a").await, Ok(()));
    for _ in 0..23 {
        fixture.after(3_600);
        assert_eq!(fixture.find("a").await, Ok(()));
        assert_eq!(fixture.find("forged").await, Err(ErrorKind::UnknownKey));
        settle().await;
    }
    let tries = fixture.fetch.calls();
    assert!((24..=70).contains(&tries), "{tries}");
    fixture.after(3_600);
    assert_eq!(fixture.find("a").await, Err(ErrorKind::JwksUnavailable));
}

#[tokio::test]
async fn a_bad_answer_never_replaces_good_keys() {
    for bad in [&b"<html>"[..], b"{}", br#"{"keys":[]}"#, b""] {
        let fixture = fixture(TestFetch::new([
            set(&["a"]),
            Ok(Bytes::from_static(bad)),
            set(&["b"]),
        ]));
        assert_eq!(fixture.find("a").await, Ok(()));
        assert_eq!(fixture.find("b").await, Err(ErrorKind::UnknownKey));
        assert_eq!(fixture.find("a").await, Ok(()));
        assert_eq!(fixture.after(1).find("b").await, Ok(()));
        assert_eq!(fixture.find("a").await, Err(ErrorKind::UnknownKey));
    }
}

#[tokio::test]
async fn a_caller_who_goes_away_does_not_end_the_fetch() {
    let fixture = Arc::new(fixture(TestFetch::gated([set(&["a"])])));
    let caller = tokio::spawn({
        let fixture = Arc::clone(&fixture);
        async move { fixture.find("a").await }
    });
    settle().await;
    caller.abort();
    settle().await;
    fixture.fetch.open(1);
    assert_eq!(fixture.find("a").await, Ok(()));
    assert_eq!(fixture.fetch.calls(), 1);
}

#[test]
fn a_runtime_that_ends_leaves_no_fetch_behind() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
    };
    let fixture = Arc::new(fixture(TestFetch::gated([set(&["a"])])));
    let first = runtime();
    first.block_on(async {
        let fixture = Arc::clone(&fixture);
        tokio::spawn(async move { fixture.find("a").await });
        settle().await;
    });
    drop(first);
    assert_eq!(fixture.fetch.calls(), 1);
    fixture.fetch.open(1);
    assert_eq!(runtime().block_on(fixture.after(1).find("a")), Ok(()));
    assert_eq!(fixture.fetch.calls(), 2);
}

#[test]
fn no_runtime_is_an_error_and_no_panic() {
    let fixture = fixture(TestFetch::new([set(&["a"])]));
    let mut find = std::pin::pin!(fixture.find("a"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = find.as_mut().poll(&mut context);
    assert_eq!(
        polled,
        std::task::Poll::Ready(Err(ErrorKind::JwksUnavailable))
    );
}

#[tokio::test]
async fn jitter_brings_a_refresh_forward() {
    let fixture = fixture(TestFetch::new([set(&["a"])]));
    fixture.clock.set_jitter(1.0);
    assert_eq!(fixture.find("a").await, Ok(()));
    assert_eq!(fixture.after(431).find("a").await, Ok(()));
    settle().await;
    assert_eq!(fixture.fetch.calls(), 1);
    assert_eq!(fixture.after(1).find("a").await, Ok(()));
    settle().await;
    assert_eq!(fixture.fetch.calls(), 2);
}

#[tokio::test]
async fn jitter_shortens_the_wait_after_a_failure() {
    let fixture = fixture(TestFetch::new([down()]));
    fixture.clock.set_jitter(0.75);
    let error = fixture.jwks.find("a").await.err().unwrap();
    assert_eq!(error.retry_after(), Some(Duration::from_millis(250)));
}

#[tokio::test]
async fn warming_up_fetches_once_and_says_what_came_of_it() {
    let fixture = fixture(TestFetch::new([down(), set(&["a"])]));
    assert_eq!(fixture.jwks.health(), JwksHealth::NeverLoaded);
    let error = fixture.jwks.warm_up().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JwksUnavailable);
    assert_eq!(fixture.jwks.health(), JwksHealth::NeverLoaded);
    fixture.after(1).jwks.warm_up().await.unwrap();
    fixture.jwks.warm_up().await.unwrap();
    assert_eq!(fixture.fetch.calls(), 2);
    assert_eq!(fixture.jwks.health(), JwksHealth::Fresh);
    assert_eq!(fixture.find("a").await, Ok(()));
    assert_eq!(fixture.fetch.calls(), 2);
}

#[tokio::test]
async fn health_tells_since_when_keys_are_stale() {
    let fixture = fixture(TestFetch::new([set(&["a"]), down()]));
    fixture.jwks.warm_up().await.unwrap();
    fixture.after(599);
    assert_eq!(fixture.jwks.health(), JwksHealth::Fresh);
    let since = fixture.after(1).clock.now();
    assert_eq!(fixture.jwks.health(), JwksHealth::Stale { since });
    assert_eq!(fixture.after(5_000).find("a").await, Ok(()));
    assert_eq!(fixture.jwks.health(), JwksHealth::Stale { since });
    fixture.jwks.warm_up().await.unwrap();
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
        ..KeySettings::default()
    };
    let clock = Arc::new(TestClock::default());
    let no_fetcher = |_: &_| unreachable!("pinned keys need no fetcher");
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
    let fixture = fixture(TestFetch::new([set(&["a"])]));
    assert_eq!(fixture.find("a").await, Ok(()));
    let Jwks::Fetched(shared) = &fixture.jwks else {
        unreachable!("the fixture's keys are fetched")
    };
    let held = shared.fetching();
    let mut find = std::pin::pin!(fixture.find("a"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(
        find.as_mut().poll(&mut context),
        std::task::Poll::Ready(Ok(()))
    );
    drop(held);
}

#[tokio::test]
async fn in_an_outage_nobody_waits_for_the_next_try() {
    let fixture = fixture(TestFetch::gated([set(&["a"]), down(), set(&["a"])]));
    fixture.fetch.open(2);
    assert_eq!(fixture.find("a").await, Ok(()));
    assert_eq!(
        fixture.after(600).find("a").await,
        Ok(()),
        "the fetch failed"
    );
    // The next try hangs, and the key is old: it serves all the same.
    let mut find = std::pin::pin!(fixture.after(2).find("a"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(
        find.as_mut().poll(&mut context),
        std::task::Poll::Ready(Ok(()))
    );
    settle().await;
    assert_eq!(fixture.fetch.calls(), 3);
}

#[tokio::test]
async fn known_keys_serve_for_an_hour_unless_set_otherwise() {
    let clock = Arc::new(TestClock::default());
    let fetch = TestFetch::new([set(&["a"]), down()]);
    let jwks = Jwks::new(
        KeySettings::default(),
        |_| Ok(Box::new(fetch)),
        clock.clone(),
    )
    .unwrap();
    assert!(jwks.find("a").await.is_ok());
    clock.advance(Duration::from_secs(3599));
    assert!(jwks.find("a").await.is_ok());
    clock.advance(Duration::from_secs(1));
    let error = jwks.find("a").await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::JwksUnavailable);
}
