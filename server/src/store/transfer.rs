//! Import and export of users with everything that belongs to them.

use crate::clock::Time;
use crate::ids::{AppId, UserId};
use crate::store::users::{MadeBy, UserStatus};
use serde_json::{Map, Value};

use super::devices::{self, DeviceRow};
use super::passkeys::{self, Credential};
use super::social_connections::{self, ConnectionRow};
use super::tx::Params;
use super::{FromRow, Row, SqlError, Tx};

/// A user with everything that belongs to them.
pub(crate) struct UserRecord {
    pub(crate) id: UserId,
    pub(crate) app_id: AppId,
    pub(crate) email: Option<String>,
    pub(crate) email_verified: bool,
    pub(crate) phone: Option<String>,
    pub(crate) phone_verified: bool,
    pub(crate) external_id: Option<String>,
    pub(crate) status: UserStatus,
    pub(crate) made_by: MadeBy,
    pub(crate) login_count: i64,
    pub(crate) last_login_at: Time,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) user_handle: Option<Vec<u8>>,
    pub(crate) connections: Vec<ConnectionRow>,
    pub(crate) devices: Vec<DeviceRecord>,
}

/// A device, with the key of its passkey. Devices that a control seeded have none.
pub(crate) struct DeviceRecord {
    pub(crate) device: DeviceRow,
    pub(crate) credential: Option<Credential>,
}

impl FromRow for UserRecord {
    /// The user alone.
    fn from_row(row: &Row<'_>) -> Result<Self, SqlError> {
        let metadata: String = row.get("user_metadata")?;
        let metadata = serde_json::from_str(&metadata)
            .map_err(|error| SqlError::column("user_metadata", error))?;
        Ok(Self {
            id: row.get("id")?,
            app_id: row.get("app_id")?,
            email: row.get("email")?,
            email_verified: row.get("email_verified")?,
            phone: row.get("phone")?,
            phone_verified: row.get("phone_verified")?,
            external_id: row.get("external_id")?,
            status: row.get("status")?,
            made_by: row.get("made_by")?,
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

/// A position in the list of users in order of creation, to continue from.
pub(crate) struct Place {
    pub(crate) created_at: Time,
    pub(crate) id: UserId,
}

/// The next users of an app with everything that belongs to them, oldest first.
pub(crate) fn users(
    tx: &Tx<'_>,
    app_id: &AppId,
    after: Option<&Place>,
    limit: i64,
) -> Result<Vec<UserRecord>, SqlError> {
    let (created_at, id) = after.map_or((Time::MIN, ""), |place| {
        (place.created_at, place.id.as_str())
    });
    let mut users: Vec<UserRecord> = tx.rows(
        "SELECT * FROM users WHERE app_id = ? AND (created_at, id) > (?, ?)
         ORDER BY created_at, id LIMIT ?",
        (app_id, created_at, id, limit),
    )?;
    for user in &mut users {
        user.connections = tx.rows(
            "SELECT user_id, type, provider_id, provider_identifier, created_at, last_login_at
             FROM social_connections WHERE user_id = ? ORDER BY type",
            (&user.id,),
        )?;
        user.devices = tx.rows(
            "SELECT * FROM devices WHERE user_id = ? ORDER BY created_at, id",
            (&user.id,),
        )?;
    }
    Ok(users)
}

/// What a new user has in common with existing ones.
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

/// Stores a new user with everything that belongs to them. Whatever clashes with others is not stored.
pub(crate) fn insert_user(tx: &Tx<'_>, user: &UserRecord) -> Result<Vec<Clash>, SqlError> {
    let metadata = serde_json::Value::from(user.metadata.clone()).to_string();
    let inserted = tx.run(
        "INSERT INTO users (id, app_id, email, email_verified, phone, phone_verified, external_id, status,
         made_by, login_count, last_login_at, created_at, updated_at, user_metadata, user_handle)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            &user.id,
            &user.app_id,
            &user.email,
            user.email_verified,
            &user.phone,
            user.phone_verified,
            &user.external_id,
            user.status,
            user.made_by,
            user.login_count,
            user.last_login_at,
            user.created_at,
            user.updated_at,
            metadata,
            &user.user_handle,
        ),
    );
    match inserted {
        Err(error) if error.is_taken() => return members(tx, user),
        other => other?,
    };
    let mut clashes = Vec::new();
    for (place, record) in user.devices.iter().enumerate() {
        if !insert_device(tx, &user.id, record)? {
            let sql = "SELECT 1 FROM devices WHERE id = ?";
            let id = exists(tx, sql, (&record.device.id,))?;
            clashes.push(Clash::Device(place, if id { "id" } else { "cred_id" }));
        }
    }
    for (place, connection) in user.connections.iter().enumerate() {
        match social_connections::put(tx, &user.app_id, connection) {
            Err(error) if error.is_taken() => {
                let sql = "SELECT 1 FROM social_connections WHERE user_id = ? AND type = ?";
                let second = exists(tx, sql, (&user.id, &connection.r#type))?;
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

/// Returns whether its ids were free.
fn insert_device(tx: &Tx<'_>, user_id: &UserId, record: &DeviceRecord) -> Result<bool, SqlError> {
    let DeviceRecord { device, credential } = record;
    match credential {
        Some(credential) => {
            let stored = passkeys::insert(tx, user_id, device, credential)?;
            Ok(stored.is_some())
        }
        None => match devices::put(tx, user_id, device) {
            Err(error) if error.is_taken() => Ok(false),
            other => other.map(|()| true),
        },
    }
}

/// The members of a user that are already taken.
fn members(tx: &Tx<'_>, user: &UserRecord) -> Result<Vec<Clash>, SqlError> {
    let app_id = &user.app_id;
    let taken = [
        (
            "id",
            exists(tx, "SELECT 1 FROM users WHERE id = ?", (&user.id,))?,
        ),
        (
            "email",
            exists(
                tx,
                "SELECT 1 FROM users WHERE app_id = ? AND email = ?",
                (app_id, &user.email),
            )?,
        ),
        (
            "phone",
            exists(
                tx,
                "SELECT 1 FROM users WHERE app_id = ? AND phone = ?",
                (app_id, &user.phone),
            )?,
        ),
        (
            "external_id",
            exists(
                tx,
                "SELECT 1 FROM users WHERE app_id = ? AND external_id = ?",
                (app_id, &user.external_id),
            )?,
        ),
        (
            "user_handle",
            exists(
                tx,
                "SELECT 1 FROM users WHERE app_id = ? AND user_handle = ?",
                (app_id, &user.user_handle),
            )?,
        ),
    ];
    let taken = taken.into_iter().filter(|(_, taken)| *taken);
    Ok(taken.map(|(member, _)| Clash::Member(member)).collect())
}

fn exists(tx: &Tx<'_>, sql: &str, params: impl Params) -> Result<bool, SqlError> {
    Ok(tx.maybe_value::<i64>(sql, params)?.is_some())
}
