//! What can be told of the key source from outside.

use std::time::Duration;

use jiff::Timestamp;

/// The state of an app's keys; see [`Passage::health`](crate::Passage::health).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwksHealth {
    /// No keys yet: none were needed so far, or none could be had.
    NeverLoaded,
    /// The keys are ten minutes old at most.
    Fresh,
    /// The keys are older than that, and serve until a new set can be fetched.
    Stale {
        /// When they turned ten minutes old.
        since: Timestamp,
    },
    /// The keys are those given to [`PassageBuilder::jwks`](crate::PassageBuilder::jwks).
    Pinned,
}

/// What came of a fetch of the app's keys; see
/// [`PassageBuilder::on_jwks_event`](crate::PassageBuilder::on_jwks_event).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwksEvent {
    /// A new set was fetched and is used from now on.
    #[non_exhaustive]
    Fetched {
        /// How many names of keys it has.
        keys: usize,
    },
    /// No new set could be had. Known keys serve on.
    #[non_exhaustive]
    Failed {
        /// What went wrong, without any URL.
        reason: String,
        /// How many fetches in a row have failed.
        failures: u32,
        /// How old the keys are that serve on; `None` if there are none.
        age: Option<Duration>,
        /// How long no other fetch is tried.
        retry_in: Duration,
    },
}
