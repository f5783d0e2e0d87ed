//! Devices: the passkeys of users.

use super::audit::{AuditAction, Change};
use super::text_enum::text_enum;
use super::{SqlError, Tx, columns};
use crate::clock::Time;
use crate::ids::{DeviceId, UserId};

text_enum! {
    /// What a passkey is kept on.
    DeviceKind {
        /// It can be synchronised.
        Passkey = "passkey",
        /// A roaming authenticator.
        SecurityKey = "security_key",
        /// One device.
        Platform = "platform",
    }
}

/// A device as stored.
#[derive(Debug, Clone)]
pub(crate) struct DeviceRow {
    pub(crate) id: DeviceId,
    pub(crate) cred_id: String,
    pub(crate) friendly_name: String,
    pub(crate) r#type: DeviceKind,
    pub(crate) icon_light: Option<String>,
    pub(crate) icon_dark: Option<String>,
    pub(crate) usage_count: i64,
    pub(crate) last_login_at: Time,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
}

columns!(DeviceRow {
    id,
    cred_id,
    friendly_name,
    r#type,
    icon_light,
    icon_dark,
    usage_count,
    last_login_at,
    created_at,
    updated_at
});

/// The kinds of these devices, without duplicates. Both APIs return them, in types of their own.
pub(crate) fn kinds<Kind: From<String> + PartialEq>(devices: &[DeviceRow]) -> Vec<Kind> {
    let mut kinds = Vec::new();
    for device in devices {
        let kind = Kind::from(device.r#type.as_str().to_owned());
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// Stores a device that was just added.
pub(crate) fn insert(tx: &Tx<'_>, user_id: &UserId, device: &DeviceRow) -> Result<(), SqlError> {
    put(tx, user_id, device)?;
    added(tx, user_id, device)
}

/// Adds to the audit log that a device was added.
pub(super) fn added(tx: &Tx<'_>, user_id: &UserId, device: &DeviceRow) -> Result<(), SqlError> {
    let change = Change::new(AuditAction::PasskeyAdded).at(device.created_at);
    change.user(user_id).object(device.id.as_str()).insert(tx)
}

/// Stores a device, whenever it was added.
pub(super) fn put(tx: &Tx<'_>, user_id: &UserId, device: &DeviceRow) -> Result<(), SqlError> {
    tx.run(
        "INSERT INTO devices (id, user_id, cred_id, friendly_name, type, icon_light,
         icon_dark, usage_count, last_login_at, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            &device.id,
            user_id,
            &device.cred_id,
            &device.friendly_name,
            device.r#type,
            &device.icon_light,
            &device.icon_dark,
            device.usage_count,
            device.last_login_at,
            device.created_at,
            device.updated_at,
        ),
    )?;
    Ok(())
}

/// The devices of a user, oldest first.
pub(crate) fn list(tx: &Tx<'_>, user_id: &UserId) -> Result<Vec<DeviceRow>, SqlError> {
    tx.rows(
        "SELECT * FROM devices WHERE user_id = ? ORDER BY created_at, id",
        (user_id,),
    )
}

/// Gives a device another name. `None` if the user has no such device.
pub(crate) fn rename(
    tx: &Tx<'_>,
    user_id: &UserId,
    id: &DeviceId,
    name: &str,
    now: Time,
) -> Result<Option<DeviceRow>, SqlError> {
    let device = tx.maybe_row(
        "UPDATE devices SET friendly_name = ?, updated_at = ? WHERE user_id = ? AND id = ?
         RETURNING *",
        (name, now, user_id, id),
    )?;
    if device.is_some() {
        let change = Change::new(AuditAction::PasskeyRenamed).at(now);
        change.user(user_id).object(id.as_str()).insert(tx)?;
    }
    Ok(device)
}

/// Deletes a device, and returns it. `None` if the user has no such device.
pub(crate) fn delete(
    tx: &Tx<'_>,
    user_id: &UserId,
    id: &DeviceId,
) -> Result<Option<DeviceRow>, SqlError> {
    let deleted: Option<DeviceRow> = tx.maybe_row(
        "DELETE FROM devices WHERE user_id = ? AND id = ? RETURNING *",
        (user_id, id),
    )?;
    if deleted.is_some() {
        let change = Change::new(AuditAction::PasskeyRemoved).user(user_id);
        change.object(id.as_str()).insert(tx)?;
    }
    Ok(deleted)
}
