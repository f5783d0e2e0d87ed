//! What makes a device a passkey: its public key, and the handle of its user.

use super::devices::{self, DeviceRow};
use super::users::UserRow;
use super::{FromRow, Row, SqlError, Tx, columns};
use crate::domain::error::Refusal;
use crate::ids;

/// Bytes of a user handle. The standard allows 64.
const HANDLE_LENGTH: usize = 16;

/// The public part of a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    /// Credential id, in base64url.
    pub(crate) cred_id: String,
    /// Public key, in COSE form.
    pub(crate) public_key: Vec<u8>,
    pub(crate) sign_count: i64,
    /// How the authenticator can be reached, as a JSON array.
    pub(crate) transports: String,
    /// Model of the authenticator, 16 bytes. All 0 if it does not tell.
    pub(crate) aaguid: Option<Vec<u8>>,
    pub(crate) backup_eligible: bool,
    pub(crate) backed_up: bool,
}

columns!(Credential {
    cred_id,
    public_key,
    sign_count,
    transports,
    aaguid,
    backup_eligible,
    backed_up
});

/// A passkey with its user.
#[derive(Debug)]
pub(crate) struct PasskeyRow {
    pub(crate) device_id: String,
    pub(crate) user_id: String,
    pub(crate) user_handle: Option<Vec<u8>>,
    pub(crate) credential: Credential,
}

impl FromRow for PasskeyRow {
    fn from_row(row: &Row<'_>) -> Result<Self, SqlError> {
        Ok(Self {
            device_id: row.get("device_id")?,
            user_id: row.get("user_id")?,
            user_handle: row.get("user_handle")?,
            credential: Credential::from_row(row)?,
        })
    }
}

/// The passkey with this credential id, in base64url.
pub(crate) fn by_cred_id(
    tx: &Tx<'_>,
    app_id: &str,
    cred_id: &str,
) -> Result<Option<PasskeyRow>, SqlError> {
    tx.maybe_row(
        "SELECT devices.id AS device_id, user_id, user_handle, cred_id, public_key,
         sign_count, transports, aaguid, backup_eligible, backed_up
         FROM devices JOIN users ON users.id = user_id
         WHERE app_id = ? AND cred_id = ? AND public_key IS NOT NULL",
        (app_id, cred_id),
    )
}

/// The passkeys of a user, oldest first.
pub(crate) fn list(tx: &Tx<'_>, user_id: &str) -> Result<Vec<Credential>, SqlError> {
    tx.rows(
        "SELECT cred_id, public_key, sign_count, transports, aaguid, backup_eligible, backed_up
         FROM devices WHERE user_id = ? AND public_key IS NOT NULL ORDER BY created_at, id",
        (user_id,),
    )
}

/// How many passkeys a user has.
pub(crate) fn count(tx: &Tx<'_>, user_id: &str) -> Result<i64, SqlError> {
    tx.value(
        "SELECT count(*) FROM devices WHERE user_id = ? AND public_key IS NOT NULL",
        (user_id,),
    )
}

/// Stores a device with its key. `None` if the credential id is taken.
pub(crate) fn insert(
    tx: &Tx<'_>,
    user_id: &str,
    device: &DeviceRow,
    credential: &Credential,
) -> Result<Option<()>, SqlError> {
    match devices::insert(tx, user_id, device) {
        Err(error) if error.is_taken() => return Ok(None),
        other => other?,
    }
    tx.run(
        "UPDATE devices SET public_key = ?, sign_count = ?, transports = ?, aaguid = ?,
         backup_eligible = ?, backed_up = ? WHERE id = ?",
        (
            &credential.public_key,
            credential.sign_count,
            &credential.transports,
            &credential.aaguid,
            credential.backup_eligible,
            credential.backed_up,
            &device.id,
        ),
    )?;
    Ok(Some(()))
}

/// Counts a login. False if the device is gone, or another login has brought its counter further meanwhile.
pub(crate) fn count_login(
    tx: &Tx<'_>,
    device_id: &str,
    sign_count: i64,
    backed_up: bool,
    now: i64,
) -> Result<bool, SqlError> {
    let changed = tx.run(
        "UPDATE devices SET sign_count = ?1, backed_up = ?2, usage_count = usage_count + 1,
         last_login_at = ?3, updated_at = ?3
         WHERE id = ?4 AND (sign_count < ?1 OR (sign_count = 0 AND ?1 = 0))",
        (sign_count, backed_up, now, device_id),
    )?;
    Ok(changed > 0)
}

/// What authenticators call a user.
pub(crate) fn name(user: &UserRow) -> String {
    let names = [&user.email, &user.phone, &user.external_id];
    let name = names.into_iter().flatten().next();
    name.unwrap_or(&user.id).clone()
}

/// A random handle, for a user to come.
pub(crate) fn new_user_handle() -> Vec<u8> {
    ids::random_bytes::<HANDLE_LENGTH>().to_vec()
}

/// The handle of a user, who gets one with the first passkey.
pub(crate) fn user_handle(tx: &Tx<'_>, user_id: &str) -> Result<Vec<u8>, Refusal> {
    let handle = tx.maybe_value(
        "UPDATE users SET user_handle = COALESCE(user_handle, ?) WHERE id = ?
         RETURNING user_handle",
        (new_user_handle(), user_id),
    )?;
    handle.ok_or_else(Refusal::user_not_found)
}

/// Gives a new user the handle that their first passkey was made with.
pub(crate) fn set_user_handle(tx: &Tx<'_>, user_id: &str, handle: &[u8]) -> Result<(), SqlError> {
    tx.run(
        "UPDATE users SET user_handle = ? WHERE id = ?",
        (handle, user_id),
    )?;
    Ok(())
}
