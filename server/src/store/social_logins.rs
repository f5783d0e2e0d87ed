//! Social logins in progress: logins that were sent to a provider, and the codes of those that returned. States and
//! codes are stored as hashes.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};

use super::sweep::sweep;
use super::{SqlError, Tx, columns};
use crate::clock::Time;
use crate::ids::AppId;
use crate::provider_name::ProviderName;

impl FromSql for ProviderName {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let name = String::column_result(value)?;
        Self::parse(name).map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

/// A login that was sent to a provider.
pub(crate) struct LoginRow {
    pub(crate) state_hash: Vec<u8>,
    pub(crate) app_id: AppId,
    pub(crate) r#type: ProviderName,
    pub(crate) shared: bool,
    pub(crate) salt: Vec<u8>,
    pub(crate) redirect_uri: String,
    pub(crate) client_state: Option<String>,
    pub(crate) code_challenge: String,
    pub(crate) expires_at: Time,
}

columns!(LoginRow {
    state_hash,
    app_id,
    r#type,
    shared,
    salt,
    redirect_uri,
    client_state,
    code_challenge,
    expires_at
});

/// A code, and its account.
pub(crate) struct SocialCodeRow {
    pub(crate) code_hash: Vec<u8>,
    pub(crate) app_id: AppId,
    pub(crate) r#type: ProviderName,
    pub(crate) provider_id: String,
    pub(crate) email: Option<String>,
    pub(crate) email_verified: bool,
    pub(crate) code_challenge: String,
    pub(crate) expires_at: Time,
}

columns!(SocialCodeRow {
    code_hash,
    app_id,
    r#type,
    provider_id,
    email,
    email_verified,
    code_challenge,
    expires_at
});

/// Stores a login, and deletes some that have expired.
pub(crate) fn insert_login(tx: &Tx<'_>, login: &LoginRow, now: Time) -> Result<(), SqlError> {
    sweep(tx, "social_logins", now)?;
    tx.run(
        "INSERT INTO social_logins
         (state_hash, app_id, type, shared, salt, redirect_uri, client_state,
         code_challenge, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            &login.state_hash,
            &login.app_id,
            login.r#type.as_str(),
            login.shared,
            &login.salt,
            &login.redirect_uri,
            &login.client_state,
            &login.code_challenge,
            login.expires_at,
        ),
    )?;
    Ok(())
}

/// Takes the login of a state, so that it can return only once: one of this app, or with `None` one with the shared
/// credentials.
pub(crate) fn take_login(
    tx: &Tx<'_>,
    app_id: Option<&AppId>,
    state_hash: &[u8],
    now: Time,
) -> Result<Option<LoginRow>, SqlError> {
    tx.maybe_row(
        "DELETE FROM social_logins
         WHERE state_hash = ?1 AND expires_at > ?2
         AND shared = (?3 IS NULL) AND app_id = COALESCE(?3, app_id)
         RETURNING *",
        (state_hash, now, app_id),
    )
}

/// Stores a code, and deletes some that have expired.
pub(crate) fn insert_code(tx: &Tx<'_>, code: &SocialCodeRow, now: Time) -> Result<(), SqlError> {
    sweep(tx, "social_codes", now)?;
    tx.run(
        "INSERT INTO social_codes
         (code_hash, app_id, type, provider_id, email, email_verified, code_challenge, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            &code.code_hash,
            &code.app_id,
            code.r#type.as_str(),
            &code.provider_id,
            &code.email,
            code.email_verified,
            &code.code_challenge,
            code.expires_at,
        ),
    )?;
    Ok(())
}

/// Takes a code of the app that has not expired, so that it can be used only once.
pub(crate) fn take_code(
    tx: &Tx<'_>,
    app_id: &AppId,
    code_hash: &[u8],
    now: Time,
) -> Result<Option<SocialCodeRow>, SqlError> {
    tx.maybe_row(
        "DELETE FROM social_codes WHERE app_id = ? AND code_hash = ? AND expires_at > ?
         RETURNING *",
        (app_id, code_hash, now),
    )
}
