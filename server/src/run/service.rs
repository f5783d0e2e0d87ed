//! A production server: no controls, and everything that comes from a configuration.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;

use crate::clock::Clock;
use crate::clock::Time;
use crate::config::{AppConfig, Config, ServeSettings};
use crate::domain::apps::{self, App, Apps, issuer};
use crate::domain::audit::Audit;
use crate::domain::sign_ins;
use crate::domain::social::Providers;
use crate::domain::state::AppState;
use crate::http::serve::bind;
use crate::http::tls::Certificate;
use crate::ids::AppId;
use crate::keys::{RotationPolicy, Sealing};
use crate::run::error::{StartError, StartErrorKind};
use crate::run::listen::{connection_limits, request_policy};
use crate::run::maintenance::{Maintenance, TaskHandle};
use crate::run::running::{Running, for_production};
use crate::store;
use crate::store::apps::AppRow;
use crate::store::{Store, StoreError};

/// A running server without controls, as `passage-server serve` runs it. It stops when this is dropped.
pub struct Service {
    pub(crate) running: Running,
    router: Router,
    maintenance: TaskHandle,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("url", &self.running.state.url)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// Starts a server. It is ready when this function returns, except that the first signing key of a new app may take
    /// another second.
    ///
    /// # Errors
    /// If a secret, a certificate or the data file cannot be used, the encryption key is not the one that the
    /// signing keys are encrypted with, or the address is taken.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        Self::start_at(config, Clock::default()).await
    }

    /// Starts a server without a listener, for nesting in a service of your own with [`Service::router`]. `url` in the
    /// configuration is the URL by which clients reach it there, including the path that it is nested under. It
    /// defaults to the address in `listen`; neither that address nor its certificate is used otherwise.
    ///
    /// # Errors
    /// As [`Service::start`], except for certificates and addresses.
    pub async fn start_without_listener(config: &Config) -> Result<Self, StartError> {
        let settings = config.resolve()?;
        let url = settings.url(settings.listen.address);
        let prepared = Prepared::new(settings, url, Clock::default()).await?;
        let running = Running::without_listener(Arc::clone(&prepared.state));
        Ok(prepared.run(running, None))
    }

    pub(crate) async fn start_at(config: &Config, clock: Clock) -> Result<Self, StartError> {
        Self::start_with(config.resolve()?, clock).await
    }

    async fn start_with(mut settings: ServeSettings, clock: Clock) -> Result<Self, StartError> {
        // If the address is in use, the server must not leave a file behind.
        let (listener, address) = bind(settings.listen.address).await?;
        let url = settings.url(address);
        if settings.is_open_to_eavesdroppers() {
            tracing::warn!(
                "neither `listen.tls` is set nor is `url` https: tokens travel in clear"
            );
        }
        let opened = settings.listen.certificate.take();
        let connection_limits = connection_limits(&settings.listen, opened)?;
        let tls = connection_limits.tls.as_ref();
        let certificate = tls.map(|tls| Arc::clone(&tls.certificate));
        let prepared = Prepared::new(settings, url, clock).await?;
        let (state, router) = (Arc::clone(&prepared.state), prepared.router.clone());
        let running = Running::start(state, listener, address, router, connection_limits);
        Ok(prepared.run(running, certificate))
    }

    /// URL by which clients reach the server.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.running.state.url
    }

    /// Address that the server listens on. `None` if it was started without a listener.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.running.address()
    }

    /// The whole server as a [`Router`](axum::Router), for nesting in a service of your own:
    ///
    /// ```no_run
    /// use std::net::SocketAddr;
    ///
    /// use axum::Router;
    /// use passage_server::{Config, Service};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let config = Config::read("passage.toml")?;
    /// let passage = Service::start_without_listener(&config).await?;
    /// let app = Router::new().nest("/passage", passage.router());
    ///
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    /// let service = app.into_make_service_with_connect_info::<SocketAddr>();
    /// axum::serve(listener, service).await?;
    /// passage.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Everything that concerns a single request works as usual: body limits, reply headers, the log. Everything that
    /// concerns connections is up to the surrounding service, whatever the configuration sets for the listener:
    ///
    /// - **TLS**, the number of connections, and time limits for request heads and replies.
    /// - **Draining.** Let the service finish its requests first; then [`shutdown`](Self::shutdown) delivers the
    ///   remaining messages and closes the data file. Dropping the router does neither. Once the server is shut down or
    ///   dropped, its router answers 500 to any request that needs its data.
    /// - **The client's address**, for rate limits and events. It is read from the extension
    ///   [`ConnectInfo<SocketAddr>`](axum::extract::ConnectInfo), which
    ///   `into_make_service_with_connect_info::<SocketAddr>()` provides. Without it all clients count as one, at
    ///   `0.0.0.0`, unless the configuration names a header of a trusted proxy.
    ///
    /// If the server has a listener as well, the router gives the same answers as the listener.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Stops the server: accepts no more requests, gives running requests and pending messages up to five seconds in
    /// total to finish, and closes the data file.
    pub async fn shutdown(self) {
        drop(self.maintenance);
        self.running.shutdown().await;
    }
}

