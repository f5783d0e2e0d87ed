//! What can be set about a source of keys.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::jwk_set::JwkSet;
use super::status::JwksEvent;
use crate::auth::algorithm::Algorithm;

/// Long enough to mend a server, and not long enough for a key that was withdrawn because it
/// leaked to serve for a day.
const DEFAULT_MAX_STALE: Duration = Duration::from_secs(3600);

/// Where keys come from, what they are for and how long they serve.
#[derive(Clone, Debug)]
pub(crate) struct KeySettings {
    pub(crate) pinned: Option<JwkSet>,
    pub(crate) max_stale: Duration,
    pub(crate) listener: JwksListener,
    /// What the keys may be used for.
    pub(crate) algorithms: Vec<Algorithm>,
    /// Of a whole fetch.
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
}

impl Default for KeySettings {
    fn default() -> Self {
        Self {
            pinned: None,
            max_stale: DEFAULT_MAX_STALE,
            listener: JwksListener::default(),
            algorithms: vec![Algorithm::Rs256],
            timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(2),
        }
    }
}

impl KeySettings {
    pub(crate) fn set_listener(&mut self, listener: impl Fn(&JwksEvent) + Send + Sync + 'static) {
        self.listener = JwksListener::new(listener);
    }
}

type Listen = dyn Fn(&JwksEvent) + Send + Sync;

/// Told of each fetch of the keys.
#[derive(Clone, Default)]
pub(crate) struct JwksListener(Option<Arc<Listen>>);

impl JwksListener {
    pub(crate) fn new(listener: impl Fn(&JwksEvent) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    pub(crate) fn tell(&self, event: &JwksEvent) {
        if let Some(listener) = &self.0 {
            listener(event);
        }
    }
}

impl fmt::Debug for JwksListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "set" } else { "not set" })
    }
}
