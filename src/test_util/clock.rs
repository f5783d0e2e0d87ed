//! A clock that stands still until it is told otherwise.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::auth::Clock;

/// A clock that only a test moves. Clones are the same clock.
///
/// It starts at [`TestClock::START`], whatever the real time is, so that a test does the same
/// every day, and so that a test's token has long expired for everybody else.
///
/// ```
/// use passage_identity::test_util::{TestIssuer, TestToken};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> passage_identity::Result<()> {
/// let issuer = TestIssuer::new()?;
/// let passage = issuer.passage()?;
/// let token = issuer.mint(TestToken::new("user id").expires_in(Duration::from_secs(60)))?;
/// assert!(passage.verify_token(&token).await.is_ok());
///
/// issuer.clock().advance(Duration::from_secs(120));
/// assert!(passage.verify_token(&token).await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TestClock(Arc<Mutex<Times>>);

#[derive(Clone, Copy, Debug)]
struct Times {
    now: Timestamp,
    elapsed: Duration,
}

impl TestClock {
    /// Where every clock starts: 2023-11-14T22:13:20Z, which is 1,700,000,000 in Unix time.
    pub const START: Timestamp = Timestamp::constant(1_700_000_000, 0);

    /// Makes a clock that shows [`START`](Self::START).
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Times {
            now: Self::START,
            elapsed: Duration::ZERO,
        })))
    }

    /// What the clock shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.times().now
    }

    /// Lets time pass. Beyond the range of [`Timestamp`] the clock stops at its end.
    pub fn advance(&self, by: Duration) {
        let mut times = self.times();
        times.now = times.now.checked_add(by).unwrap_or(Timestamp::MAX);
        times.elapsed = times.elapsed.saturating_add(by);
    }

    /// Sets the time of day, forth or back, as an administrator would: no time passes, so keys
    /// and waits do not grow older.
    pub fn set(&self, now: Timestamp) {
        self.times().now = now;
    }

    /// The times are plain values, good even if a test panicked while it held them.
    fn times(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.now()
    }

    fn elapsed(&self) -> Duration {
        self.times().elapsed
    }

    /// Nothing is left to chance.
    fn jitter(&self) -> f64 {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_are_one_clock() {
        let clock = TestClock::new();
        let other = clock.clone();
        clock.advance(Duration::from_millis(1_500));
        assert_eq!(other.now().as_millisecond(), 1_700_000_001_500);
        assert_eq!(other.elapsed(), Duration::from_millis(1_500));
    }

    #[test]
    fn setting_the_time_of_day_lets_no_time_pass() {
        let clock = TestClock::new();
        clock.advance(Duration::from_secs(1));
        clock.set(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        assert_eq!(clock.elapsed(), Duration::from_secs(1));
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        let clock = TestClock::new();
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
        assert_eq!(clock.elapsed(), Duration::MAX);
    }
}
