//! Flex: passkeys for users whom the app knows by its own external id.
//!
//! The app's backend creates a transaction, a ceremony in the browser completes it, and a nonce proves the completion
//! to the backend.

pub(crate) mod complete;
pub(crate) mod register;
pub(crate) mod sign_in;
#[cfg(test)]
mod tests;
pub(crate) mod transactions;

use crate::domain::error::Refusal;
use crate::ids::AppId;
use crate::store;
use crate::store::Tx;
use crate::store::users::UserRow;

/// The user with this external id, who must be active.
fn active_user(tx: &Tx<'_>, app_id: &AppId, external_id: &str) -> Result<Option<UserRow>, Refusal> {
    let user = store::users::by_external_id(tx, app_id, external_id)?;
    if user.as_ref().is_some_and(UserRow::is_inactive) {
        return Err(Refusal::operation_not_allowed("user: not active."));
    }
    Ok(user)
}

/// The user with this external id, who must be able to log in. An unknown user counts as one without passkeys.
fn user_with_passkey(tx: &Tx<'_>, app_id: &AppId, external_id: &str) -> Result<UserRow, Refusal> {
    let user = store::users::by_external_id(tx, app_id, external_id)?
        .ok_or_else(Refusal::user_has_no_passkeys)?;
    if store::devices::list(tx, &user.id)?.is_empty() {
        return Err(Refusal::user_has_no_passkeys());
    }
    if user.is_inactive() {
        return Err(Refusal::operation_not_allowed("user: not active."));
    }
    Ok(user)
}
