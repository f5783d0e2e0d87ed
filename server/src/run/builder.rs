//! Options of a server, and its start.

mod sign_in;
mod social;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;

use self::social::Social;
use crate::clock::Clock;
use crate::clock::Time;
use crate::delivery::{Delivery, Sender};
use crate::dev::observe::{Exchange, Observer};
use crate::dev::{DevTools, Outbox};
use crate::domain::api_keys;
use crate::domain::apps::{self, App, Apps, issuer};
use crate::domain::audit::{self, Audit};
use crate::domain::rate_limits::RateLimits;
use crate::domain::settings::{
    APP_ID, AppSettings, MetadataRule, SettingsPatch, SettingsProblems, is_app_id, seconds,
};
use crate::domain::social::Providers;
use crate::domain::state::AppState;
use crate::http::serve::{ConnectionLimits, bind};
use crate::ids::{self, AppId};
use crate::keys::MacKeys;
use crate::run::error::{StartError, StartErrorKind};
use crate::run::handle::PassageServer;
use crate::run::running::{self, Running};
use crate::store;
use crate::store::apps::AppRow;
use crate::store::{Store, StoreError};

/// Options of a development server. Each has a default.
#[derive(Default)]
#[must_use]
pub struct ServerBuilder {
    app_id: Option<String>,
    api_key: Option<String>,
    settings: SettingsPatch,
    issuer: Option<String>,
    data: Option<PathBuf>,
    listen: Option<SocketAddr>,
    metadata: Vec<(String, MetadataRule)>,
    delivery: Delivery,
    social: Social,
    observer: Option<Observer>,
    rate_limits: RateLimits,
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("app_id", &self.app_id)
            .field("listen", &self.listen)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}

impl ServerBuilder {
    /// Id of the app. Defaults to the app in the data file, or to a new app with a random id.
    pub fn app_id(mut self, id: impl Into<String>) -> Self {
        self.app_id = Some(id.into());
        self
    }

    /// An API key of the app. Defaults to a new one on each start. Keys in the data file stay valid.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// Origin of the app's website. Defaults to the one in the data file, or to `http://localhost:3000`.
    pub fn auth_origin(mut self, origin: impl Into<String>) -> Self {
        self.settings.auth_origin = Some(origin.into());
        self
    }

    /// Domain that the app's passkeys belong to: the host of the auth origin, or a parent domain of it. Defaults to the
    /// one in the data file, or to that host.
    pub fn rp_id(mut self, domain: impl Into<String>) -> Self {
        self.settings.rp_id = Some(domain.into());
        self
    }

    /// Issuer of the app's tokens. Defaults to the server's own: `{url}/auth/v1/apps/{app id}`.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// File for the data. By default the data is in memory and lost when the server stops.
    pub fn data(mut self, file: impl Into<PathBuf>) -> Self {
        self.data = Some(file.into());
        self
    }

    /// Address to listen on, which must be a loopback address. Defaults to a free port of 127.0.0.1.
    pub fn listen(mut self, address: impl Into<SocketAddr>) -> Self {
        self.listen = Some(address.into());
        self
    }

    /// Lifetime of auth tokens, in whole seconds. Defaults to one hour.
    pub fn session_timeout(mut self, lifetime: Duration) -> Self {
        self.settings.session_seconds = Some(seconds(lifetime));
        self
    }

    /// Whether the app issues refresh tokens. Defaults to `true`.
    pub fn refresh_tokens(mut self, enabled: bool) -> Self {
        self.settings.refresh_tokens = Some(enabled);
        self
    }

    /// Changes the app settings that the patch contains.
    pub fn settings(mut self, patch: SettingsPatch) -> Self {
        self.settings.merge(patch);
        self
    }

    /// Defines a metadata field. An app that defines fields accepts only those; from its backend, an app without any
    /// accepts all. Users can write a new field themselves, unless the rule says otherwise: see [`MetadataRule`].
    pub fn metadata_field(
        mut self,
        name: impl Into<String>,
        rule: impl Into<MetadataRule>,
    ) -> Self {
        self.metadata.push((name.into(), rule.into()));
        self
    }

