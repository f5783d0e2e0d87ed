//! Whether a failed call is tried again, and when.
//!
//! [`decide`] contains the rules and has no effects; [`run`] applies them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::Method;
use tokio::time::{Instant, sleep};

use super::limits::Limits;

/// Operations besides GET and DELETE that change something and have the same result when they are
/// repeated, because they set absolute values.
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

/// The result of one attempt.
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

/// Stops the clients of a process from retrying against a server that is down: successful calls
/// earn the budget that retries spend.
#[derive(Debug)]
pub(crate) struct Quota(AtomicU32);

impl Quota {
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(QUOTA))
    }

    fn take(&self, outcome: Outcome) -> Option<Permit<'_>> {
        let cost = if outcome == Outcome::TimedOut {
            TIMEOUT_COST
        } else {
            RETRY_COST
        };
        let taken = self.change(|tokens| tokens.checked_sub(cost));
        taken.then(|| Permit { quota: self, cost })
    }

    fn give_back(&self, tokens: u32) {
        self.change(|left| (left < QUOTA).then(|| (left + tokens).min(QUOTA)));
    }

    fn change(&self, change: impl FnMut(u32) -> Option<u32>) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change)
            .is_ok()
    }
}

/// Leave to make another attempt. What it cost goes back if the attempt is never made, as when the
/// call is dropped while it waits.
struct Permit<'a> {
    quota: &'a Quota,
    cost: u32,
}

impl Permit<'_> {
    fn spend(mut self) {
        self.cost = 0;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.quota.give_back(self.cost);
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
                self.quota.give_back(SUCCESS_GAIN);
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
            let Some(permit) = self.quota.take(outcome) else {
                tracing::debug!(attempts, "too many calls have failed: not trying again");
                return (result, attempts);
            };
            tracing::debug!(attempts, ?outcome, ?wait, "trying again");
            sleep(wait).await;
            if start.elapsed() >= self.limits.deadline {
                // The wait took longer than it should have.
                return (result, attempts);
            }
            permit.spend();
            request = spare;
            attempts += 1;
        }
    }
}

#[cfg(test)]
mod tests;
