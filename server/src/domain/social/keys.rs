//! The keys of identity providers, independent of their source.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::BoxFuture;

use super::provider::Unavailable;

/// The source of a provider's keys: memory, or a key set at a URL that is fetched, cached, and fetched again when a
/// token names an unknown key.
pub(crate) trait KeySource: Send + Sync {
    /// The key with this id. `None` if the provider does not have it, which makes the token invalid; an error if this
    /// cannot be determined at the moment, which says nothing about the token.
    fn find<'a>(&'a self, kid: &'a str)
    -> BoxFuture<'a, Result<Option<VerifyingKey>, Unavailable>>;
}

/// A key that verifies RS256 signatures.
#[derive(Debug, Clone)]
pub(crate) struct VerifyingKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl VerifyingKey {
    /// The key with these members of a JWK (RFC 7518, section 6.3.1).
    pub(crate) fn from_jwk(n: &str, e: &str) -> Option<Self> {
        Some(Self {
            modulus: URL_SAFE_NO_PAD.decode(n).ok()?,
            exponent: URL_SAFE_NO_PAD.decode(e).ok()?,
        })
    }

    /// Whether the signature is this key's RS256 signature of the message.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let public = RsaPublicKeyComponents {
            n: &self.modulus,
            e: &self.exponent,
        };
        public
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            .is_ok()
    }
}