    /// Whether too many requests are answered with 429, as in `passage-server serve`: 5 codes and links per account and
    /// minute, and 20 requests per address and minute for each of these: asking for codes and links, using them,
    /// looking up or creating users, and starting a passkey or social login. Defaults to `false`.
    pub fn rate_limits(mut self, limited: bool) -> Self {
        self.rate_limits = if limited {
            RateLimits::standard()
        } else {
            RateLimits::default()
        };
        self
    }

    /// Calls `observer` with every exchange with the two APIs, right before the reply is sent. Exchanges that a fault
    /// cuts off are not reported.
    pub fn observe(mut self, observer: impl Fn(&Exchange) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Starts the server. It is ready when this function returns.
    ///
    /// # Errors
    /// If an option is invalid, the address is in use or not a loopback address, or the data file cannot be used:
    /// another server has it open, it is not a database, or its version is newer.
    pub async fn start(self) -> Result<PassageServer, StartError> {
        let address = self
            .listen
            .unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into());
        if !address.ip().is_loopback() {
            return Err(StartErrorKind::NotLoopback(address).into());
        }
        self.check()?;
        let connect = self.connect()?;
        // If the address is in use, the server must not leave a file behind.
        let (listener, address) = bind(address).await?;
        let (state, dev) = self.prepare(connect, format!("http://{address}")).await?;
        let server = running::for_development(&state, &dev);
        let limits = ConnectionLimits::default();
        let running = Running::start(state, listener, address, server.clone(), limits);
        Ok(PassageServer::new(running, dev, server))
    }

    /// Starts the server without a listener, for nesting in a service of your own with [`PassageServer::router`]. `url`
    /// is the URL by which clients reach it there, such as `http://127.0.0.1:8080/passage`: issuers and links begin
    /// with it. The address set with [`listen`](Self::listen) is not used.
    ///
    /// The controls issue tokens to any caller, so the surrounding service must not be reachable from other machines.
    ///
    /// # Errors
    /// As [`start`](Self::start), or if the URL is not http or https, or ends with a slash.
    pub async fn start_without_listener(
        self,
        url: impl Into<String>,
    ) -> Result<PassageServer, StartError> {
        let url = url.into();
        if !is_base_url(&url) {
            let problem = "must be absolute, of http or https, without a query and without a slash at its end, such as \
                           http://127.0.0.1:8080/passage";
            return Err(StartErrorKind::Option("URL", problem).into());
        }
        self.check()?;
        let connect = self.connect()?;
        let (state, dev) = self.prepare(connect, url).await?;
        let server = running::for_development(&state, &dev);
        let running = Running::without_listener(state);
        Ok(PassageServer::new(running, dev, server))
    }

    /// Connects to the delivery providers.
    fn connect(&self) -> Result<(Arc<Outbox>, Sender), StartError> {
        let outbox = Arc::new(Outbox::default());
        let delivery = self.delivery.clone();
        let sender = delivery.start(Some(Arc::clone(&outbox)))?;
        Ok((outbox, sender))
    }

    /// Everything but the listener.
    async fn prepare(
        self,
        (outbox, sender): (Arc<Outbox>, Sender),
        url: String,
    ) -> Result<(Arc<AppState>, Arc<DevTools>), StartError> {
        let store = match &self.data {
            Some(file) => Store::open(file).await?,
            None => Store::in_memory()?,
        };
        let audit = Audit::open(&store, audit::DAYS).await?;
        let clock = Clock::default();
        let now = clock.now();
        let row = self.put_app(&store, now).await?;
        let api_key = self.put_api_key(&store, &row.id, now).await?;
        let issuer = self.issuer.unwrap_or_else(|| issuer(&url, &row.id));
        let app = Arc::new(App::open(&store, row, issuer, &Arc::default(), now).await?);
        let apps = Apps::default();
        apps.put(Arc::clone(&app));
        let test_provider = self.social.provider();
        let mut providers = Providers::default();
        for stand_in in test_provider.iter().flat_map(|it| it.stand_ins(&url)) {
            providers.register(stand_in);
        }
        let tools = DevTools::new(outbox, test_provider, self.observer, app, api_key);
        let dev = Arc::new(tools);
        let state = Arc::new(AppState {
            url,
            store,
            clock,
            sender,
            providers,
            apps,
            limits: self.rate_limits,
            audit,
            // A development server has no encryption key.
            successor_keys: MacKeys::random(),
        });
        Ok((state, dev))
    }

