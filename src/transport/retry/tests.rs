use std::cell::RefCell;

use Outcome::{Broken, Done, NotSent, Refused, TimedOut};

use super::*;

const fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(3),
        timeout: Duration::from_secs(10),
        deadline: Duration::from_secs(30),
        max_attempts: 3,
        retry_first: Duration::from_millis(100),
        retry_longest: Duration::from_secs(5),
    }
}

const BUSY: Outcome = Refused {
    too_many: true,
    wait: None,
};
const FAILED: Outcome = Refused {
    too_many: false,
    wait: None,
};

fn busy_for(wait: Duration) -> Outcome {
    Refused {
        too_many: true,
        wait: Some(wait),
    }
}

#[test]
fn what_is_repeated() {
    let progress = |repeatable| Progress {
        repeatable,
        attempts: 1,
        elapsed: Duration::ZERO,
        jitter: 0.5,
    };
    for (outcome, if_repeatable, else_) in [
        (Done, false, false),
        (BUSY, true, true),
        (FAILED, true, false),
        (NotSent, true, true),
        (TimedOut, true, false),
        (Broken, true, false),
    ] {
        let decide = |repeatable| decide(&limits(), progress(repeatable), outcome).is_some();
        assert_eq!(decide(true), if_repeatable, "{outcome:?}");
        assert_eq!(decide(false), else_, "{outcome:?}");
    }
}

#[test]
fn how_often_and_after_how_long() {
    let seconds = Duration::from_secs;
    let millis = Duration::from_millis;
    let many = Limits {
        max_attempts: 100,
        ..limits()
    };
    for (limits, outcome, attempts, elapsed, jitter, expected) in [
        (limits(), FAILED, 1, 0, 1.0, Some(millis(100))),
        (limits(), FAILED, 1, 0, 0.5, Some(millis(50))),
        (limits(), FAILED, 1, 0, 0.0, Some(Duration::ZERO)),
        (limits(), FAILED, 2, 0, 1.0, Some(millis(200))),
        (limits(), FAILED, 3, 0, 1.0, None),
        (many, FAILED, 3, 0, 1.0, Some(millis(400))),
        (many, FAILED, 7, 0, 1.0, Some(seconds(5))),
        (many, FAILED, 40, 0, 1.0, Some(seconds(5))),
        (many, FAILED, 99, 0, 1.0, Some(seconds(5))),
        (many, FAILED, 100, 0, 1.0, None),
        // The server's wait counts, up to the deadline.
        (
            limits(),
            busy_for(Duration::ZERO),
            1,
            0,
            1.0,
            Some(Duration::ZERO),
        ),
        (limits(), busy_for(seconds(7)), 1, 0, 1.0, Some(seconds(7))),
        (
            limits(),
            busy_for(seconds(29)),
            1,
            0,
            1.0,
            Some(seconds(29)),
        ),
        (limits(), busy_for(seconds(30)), 1, 0, 1.0, None),
        (limits(), busy_for(seconds(7)), 1, 24, 1.0, None),
        (limits(), busy_for(Duration::MAX), 1, 0, 1.0, None),
        // So does our own.
        (limits(), FAILED, 1, 30, 1.0, None),
        (limits(), FAILED, 1, 31, 0.0, None),
    ] {
        let progress = Progress {
            repeatable: true,
            attempts,
            elapsed: seconds(elapsed),
            jitter,
        };
        let wait = decide(&limits, progress, outcome);
        assert_eq!(wait, expected, "{outcome:?} {progress:?}");
    }
}

#[test]
fn which_operations_are_repeatable() {
    for (method, operation, repeatable) in [
        (Method::GET, "get_user", true),
        (Method::DELETE, "delete_user", true),
        (Method::PATCH, "update_user", true),
        (Method::PATCH, "activate_user", true),
        (Method::PATCH, "deactivate_user", true),
        (Method::POST, "create_user", false),
        (Method::POST, "create_magic_link", false),
        (Method::POST, "create_api_key", false),
        (Method::POST, "authenticate_verify_nonce", false),
        // It sends a message, or uses up a link.
        (Method::PATCH, "update_email_currentuser", false),
        (Method::PATCH, "activate_magic_link", false),
        (Method::POST, "refresh_auth_token", false),
    ] {
        assert_eq!(is_repeatable(&method, operation), repeatable, "{operation}");
    }
}

