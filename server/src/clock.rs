//! The server's clock: the wall clock, plus whatever the controls have advanced it by.

use std::ops::{Add, Sub};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

/// A time, in whole microseconds as the database keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Time(i64);

impl Time {
    /// The start of the year 1, which stands for "never" where the API has no null.
    pub(crate) const NEVER: Self = Self(-62_135_596_800_000_000);

    /// Before every time that is stored.
    pub(crate) const MIN: Self = Self(i64::MIN);

    /// The last time that the clock shows, in the year 9000: what is counted from it can still be written.
    const LAST: Self = Self(221_845_392_000_000_000);

    /// So many microseconds after the start of 1970.
    pub(crate) const fn from_microsecond(micros: i64) -> Self {
        Self(micros)
    }

    /// So many seconds after the start of 1970.
    pub(crate) const fn from_second(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the start of 1970.
    pub(crate) const fn as_microsecond(self) -> i64 {
        self.0
    }

    /// Seconds since the start of 1970.
    pub(crate) const fn as_second(self) -> i64 {
        self.0 / 1_000_000
    }

    /// How long after an earlier time this is. Zero if it is not after it.
    pub(crate) const fn since(self, earlier: Self) -> Duration {
        if self.0 <= earlier.0 {
            return Duration::ZERO;
        }
        Duration::from_micros(self.0.abs_diff(earlier.0))
    }

    /// The time as it is written; the last one that can be for anything beyond it.
    pub(crate) fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::MAX)
    }
}

impl From<Timestamp> for Time {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.as_microsecond())
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }
}

impl Sub<Duration> for Time {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }
}

/// Whole microseconds of a duration, or as many as there can be.
fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// So many microseconds after the start of 1970.
#[cfg(test)]
pub(crate) const fn at(micros: i64) -> Time {
    Time::from_microsecond(micros)
}

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
    /// The time now. It never goes beyond the year 9000, so that lifetimes can be added to it.
    pub(crate) fn now(&self) -> Time {
        let base = match self.stopped.load(Ordering::Relaxed) {
            RUNS => Timestamp::now().as_microsecond(),
            stopped => stopped,
        };
        Time(base.saturating_add(self.ahead.load(Ordering::Relaxed))).min(Time::LAST)
    }

    /// Moves the clock forwards.
    pub(crate) fn advance(&self, by: Duration) {
        let by = micros(by);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_is_the_zero_time_of_the_api() {
        assert_eq!(Time::NEVER.timestamp().to_string(), "0001-01-01T00:00:00Z");
    }

    #[test]
    fn arithmetic_stops_at_the_ends_and_time_does_not_run_backwards() {
        let second = Duration::from_secs(1);
        assert_eq!((at(5) + second).as_microsecond(), 1_000_005);
        assert_eq!(at(1_000_005) - second, at(5));
        assert_eq!(at(1_000_005).since(at(5)), second);
        assert_eq!(at(5).since(at(1_000_005)), Duration::ZERO);
        assert_eq!(at(0) + Duration::MAX, at(i64::MAX));
        assert_eq!(Time::MIN - second, Time::MIN);
        assert_eq!(at(i64::MAX).since(Time::MIN).as_micros(), u64::MAX.into());
        assert_eq!(Time::from_second(i64::MAX), at(i64::MAX));
        assert_eq!(
            (Time::MIN + Duration::MAX).timestamp(),
            Timestamp::from_microsecond(-1).unwrap_or_default()
        );
        assert_eq!(at(i64::MAX).timestamp(), Timestamp::MAX);
    }

    #[test]
    fn a_stopped_clock_moves_when_it_is_moved() {
        let clock = Clock::default();
        clock.stop();
        let start = clock.now();
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.now(), start + Duration::from_secs(1));
        clock.reset();
        assert!(clock.now() >= start);
    }

    #[test]
    fn advancing_adds_up_and_reset_takes_it_back() {
        let clock = Clock::default();
        // The wall clock has a finer resolution than this clock, which would otherwise seem to be behind it.
        let start = clock.now();
        clock.advance(Duration::from_secs(3600));
        clock.advance(Duration::from_secs(1800));
        assert!(clock.now().since(start).as_secs() >= 5400);
        clock.reset();
        assert!(clock.now().since(start).as_secs() < 5400);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now().timestamp().to_string(), "9000-01-01T00:00:00Z");
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Time::LAST);
    }
}