/// Everything but the listener.
struct Prepared {
    state: Arc<AppState>,
    router: Router,
    sealing: Arc<Sealing>,
    policy: RotationPolicy,
}

impl Prepared {
    async fn new(settings: ServeSettings, url: String, clock: Clock) -> Result<Self, StartError> {
        let sender = settings.delivery.start(None)?;
        let store = Store::open(&settings.data).await?;
        if !settings.delivers {
            tracing::warn!(
                "neither `mail` nor `texts` is set: no code and no link is sent, and only passkeys sign users in"
            );
        }
        for note in &settings.notes {
            tracing::warn!("{note}");
        }
        let audit = Audit::open(&store, settings.audit_days).await?;
        put_apps(&settings.apps, &store, clock.now()).await?;
        let policy = request_policy(&settings.listen, &url);
        let state = Arc::new(AppState {
            store,
            clock,
            sender,
            providers: Providers::default(),
            apps: Apps::default(),
            limits: settings.limits,
            audit,
            successor_keys: settings.sealing.mac_keys(sign_ins::KEY_PURPOSE),
            url,
        });
        load_apps(&state, &settings.sealing).await?;
        Ok(Self {
            router: for_production(&state, &policy),
            state,
            sealing: settings.sealing,
            policy: settings.rotation,
        })
    }

    fn run(self, running: Running, certificate: Option<Arc<Certificate>>) -> Service {
        let maintenance = Maintenance {
            state: self.state,
            sealing: self.sealing,
            policy: self.policy,
            certificate,
        };
        Service {
            running,
            router: self.router,
            maintenance: maintenance.start(),
        }
    }
}

/// Stores the apps of the configuration.
async fn put_apps(wanted: &[AppConfig], store: &Store, now: Time) -> Result<(), StartError> {
    for app in wanted {
        let id = AppId::from(app.id.as_str());
        let find = store.read(move |tx| Ok::<_, StoreError>(store::apps::get(tx, &id)?));
        let found = find.await?;
        let stored = match &found {
            Some(row) => apps::settings(row)?.metadata,
            None => Vec::new(),
        };
        let settings = app.settings(stored).map_err(StartErrorKind::Invalid)?;
        let row = AppRow {
            id: app.id.clone().into(),
            settings: settings.to_stored().map_err(StartErrorKind::Settings)?,
            created_at: found.map_or(now, |row| row.created_at),
        };
        let put = store.write(move |tx| Ok::<_, StoreError>(store::apps::put(tx, &row)?));
        put.await?;
    }
    Ok(())
}

/// Loads the stored apps: new ones, and those whose settings changed. Unloads those that were deleted.
pub(crate) async fn load_apps(state: &AppState, sealing: &Arc<Sealing>) -> Result<(), StartError> {
    let all = state
        .store
        .read(|tx| Ok::<_, StoreError>(store::apps::all(tx)?));
    let all = all.await?;
    state
        .apps
        .keep(&all.iter().map(|row| row.id.clone()).collect());
    for row in all {
        match state.apps.get(&row.id) {
            None => {
                let now = state.clock.now();
                let issuer = issuer(&state.url, &row.id);
                let app = App::open(&state.store, row, issuer, sealing, now).await?;
                state.apps.put(Arc::new(app));
            }
            Some(app) if app.stored != row.settings => {
                let app = app.with_settings(row)?;
                app.keys
                    .note_lifetime(app.settings.session_lifetime())
                    .await?;
                state.apps.put(Arc::new(app));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
