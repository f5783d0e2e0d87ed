//! Finding and verifying tokens. The rules are in [`verification`](crate::verification).

mod cache;
mod clock;
mod jwks;
mod strategy;
#[cfg(test)]
mod testing;
mod token;

use std::sync::Arc;

pub(crate) use cache::Verified;
pub(crate) use clock::{Clock, SystemClock};
pub use jwks::{JwkSet, JwksEvent, JwksHealth};
pub use strategy::{AUTH_COOKIE, AuthStrategy, RequestHeaders};
pub(crate) use token::Policy;
pub use token::{Claims, ClaimsSet};

use crate::config::KeySettings;
use crate::error::{Error, ErrorKind, Result};
use cache::TokenCache;
use jwks::{HttpFetch, Jwks};
use token::{Headers, MAX_TOKEN};

/// Verifies tokens of one app.
pub(crate) struct Verifier {
    strategy: AuthStrategy,
    policy: Policy,
    jwks: Jwks,
    headers: Headers,
    cache: Option<TokenCache>,
    clock: Arc<dyn Clock>,
}

/// What a [`Verifier`] is made of.
pub(crate) struct VerifierSettings {
    pub(crate) strategy: AuthStrategy,
    pub(crate) policy: Policy,
    pub(crate) keys: KeySettings,
    pub(crate) jwks_url: reqwest::Url,
    pub(crate) token_cache: usize,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Verifier {
    pub(crate) fn new(settings: VerifierSettings) -> Result<Self> {
        let fetcher = || Ok(Box::new(HttpFetch::new(settings.jwks_url)?) as _);
        Ok(Self {
            strategy: settings.strategy,
            policy: settings.policy,
            jwks: Jwks::new(settings.keys, fetcher, Arc::clone(&settings.clock))?,
            headers: Headers::default(),
            cache: TokenCache::new(settings.token_cache),
            clock: settings.clock,
        })
    }

    pub(crate) async fn warm_up(&self) -> Result<()> {
        self.jwks.warm_up().await
    }

    pub(crate) fn health(&self) -> JwksHealth {
        self.jwks.health()
    }

    /// The tokens of a request, copied out of it so that verifying does not hold on to it. Of a
    /// token that is too long, only as much as shows that.
    pub(crate) fn find_tokens(
        &self,
        request: &(impl RequestHeaders + ?Sized),
    ) -> Result<Vec<Vec<u8>>> {
        let tokens = self.strategy.find(request).map_err(Error::of)?;
        let copy = |token: &[u8]| token.get(..=MAX_TOKEN).unwrap_or(token).to_vec();
        Ok(tokens.into_iter().map(copy).collect())
    }

    /// Verifies the tokens of one request. Several are accepted if exactly one user results.
    pub(crate) async fn verify_request(&self, tokens: &[Vec<u8>]) -> Result<Arc<Verified>> {
        if let [token] = tokens {
            return self.verify(token).await;
        }
        let mut found: Option<Arc<Verified>> = None;
        for token in tokens {
            match self.verify(token).await {
                Ok(verified) => match &found {
                    Some(first) if first.user_id() != verified.user_id() => {
                        return Err(Error::of(ErrorKind::AmbiguousRequest));
                    }
                    Some(_) => {}
                    None => found = Some(verified),
                },
                Err(error) if error.is_token_invalid() => {}
                Err(error) => return Err(error),
            }
        }
        found.ok_or_else(|| Error::of(ErrorKind::AmbiguousRequest))
    }

    pub(crate) async fn verify(&self, token: &[u8]) -> Result<Arc<Verified>> {
        let name = self.cache.as_ref().and_then(|cache| cache.name(token));
        let (Some(cache), Some(name)) = (&self.cache, name) else {
            return self.verify_anew(token).await.map(Arc::new);
        };
        if let Some(verified) = cache.get(name) {
            let key = self.jwks.find(&verified.header.kid).await?;
            if key.is(&verified.key) {
                let now = self.clock.now();
                verified
                    .accepted
                    .check_times(&self.policy, now)
                    .map_err(Error::of)?;
                return Ok(verified);
            }
            cache.remove(name);
        }
        let verified = Arc::new(self.verify_anew(token).await?);
        cache.insert(name, Arc::clone(&verified));
        Ok(verified)
    }

    async fn verify_anew(&self, token: &[u8]) -> Result<Verified> {
        let parts = token::split(token).map_err(Error::of)?;
        let header = self.headers.read(parts.header).map_err(Error::of)?;
        // After the header, so that an unsigned `alg: none` is refused as what it is.
        if parts.signature.is_empty() {
            return Err(Error::of(ErrorKind::Malformed));
        }
        let key = self.jwks.find(&header.kid).await?;
        token::check_signature(&key, &parts).map_err(Error::of)?;
        self.headers.remember(&header);
        let accepted = token::decode(parts.claims)
            .and_then(|claims| self.policy.check(claims, self.clock.now()))
            .map_err(Error::of)?;
        Ok(Verified {
            header,
            key,
            accepted,
        })
    }
}

#[cfg(test)]
mod tests;
