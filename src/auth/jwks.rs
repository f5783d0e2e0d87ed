//! When keys are fetched, and what is answered meanwhile.
//!
//! [`plan`] decides, [`Jwks`] does. One fetch runs at a time, in a task of its own, so that a
//! caller who goes away does not end it; no lock is held while it runs.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::clock::Clock;
use super::fetch::{Fetch, FetchError};
use super::keys::{Key, KeySet};
use crate::error::{Error, ErrorKind, Result};

/// A key that was withdrawn is refused after this long at the latest.
const MAX_AGE: Duration = Duration::from_secs(600);
/// From this age on a new set is fetched in the background.
const REFRESH_AT: Duration = Duration::from_secs(480);
/// How long keys serve when no new set can be had.
const MAX_STALE: Duration = Duration::from_secs(24 * 3600);
/// Unknown names of keys cause this many fetches per [`COOL_DOWN`], and no more.
const FETCHES_FOR_UNKNOWN: usize = 2;
const COOL_DOWN: Duration = Duration::from_secs(30);
/// The longest wait after failures: 1, 2, 4 .. 60 s.
const MAX_BACK_OFF: Duration = Duration::from_secs(60);

/// What to do about a token whose key is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// Answer from the set that is there.
    Answer,
    /// The same, and fetch a new set in the background.
    AnswerAndFetch,
    /// Wait for a new set first.
    Fetch,
    /// There is no set, and none can be had now.
    Unavailable,
}

/// What the plan depends on.
#[derive(Clone, Copy, Debug)]
struct Situation {
    /// How old the set is, if there is one that may still be used.
    age: Option<Duration>,
    /// Whether the set has the name.
    known: bool,
    /// Whether the last fetch failed.
    failing: bool,
    /// Whether the wait after that failure is not over.
    backing_off: bool,
    /// Whether unknown names have used up their fetches.
    cooling_down: bool,
}

fn plan(s: Situation) -> Plan {
    let Some(age) = s.age else {
        return if s.backing_off {
            Plan::Unavailable
        } else {
            Plan::Fetch
        };
    };
    if s.backing_off {
        return Plan::Answer;
    }
    if s.known {
        if age < REFRESH_AT {
            Plan::Answer
        } else if age < MAX_AGE || s.failing {
            Plan::AnswerAndFetch
        } else {
            Plan::Fetch
        }
    } else if age >= REFRESH_AT || !s.cooling_down {
        Plan::Fetch
    } else {
        Plan::Answer
    }
}

fn back_off(failures: u32) -> Duration {
    let seconds = 1_u64
        .checked_shl(failures.saturating_sub(1))
        .unwrap_or(u64::MAX);
    Duration::from_secs(seconds).min(MAX_BACK_OFF)
}

/// The keys of one app, fetched when they are needed.
#[derive(Clone)]
pub(super) struct Jwks(Arc<Shared>);

struct Shared {
    fetcher: Box<dyn Fetch>,
    clock: Arc<dyn Clock>,
    /// Read for every token, replaced whole, and never held for longer than that takes.
    loaded: RwLock<Option<Loaded>>,
    fetching: Mutex<Fetching>,
}

#[derive(Clone)]
struct Loaded {
    keys: Arc<KeySet>,
    at: Duration,
}

#[derive(Default)]
struct Fetching {
    /// Closes when the fetch that is running ends.
    running: Option<watch::Receiver<()>>,
    failures: u32,
    last_failure: Option<(Duration, FetchError)>,
    /// When unknown names last caused a fetch, the oldest first.
    for_unknown: VecDeque<Duration>,
}

impl Fetching {
    fn wait_left(&self, now: Duration) -> Option<Duration> {
        let (at, _) = self.last_failure.as_ref()?;
        (*at + back_off(self.failures))
            .checked_sub(now)
            .filter(|left| !left.is_zero())
    }

    fn cooling_down(&mut self, now: Duration) -> bool {
        while self
            .for_unknown
            .front()
            .is_some_and(|&at| at + COOL_DOWN <= now)
        {
            self.for_unknown.pop_front();
        }
        self.for_unknown.len() >= FETCHES_FOR_UNKNOWN
    }
}

impl Jwks {
    pub(super) fn new(fetcher: Box<dyn Fetch>, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            fetcher,
            clock,
            loaded: RwLock::default(),
            fetching: Mutex::default(),
        }))
    }

    /// The key of this name. A name that is not there once keys are known is the token's fault,
    /// so an outage cannot make a forged token look like a case of 503.
    pub(super) async fn find(&self, kid: &str) -> Result<Key> {
        let shared = &self.0;
        if let Some(key) = shared.fresh(kid) {
            return key.map_err(Error::of);
        }
        match shared.start_if_due(self, kid)? {
            Some(mut running) => while running.changed().await.is_ok() {},
            None => return shared.answer(kid),
        }
        shared.answer(kid)
    }
}

