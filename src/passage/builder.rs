//! The builder, and its settings once they are checked.

use std::sync::Arc;
use std::time::Duration;

use super::Passage;
use crate::auth::{
    AuthStrategy, Clock, CrossSitePolicy, JwkSet, JwksEvent, KeySettings, SystemClock,
};
use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::ids::AppId;
use crate::secret::Secret;
use crate::transport::Limits;

/// The maximum leeway: a clock that is further off should be corrected.
const MAX_LEEWAY: Duration = Duration::from_secs(60);
const DEFAULT_LEEWAY: Duration = Duration::from_secs(5);
const DEFAULT_TOKEN_CACHE: usize = 4096;

/// Builds a [`Passage`]. Created by [`Passage::builder`] or from the environment.
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
    pub(super) endpoint: Endpoint,
    api_key: Option<Secret>,
    pub(super) strategy: AuthStrategy,
    cross_site: CrossSitePolicy,
    allows_http: bool,
    issuers: Vec<String>,
    audiences: Vec<String>,
    leeway: Duration,
    keys: KeySettings,
    token_cache: usize,
    clock: Arc<dyn Clock>,
    limits: Limits,
}

/// The builder's settings once they are checked.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) app_id: AppId,
    pub(crate) api_url: String,
    pub(crate) auth_url: String,
    pub(crate) api_key: Option<Secret>,
    pub(crate) strategy: AuthStrategy,
    pub(crate) cross_site: CrossSitePolicy,
    /// The server's issuer for the app, then those that were added.
    pub(crate) issuers: Vec<String>,
    /// The app id, then the audiences that were added.
    pub(crate) audiences: Vec<String>,
    pub(crate) leeway: Duration,
    pub(crate) keys: KeySettings,
    pub(crate) token_cache: usize,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
}

impl PassageBuilder {
    pub(crate) fn new(app_id: impl Into<String>) -> Self {
        Self {
            app_id: app_id.into(),
            endpoint: Endpoint::default(),
            api_key: None,
            strategy: AuthStrategy::default(),
            cross_site: CrossSitePolicy::new(),
            allows_http: false,
            issuers: Vec::new(),
            audiences: Vec::new(),
            leeway: DEFAULT_LEEWAY,
            keys: KeySettings::default(),
            token_cache: DEFAULT_TOKEN_CACHE,
            clock: Arc::new(SystemClock),
            limits: Limits::default(),
        }
    }

    /// The URL of a passage-server, which serves both APIs: short for
    /// [`Endpoint::server`]. Plain `http` is accepted for servers on this machine; see
    /// [`danger_allow_http`](Self::danger_allow_http) for others.
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

    /// The base URL of the auth API, version included, as `https://auth.example.com/v1`. The app's
    /// keys are fetched from here, so the owner of this URL decides which tokens are valid.
    pub fn auth_url(mut self, url: impl AsRef<str>) -> Self {
        self.endpoint.auth = Some(url.as_ref().to_owned());
        self
    }

    /// The API key of the app. The management API requires it; verifying tokens does not.
    pub fn api_key(mut self, key: impl Into<Secret>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// Where [`Passage::authenticate`] looks for the token. Defaults to the cookie.
    pub fn auth_strategy(mut self, strategy: AuthStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// From which other sites the layer, the middleware and the extractors accept requests whose
    /// token is in the cookie. Defaults to none.
    pub fn cross_site(mut self, policy: CrossSitePolicy) -> Self {
        self.cross_site = policy;
        self
    }

    /// Accepts `http://` URLs of servers beyond this machine. **This is dangerous**: anybody on
    /// the path reads the API key, and can replace the app's keys with their own. It is for
    /// private networks; everywhere else use `https`. Loopback addresses need no
    /// permission.
    pub fn danger_allow_http(mut self) -> Self {
        self.allows_http = true;
        self
    }

    /// Accepts an additional issuer besides the server's own, `{auth url}/apps/{app id}`. Needed
    /// when the server is reached under a URL other than the one in its tokens.
    pub fn add_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuers.push(issuer.into());
        self
    }

    /// Accepts an additional audience besides the app id. Tokens of 2024 carry only the app's auth
    /// origin, as `https://example.com`.
    pub fn add_audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// How far the clocks of server and verifier may differ. Defaults to 5 s; at most 60 s.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Verifies with these keys and never fetches any: for services without access to the server,
    /// and for tests. New keys require a new `Passage`.
    ///
    /// ```no_run
    /// use passage_identity::{Passage, keys::JwkSet};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let passage = Passage::builder("your app id")
    ///     .server("https://passage.example.com")
    ///     .jwks(JwkSet::from_json(std::fs::read("jwks.json")?)?)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn jwks(mut self, keys: JwkSet) -> Self {
        self.keys.pinned = Some(keys);
        self
    }

