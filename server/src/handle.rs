//! A running server.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::builder::ServerBuilder;
use crate::core::Core;
use crate::dev::Controls;

/// A running server. It stops when this is dropped.
pub struct PassageServer {
    core: Arc<Core>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl fmt::Debug for PassageServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassageServer")
            .field("url", &self.core.url)
            .field("app_id", &self.core.app.id)
            .finish_non_exhaustive()
    }
}

impl PassageServer {
    /// A server with default options, to be changed and started.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    pub(crate) fn new(
        core: Arc<Core>,
        address: SocketAddr,
        stop: watch::Sender<bool>,
        task: JoinHandle<()>,
    ) -> Self {
        Self {
            core,
            address,
            stop,
            task: Some(task),
        }
    }

    /// URL of the server, such as `http://127.0.0.1:8787`. The Management API is under `/api/v1`, the Auth API
    /// under `/auth/v1`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.core.url
    }

    /// Address that the server listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Id of the app.
    #[must_use]
    pub fn app_id(&self) -> &str {
        &self.core.app.id
    }

    /// API key that the server was started with.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.core.api_key
    }

    /// Issuer of the app's tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.core.app.issuer
    }

    /// Origin of the app's website.
    #[must_use]
    pub fn auth_origin(&self) -> &str {
        &self.core.app.settings.auth_origin
    }

    /// Controls of the server.
    #[must_use]
    pub fn controls(&self) -> Controls {
        Controls::new(Arc::clone(&self.core))
    }

    /// Stops the server: takes no more requests, lets those under way finish for up to five seconds, and likewise the
    /// messages that are being delivered, and closes the data file.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        if let Some(task) = self.task.take() {
            // It ends by itself; an error means that it had failed before.
            let _ended = task.await;
        }
        self.core.sender.close().await;
        self.core.store.close().await;
    }
}

impl Drop for PassageServer {
    /// Drops every connection and gives up the data file. This needs no runtime.
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
        self.core.store.release();
    }
}
