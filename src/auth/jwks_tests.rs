#![allow(clippy::unwrap_used)]

use bytes::Bytes;

use super::super::testing::{TestClock, TestFetch, TestKey, key_set};
use super::*;

struct Rig {
    jwks: Jwks,
    clock: Arc<TestClock>,
    fetch: Arc<TestFetch>,
}

fn rig(fetch: Arc<TestFetch>) -> Rig {
    let clock = Arc::new(TestClock::default());
    let jwks = Jwks::new(Box::new(Arc::clone(&fetch)), clock.clone());
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

#[test]
fn plans() {
    let calm = Situation {
        age: None,
        known: false,
        failing: false,
        backing_off: false,
        cooling_down: false,
    };
    let aged = |seconds| Situation {
        age: Some(Duration::from_secs(seconds)),
        known: true,
        ..calm
    };
    let failing = |situation| Situation {
        failing: true,
        ..situation
    };
    let backing_off = |situation| Situation {
        failing: true,
        backing_off: true,
        ..situation
    };
    let unknown = |situation| Situation {
        known: false,
        ..situation
    };
    let cooling = |situation| Situation {
        cooling_down: true,
        ..situation
    };
    for (situation, expected) in [
        (calm, Plan::Fetch),
        (cooling(calm), Plan::Fetch),
        (failing(calm), Plan::Fetch),
        (backing_off(calm), Plan::Unavailable),
        (aged(0), Plan::Answer),
        (aged(479), Plan::Answer),
        (aged(480), Plan::AnswerAndFetch),
        (aged(599), Plan::AnswerAndFetch),
        (aged(600), Plan::Fetch),
        (cooling(aged(0)), Plan::Answer),
        (cooling(aged(600)), Plan::Fetch),
        (failing(aged(0)), Plan::Answer),
        (failing(aged(480)), Plan::AnswerAndFetch),
        (failing(aged(600)), Plan::AnswerAndFetch),
        (backing_off(aged(480)), Plan::Answer),
        (backing_off(aged(600)), Plan::Answer),
        (unknown(aged(0)), Plan::Fetch),
        (unknown(cooling(aged(0))), Plan::Answer),
        (unknown(cooling(aged(480))), Plan::Fetch),
        (unknown(failing(aged(0))), Plan::Fetch),
        (unknown(backing_off(aged(0))), Plan::Answer),
        (unknown(backing_off(aged(600))), Plan::Answer),
    ] {
        assert_eq!(plan(situation), expected, "{situation:?}");
    }
}

#[test]
fn back_off_doubles_up_to_a_minute() {
    let waits: Vec<_> = [1, 2, 3, 6, 7, 8, 64, 65, u32::MAX]
        .map(|n| back_off(n).as_secs())
        .into();
    assert_eq!(waits, [1, 2, 4, 32, 60, 60, 60, 60, 60]);
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
    assert_eq!(rig.find("x").await, Err(ErrorKind::UnknownKey));
    assert_eq!(rig.fetch.calls(), 1, "the set is new: no second fetch");
    for index in 0..1_000 {
        assert_eq!(
            rig.find(&format!("x{index}")).await,
            Err(ErrorKind::UnknownKey)
        );
        assert_eq!(rig.find("a").await, Ok(()));
    }
    assert_eq!(rig.fetch.calls(), 3);
    assert_eq!(rig.after(29).find("x").await, Err(ErrorKind::UnknownKey));
    assert_eq!(rig.fetch.calls(), 3);
    for _ in 0..10 {
        assert_eq!(rig.after(1).find("x").await, Err(ErrorKind::UnknownKey));
    }
    assert_eq!(rig.fetch.calls(), 5);
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
