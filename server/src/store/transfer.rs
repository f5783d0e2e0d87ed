//! Users with all that belongs to them, as they come and go with files.

use rusqlite::Row;
use rusqlite::types::Type;

use super::devices::{self, DeviceRow};
use super::{Conn, FromRow, SqlError, Statements as _, is_taken, passkeys, social_connections};
use crate::domain::passkeys::Credential;
use crate::transfer::{DeviceRecord, UserRecord};

impl FromRow for UserRecord {
    /// The user alone.
    fn from_row(row: &Row<'_>) -> Result<Self, SqlError> {
        let metadata: String = row.get("user_metadata")?;
        let metadata = serde_json::from_str(&metadata).map_err(|error| {
            let column = row
                .as_ref()
                .column_index("user_metadata")
                .unwrap_or_default();
            SqlError::FromSqlConversionFailure(column, Type::Text, Box::new(error))
        })?;
        Ok(Self {
            id: row.get("id")?,
            app_id: row.get("app_id")?,
            email: row.get("email")?,
            email_verified: row.get("email_verified")?,
            phone: row.get("phone")?,
            phone_verified: row.get("phone_verified")?,
            external_id: row.get("external_id")?,
            status: row.get("status")?,
            login_count: row.get("login_count")?,
            last_login_at: row.get("last_login_at")?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
            metadata,
            user_handle: row.get("user_handle")?,
            connections: Vec::new(),
            devices: Vec::new(),
        })
    }
}

impl FromRow for DeviceRecord {
    fn from_row(row: &Row<'_>) -> Result<Self, SqlError> {
        let key: Option<Vec<u8>> = row.get("public_key")?;
        let credential = key.map(|_| Credential::from_row(row)).transpose()?;
        Ok(Self {
            device: DeviceRow::from_row(row)?,
            credential,
        })
    }
}

/// A user in the order of their creation, to go on from.
pub(crate) struct Place {
    pub(crate) created_at: i64,
    pub(crate) id: String,
}

/// The next users of an app with all that belongs to them, oldest first.
pub(crate) fn users(
    conn: &Conn,
    app_id: &str,
    after: Option<&Place>,
    limit: i64,
) -> Result<Vec<UserRecord>, SqlError> {
    let (created_at, id) = after.map_or((i64::MIN, ""), |place| (place.created_at, &place.id));
    let mut users: Vec<UserRecord> = conn.rows(
        "SELECT * FROM users WHERE app_id = ? AND (created_at, id) > (?, ?)
         ORDER BY created_at, id LIMIT ?",
        (app_id, created_at, id, limit),
    )?;
    for user in &mut users {
        user.connections = conn.rows(
            "SELECT user_id, type, provider_id, provider_identifier, created_at, last_login_at
             FROM social_connections WHERE user_id = ? ORDER BY type",
            (&user.id,),
        )?;
        user.devices = conn.rows(
            "SELECT * FROM devices WHERE user_id = ? ORDER BY created_at, id",
            (&user.id,),
        )?;
    }
    Ok(users)
}

/// What a new user has in common with what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clash {
    /// This member.
    Member(&'static str),
    /// This member of a device.
    Device(usize, &'static str),
    /// A connection of the user has the type of an earlier one.
    SecondOfType(usize),
    /// The account of a connection.
    Account(usize),
}

/// Stores a new user with all that belongs to them. What clashes with others is not stored.
pub(crate) fn insert_user(conn: &Conn, user: &UserRecord) -> Result<Vec<Clash>, SqlError> {
    let metadata = serde_json::Value::from(user.metadata.clone()).to_string();
    let inserted = conn.run(
        "INSERT INTO users (id, app_id, email, email_verified, phone, phone_verified, external_id, status,
         login_count, last_login_at, created_at, updated_at, user_metadata, user_handle)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            &user.id,
            &user.app_id,
            &user.email,
            user.email_verified,
            &user.phone,
            user.phone_verified,
            &user.external_id,
            &user.status,
            user.login_count,
            user.last_login_at,
            user.created_at,
            user.updated_at,
            metadata,
            &user.user_handle,
        ),
    );
    match inserted {
        Err(error) if is_taken(&error) => return members(conn, user),
        other => other?,
    };
    let mut clashes = Vec::new();
    for (place, record) in user.devices.iter().enumerate() {
        if !insert_device(conn, &user.id, record)? {
            let sql = "SELECT 1 FROM devices WHERE id = ?";
            let id = exists(conn, sql, (&record.device.id,))?;
            clashes.push(Clash::Device(place, if id { "id" } else { "cred_id" }));
        }
    }
    for (place, connection) in user.connections.iter().enumerate() {
        match social_connections::insert(conn, &user.app_id, connection) {
            Err(error) if is_taken(&error) => {
                let sql = "SELECT 1 FROM social_connections WHERE user_id = ? AND type = ?";
                let second = exists(conn, sql, (&user.id, &connection.r#type))?;
                clashes.push(if second {
                    Clash::SecondOfType(place)
                } else {
                    Clash::Account(place)
                });
            }
            other => other?,
        }
    }
    Ok(clashes)
}

/// Says whether its ids were free.
fn insert_device(conn: &Conn, user_id: &str, record: &DeviceRecord) -> Result<bool, SqlError> {
    let DeviceRecord { device, credential } = record;
    match credential {
        Some(credential) => {
            let stored = passkeys::insert(conn, user_id, device, credential)?;
            Ok(stored.is_some())
        }
        None => match devices::insert(conn, user_id, device) {
            Err(error) if is_taken(&error) => Ok(false),
            other => other.map(|()| true),
        },
    }
}

/// The members of a user that others have.
fn members(conn: &Conn, user: &UserRecord) -> Result<Vec<Clash>, SqlError> {
    let app_id = &user.app_id;
    let taken = [
        (
            "id",
            exists(conn, "SELECT 1 FROM users WHERE id = ?", (&user.id,))?,
        ),
        (
            "email",
            exists(
                conn,
                "SELECT 1 FROM users WHERE app_id = ? AND email = ?",
                (app_id, &user.email),
            )?,
        ),
        (
            "phone",
            exists(
                conn,
                "SELECT 1 FROM users WHERE app_id = ? AND phone = ?",
                (app_id, &user.phone),
            )?,
        ),
        (
            "external_id",
            exists(
                conn,
                "SELECT 1 FROM users WHERE app_id = ? AND external_id = ?",
                (app_id, &user.external_id),
            )?,
        ),
        (
            "user_handle",
            exists(
                conn,
                "SELECT 1 FROM users WHERE app_id = ? AND user_handle = ?",
                (app_id, &user.user_handle),
            )?,
        ),
    ];
    let taken = taken.into_iter().filter(|(_, taken)| *taken);
    Ok(taken.map(|(member, _)| Clash::Member(member)).collect())
}

fn exists(conn: &Conn, sql: &str, params: impl rusqlite::Params) -> Result<bool, SqlError> {
    Ok(conn.maybe_value::<i64>(sql, params)?.is_some())
}
