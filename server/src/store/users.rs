//! Users.

use serde_json::{Map, Value};

use super::Conn;
use crate::ids;

/// A user as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct UserRow {
    pub(crate) id: String,
    pub(crate) email: Option<String>,
    pub(crate) email_verified: bool,
    pub(crate) phone: Option<String>,
    pub(crate) phone_verified: bool,
    pub(crate) external_id: Option<String>,
    pub(crate) status: String,
    pub(crate) login_count: i64,
    pub(crate) last_login_at: i64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    user_metadata: String,
}

impl UserRow {
    /// Metadata values by field name.
    pub(crate) fn metadata(&self) -> Map<String, Value> {
        // Only what `metadata_text` wrote is ever read here.
        serde_json::from_str(&self.user_metadata).unwrap_or_default()
    }

    /// Whether the user was deactivated.
    pub(crate) fn is_inactive(&self) -> bool {
        self.status == "inactive"
    }

    /// Whether the user never signed in.
    pub(crate) fn is_pending(&self) -> bool {
        self.status == "pending"
    }
}

fn metadata_text(metadata: &Map<String, Value>) -> String {
    serde_json::to_string(metadata).unwrap_or_else(|_| "{}".to_owned())
}

/// What a new user starts with.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewUser {
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) metadata: Map<String, Value>,
}

/// Creates a pending user. A unique violation says that an identifier is taken.
pub(crate) async fn insert(
    conn: &mut Conn,
    app_id: &str,
    new: &NewUser,
    now: i64,
) -> Result<UserRow, sqlx::Error> {
    sqlx::query_as(
        "INSERT INTO users (id, app_id, email, phone, external_id, status, created_at, updated_at, user_metadata)
         VALUES (?, ?, ?, ?, ?, 'pending', ?, ?, ?) RETURNING *",
    )
    .bind(ids::new_id())
    .bind(app_id)
    .bind(&new.email)
    .bind(&new.phone)
    .bind(&new.external_id)
    .bind(now)
    .bind(now)
    .bind(metadata_text(&new.metadata))
    .fetch_one(conn)
    .await
}

/// One user.
pub(crate) async fn get(
    conn: &mut Conn,
    app_id: &str,
    id: &str,
) -> Result<Option<UserRow>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM users WHERE app_id = ? AND id = ?")
        .bind(app_id)
        .bind(id)
        .fetch_optional(conn)
        .await
}

/// The user with this e-mail address, in lower case.
pub(crate) async fn by_email(
    conn: &mut Conn,
    app_id: &str,
    email: &str,
) -> Result<Option<UserRow>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM users WHERE app_id = ? AND email = ?")
        .bind(app_id)
        .bind(email)
        .fetch_optional(conn)
        .await
}

/// The user with this phone number.
pub(crate) async fn by_phone(
    conn: &mut Conn,
    app_id: &str,
    phone: &str,
) -> Result<Option<UserRow>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM users WHERE app_id = ? AND phone = ?")
        .bind(app_id)
        .bind(phone)
        .fetch_optional(conn)
        .await
}

/// The user with this external id.
pub(crate) async fn by_external_id(
    conn: &mut Conn,
    app_id: &str,
    external_id: &str,
) -> Result<Option<UserRow>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM users WHERE app_id = ? AND external_id = ?")
        .bind(app_id)
        .bind(external_id)
        .fetch_optional(conn)
        .await
}

/// Stores the identifiers and the metadata of a user that was read and changed.
pub(crate) async fn update(
    conn: &mut Conn,
    user: &UserRow,
    metadata: &Map<String, Value>,
    now: i64,
) -> Result<UserRow, sqlx::Error> {
    sqlx::query_as(
        "UPDATE users SET email = ?, email_verified = ?, phone = ?, phone_verified = ?, user_metadata = ?, updated_at = ?
         WHERE id = ? RETURNING *",
    )
    .bind(&user.email)
    .bind(user.email_verified)
    .bind(&user.phone)
    .bind(user.phone_verified)
    .bind(metadata_text(metadata))
    .bind(now)
    .bind(&user.id)
    .fetch_one(conn)
    .await
}

/// Sets the status. `None` if there is no such user.
pub(crate) async fn set_status(
    conn: &mut Conn,
    app_id: &str,
    id: &str,
    status: &str,
    now: i64,
) -> Result<Option<UserRow>, sqlx::Error> {
    sqlx::query_as(
        "UPDATE users SET status = ?, updated_at = ? WHERE app_id = ? AND id = ? RETURNING *",
    )
    .bind(status)
    .bind(now)
    .bind(app_id)
    .bind(id)
    .fetch_optional(conn)
    .await
}

/// Counts a login, which also makes a pending user active.
pub(crate) async fn count_login(conn: &mut Conn, id: &str, now: i64) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE users SET login_count = login_count + 1, last_login_at = ?, updated_at = ?, status = 'active' WHERE id = ?")
        .bind(now)
        .bind(now)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Deletes a user with everything that belongs to them. Says whether there was one.
pub(crate) async fn delete(conn: &mut Conn, app_id: &str, id: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM users WHERE app_id = ? AND id = ?")
        .bind(app_id)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}
