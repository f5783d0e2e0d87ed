//! The time and chance, so that tests need not wait for the one and can foresee the other.

use std::fmt;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use jiff::Timestamp;

pub(crate) trait Clock: fmt::Debug + Send + Sync {
    /// The time of day, to compare with claims. It may jump.
    fn now(&self) -> Timestamp;

    /// The time since some fixed moment, for ages and waits. It never goes back.
    fn elapsed(&self) -> Duration;

    /// By how much to shorten a wait so that not everybody comes back at once: from 0, not at
    /// all, up to 1.
    fn jitter(&self) -> f64 {
        0.0
    }
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
        let mut random = [0; 4];
        // Without random bytes nothing is shortened, which does no harm.
        match aws_lc_rs::rand::fill(&mut random) {
            Ok(()) => f64::from(u32::from_be_bytes(random)) / f64::from(u32::MAX),
            Err(_) => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jitter_of_the_system_lies_between_0_and_1_and_varies() {
        let draws: Vec<_> = (0..100).map(|_| SystemClock.jitter()).collect();
        assert!(draws.iter().all(|draw| (0.0..=1.0).contains(draw)));
        assert!(draws.iter().any(|draw| *draw < 0.5) && draws.iter().any(|draw| *draw > 0.5));
    }
}
