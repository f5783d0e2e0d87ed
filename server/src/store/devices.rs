//! Devices: the passkeys of users.

use super::Conn;

/// A device as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct DeviceRow {
    pub(crate) id: String,
    pub(crate) cred_id: String,
    pub(crate) friendly_name: String,
    pub(crate) r#type: String,
    pub(crate) icon_light: Option<String>,
    pub(crate) icon_dark: Option<String>,
    pub(crate) usage_count: i64,
    pub(crate) last_login_at: i64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// The kinds of these devices, each once. Both APIs show them, as types of their own.
pub(crate) fn kinds<Kind: From<String> + PartialEq>(devices: &[DeviceRow]) -> Vec<Kind> {
    let mut kinds = Vec::new();
    for device in devices {
        let kind = Kind::from(device.r#type.clone());
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// Stores a device.
pub(crate) async fn insert(
    conn: &mut Conn,
    user_id: &str,
    device: &DeviceRow,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO devices (id, user_id, cred_id, friendly_name, type, icon_light, icon_dark, usage_count,
                              last_login_at, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&device.id)
    .bind(user_id)
    .bind(&device.cred_id)
    .bind(&device.friendly_name)
    .bind(&device.r#type)
    .bind(&device.icon_light)
    .bind(&device.icon_dark)
    .bind(device.usage_count)
    .bind(device.last_login_at)
    .bind(device.created_at)
    .bind(device.updated_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// The devices of a user, oldest first.
pub(crate) async fn list(conn: &mut Conn, user_id: &str) -> Result<Vec<DeviceRow>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM devices WHERE user_id = ? ORDER BY created_at, id")
        .bind(user_id)
        .fetch_all(conn)
        .await
}

/// Gives a device another name. `None` if the user has no such device.
pub(crate) async fn rename(
    conn: &mut Conn,
    user_id: &str,
    id: &str,
    name: &str,
    now: i64,
) -> Result<Option<DeviceRow>, sqlx::Error> {
    sqlx::query_as(
        "UPDATE devices SET friendly_name = ?, updated_at = ? WHERE user_id = ? AND id = ? RETURNING *",
    )
    .bind(name)
    .bind(now)
    .bind(user_id)
    .bind(id)
    .fetch_optional(conn)
    .await
}

/// Deletes a device. Says whether the user had it.
pub(crate) async fn delete(conn: &mut Conn, user_id: &str, id: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM devices WHERE user_id = ? AND id = ?")
        .bind(user_id)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}
