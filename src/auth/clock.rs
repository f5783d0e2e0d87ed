//! The time and chance, so that tests need not wait for the one and can foresee the other.

use std::fmt;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::jitter::jitter;

pub(crate) trait Clock: fmt::Debug + Send + Sync {
    /// The time of day, to compare with claims. It may jump.
    fn now(&self) -> Timestamp;

    /// The time since some fixed moment, for ages and waits. It never goes back.
    fn elapsed(&self) -> Duration;

    /// By how much to shorten a wait so that not everybody comes back at once: from 0, not at
    /// all, up to 1.
    fn jitter(&self) -> f64;
}

#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }

    fn jitter(&self) -> f64 {
        1.0 - jitter()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn the_system_tells_the_time_and_leaves_some_to_chance() {
        let before = SystemTime::now();
        let (now, elapsed) = (SystemClock.now(), SystemClock.elapsed());
        assert!(SystemTime::from(now) >= before && SystemTime::from(now) <= SystemTime::now());
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(2) {}
        let later = SystemClock.elapsed();
        assert!(later >= elapsed + Duration::from_millis(2));
        let draws: Vec<_> = (0..100).map(|_| SystemClock.jitter()).collect();
        assert!(draws.iter().all(|draw| (0.0..=1.0).contains(draw)));
        assert!(draws.iter().any(|draw| *draw < 0.5) && draws.iter().any(|draw| *draw > 0.5));
    }
}
