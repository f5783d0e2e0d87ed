//! Finding and verifying tokens. The rules are in [`verification`](crate::verification).

mod algorithm;
mod base64url;
mod cache;
mod clock;
mod cross_site;
mod jwks;
mod key_source;
mod signature;
mod strategy;
#[cfg(test)]
mod testing;
mod token;

use std::sync::Arc;

pub use algorithm::Algorithm;
pub(crate) use cache::Verified;
pub(crate) use clock::{Clock, SystemClock};
pub use cross_site::CrossSitePolicy;
pub(crate) use cross_site::Target;
pub(crate) use jwks::KeySettings;
pub use jwks::{JwkSet, JwksEvent, JwksHealth};
pub use key_source::{KeySource, KeySourceBuilder};
pub use strategy::{AUTH_COOKIE, AuthStrategy, RequestHeaders};
pub use token::{Claims, ClaimsSet};
pub(crate) use token::{Policy, UnverifiedToken};

use crate::error::{Error, ErrorKind, Result};
use cache::TokenCache;
use jwks::{HttpFetch, Jwks};
use signature::Signatures;

/// Verifies tokens of one app.
pub(crate) struct Verifier {
    strategy: AuthStrategy,
    policy: Policy,
    signatures: Signatures,
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
        let (keys, clock) = (settings.keys, Arc::clone(&settings.clock));
        let algorithms = keys.algorithms.clone();
        let fetcher = |keys: &_| Ok(Box::new(HttpFetch::new(settings.jwks_url, keys)?) as _);
        let jwks = Jwks::new(keys, fetcher, clock)?;
        Ok(Self {
            strategy: settings.strategy,
            policy: settings.policy,
            signatures: Signatures::new(jwks, algorithms),
            cache: TokenCache::new(settings.token_cache),
            clock: settings.clock,
        })
    }

    pub(crate) async fn warm_up(&self) -> Result<()> {
        self.signatures.jwks.warm_up().await
    }

    pub(crate) fn health(&self) -> JwksHealth {
        self.signatures.jwks.health()
    }

    /// The tokens of a request, copied out of it so that verifying does not hold on to it.
    pub(crate) fn find_tokens(
        &self,
        request: &(impl RequestHeaders + ?Sized),
    ) -> Result<Vec<UnverifiedToken<'static>>> {
        let tokens = self.strategy.find(request).map_err(Error::of)?;
        Ok(tokens
            .into_iter()
            .map(UnverifiedToken::into_owned)
            .collect())
    }

    /// Verifies the tokens of one request. Several are accepted if exactly one user results.
    pub(crate) async fn verify_request(
        &self,
        tokens: &[UnverifiedToken<'_>],
    ) -> Result<Arc<Verified>> {
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

    pub(crate) async fn verify(&self, token: &UnverifiedToken<'_>) -> Result<Arc<Verified>> {
        let name = self.cache.as_ref().and_then(|cache| cache.name(token));
        let (Some(cache), Some(name)) = (&self.cache, name) else {
            return self.verify_anew(token).await.map(Arc::new);
        };
        if let Some(verified) = cache.get(name) {
            let key = self.signatures.jwks.find(&verified.header.kid).await?;
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

    async fn verify_anew(&self, token: &UnverifiedToken<'_>) -> Result<Verified> {
        let signed = self.signatures.verify(token).await?;
        let accepted = self.policy.check(signed.claims, self.clock.now());
        Ok(Verified {
            header: signed.header,
            key: signed.key,
            accepted: accepted.map_err(Error::of)?,
        })
    }
}

#[cfg(test)]
mod tests;
