//! Key sets that users bring themselves.

use std::fmt;
use std::sync::Arc;

use super::keys::KeySet;
use crate::auth::algorithm::Algorithm;
use crate::error::{Error, ErrorKind, Result};

/// A JSON Web Key Set (RFC 7517, 5) with at least one key that can check a token; for
/// [`PassageBuilder::jwks`](crate::PassageBuilder::jwks).
///
/// Which keys can be used is in [`verification`](crate::verification).
#[derive(Clone)]
pub struct JwkSet(Arc<KeySet>);

impl JwkSet {
    /// Reads a set from JSON, as the server's `.well-known/jwks.json` has it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] if this is no key set, has more than 100 keys, or none that
    /// can be used.
    ///
    /// ```
    /// use passage_identity::keys::JwkSet;
    ///
    /// let error = JwkSet::from_json(r#"{"keys": []}"#).unwrap_err();
    /// assert_eq!(error.to_string(), "the key set has no key that can be used");
    /// ```
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self> {
        match KeySet::parse(json.as_ref(), &[Algorithm::Rs256]) {
            Ok(keys) => Ok(Self(Arc::new(keys))),
            Err(bad) => Err(Error::new(ErrorKind::InvalidInput, bad.as_str())),
        }
    }

    pub(in crate::auth) fn keys(&self) -> &KeySet {
        &self.0
    }
}

impl fmt::Debug for JwkSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwkSet")
            .field("names", &self.0.len())
            .finish()
    }
}