/// Runs attempts with these outcomes, each taking a second; gives how long each was allowed,
/// and when it began.
async fn run(
    limits: &Limits,
    quota: &Quota,
    outcomes: &[Outcome],
) -> (Outcome, Vec<(Duration, Duration)>) {
    let retry = Retry {
        limits,
        quota,
        jitter: || 1.0,
        repeatable: true,
    };
    let start = Instant::now();
    let log = RefCell::new(Vec::new());
    let (last, attempts) = retry
        .run(
            (),
            |()| Some(()),
            |outcome| *outcome,
            |(), allowed| {
                let outcome = outcomes[log.borrow().len()];
                log.borrow_mut().push((allowed, start.elapsed()));
                async move {
                    sleep(Duration::from_secs(1)).await;
                    outcome
                }
            },
        )
        .await;
    let log = log.into_inner();
    assert_eq!(attempts as usize, log.len());
    (last, log)
}

#[tokio::test(start_paused = true)]
async fn attempts_follow_each_other_until_one_is_done() {
    let ms = Duration::from_millis;
    let (last, log) = run(&limits(), &Quota::new(), &[FAILED, NotSent, Done]).await;
    assert_eq!(last, Done);
    let allowed = Duration::from_secs(10);
    assert_eq!(
        log,
        [(allowed, ms(0)), (allowed, ms(1_100)), (allowed, ms(2_300))]
    );
    let (last, log) = run(&limits(), &Quota::new(), &[FAILED, TimedOut, Broken]).await;
    assert_eq!((last, log.len()), (Broken, 3));
    let (_, log) = run(&limits(), &Quota::new(), &[Done]).await;
    assert_eq!(log.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_last_attempt_may_take_what_is_left() {
    let limits = Limits {
        deadline: Duration::from_secs(8),
        ..limits()
    };
    let outcomes = [busy_for(Duration::from_secs(4)), Done];
    let (_, log) = run(&limits, &Quota::new(), &outcomes).await;
    let seconds = Duration::from_secs;
    assert_eq!(log, [(seconds(8), seconds(0)), (seconds(3), seconds(5))]);
    // The wait would end with the deadline: the answer comes at once.
    let outcomes = [busy_for(Duration::from_secs(7)), Done];
    let (last, log) = run(&limits, &Quota::new(), &outcomes).await;
    assert_eq!((last, log.len()), (outcomes[0], 1));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_runs_over_the_deadline_is_the_end() {
    // Sleeping counts in milliseconds, so this wait ends after the deadline.
    let limits = Limits {
        deadline: Duration::from_micros(1_000_500),
        ..limits()
    };
    let quota = Quota::new();
    let outcomes = [busy_for(Duration::from_micros(400)), Done];
    let (last, log) = run(&limits, &quota, &outcomes).await;
    assert_eq!((last, log.len()), (outcomes[0], 1));
    assert_eq!(quota.0.load(Ordering::Relaxed), QUOTA);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_while_it_waits_costs_nothing() {
    let quota = Quota::new();
    let limits = limits();
    let outcomes = [busy_for(Duration::from_secs(20)), Done];
    let call = run(&limits, &quota, &outcomes);
    let dropped = tokio::time::timeout(Duration::from_secs(10), call).await;
    assert!(dropped.is_err());
    assert_eq!(quota.0.load(Ordering::Relaxed), QUOTA);
    run(&limits, &quota, &outcomes).await;
    // The attempt was made, and it succeeded.
    assert_eq!(
        quota.0.load(Ordering::Relaxed),
        QUOTA - RETRY_COST + SUCCESS_GAIN
    );
}

#[tokio::test(start_paused = true)]
async fn the_quota_ends_a_storm_and_successes_fill_it_again() {
    let quota = Quota::new();
    let mut attempts = 0;
    for _ in 0..100 {
        attempts += run(&limits(), &quota, &[FAILED; 3]).await.1.len();
    }
    assert_eq!(attempts, 100 + 500 / 5, "a call each, and 100 repeats");
    for _ in 0..5 {
        run(&limits(), &quota, &[Done]).await;
    }
    assert_eq!(run(&limits(), &quota, &[FAILED; 3]).await.1.len(), 2);
    for _ in 0..9 {
        run(&limits(), &quota, &[Done]).await;
    }
    assert_eq!(run(&limits(), &quota, &[TimedOut; 3]).await.1.len(), 1);
    run(&limits(), &quota, &[Done]).await;
    assert_eq!(run(&limits(), &quota, &[TimedOut; 3]).await.1.len(), 2);
    for _ in 0..1_000 {
        quota.give_back(SUCCESS_GAIN);
    }
    assert_eq!(quota.0.load(Ordering::Relaxed), 500);
}
