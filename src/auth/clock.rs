//! The time, so that tests need not wait for it.

use std::fmt;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use jiff::Timestamp;

pub(crate) trait Clock: fmt::Debug + Send + Sync {
    /// The time of day, to compare with claims. It may jump.
    fn now(&self) -> Timestamp;

    /// The time since some fixed moment, for ages and waits. It never goes back.
    fn elapsed(&self) -> Duration;
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
}
