//! What every use case needs: the apps, the store, the clock, and the connections to the outside.

use std::sync::Arc;

use super::apps::{App, Apps};
use super::audit::Audit;
use super::error::Refusal;
use super::rate_limits::RateLimits;
use super::social::Providers;
use crate::clock::Clock;
use crate::delivery::Sender;
use crate::ids::AppId;
use crate::keys::MacKeys;
use crate::store::Store;

/// The running server's state.
pub(crate) struct AppState {
    /// URL by which clients reach the server.
    pub(crate) url: String,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) sender: Sender,
    /// The identity providers that the server is connected to.
    pub(crate) providers: Providers,
    pub(crate) apps: Apps,
    pub(crate) limits: RateLimits,
    /// The keys that make the successors of refresh tokens.
    pub(crate) successor_keys: MacKeys,
    pub(crate) audit: Audit,
}

impl AppState {
    /// The app with this id.
    pub(crate) fn app(&self, id: &AppId) -> Result<Arc<App>, Refusal> {
        self.apps.get(id).ok_or_else(Refusal::app_not_found)
    }

    /// The URL under which the Auth API answers.
    pub(crate) fn auth_url(&self) -> String {
        format!("{}/auth/v1", self.url)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod testing {
    use super::*;
    use crate::delivery::Delivery;

    /// The state of a server with no apps, no providers and no limits.
    pub(crate) fn state(url: String, store: Store) -> AppState {
        AppState {
            url,
            store,
            clock: Clock::default(),
            sender: Delivery::new().start(None).unwrap(),
            providers: Providers::default(),
            apps: Apps::default(),
            limits: RateLimits::default(),
            successor_keys: MacKeys::random(),
            audit: Audit::default(),
        }
    }
}