impl Shared {
    /// The usual case, without the second lock.
    fn fresh(&self, kid: &str) -> Option<Result<Key, ErrorKind>> {
        let loaded = self.loaded()?;
        let young = self.clock.elapsed().saturating_sub(loaded.at) < REFRESH_AT;
        match loaded.keys.find(kid) {
            Err(ErrorKind::UnknownKey) => None,
            answer => young.then_some(answer),
        }
    }

    fn loaded(&self) -> Option<Loaded> {
        self.loaded
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn usable(&self) -> Option<Loaded> {
        let now = self.clock.elapsed();
        self.loaded()
            .filter(|loaded| now.saturating_sub(loaded.at) < MAX_STALE)
    }

    fn fetching(&self) -> MutexGuard<'_, Fetching> {
        self.fetching.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, kid: &str) -> Result<Key> {
        match self.usable() {
            Some(loaded) => loaded.keys.find(kid).map_err(Error::of),
            None => Err(self.unavailable()),
        }
    }

    fn unavailable(&self) -> Error {
        let fetching = self.fetching();
        let error = Error::of(ErrorKind::JwksUnavailable)
            .with_retry_after(fetching.wait_left(self.clock.elapsed()));
        match &fetching.last_failure {
            Some((_, cause)) => error.with_source(cause.clone()),
            None => error,
        }
    }

    /// Starts a fetch if one is due. What comes back is to be waited for.
    fn start_if_due(&self, jwks: &Jwks, kid: &str) -> Result<Option<watch::Receiver<()>>> {
        let mut fetching = self.fetching();
        let now = self.clock.elapsed();
        // Read under the lock: a fetch that ended meanwhile must count.
        let loaded = self.usable();
        let known = loaded
            .as_ref()
            .is_some_and(|loaded| !matches!(loaded.keys.find(kid), Err(ErrorKind::UnknownKey)));
        let age = loaded.map(|loaded| now.saturating_sub(loaded.at));
        let plan = plan(Situation {
            age,
            known,
            failing: fetching.failures > 0,
            backing_off: fetching.wait_left(now).is_some() && fetching.running.is_none(),
            cooling_down: fetching.cooling_down(now),
        });
        match plan {
            Plan::Answer | Plan::Unavailable => return Ok(None),
            Plan::AnswerAndFetch | Plan::Fetch => {}
        }
        if fetching.running.is_none() {
            // Counted only if nothing but the unknown name is the reason.
            if !known && age.is_some_and(|age| age < REFRESH_AT) {
                fetching.for_unknown.push_back(now);
            }
            fetching.running = Some(start(jwks)?);
        }
        Ok(if plan == Plan::Fetch {
            fetching.running.clone()
        } else {
            None
        })
    }
}

/// Fetches in a task of its own. Its end closes the channel.
fn start(jwks: &Jwks) -> Result<watch::Receiver<()>> {
    let runtime = Handle::try_current().map_err(|error| {
        Error::new(
            ErrorKind::JwksUnavailable,
            "fetching the keys of the app needs a Tokio runtime",
        )
        .with_source(error)
    })?;
    let (done, running) = watch::channel(());
    let mut flight = Flight {
        jwks: jwks.clone(),
        outcome: Err(FetchError::Interrupted),
        _done: done,
    };
    runtime.spawn(async move {
        let body = flight.jwks.0.fetcher.fetch().await;
        flight.outcome = body.and_then(|body| KeySet::parse(&body).map_err(FetchError::Body));
        drop(flight);
    });
    Ok(running)
}

/// Records the outcome when it is dropped, so that a task which is cut off leaves no fetch that
/// seems to run for ever. Fields drop after that, so whoever waits sees the outcome.
struct Flight {
    jwks: Jwks,
    outcome: Result<KeySet, FetchError>,
    _done: watch::Sender<()>,
}

impl Drop for Flight {
    fn drop(&mut self) {
        let shared = &self.jwks.0;
        let now = shared.clock.elapsed();
        let mut fetching = shared.fetching();
        fetching.running = None;
        match std::mem::replace(&mut self.outcome, Err(FetchError::Interrupted)) {
            Ok(keys) => {
                tracing::debug!(keys = keys.len(), "fetched the keys of the app");
                fetching.failures = 0;
                fetching.last_failure = None;
                let loaded = Loaded {
                    keys: Arc::new(keys),
                    at: now,
                };
                *shared
                    .loaded
                    .write()
                    .unwrap_or_else(PoisonError::into_inner) = Some(loaded);
            }
            Err(error) => {
                // A bad answer never replaces good keys.
                fetching.failures = fetching.failures.saturating_add(1);
                tracing::warn!(reason = %error, failures = fetching.failures, "could not fetch the keys of the app");
                fetching.last_failure = Some((now, error));
            }
        }
    }
}

#[cfg(test)]
#[path = "jwks_tests.rs"]
mod tests;