    fn check(&self) -> Result<(), StartErrorKind> {
        let fails = |name, problem| Err(StartErrorKind::Option(name, problem));
        if self.app_id.as_deref().is_some_and(|id| !is_app_id(id)) {
            return fails("app id", APP_ID);
        }
        let visible =
            |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        if self.api_key.as_deref().is_some_and(|key| !visible(key)) {
            return fails(
                "API key",
                "must be made of visible ASCII characters, without blanks",
            );
        }
        if self.issuer.as_deref() == Some("") {
            return fails("issuer", "must not be empty");
        }
        if self.settings.session_seconds == Some(0) {
            return fails("session timeout", "must be at least a second");
        }
        let valid = self.change(&mut AppSettings::default());
        // The origin that a domain must match may be in the data file.
        valid
            .or_else(|problems| problems.without("rp_id").into_result())
            .map_err(StartErrorKind::Invalid)
    }

    /// Applies the requested settings, if the result is valid.
    fn change(&self, settings: &mut AppSettings) -> Result<(), SettingsProblems> {
        self.settings.apply(settings);
        self.social.change(settings);
        for (name, rule) in &self.metadata {
            settings.put_open_field(name, *rule);
        }
        settings.validate()
    }

    /// The requested app, the one in the store, or a new one, with the requested settings.
    async fn put_app(&self, store: &Store, now: Time) -> Result<AppRow, StartError> {
        let wanted = self.app_id.clone().map(AppId::from);
        let id = wanted.clone();
        let find = store.read(move |tx| {
            let found = match &id {
                Some(id) => store::apps::get(tx, id)?,
                None => store::apps::first(tx)?,
            };
            Ok::<_, StoreError>(found)
        });
        let found = find.await?;
        // Settings that cannot be read must not be overwritten.
        let mut settings = match &found {
            Some(app) => apps::settings(app)?,
            None => AppSettings::default(),
        };
        self.change(&mut settings)
            .map_err(StartErrorKind::Invalid)?;
        let (id, created_at) = match found {
            Some(app) => (app.id, app.created_at),
            None => (wanted.unwrap_or_else(AppId::new), now),
        };
        let app = AppRow {
            id,
            settings: settings.to_stored().map_err(StartErrorKind::Settings)?,
            created_at,
        };
        let row = app.clone();
        let put = store.write(move |tx| Ok::<_, StoreError>(store::apps::put(tx, &row)?));
        put.await?;
        Ok(app)
    }

    async fn put_api_key(
        &self,
        store: &Store,
        app_id: &AppId,
        now: Time,
    ) -> Result<String, StartError> {
        let key = self.api_key.clone().unwrap_or_else(api_keys::generate);
        let (app_id, row, hash) = (
            app_id.to_owned(),
            api_keys::development(&key, now),
            ids::hash(&key),
        );
        let put = store.write(move |tx| {
            Ok::<_, StoreError>(store::api_keys::insert(tx, &app_id, &row, &hash)?)
        });
        put.await?;
        Ok(key)
    }
}

/// Whether paths of the server can be appended to the URL.
fn is_base_url(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    let of_the_web = matches!(uri.scheme_str(), Some("http" | "https"));
    of_the_web && uri.query().is_none() && !url.contains('#') && !url.ends_with('/')
}
