//! What makes a device a passkey: its public key, and the handle of its user.

use super::devices::{self, DeviceRow};
use super::users::UserRow;
use super::{Conn, is_taken};
use crate::http::error::ApiError;
use crate::ids;
use crate::passkeys::Credential;

/// Bytes of a user handle. The standard allows 64.
const HANDLE_LENGTH: usize = 16;

/// A passkey with its user.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct PasskeyRow {
    pub(crate) device_id: String,
    pub(crate) user_id: String,
    pub(crate) user_handle: Option<Vec<u8>>,
    #[sqlx(flatten)]
    pub(crate) credential: Credential,
}

/// The passkey with this credential id, in base64url.
pub(crate) async fn by_cred_id(
    conn: &mut Conn,
    app_id: &str,
    cred_id: &str,
) -> Result<Option<PasskeyRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT devices.id AS device_id, user_id, user_handle, cred_id, public_key, sign_count, transports, aaguid,
                backup_eligible, backed_up
         FROM devices JOIN users ON users.id = user_id
         WHERE app_id = ? AND cred_id = ? AND public_key IS NOT NULL",
    )
    .bind(app_id)
    .bind(cred_id)
    .fetch_optional(conn)
    .await
}

/// The passkeys of a user, oldest first.
pub(crate) async fn list(conn: &mut Conn, user_id: &str) -> Result<Vec<Credential>, sqlx::Error> {
    sqlx::query_as(
        "SELECT cred_id, public_key, sign_count, transports, aaguid, backup_eligible, backed_up
         FROM devices WHERE user_id = ? AND public_key IS NOT NULL ORDER BY created_at, id",
    )
    .bind(user_id)
    .fetch_all(conn)
    .await
}

/// Stores a device with its key. `None` if the credential id is taken.
pub(crate) async fn insert(
    conn: &mut Conn,
    user_id: &str,
    device: &DeviceRow,
    credential: &Credential,
) -> Result<Option<()>, sqlx::Error> {
    match devices::insert(&mut *conn, user_id, device).await {
        Err(error) if is_taken(&error) => return Ok(None),
        other => other?,
    }
    sqlx::query(
        "UPDATE devices SET public_key = ?, sign_count = ?, transports = ?, aaguid = ?, backup_eligible = ?, backed_up = ?
         WHERE id = ?",
    )
    .bind(&credential.public_key)
    .bind(credential.sign_count)
    .bind(&credential.transports)
    .bind(&credential.aaguid)
    .bind(credential.backup_eligible)
    .bind(credential.backed_up)
    .bind(&device.id)
    .execute(conn)
    .await?;
    Ok(Some(()))
}

/// Counts a login. False if the device is gone, or another login has brought its counter further meanwhile.
pub(crate) async fn count_login(
    conn: &mut Conn,
    device_id: &str,
    sign_count: i64,
    backed_up: bool,
    now: i64,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE devices SET sign_count = ?1, backed_up = ?2, usage_count = usage_count + 1, last_login_at = ?3, updated_at = ?3
         WHERE id = ?4 AND (sign_count < ?1 OR (sign_count = 0 AND ?1 = 0))",
    )
    .bind(sign_count)
    .bind(backed_up)
    .bind(now)
    .bind(device_id)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
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
pub(crate) async fn user_handle(conn: &mut Conn, user_id: &str) -> Result<Vec<u8>, ApiError> {
    let handle = sqlx::query_scalar(
        "UPDATE users SET user_handle = COALESCE(user_handle, ?) WHERE id = ? RETURNING user_handle",
    )
    .bind(new_user_handle())
    .bind(user_id)
    .fetch_optional(conn)
    .await?;
    handle.ok_or_else(ApiError::user_not_found)
}

/// Gives a new user the handle that their first passkey was made with.
pub(crate) async fn set_user_handle(
    conn: &mut Conn,
    user_id: &str,
    handle: &[u8],
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE users SET user_handle = ? WHERE id = ?")
        .bind(handle)
        .bind(user_id)
        .execute(conn)
        .await?;
    Ok(())
}