    /// How long known keys stay in use when no new set can be fetched. Defaults to an hour. After
    /// that every token is answered with
    /// [`ErrorKind::JwksUnavailable`](crate::ErrorKind::JwksUnavailable). Values below ten minutes,
    /// the age at which keys are due for a fetch anyway, count as ten minutes.
    pub fn jwks_max_stale(mut self, limit: Duration) -> Self {
        self.keys.max_stale = limit;
        self
    }

    /// Calls `listener` after each fetch of the app's keys, for metrics and alerts. It runs in the
    /// fetching task, so it should be quick.
    ///
    /// ```no_run
    /// use passage_identity::{Passage, keys::JwksEvent};
    ///
    /// # fn main() -> passage_identity::Result<()> {
    /// let passage = Passage::builder("your app id")
    ///     .server("https://passage.example.com")
    ///     .on_jwks_event(|event| {
    ///         if let JwksEvent::Failed { reason, failures, .. } = event {
    ///             eprintln!("{reason}, {failures} times in a row");
    ///         }
    ///     })
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_jwks_event(mut self, listener: impl Fn(&JwksEvent) + Send + Sync + 'static) -> Self {
        self.keys.set_listener(listener);
        self
    }

    /// How many verified tokens are remembered, so that a token seen before is not verified from
    /// scratch. Defaults to 4,096; 0 remembers none. [`verification`](crate::verification)
    /// describes what a hit means and how much memory this takes.
    pub fn token_cache(mut self, entries: usize) -> Self {
        self.token_cache = entries;
        self
    }

    /// Uses this clock.
    #[cfg(any(test, feature = "test-util"))]
    pub(crate) fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How long one attempt of a call may take, from connecting to the last byte of the reply.
    /// Defaults to 10 s. Fetching the app's keys has its own limit of 5 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// How long a call may take with all its attempts and the waits between them. Defaults to 30 s.
    /// It overrides the other limits.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.limits.deadline = deadline;
        self
    }

    /// Maximum number of attempts of a call. Defaults to 3; 1 means no retries.
    /// [`retries`](crate::retries) describes what is retried and when.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.limits.max_attempts = attempts;
        self
    }

    /// The waits between attempts, unless the server specifies one: a random duration from zero up
    /// to `first`, which doubles with each attempt up to `longest`. Defaults to 100 ms and 5 s.
    pub fn retry_wait(mut self, first: Duration, longest: Duration) -> Self {
        self.limits.retry_first = first;
        self.limits.retry_longest = longest;
        self
    }

    /// How long connecting may take. Defaults to 3 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.connect = timeout;
        self
    }

    /// Checks the settings and creates the [`Passage`]. Makes no request.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if no server URL is set, or a setting is not valid; the error names
    /// the setting and never repeats the API key.
    pub fn build(self) -> Result<Passage> {
        Passage::from_settings(self.check()?)
    }

    fn check(self) -> Result<Settings> {
        let app_id = AppId::new(self.app_id).map_err(|error| {
            Error::config(
                "the app id cannot be one: give it to Passage::builder(..) or set PASSAGE_APP_ID",
            )
            .with_source(error)
        })?;
        let (api_url, auth_url) = self.endpoint.check(self.allows_http)?;
        if let Some(key) = &self.api_key {
            check_key(key.expose())?;
        }
        if self.leeway > MAX_LEEWAY {
            return Err(Error::config("the leeway is more than 60 s"));
        }
        let limits = self.limits.check()?;
        if self
            .issuers
            .iter()
            .chain(&self.audiences)
            .any(String::is_empty)
        {
            return Err(Error::config(
                "an empty issuer or audience cannot be accepted",
            ));
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
            cross_site: self.cross_site.checked()?,
            issuers,
            audiences,
            leeway: self.leeway,
            keys: self.keys,
            token_cache: self.token_cache,
            clock: self.clock,
            limits,
        })
    }
}

/// The key goes into a header as it is, so it must be visible ASCII.
fn check_key(key: &str) -> Result<()> {
    if key.is_empty() {
        return Err(Error::config(
            "the API key is empty: leave it out to verify tokens only",
        ));
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::config(
            "the API key contains white space or characters that no key has",
        ));
    }
    Ok(())
}
