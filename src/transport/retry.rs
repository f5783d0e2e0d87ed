//! Whether a call that failed is made again, and when.
//!
//! [`decide`] knows the rules and does nothing, [`run`] does what it says.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::Method;
use tokio::time::{Instant, sleep};

use crate::config::Limits;

/// Operations that change something and come to the same when they are repeated, besides all of
/// GET and DELETE. They set what they are told, however often.
const REPEATABLE: [&str; 5] = [
    "activate_user",
    "deactivate_user",
    "update_user",
    "update_currentuser_device",
    "update_currentuser_metadata",
];

/// Tokens of the quota when nothing has failed lately.
const QUOTA: u32 = 500;
const RETRY_COST: u32 = 5;
const TIMEOUT_COST: u32 = 10;
const SUCCESS_GAIN: u32 = 1;

/// Whether it is safe to repeat an operation that the server may have carried out.
pub(super) fn is_repeatable(method: &Method, operation: &str) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::DELETE)
        || REPEATABLE.contains(&operation)
}

/// What one attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A reply with a status that no rule is about.
    Done,
    /// The server is busy or failed: 429, 500, 502, 503 or 504. It may have said how long to wait.
    Refused {
        too_many: bool,
        wait: Option<Duration>,
    },
    /// No connection, so the server knows nothing of the request.
    NotSent,
    TimedOut,
    /// The connection broke, perhaps after the server had carried out the request.
    Broken,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    pub(super) repeatable: bool,
    /// The attempts so far, the failed one included.
    pub(super) attempts: u32,
    pub(super) elapsed: Duration,
    /// Chance, from 0 up to 1.
    pub(super) jitter: f64,
}

/// How long to wait before another attempt, or `None` if there must not be one.
pub(super) fn decide(limits: &Limits, progress: Progress, outcome: Outcome) -> Option<Duration> {
    let may_repeat = match outcome {
        Outcome::Done => false,
        Outcome::NotSent | Outcome::Refused { too_many: true, .. } => true,
        Outcome::Refused { .. } | Outcome::TimedOut | Outcome::Broken => progress.repeatable,
    };
    if !may_repeat || progress.attempts >= limits.max_attempts {
        return None;
    }
    let wait = match outcome {
        Outcome::Refused {
            wait: Some(wait), ..
        } => wait,
        _ => back_off(limits, progress.attempts).mul_f64(progress.jitter.clamp(0.0, 1.0)),
    };
    // An attempt that could not begin before the deadline is not waited for.
    (wait < limits.deadline.saturating_sub(progress.elapsed)).then_some(wait)
}

fn back_off(limits: &Limits, attempts: u32) -> Duration {
    let doubled = 1_u32.checked_shl(attempts.saturating_sub(1));
    limits
        .retry_first
        .saturating_mul(doubled.unwrap_or(u32::MAX))
        .min(limits.retry_longest)
}

/// Stops all clients of a process from repeating themselves at a server that is down: what
/// repeated calls cost is earned by calls that succeed.
#[derive(Debug)]
pub(crate) struct Quota(AtomicU32);

impl Quota {
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(QUOTA))
    }

    fn take(&self, outcome: Outcome) -> bool {
        let cost = if outcome == Outcome::TimedOut {
            TIMEOUT_COST
        } else {
            RETRY_COST
        };
        self.change(|tokens| tokens.checked_sub(cost))
    }

    fn give_back(&self) {
        self.change(|tokens| (tokens < QUOTA).then(|| (tokens + SUCCESS_GAIN).min(QUOTA)));
    }

    fn change(&self, change: impl FnMut(u32) -> Option<u32>) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change)
            .is_ok()
    }
}

/// What repeating needs to know besides the attempt itself.
pub(super) struct Retry<'a> {
    pub(super) limits: &'a Limits,
    pub(super) quota: &'a Quota,
    pub(super) jitter: fn() -> f64,
    pub(super) repeatable: bool,
}

impl Retry<'_> {
    /// Makes attempts until one needs no other or there must not be another. Each is told how long
    /// it may take. Gives the last result and the number of attempts.
    pub(super) async fn run<R, T, A>(
        &self,
        mut request: R,
        copy: impl Fn(&R) -> Option<R>,
        outcome_of: impl Fn(&T) -> Outcome,
        mut attempt: impl FnMut(R, Duration) -> A,
    ) -> (T, u32)
    where
        A: Future<Output = T>,
    {
        let start = Instant::now();
        let mut attempts = 1;
        loop {
            let spare = (attempts < self.limits.max_attempts)
                .then(|| copy(&request))
                .flatten();
            let left = self.limits.deadline.saturating_sub(start.elapsed());
            let result = attempt(request, self.limits.timeout.min(left)).await;
            let outcome = outcome_of(&result);
            if outcome == Outcome::Done {
                self.quota.give_back();
                return (result, attempts);
            }
            let progress = Progress {
                repeatable: self.repeatable,
                attempts,
                elapsed: start.elapsed(),
                jitter: (self.jitter)(),
            };
            let (Some(spare), Some(wait)) = (spare, decide(self.limits, progress, outcome)) else {
                return (result, attempts);
            };
            if !self.quota.take(outcome) {
                tracing::debug!(attempts, "too many calls have failed: not trying again");
                return (result, attempts);
            }
            tracing::debug!(attempts, ?outcome, ?wait, "trying again");
            sleep(wait).await;
            request = spare;
            attempts += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    use std::cell::RefCell;

    use Outcome::{Broken, Done, NotSent, Refused, TimedOut};

    use super::*;

    const fn limits() -> Limits {
        Limits {
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
            quota.give_back();
        }
        assert_eq!(quota.0.load(Ordering::Relaxed), 500);
    }
}
