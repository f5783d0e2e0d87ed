//! Checks of a stored signing key that do not use it.

use super::{KeyError, Sealing};
use crate::ids::AppId;
use crate::store::signing_keys::SigningKeyRow;

impl Sealing {
    /// Fails if a server with these encryption keys could not read the signing key.
    pub(crate) fn check(&self, app_id: &AppId, row: &SigningKeyRow) -> Result<(), KeyError> {
        self.open(app_id, &row.kid, &row.pkcs8).map(drop)
    }
}
