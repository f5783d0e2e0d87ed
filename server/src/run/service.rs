//! A server for production: no controls, and whatever it needs from a configuration.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::{AppConfig, Config, ServeSettings};
use crate::domain::apps::{self, App, AppState, Apps, issuer};
use crate::http::serve::bind;
use crate::keys::Sealing;
use crate::run::error::{StartError, StartErrorKind};
use crate::run::listen::policies;
use crate::run::maintenance::{Maintenance, TaskHandle};
use crate::run::running::Running;
use crate::store;
use crate::store::apps::AppRow;
use crate::store::{Store, StoreError};

/// A running server without controls, as `passage-server serve` runs it. It stops when this is dropped.
pub struct Service {
    pub(crate) running: Running,
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
    /// Starts a server. It is ready when this returns, except that the first signing key of a new app may take
    /// another second.
    ///
    /// # Errors
    /// If a secret, a certificate or the data file cannot be used, the encryption key is not the one that the
    /// signing keys are encrypted with, or the address is taken.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        Self::start_at(config, Clock::default()).await
    }

    pub(crate) async fn start_at(config: &Config, clock: Clock) -> Result<Self, StartError> {
        Self::start_with(config.resolve()?, clock).await
    }

    async fn start_with(settings: ServeSettings, clock: Clock) -> Result<Self, StartError> {
        let sender = settings.delivery.clone().start(None)?;
        // A server whose address is taken leaves no file behind.
        let (listener, address) = bind(settings.listen.address).await?;
        let url = settings.url(address);
        let open = settings.is_open_to_eavesdroppers();
        let (connection_limits, request_policy) = policies(settings.listen, &url)?;
        let certificate = connection_limits
            .tls
            .as_ref()
            .map(|tls| Arc::clone(&tls.certificate));
        let store = Store::open(&settings.data).await?;
        if open {
            tracing::warn!(
                "neither `listen.tls` is set nor is `url` https: tokens travel in clear"
            );
        }
        if !settings.delivers {
            tracing::warn!(
                "neither `mail` nor `texts` is set: no code and no link is sent, and only passkeys sign users in"
            );
        }
        let now = clock.micros();
        put_apps(&settings.apps, &store, now).await?;
        let state = Arc::new(AppState {
            store,
            clock,
            dev: None,
            provider: None,
            sender,
            observer: None,
            apps: Apps::default(),
            limits: settings.limits,
            url,
        });
        load_apps(&state, &settings.sealing).await?;
        let maintenance = Maintenance {
            state: Arc::clone(&state),
            sealing: settings.sealing,
            policy: settings.rotation,
            certificate,
        };
        let running = Running::start(state, listener, address, request_policy, connection_limits);
        Ok(Self {
            running,
            maintenance: maintenance.start(),
        })
    }

    /// URL by which clients reach the server.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.running.state.url
    }

    /// Address that the server listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// Stops the server: takes no more requests, lets those under way finish for up to five seconds together with
    /// the messages that are being delivered, and closes the data file.
    pub async fn shutdown(self) {
        drop(self.maintenance);
        self.running.shutdown().await;
    }
}

/// Stores the apps of the configuration.
async fn put_apps(wanted: &[AppConfig], store: &Store, now: i64) -> Result<(), StartError> {
    for app in wanted {
        let id = app.id.clone();
        let find = store.read(move |tx| Ok::<_, StoreError>(store::apps::get(tx, &id)?));
        let found = find.await?;
        let stored = match &found {
            Some(row) => apps::settings(row)?.metadata,
            None => Vec::new(),
        };
        let settings = app.settings(stored).map_err(StartErrorKind::Invalid)?;
        let row = AppRow {
            id: app.id.clone(),
            settings: settings.to_stored().map_err(StartErrorKind::Settings)?,
            created_at: found.map_or(now, |row| row.created_at),
        };
        let put = store.write(move |tx| Ok::<_, StoreError>(store::apps::put(tx, &row)?));
        put.await?;
    }
    Ok(())
}

/// Takes up the apps that are stored: those that are new, and those whose settings somebody changed. Lets go of those
/// that were deleted.
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
                let now = state.clock.micros();
                let issuer = issuer(&state.url, &row.id);
                let app = App::open(&state.store, row, issuer, sealing, now).await?;
                state.apps.put(Arc::new(app));
            }
            Some(app) if app.stored != row.settings => {
                let app = app.with_settings(row)?;
                app.keys
                    .note_lifetime(app.settings.session_timeout_length)
                    .await?;
                state.apps.put(Arc::new(app));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
