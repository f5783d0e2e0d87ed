//! Whether one of the keys has signed a token. What the token says is for others to judge.

use std::sync::Arc;

use super::algorithm::Algorithm;
use super::base64url;
use super::jwks::{Jwks, Key};
use super::token::{Header, Headers, UnverifiedToken, check_signature, split};
use crate::error::{Error, ErrorKind, Result};

/// Keys, and what is to be signed with them.
pub(super) struct Signatures {
    pub(super) jwks: Jwks,
    headers: Headers,
}

/// A token whose signature is valid.
pub(super) struct Signed {
    pub(super) header: Arc<Header>,
    pub(super) key: Key,
    /// The claims, decoded and not read.
    pub(super) claims: Vec<u8>,
}

impl Signatures {
    pub(super) fn new(jwks: Jwks, algorithms: Vec<Algorithm>) -> Self {
        Self {
            jwks,
            headers: Headers::new(algorithms),
        }
    }

    pub(super) async fn verify(&self, token: &UnverifiedToken<'_>) -> Result<Signed> {
        let parts = split(token.as_bytes()).map_err(Error::of)?;
        let header = self.headers.read(parts.header).map_err(Error::of)?;
        // After the header, so that an unsigned `alg: none` is refused as what it is.
        if parts.signature.is_empty() {
            return Err(Error::of(ErrorKind::Malformed));
        }
        let key = self.jwks.find(&header.kid).await?;
        check_signature(&key, header.algorithm, &parts).map_err(Error::of)?;
        self.headers.remember(&header);
        let claims = base64url::decode(parts.claims).map_err(Error::of)?;
        Ok(Signed {
            header,
            key,
            claims,
        })
    }
}
