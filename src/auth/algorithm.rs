//! What tokens can be signed with.

use std::fmt;

/// A signature algorithm of tokens (RFC 7518, 3.1).
///
/// A [`Passage`](crate::Passage) verifies RS256 only, which is what the server signs with. A
/// [`KeySource`](super::KeySource) verifies the algorithms that it is configured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, and keys of 2,048 to 8,192 bits.
    Rs256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
}

impl Algorithm {
    /// The name in the member `alg` of a token's header: `RS256` or `ES256`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
