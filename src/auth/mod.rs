//! Finding and verifying tokens.
//!
//! A token passes these checks, in this order, and each refusal has its own
//! [`ErrorKind`](crate::ErrorKind):
//!
//! | Step | What is accepted |
//! |---|---|
//! | place | `Cookie` reads only the cookie `psg_auth_token`, `Header` only `Authorization: Bearer`. Up to four different cookies of that name are looked at, and accepted if exactly one user results; two `Authorization` fields are refused |
//! | form | three parts of canonical base64url without padding, 16 KiB at most |
//! | header | a JSON object without a member twice, nested 16 deep at most; `alg` exactly `RS256`; no `crit`, `b64`, `zip`; `typ` absent or `JWT`; `kid` names one usable key |
//! | key | RSA of 2048 to 8192 bits with an odd exponent of 3 or more; `use`, `alg` and `key_ops` absent or fit for RS256. Keys in the token are never used |
//! | signature | RSASSA-PKCS1-v1_5 with SHA-256, before any claim is read |
//! | claims | a JSON object as above; `exp`, `iss`, `aud`, `sub` required; `exp` not passed and `nbf` not to come, give or take the leeway; `iss` an accepted issuer; `aud` a string or strings with an accepted audience; `sub` a possible [`UserId`](crate::UserId) |
//!
//! Keys are fetched when the first token needs them, anew in the background after 8 minutes, and
//! before use after 10. A `kid` that the set lacks causes two fetches in 30 s at most. If a fetch
//! fails, known keys serve on for 24 hours, and the next try waits 1, 2, 4 .. 60 s. Without any
//! keys the answer is [`ErrorKind::JwksUnavailable`](crate::ErrorKind::JwksUnavailable); with
//! keys, a name they lack is the token's fault.

mod claims;
mod clock;
mod fetch;
mod json;
mod jwks;
mod keys;
mod strategy;
#[cfg(test)]
mod testing;
mod token;

use std::sync::Arc;

use serde::de::DeserializeOwned;

pub use claims::Claims;
pub(crate) use claims::Policy;
pub use strategy::{AUTH_COOKIE, AuthStrategy, RequestHeaders};

use crate::error::{Error, ErrorKind, Result};
use crate::transport::HttpClient;
use clock::{Clock, SystemClock};
use fetch::HttpFetch;
use jwks::Jwks;

/// Verifies tokens of one app.
pub(crate) struct Verifier {
    strategy: AuthStrategy,
    policy: Policy,
    jwks: Jwks,
    clock: Arc<dyn Clock>,
}

impl Verifier {
    pub(crate) fn new(
        strategy: AuthStrategy,
        policy: Policy,
        client: HttpClient,
        jwks_url: reqwest::Url,
    ) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let jwks = Jwks::new(
            Box::new(HttpFetch::new(client, jwks_url)),
            Arc::clone(&clock),
        );
        Self {
            strategy,
            policy,
            jwks,
            clock,
        }
    }

    /// The tokens of a request, copied out of it so that verifying does not hold on to it.
    pub(crate) fn find_tokens(
        &self,
        request: &(impl RequestHeaders + ?Sized),
    ) -> Result<Vec<Vec<u8>>> {
        let tokens = self.strategy.find(request).map_err(Error::of)?;
        Ok(tokens.into_iter().map(<[u8]>::to_vec).collect())
    }

    /// Verifies the tokens of one request. Several are accepted if exactly one user results.
    pub(crate) async fn verify_request<C: DeserializeOwned>(
        &self,
        tokens: &[Vec<u8>],
    ) -> Result<Claims<C>> {
        if let [token] = tokens {
            return self.verify(token).await;
        }
        let mut found: Option<Claims<C>> = None;
        for token in tokens {
            match self.verify(token).await {
                Ok(claims) => match &found {
                    Some(first) if first.user_id != claims.user_id => {
                        return Err(Error::of(ErrorKind::AmbiguousRequest));
                    }
                    Some(_) => {}
                    None => found = Some(claims),
                },
                Err(error) if error.is_token_invalid() => {}
                Err(error) => return Err(error),
            }
        }
        found.ok_or_else(|| Error::of(ErrorKind::AmbiguousRequest))
    }

    pub(crate) async fn verify<C: DeserializeOwned>(&self, token: &[u8]) -> Result<Claims<C>> {
        let parts = token::split(token).map_err(Error::of)?;
        let kid = token::read_header(parts.header).map_err(Error::of)?;
        // After the header, so that an unsigned `alg: none` is refused as what it is.
        if parts.signature.is_empty() {
            return Err(Error::of(ErrorKind::Malformed));
        }
        let key = self.jwks.find(&kid).await?;
        let claims = token::decode(parts.signature)
            .and_then(|signature| key.verify(parts.signed, &signature))
            .and_then(|()| token::decode_object(parts.claims))
            .map_err(Error::of)?;
        self.policy
            .check(claims, self.clock.now())
            .map_err(Error::of)
    }
}

#[cfg(test)]
mod tests;
