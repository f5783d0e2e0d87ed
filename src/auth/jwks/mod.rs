//! The keys of an issuer, and the answers while they are fetched.
//!
//! [`schedule`] decides, [`Jwks`] does. One fetch runs at a time, in a task of
//! its own, so that a caller who goes away does not end it; no lock is held while it runs, and
//! reading keys waits for nobody.

pub(super) mod fetch;
mod jwk_set;
mod keys;
mod schedule;
mod settings;
mod status;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::algorithm::Algorithm;
use super::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use fetch::{Fetch, FetchError};
use keys::KeySet;
use schedule::{
    Age, MAX_AGE, NameIs, Plan, Situation, UnknownNames, back_off, plan, refresh_after,
};

pub(super) use fetch::HttpFetch;
pub use jwk_set::JwkSet;
pub(super) use keys::Key;
pub(super) use settings::JwksListener;
pub(crate) use settings::KeySettings;
pub use status::{JwksEvent, JwksHealth};

/// The keys of one issuer.
pub(super) enum Jwks {
    /// Given once and for all.
    Pinned(JwkSet),
    /// Fetched when they are needed.
    Fetched(Arc<Shared>),
}

pub(super) struct Shared {
    fetcher: Box<dyn Fetch>,
    clock: Arc<dyn Clock>,
    max_stale: Duration,
    listener: JwksListener,
    algorithms: Vec<Algorithm>,
    /// Read for every token, and replaced whole.
    loaded: ArcSwapOption<Loaded>,
    fetching: Mutex<Fetching>,
}

struct Loaded {
    keys: KeySet,
    at: Duration,
    /// When a new set is due.
    refresh_at: Duration,
}

impl Loaded {
    fn age(&self, now: Duration) -> Age {
        if now < self.refresh_at {
            Age::Young
        } else if now < self.at + MAX_AGE {
            Age::Due
        } else {
            Age::Old
        }
    }

    fn has(&self, kid: &str) -> bool {
        !matches!(self.keys.find(kid), Err(ErrorKind::UnknownKey))
    }
}

#[derive(Default)]
struct Fetching {
    /// Closes when the fetch that is running ends.
    running: Option<watch::Receiver<()>>,
    failures: u32,
    last_failure: Option<FetchError>,
    /// Not before this is a fetch tried again.
    retry_at: Duration,
    unknown: UnknownNames,
}

impl Fetching {
    fn wait_left(&self, now: Duration) -> Option<Duration> {
        self.retry_at
            .checked_sub(now)
            .filter(|left| !left.is_zero())
    }
}

impl Jwks {
    pub(super) fn new(
        settings: KeySettings,
        fetcher: impl FnOnce(&KeySettings) -> Result<Box<dyn Fetch>>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        if let Some(keys) = settings.pinned {
            return Ok(Self::Pinned(keys));
        }
        Ok(Self::Fetched(Arc::new(Shared {
            fetcher: fetcher(&settings)?,
            clock,
            max_stale: settings.max_stale.max(MAX_AGE),
            listener: settings.listener,
            algorithms: settings.algorithms,
            loaded: ArcSwapOption::empty(),
            fetching: Mutex::default(),
        })))
    }

    /// The key of this name. A name that is not there once keys are known is the token's fault,
    /// so an outage cannot make a forged token look like a case of 503.
    pub(super) async fn find(&self, kid: &str) -> Result<Key> {
        let shared = match self {
            Self::Pinned(keys) => return keys.keys().find(kid).cloned().map_err(Error::of),
            Self::Fetched(shared) => shared,
        };
        if let Some(key) = shared.fresh(kid) {
            return key.map_err(Error::of);
        }
        let Some(mut running) = shared.start_if_due(Some(kid))? else {
            return shared.answer(kid);
        };
        while running.changed().await.is_ok() {}
        let answer = shared.answer(kid);
        if let Err(error) = &answer
            && error.kind() == ErrorKind::UnknownKey
        {
            shared.remember_unknown(kid);
        }
        answer
    }

    /// Fetches keys unless there are some that are not due yet.
    pub(super) async fn warm_up(&self) -> Result<()> {
        let shared = match self {
            Self::Pinned(_) => return Ok(()),
            Self::Fetched(shared) => shared,
        };
        if let Some(mut running) = shared.start_if_due(None)? {
            while running.changed().await.is_ok() {}
        }
        match shared.usable() {
            Some(_) => Ok(()),
            None => Err(shared.unavailable()),
        }
    }

    pub(super) fn health(&self) -> JwksHealth {
        let shared = match self {
            Self::Pinned(_) => return JwksHealth::Pinned,
            Self::Fetched(shared) => shared,
        };
        let Some(loaded) = shared.loaded.load_full() else {
            return JwksHealth::NeverLoaded;
        };
        let now = shared.clock.elapsed();
        match now.checked_sub(loaded.at + MAX_AGE) {
            Some(stale_for) => JwksHealth::Stale {
                since: shared
                    .clock
                    .now()
                    .checked_sub(stale_for)
                    .unwrap_or(jiff::Timestamp::MIN),
            },
            None => JwksHealth::Fresh,
        }
    }
}

impl Shared {
    /// The usual case, without a lock.
    fn fresh(&self, kid: &str) -> Option<Result<Key, ErrorKind>> {
        let loaded = self.loaded.load();
        let loaded = loaded.as_ref()?;
        if self.clock.elapsed() >= loaded.refresh_at {
            return None;
        }
        match loaded.keys.find(kid) {
            Err(ErrorKind::UnknownKey) => None,
            answer => Some(answer.cloned()),
        }
    }

