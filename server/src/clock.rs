//! The server's clock: the wall clock, plus whatever the controls have advanced it by.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

/// Microseconds in a second: times are kept in microseconds, and most lifetimes are given in seconds.
pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;

/// Microseconds of the year 1, which stands for "never" where the API has no null.
pub(crate) const NEVER: i64 = -62_135_596_800_000_000;

/// The last time that the clock shows, in microseconds, in the year 9000: sums with it can still be formatted.
const LAST: i64 = 221_845_392_000_000_000;

/// A clock that can be moved forwards, and stopped.
#[derive(Debug)]
pub(crate) struct Clock {
    /// Microseconds to add to the wall clock.
    ahead: AtomicI64,
    /// Microseconds to show in place of the wall clock, or [`RUNS`].
    stopped: AtomicI64,
}

/// The clock is not stopped.
const RUNS: i64 = i64::MIN;

impl Default for Clock {
    fn default() -> Self {
        Self {
            ahead: AtomicI64::new(0),
            stopped: AtomicI64::new(RUNS),
        }
    }
}

impl Clock {
    /// The time now, in whole microseconds as the database keeps them.
    pub(crate) fn now(&self) -> Timestamp {
        time(self.micros())
    }

    /// The time now, in microseconds since 1970. It never exceeds [`LAST`], so that lifetimes can be added to it.
    pub(crate) fn micros(&self) -> i64 {
        let base = match self.stopped.load(Ordering::Relaxed) {
            RUNS => Timestamp::now().as_microsecond(),
            stopped => stopped,
        };
        base.saturating_add(self.ahead.load(Ordering::Relaxed))
            .min(LAST)
    }

    /// Moves the clock forwards.
    pub(crate) fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        let add = |ahead: i64| Some(ahead.saturating_add(by));
        // The closure always returns a value.
        let _previous = self
            .ahead
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Stops the clock: from now on it moves only when advanced.
    pub(crate) fn stop(&self) {
        let now = Timestamp::now().as_microsecond();
        self.stopped.store(now, Ordering::Relaxed);
    }

    /// Resets the clock to the wall clock.
    pub(crate) fn reset(&self) {
        self.stopped.store(RUNS, Ordering::Relaxed);
        self.ahead.store(0, Ordering::Relaxed);
    }
}

/// The time this many microseconds after 1970, or the last time that can be formatted for anything beyond it.
pub(crate) fn time(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_is_the_zero_time_of_the_api() {
        assert_eq!(time(NEVER).to_string(), "0001-01-01T00:00:00Z");
    }

    #[test]
    fn a_stopped_clock_moves_when_it_is_moved() {
        let clock = Clock::default();
        clock.stop();
        let start = clock.micros();
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.micros(), start + 1_000_000);
        clock.reset();
        assert!(clock.micros() >= start);
    }

    #[test]
    fn advancing_adds_up_and_reset_takes_it_back() {
        let clock = Clock::default();
        // The wall clock has a finer resolution than this clock, which would otherwise seem to be behind it.
        let start = clock.now();
        clock.advance(Duration::from_secs(3600));
        clock.advance(Duration::from_secs(1800));
        assert!(clock.now().duration_since(start).as_secs() >= 5400);
        clock.reset();
        assert!(clock.now().duration_since(start).as_secs() < 5400);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now().to_string(), "9000-01-01T00:00:00Z");
        clock.advance(Duration::MAX);
        assert_eq!(clock.micros(), LAST);
    }
}
