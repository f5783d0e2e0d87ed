//! A running server.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::dev::{Controls, DevTools};
use crate::run::builder::ServerBuilder;
use crate::run::running::Running;

/// A running server. It stops when this is dropped.
pub struct PassageServer {
    running: Running,
    dev: Arc<DevTools>,
}

impl fmt::Debug for PassageServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassageServer")
            .field("url", &self.running.state.url)
            .field("app_id", &self.dev.app.id)
            .finish_non_exhaustive()
    }
}

impl PassageServer {
    /// A server with default options, to be changed and started.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    pub(crate) fn new(running: Running, dev: Arc<DevTools>) -> Self {
        Self { running, dev }
    }

    /// URL of the server, such as `http://127.0.0.1:8787`. The Management API is under `/api/v1`, the Auth API
    /// under `/auth/v1`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.running.state.url
    }

    /// Address that the server listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// Id of the app.
    #[must_use]
    pub fn app_id(&self) -> &str {
        &self.dev.app.id
    }

    /// API key that the server was started with.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.dev.api_key
    }

    /// Issuer of the app's tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.dev.app.issuer
    }

    /// Origin of the app's website.
    #[must_use]
    pub fn auth_origin(&self) -> &str {
        &self.dev.app.settings.auth_origin
    }

    /// Controls of the server.
    #[must_use]
    pub fn controls(&self) -> Controls {
        Controls::new(Arc::clone(&self.running.state), Arc::clone(&self.dev))
    }

    /// Stops the server: takes no more requests, lets those under way finish for up to five seconds, and likewise the
    /// messages that are being delivered, and closes the data file.
    pub async fn shutdown(self) {
        self.running.shutdown().await;
    }
}
