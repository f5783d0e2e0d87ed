//! What every request needs: the app, its keys, the storage, the clock and the development tools.

use std::sync::Arc;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::delivery::Sender;
use crate::dev::{DevTools, TestProvider};
use crate::http::error::ApiError;
use crate::keys::KeyRing;
use crate::observe::Observer;
use crate::settings::AppSettings;
use crate::store::Store;

/// The running server's state.
pub(crate) struct Core {
    pub(crate) url: String,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) dev: DevTools,
    /// Stands for the identity providers. `None` in a server that is not for development.
    pub(crate) provider: Option<Arc<TestProvider>>,
    pub(crate) sender: Sender,
    pub(crate) observer: Option<Observer>,
    pub(crate) app: Arc<App>,
    /// The API key that the server was started with. A reset keeps it.
    pub(crate) api_key: String,
}

/// One app that the server runs.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) issuer: String,
    pub(crate) settings: AppSettings,
    pub(crate) created_at: Timestamp,
    pub(crate) keys: Arc<KeyRing>,
}

impl Core {
    /// The app with this id.
    pub(crate) fn app(&self, id: &str) -> Result<&Arc<App>, ApiError> {
        if self.app.id == id {
            Ok(&self.app)
        } else {
            Err(ApiError::app_not_found())
        }
    }

    /// The URL under which the Auth API answers.
    pub(crate) fn auth_url(&self) -> String {
        format!("{}/auth/v1", self.url)
    }
}
