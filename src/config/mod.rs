//! Settings: the builder, the endpoint, the environment.

mod endpoint;
mod env;

use std::time::Duration;

pub use endpoint::Endpoint;

use crate::Passage;
use crate::auth::AuthStrategy;
use crate::error::{Error, ErrorKind, Result};
use crate::id::AppId;
use crate::secret::Secret;

/// The most leeway that can be set: a clock that is wrong by more should be put right.
const MAX_LEEWAY: Duration = Duration::from_secs(60);
const DEFAULT_LEEWAY: Duration = Duration::from_secs(5);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Builds a [`Passage`]. Made by [`Passage::builder`] or from the environment.
///
/// ```no_run
/// use std::time::Duration;
/// use passage_identity::{AuthStrategy, Passage};
///
/// # fn main() -> passage_identity::Result<()> {
/// let passage = Passage::builder("your app id")
///     .server("http://127.0.0.1:8787")
///     .api_key("your API key")
///     .auth_strategy(AuthStrategy::Header)
///     .timeout(Duration::from_secs(5))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until build() is called"]
pub struct PassageBuilder {
    app_id: String,
    endpoint: Endpoint,
    api_key: Option<Secret>,
    strategy: AuthStrategy,
    issuers: Vec<String>,
    audiences: Vec<String>,
    leeway: Duration,
    timeout: Duration,
    connect_timeout: Duration,
}

/// What the builder's settings come to once they are checked.
pub(crate) struct Settings {
    pub(crate) app_id: AppId,
    pub(crate) api_url: String,
    pub(crate) auth_url: String,
    pub(crate) api_key: Option<Secret>,
    pub(crate) strategy: AuthStrategy,
    /// The server's issuer for the app, then those that were added.
    pub(crate) issuers: Vec<String>,
    /// The app id, then the audiences that were added.
    pub(crate) audiences: Vec<String>,
    pub(crate) leeway: Duration,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
}

impl PassageBuilder {
    pub(crate) fn new(app_id: impl Into<String>) -> Self {
        Self {
            app_id: app_id.into(),
            endpoint: Endpoint::default(),
            api_key: None,
            strategy: AuthStrategy::default(),
            issuers: Vec::new(),
            audiences: Vec::new(),
            leeway: DEFAULT_LEEWAY,
            timeout: DEFAULT_TIMEOUT,
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
        }
    }

    /// The URL of a passage-server, which serves both APIs: short for
    /// [`Endpoint::server`]. Plain `http` is accepted, for servers on your own machine or
    /// network; anything that crosses a network you do not trust needs `https`.
    pub fn server(self, url: impl AsRef<str>) -> Self {
        self.endpoint(Endpoint::server(url))
    }

    /// Where both APIs are.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// The base URL of the management API, version included, as `https://api.example.com/v1`.
    pub fn api_url(mut self, url: impl AsRef<str>) -> Self {
        self.endpoint.api = Some(url.as_ref().to_owned());
        self
    }

    /// The base URL of the auth API, version included, as `https://auth.example.com/v1`. The
    /// app's keys are fetched from here, so whoever answers at this URL decides which tokens are
    /// good.
    pub fn auth_url(mut self, url: impl AsRef<str>) -> Self {
        self.endpoint.auth = Some(url.as_ref().to_owned());
        self
    }

    /// The API key of the app. Verifying tokens needs none, the management API does.
    pub fn api_key(mut self, key: impl Into<Secret>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// Where [`Passage::authenticate`] looks for the token; the default is the cookie.
    pub fn auth_strategy(mut self, strategy: AuthStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Accepts one more issuer besides the server's own, `{auth url}/apps/{app id}`. Needed when
    /// the server is reached under another URL than the one in its tokens.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuers.push(issuer.into());
        self
    }

    /// Accepts one more audience besides the app id. Tokens of 2024 carry only the app's auth
    /// origin, as `https://example.com`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// How far the clocks of server and verifier may differ: 5 s unless set, at most 60 s.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// How long one request of either API may take, from connecting to the last byte of the
    /// reply: 10 s unless set. Fetching the app's keys has its own limit of 5 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long connecting may take: 3 s unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Checks the settings and makes the [`Passage`]. Needs no network.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if no server URL is set, or a setting is not valid; the error names
    /// the setting and never repeats the API key.
    pub fn build(self) -> Result<Passage> {
        Passage::from_settings(self.check()?)
    }

    fn check(self) -> Result<Settings> {
        let app_id = AppId::new(self.app_id).map_err(|error| {
            config(
                "the app id cannot be one: give it to Passage::builder(..) or set PASSAGE_APP_ID",
            )
            .with_source(error)
        })?;
        let (api_url, auth_url) = self.endpoint.check()?;
        if let Some(key) = &self.api_key {
            check_key(key.expose())?;
        }
        if self.leeway > MAX_LEEWAY {
            return Err(config("the leeway is more than 60 s"));
        }
        if self.timeout.is_zero() || self.connect_timeout.is_zero() {
            return Err(config("a time-out of zero would fail every call"));
        }
        if self
            .issuers
            .iter()
            .chain(&self.audiences)
            .any(String::is_empty)
        {
            return Err(config("an empty issuer or audience cannot be accepted"));
        }
        let mut issuers = vec![format!("{auth_url}/apps/{app_id}")];
        issuers.extend(self.issuers);
        let mut audiences = vec![app_id.to_string()];
        audiences.extend(self.audiences);
        Ok(Settings {
            app_id,
            api_url,
            auth_url,
            api_key: self.api_key,
            strategy: self.strategy,
            issuers,
            audiences,
            leeway: self.leeway,
            timeout: self.timeout,
            connect_timeout: self.connect_timeout,
        })
    }
}

/// The key goes into a header as it is, so it must be visible ASCII.
fn check_key(key: &str) -> Result<()> {
    if key.is_empty() {
        return Err(config(
            "the API key is empty: leave it out to verify tokens only",
        ));
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(config(
            "the API key contains white space or characters that no key has",
        ));
    }
    Ok(())
}

pub(crate) fn config(message: &'static str) -> Error {
    Error::new(ErrorKind::Config, message)
}
