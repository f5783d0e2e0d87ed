//! Flex: passkeys for users whom the app knows by its own external id.

use crate::domain::error::Refusal;
use crate::ids;
use crate::store;
use crate::store::Tx;
use crate::store::events::NewEvent;
use crate::store::users::UserRow;

/// How long a transaction may take, in microseconds.
pub(crate) const TRANSACTION_LIFETIME: i64 = 300 * 1_000_000;
/// How long a nonce is good, in microseconds.
const NONCE_LIFETIME: i64 = 300 * 1_000_000;
/// Characters of a nonce: 285 random bits.
const NONCE_LENGTH: usize = 48;

/// The user with this external id, who must be able to log in. An unknown one has no passkeys either.
pub(crate) fn user_with_passkey(
    tx: &Tx<'_>,
    app_id: &str,
    external_id: &str,
) -> Result<UserRow, Refusal> {
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

/// Counts the login that completes a transaction, and makes the nonce that proves it.
pub(crate) fn complete(
    tx: &Tx<'_>,
    app_id: &str,
    user_id: &str,
    external_id: &str,
    event: &NewEvent,
    now: i64,
) -> Result<String, Refusal> {
    store::users::count_login(tx, user_id, now)?;
    store::events::insert(tx, user_id, event, now)?;
    let nonce = ids::alphanumeric(NONCE_LENGTH);
    store::transactions::insert_nonce(
        tx,
        app_id,
        &ids::hash(&nonce),
        external_id,
        now,
        now + NONCE_LIFETIME,
    )?;
    Ok(nonce)
}
