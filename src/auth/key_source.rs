//! The keys of any issuer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::algorithm::Algorithm;
use super::clock::{Clock, SystemClock};
use super::jwks::{HttpFetch, JwkSet, Jwks, JwksEvent, JwksHealth, KeySettings};
use super::signature::Signatures;
use super::token::{ClaimsSet, UnverifiedToken};
use crate::endpoint;
use crate::error::{Error, Result};

/// The keys of an issuer other than the app, for example of an identity provider whose ID tokens
/// are to be verified.
///
/// It works as a [`Passage`](crate::Passage) does for the keys of its app, by the same rules, which
/// are in [`verification`](crate::verification): one fetch at a time, a new set every eight to ten
/// minutes, unknown key names that cost little, increasing waits after failures, and known keys
/// that stay in use meanwhile. Cheap to clone; clones share the keys. Create one per issuer for the
/// whole program.
///
/// ```no_run
/// use passage_identity::keys::{Algorithm, KeySource};
///
/// # async fn example(id_token: &str, nonce: &str, now: i64) -> passage_identity::Result<()> {
/// let google = KeySource::builder("https://www.googleapis.com/oauth2/v3/certs").build()?;
/// match google.verify(id_token).await {
///     // Signed by the issuer. Whether it is meant for you, and now, is yours to check.
///     Ok(claims) => println!("{:?} for {:?}", claims.get("sub"), claims.get("aud")),
///     Err(error) if error.is_token_invalid() => println!("answer 401: {error}"),
///     Err(error) if error.is_unavailable() => println!("answer 503: {error}"),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct KeySource(Arc<Signatures>);

impl KeySource {
    /// Starts building a source of the keys at this URL, which serves a JSON Web Key Set: the
    /// `jwks_uri` of an issuer's OpenID configuration.
    pub fn builder(url: impl Into<String>) -> KeySourceBuilder {
        KeySourceBuilder {
            url: url.into(),
            allows_http: false,
            settings: KeySettings::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// A source of these keys, which never fetches any. They verify RS256.
    ///
    /// ```
    /// use passage_identity::keys::{JwkSet, JwksHealth, KeySource};
    ///
    /// # fn example(json: &str) -> passage_identity::Result<()> {
    /// let source = KeySource::pinned(JwkSet::from_json(json)?);
    /// assert_eq!(source.health(), JwksHealth::Pinned);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn pinned(keys: JwkSet) -> Self {
        let signatures = Signatures::new(Jwks::Pinned(keys), vec![Algorithm::Rs256]);
        Self(Arc::new(signatures))
    }

    /// Verifies that a key of this source signed the token, and returns its claims.
    ///
    /// Form, header and key are checked as described in [`verification`](crate::verification).
    /// **The claims are not**: the caller must check issuer, audience, times and nonce.
    ///
    /// # Errors
    /// [`Error::is_token_invalid`] holds if no key of this source signed the token, or if it is not
    /// a token. [`Error::is_unavailable`] holds if the keys are unavailable, so the token cannot be
    /// judged; [`Error::retry_after`] returns when the next fetch is tried.
    pub async fn verify(&self, token: &str) -> Result<ClaimsSet> {
        let signed = self.0.verify(&UnverifiedToken::from(token)).await?;
        ClaimsSet::read(signed.claims).map_err(Error::of)
    }

    /// Fetches the keys, so that the first token does not wait for them. Does nothing if there are
    /// keys that are not due for a fetch.
    ///
    /// # Errors
    /// [`ErrorKind::JwksUnavailable`](crate::ErrorKind::JwksUnavailable) if there are no keys and
    /// none can be fetched.
    pub async fn warm_up(&self) -> Result<()> {
        self.0.jwks.warm_up().await
    }

    /// The state of the keys. Makes no request.
    #[must_use]
    pub fn health(&self) -> JwksHealth {
        self.0.jwks.health()
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySource")
            .field("health", &self.health())
            .finish()
    }
}

/// Builds a [`KeySource`]. Created by [`KeySource::builder`].
///
/// ```
/// use std::time::Duration;
/// use passage_identity::keys::{Algorithm, KeySource};
///
/// let source = KeySource::builder("https://id.example.com/jwks")
///     .algorithms([Algorithm::Rs256, Algorithm::Es256])
///     .timeout(Duration::from_secs(3))
///     .build()?;
/// # Ok::<(), passage_identity::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until build() is called"]
pub struct KeySourceBuilder {
    url: String,
    allows_http: bool,
    settings: KeySettings,
    clock: Arc<dyn Clock>,
}

impl KeySourceBuilder {
    /// The algorithms that tokens may be signed with. Defaults to RS256 only.
    ///
    /// Each key is bound to one algorithm, so a token cannot choose how it is verified.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.settings.algorithms = algorithms.into_iter().collect();
        self
    }

    /// How long a fetch may take, from connecting to the last byte. Defaults to 5 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How long connecting may take. Defaults to 2 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connect_timeout = timeout;
        self
    }

    /// How long known keys serve when no new set can be fetched: as
    /// [`PassageBuilder::jwks_max_stale`](crate::PassageBuilder::jwks_max_stale).
    pub fn max_stale(mut self, limit: Duration) -> Self {
        self.settings.max_stale = limit;
        self
    }

    /// Calls `listener` after each fetch: as
    /// [`PassageBuilder::on_jwks_event`](crate::PassageBuilder::on_jwks_event).
    pub fn on_event(mut self, listener: impl Fn(&JwksEvent) + Send + Sync + 'static) -> Self {
        self.settings.set_listener(listener);
        self
    }

    /// Accepts an `http://` URL that leads beyond this machine. **This is dangerous**: as
    /// [`PassageBuilder::danger_allow_http`](crate::PassageBuilder::danger_allow_http).
    pub fn danger_allow_http(mut self) -> Self {
        self.allows_http = true;
        self
    }

    /// Uses this clock.
    #[cfg(test)]
    pub(super) fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Checks the settings and creates the [`KeySource`]. Makes no request.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the URL is not one of `http` or `https`,
    /// or holds credentials; if there is no algorithm; or if a time-out is zero.
    pub fn build(self) -> Result<KeySource> {
        let url = endpoint::parse_url(&self.url, "the URL of a key set", self.allows_http)?;
        let algorithms = self.settings.algorithms.clone();
        if algorithms.is_empty() {
            return Err(Error::config(
                "a key source without an algorithm would refuse every token",
            ));
        }
        if self.settings.timeout.is_zero() || self.settings.connect_timeout.is_zero() {
            return Err(Error::config("a time-out of zero would fail every fetch"));
        }
        let fetcher = |settings: &_| Ok(Box::new(HttpFetch::new(url, settings)?) as _);
        let jwks = Jwks::new(self.settings, fetcher, self.clock)?;
        Ok(KeySource(Arc::new(Signatures::new(jwks, algorithms))))
    }
}

/// Without the URL, which was not checked yet.
impl fmt::Debug for KeySourceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySourceBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
