//! Time limits of a call, and how often it is tried.

use std::time::Duration;

use crate::error::{Error, Result};

/// The limits of each call of an API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Of one attempt.
    pub(crate) timeout: Duration,
    /// Of connecting, as a part of an attempt.
    pub(crate) connect: Duration,
    /// Of the whole call, waits included.
    pub(crate) deadline: Duration,
    pub(crate) max_attempts: u32,
    /// The longest wait before the second attempt; it doubles with each one after that.
    pub(crate) retry_first: Duration,
    pub(crate) retry_longest: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            connect: Duration::from_secs(3),
            deadline: Duration::from_secs(30),
            max_attempts: 3,
            retry_first: Duration::from_millis(100),
            retry_longest: Duration::from_secs(5),
        }
    }
}

impl Limits {
    pub(crate) fn check(self) -> Result<Self> {
        if self.timeout.is_zero() || self.connect.is_zero() || self.deadline.is_zero() {
            return Err(Error::config("a time-out of zero would fail every call"));
        }
        if self.max_attempts == 0 {
            return Err(Error::config(
                "without an attempt no call can be made: 1 is the least",
            ));
        }
        Ok(self)
    }

    pub(crate) fn with(mut self, options: &CallOptions) -> Self {
        self.timeout = options.timeout.unwrap_or(self.timeout);
        self.deadline = options.deadline.unwrap_or(self.deadline);
        self.connect = options.connect.unwrap_or(self.connect);
        self.max_attempts = options.max_attempts.unwrap_or(self.max_attempts);
        if let Some((first, longest)) = options.retry_wait {
            (self.retry_first, self.retry_longest) = (first, longest);
        }
        self
    }
}

/// Limits for some calls that differ from those of the client; for
/// [`Passage::with_options`](crate::Passage::with_options).
///
/// ```no_run
/// use std::time::Duration;
/// use passage_identity::CallOptions;
///
/// # async fn example(passage: passage_identity::Passage) -> passage_identity::Result<()> {
/// let quick = CallOptions::new().deadline(Duration::from_secs(1)).max_attempts(1);
/// let user = passage.with_options(quick)?.users().get("some user id").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct CallOptions {
    timeout: Option<Duration>,
    deadline: Option<Duration>,
    connect: Option<Duration>,
    max_attempts: Option<u32>,
    retry_wait: Option<(Duration, Duration)>,
}

impl CallOptions {
    /// No changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// As [`PassageBuilder::timeout`](crate::PassageBuilder::timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// As [`PassageBuilder::deadline`](crate::PassageBuilder::deadline).
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// As [`PassageBuilder::connect_timeout`](crate::PassageBuilder::connect_timeout).
    ///
    /// It belongs to the connections, so a client with another value has connections of its own and
    /// takes some milliseconds to create: keep it rather than creating one for each call.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect = Some(timeout);
        self
    }

    /// As [`PassageBuilder::max_attempts`](crate::PassageBuilder::max_attempts).
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// As [`PassageBuilder::retry_wait`](crate::PassageBuilder::retry_wait).
    pub fn retry_wait(mut self, first: Duration, longest: Duration) -> Self {
        self.retry_wait = Some((first, longest));
        self
    }
}
