//! A running server.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;

use crate::dev::intercept::Intercept;
use crate::dev::{Controls, DevTools};
use crate::run::builder::ServerBuilder;
use crate::run::running::Running;

/// A running server. It stops when this is dropped.
pub struct PassageServer {
    running: Running,
    dev: Arc<DevTools>,
    server: Intercept,
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

    pub(crate) fn new(running: Running, dev: Arc<DevTools>, server: Intercept) -> Self {
        Self {
            running,
            dev,
            server,
        }
    }

    /// URL of the server, such as `http://127.0.0.1:8787`. The Management API is under `/api/v1`, the Auth API
    /// under `/auth/v1`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.running.state.url
    }

    /// Address that the server listens on. `None` if it was started without a listener.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.running.address()
    }

    /// Id of the app.
    #[must_use]
    pub fn app_id(&self) -> &str {
        self.dev.app.id.as_str()
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

    /// The whole server as a [`Router`](axum::Router), for nesting in a service of your own:
    ///
    /// ```
    /// use std::net::SocketAddr;
    ///
    /// use axum::Router;
    /// use axum::routing::get;
    /// use passage_server::PassageServer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    /// let url = format!("http://{}/passage", listener.local_addr()?);
    /// let passage = PassageServer::builder().start_without_listener(url).await?;
    ///
    /// let app = Router::new()
    ///     .route("/", get(async || "my service"))
    ///     .nest("/passage", passage.router());
    /// let service = app.into_make_service_with_connect_info::<SocketAddr>();
    /// let serving = tokio::spawn(axum::serve(listener, service).into_future());
    /// # serving.abort();
    /// # passage.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The APIs and the controls are then below that path: `/passage/api/v1`, `/passage/auth/v1`, `/passage/_dev`.
    /// Everything that concerns a single request works as usual: body limits, the request log, faults, the observer.
    /// Everything that concerns connections is up to the surrounding service:
    ///
    /// - **TLS**, the number of connections, and time limits for request heads and replies.
    /// - **Draining.** Let the service finish its requests first; then [`shutdown`](Self::shutdown) delivers the
    ///   remaining messages and closes the data file. Dropping the router does neither. Once the server is shut down or
    ///   dropped, its router answers 500 to any request that needs its data.
    /// - **The client's address**, for rate limits and events. It is read from the extension
    ///   [`ConnectInfo<SocketAddr>`](axum::extract::ConnectInfo), which
    ///   `into_make_service_with_connect_info::<SocketAddr>()` provides. Without it all clients count as one, at
    ///   `0.0.0.0`.
    /// - **Cuts.** [`Fault::cut`](crate::Fault::cut) breaks the body of a reply, which makes most servers close the
    ///   connection; a reply to `HEAD` has no body to break.
    ///
    /// If the server has a listener as well, the router gives the same answers as the listener.
    pub fn router(&self) -> Router {
        self.server.clone().into_router()
    }

    /// Stops the server: accepts no more requests, gives running requests and pending messages up to five seconds in
    /// total to finish, and closes the data file.
    pub async fn shutdown(self) {
        self.running.shutdown().await;
    }
}
