//! Social logins under way: those that went off to a provider, and the codes of those that came back. States and codes
//! are kept as hashes.

use super::Conn;

/// How many expired rows are forgotten at a time.
const SWEEP: i64 = 100;

/// A login that went off to a provider.
#[derive(sqlx::FromRow)]
pub(crate) struct LoginRow {
    pub(crate) state_hash: Vec<u8>,
    pub(crate) app_id: String,
    /// Name of the provider.
    pub(crate) r#type: String,
    pub(crate) shared: bool,
    pub(crate) salt: Vec<u8>,
    pub(crate) redirect_uri: String,
    pub(crate) client_state: Option<String>,
    pub(crate) code_challenge: String,
    pub(crate) expires_at: i64,
}

/// A code, and the account that it stands for.
#[derive(sqlx::FromRow)]
pub(crate) struct SocialCodeRow {
    pub(crate) code_hash: Vec<u8>,
    pub(crate) app_id: String,
    /// Name of the provider.
    pub(crate) r#type: String,
    pub(crate) provider_id: String,
    pub(crate) email: Option<String>,
    pub(crate) email_verified: bool,
    pub(crate) code_challenge: String,
    pub(crate) expires_at: i64,
}

/// Stores a login, and forgets some that have expired.
pub(crate) async fn insert_login(
    conn: &mut Conn,
    login: &LoginRow,
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM social_logins WHERE state_hash IN
         (SELECT state_hash FROM social_logins WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
    )
    .bind(now)
    .bind(SWEEP)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "INSERT INTO social_logins
         (state_hash, app_id, type, shared, salt, redirect_uri, client_state, code_challenge, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&login.state_hash)
    .bind(&login.app_id)
    .bind(&login.r#type)
    .bind(login.shared)
    .bind(&login.salt)
    .bind(&login.redirect_uri)
    .bind(&login.client_state)
    .bind(&login.code_challenge)
    .bind(login.expires_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes the login that a state belongs to, so that it comes back once: one of this app, or with `None` one with the
/// shared credentials.
pub(crate) async fn take_login(
    conn: &mut Conn,
    app_id: Option<&str>,
    state_hash: &[u8],
    now: i64,
) -> Result<Option<LoginRow>, sqlx::Error> {
    sqlx::query_as(
        "DELETE FROM social_logins
         WHERE state_hash = ?1 AND expires_at > ?2 AND shared = (?3 IS NULL) AND app_id = COALESCE(?3, app_id)
         RETURNING *",
    )
    .bind(state_hash)
    .bind(now)
    .bind(app_id)
    .fetch_optional(conn)
    .await
}

/// Stores a code, and forgets some that have expired.
pub(crate) async fn insert_code(
    conn: &mut Conn,
    code: &SocialCodeRow,
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM social_codes WHERE code_hash IN
         (SELECT code_hash FROM social_codes WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
    )
    .bind(now)
    .bind(SWEEP)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "INSERT INTO social_codes
         (code_hash, app_id, type, provider_id, email, email_verified, code_challenge, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&code.code_hash)
    .bind(&code.app_id)
    .bind(&code.r#type)
    .bind(&code.provider_id)
    .bind(&code.email)
    .bind(code.email_verified)
    .bind(&code.code_challenge)
    .bind(code.expires_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a code of the app that has not expired, so that it is used once.
pub(crate) async fn take_code(
    conn: &mut Conn,
    app_id: &str,
    code_hash: &[u8],
    now: i64,
) -> Result<Option<SocialCodeRow>, sqlx::Error> {
    sqlx::query_as(
        "DELETE FROM social_codes WHERE app_id = ? AND code_hash = ? AND expires_at > ? RETURNING *",
    )
    .bind(app_id)
    .bind(code_hash)
    .bind(now)
    .fetch_optional(conn)
    .await
}
