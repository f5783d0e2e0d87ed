//! What can be told of the key source from outside.

use std::time::Duration;

use jiff::Timestamp;

/// The state of an app's keys; see [`Passage::health`](crate::Passage::health).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwksHealth {
    /// No keys yet: none have been needed so far, or none could be fetched.
    NeverLoaded,
    /// The keys are ten minutes old at most.
    Fresh,
    /// The keys are older than that, and are used until a new set can be fetched.
    Stale {
        /// When they turned ten minutes old.
        since: Timestamp,
    },
    /// The keys are those given to [`PassageBuilder::jwks`](crate::PassageBuilder::jwks).
    Pinned,
}

/// The result of fetching the app's keys; see
/// [`PassageBuilder::on_jwks_event`](crate::PassageBuilder::on_jwks_event).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwksEvent {
    /// A new set was fetched and is in use from now on.
    #[non_exhaustive]
    Fetched {
        /// How many names of keys it has.
        keys: usize,
    },
    /// No new set could be fetched. Known keys stay in use.
    #[non_exhaustive]
    Failed {
        /// What went wrong, without any URL.
        reason: String,
        /// How many fetches in a row have failed.
        failures: u32,
        /// The age of the keys that stay in use; `None` if there are none.
        age: Option<Duration>,
        /// How long until the next fetch is tried.
        retry_in: Duration,
    },
}