    /// The set, unless it is too old for anything.
    fn usable(&self) -> Option<Arc<Loaded>> {
        let now = self.clock.elapsed();
        self.loaded
            .load_full()
            .filter(|loaded| now.saturating_sub(loaded.at) < self.max_stale)
    }

    fn fetching(&self) -> MutexGuard<'_, Fetching> {
        self.fetching.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, kid: &str) -> Result<Key> {
        match self.usable() {
            Some(loaded) => loaded.keys.find(kid).cloned().map_err(Error::of),
            None => Err(self.unavailable()),
        }
    }

    fn unavailable(&self) -> Error {
        let fetching = self.fetching();
        let error = Error::of(ErrorKind::JwksUnavailable)
            .with_retry_after(fetching.wait_left(self.clock.elapsed()));
        match &fetching.last_failure {
            Some(cause) => error.with_source(cause.clone()),
            None => error,
        }
    }

    fn remember_unknown(&self, kid: &str) {
        let mut fetching = self.fetching();
        // A fetch that failed says nothing of the name.
        if fetching.failures == 0 {
            fetching.unknown.remember(kid, self.clock.elapsed());
        }
    }

    /// Starts a fetch if one is due, for a key of this name or for any. What comes back is to be
    /// waited for.
    fn start_if_due(self: &Arc<Self>, kid: Option<&str>) -> Result<Option<watch::Receiver<()>>> {
        let mut fetching = self.fetching();
        let now = self.clock.elapsed();
        // Read under the lock: a fetch that ended meanwhile must count.
        let loaded = self.usable();
        let age = loaded.as_ref().map(|loaded| loaded.age(now));
        let name = match (kid, &loaded) {
            (None, _) => NameIs::InTheSet,
            (Some(kid), Some(loaded)) if loaded.has(kid) => NameIs::InTheSet,
            (Some(kid), _) if fetching.unknown.remembers(kid, now) => NameIs::Unknown,
            _ => NameIs::Unheard,
        };
        let plan = plan(Situation {
            age,
            name,
            failing: fetching.failures > 0,
            backing_off: fetching.running.is_none() && fetching.wait_left(now).is_some(),
            cooling_down: fetching.unknown.cooling_down(now),
        });
        match plan {
            Plan::Answer | Plan::Unavailable => return Ok(None),
            Plan::AnswerAndFetch | Plan::Fetch => {}
        }
        if fetching.running.is_none() {
            // Counted only if nothing but the unknown name is the reason.
            if name == NameIs::Unheard && age == Some(Age::Young) {
                fetching.unknown.caused_fetch(now);
            }
            fetching.running = Some(start(self)?);
        }
        Ok(if plan == Plan::Fetch {
            fetching.running.clone()
        } else {
            None
        })
    }

    /// Takes what a fetch has brought, and ends it.
    fn record(&self, outcome: Result<KeySet, FetchError>) -> JwksEvent {
        let now = self.clock.elapsed();
        let mut fetching = self.fetching();
        fetching.running = None;
        match outcome {
            Ok(keys) => {
                fetching.failures = 0;
                fetching.last_failure = None;
                fetching.retry_at = Duration::ZERO;
                let event = JwksEvent::Fetched { keys: keys.len() };
                self.loaded.store(Some(Arc::new(Loaded {
                    keys,
                    at: now,
                    refresh_at: now + refresh_after(self.clock.jitter()),
                })));
                event
            }
            Err(error) => {
                // A bad answer never replaces good keys.
                fetching.failures = fetching.failures.saturating_add(1);
                let retry_in = back_off(fetching.failures, self.clock.jitter());
                fetching.retry_at = now + retry_in;
                let event = JwksEvent::Failed {
                    reason: error.to_string(),
                    failures: fetching.failures,
                    age: self.usable().map(|loaded| now.saturating_sub(loaded.at)),
                    retry_in,
                };
                fetching.last_failure = Some(error);
                event
            }
        }
    }
}

/// Fetches in a task of its own. Its end closes the channel.
fn start(shared: &Arc<Shared>) -> Result<watch::Receiver<()>> {
    let runtime = Handle::try_current().map_err(|error| {
        Error::new(
            ErrorKind::JwksUnavailable,
            "fetching keys needs a Tokio runtime",
        )
        .with_source(error)
    })?;
    let (done, running) = watch::channel(());
    let mut flight = Flight {
        shared: Arc::clone(shared),
        outcome: Err(FetchError::Interrupted),
        _done: done,
    };
    runtime.spawn(async move {
        let body = flight.shared.fetcher.fetch().await;
        let parse = |body: bytes::Bytes| KeySet::parse(&body, &flight.shared.algorithms);
        flight.outcome = body.and_then(|body| parse(body).map_err(FetchError::Body));
        drop(flight);
    });
    Ok(running)
}

/// Records the outcome when it is dropped, so that an aborted task does not leave a fetch that
/// seems to run for ever. Fields are dropped after that, so waiting callers see the outcome.
struct Flight {
    shared: Arc<Shared>,
    outcome: Result<KeySet, FetchError>,
    _done: watch::Sender<()>,
}

impl Drop for Flight {
    fn drop(&mut self) {
        let outcome = std::mem::replace(&mut self.outcome, Err(FetchError::Interrupted));
        let event = self.shared.record(outcome);
        match &event {
            JwksEvent::Fetched { keys } => tracing::debug!(keys, "fetched a key set"),
            JwksEvent::Failed {
                reason, failures, ..
            } => tracing::warn!(reason, failures, "could not fetch a key set"),
        }
        // A panic of the user's own code must not end the drop of a task that is panicking.
        let told = catch_unwind(AssertUnwindSafe(|| self.shared.listener.tell(&event)));
        if told.is_err() {
            tracing::error!("the listener for key set events panicked");
        }
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod http_tests;
