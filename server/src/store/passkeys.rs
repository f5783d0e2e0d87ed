//! What makes a device a passkey: its public key, and its user's handle.

use super::devices::{self, DeviceRow};
use super::tx::params;
use super::{FromRow, Row, SqlError, Tx, columns};
use crate::clock::Time;
use crate::ids::{AppId, DeviceId, UserId};

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
    /// Model of the authenticator, 16 bytes. All 0 if the authenticator does not reveal it.
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
    pub(crate) device_id: DeviceId,
    pub(crate) user_id: UserId,
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
    app_id: &AppId,
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
pub(crate) fn list(tx: &Tx<'_>, user_id: &UserId) -> Result<Vec<Credential>, SqlError> {
    tx.rows(
        "SELECT cred_id, public_key, sign_count, transports, aaguid, backup_eligible, backed_up
         FROM devices WHERE user_id = ? AND public_key IS NOT NULL ORDER BY created_at, id",
        (user_id,),
    )
}

/// The result of storing a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Insertion {
    Stored,
    /// The user has the maximum number of passkeys.
    Full,
    /// The credential id, or the id of the device, is taken.
    Taken,
}

/// Stores a device with its key, however many the user has and whenever it was added. `None` if the credential id is taken.
pub(crate) fn insert(
    tx: &Tx<'_>,
    user_id: &UserId,
    device: &DeviceRow,
    credential: &Credential,
) -> Result<Option<()>, SqlError> {
    let insertion = put_below(tx, user_id, device, credential, u32::MAX)?;
    Ok((insertion == Insertion::Stored).then_some(()))
}

/// Stores a device with its key, which was just added, if the user has fewer than `most` passkeys.
pub(crate) fn insert_below(
    tx: &Tx<'_>,
    user_id: &UserId,
    device: &DeviceRow,
    credential: &Credential,
    most: u32,
) -> Result<Insertion, SqlError> {
    let insertion = put_below(tx, user_id, device, credential, most)?;
    if insertion == Insertion::Stored {
        devices::added(tx, user_id, device)?;
    }
    Ok(insertion)
}

fn put_below(
    tx: &Tx<'_>,
    user_id: &UserId,
    device: &DeviceRow,
    credential: &Credential,
    most: u32,
) -> Result<Insertion, SqlError> {
    let hit = tx.hits(
        "INSERT INTO devices (id, user_id, cred_id, friendly_name, type, icon_light, icon_dark,
         usage_count, last_login_at, created_at, updated_at, public_key, sign_count, transports,
         aaguid, backup_eligible, backed_up)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17
         WHERE (SELECT count(*) FROM devices WHERE user_id = ?2 AND public_key IS NOT NULL) < ?18",
        params![
            device.id,
            user_id,
            device.cred_id,
            device.friendly_name,
            device.r#type,
            device.icon_light,
            device.icon_dark,
            device.usage_count,
            device.last_login_at,
            device.created_at,
            device.updated_at,
            credential.public_key,
            credential.sign_count,
            credential.transports,
            credential.aaguid,
            credential.backup_eligible,
            credential.backed_up,
            most,
        ],
    );
    match hit {
        Ok(true) => Ok(Insertion::Stored),
        Ok(false) => Ok(Insertion::Full),
        Err(error) if error.is_taken() => Ok(Insertion::Taken),
        Err(error) => Err(error),
    }
}

/// Counts a login. False if the device is gone, or another login has advanced its counter further in the meantime.
pub(crate) fn count_login(
    tx: &Tx<'_>,
    device_id: &DeviceId,
    sign_count: i64,
    backed_up: bool,
    now: Time,
) -> Result<bool, SqlError> {
    tx.hits(
        "UPDATE devices SET sign_count = ?1, backed_up = ?2, usage_count = usage_count + 1,
         last_login_at = ?3, updated_at = ?3
         WHERE id = ?4 AND (sign_count < ?1 OR (sign_count = 0 AND ?1 = 0))",
        (sign_count, backed_up, now, device_id),
    )
}

/// The handle of a user, set to this one if there is none yet. `None` if there is no such user.
pub(crate) fn user_handle(
    tx: &Tx<'_>,
    user_id: &UserId,
    new: &[u8],
) -> Result<Option<Vec<u8>>, SqlError> {
    tx.maybe_value(
        "UPDATE users SET user_handle = COALESCE(user_handle, ?) WHERE id = ?
         RETURNING user_handle",
        (new, user_id),
    )
}

/// Gives a new user the handle that their first passkey was created with.
pub(crate) fn set_user_handle(
    tx: &Tx<'_>,
    user_id: &UserId,
    handle: &[u8],
) -> Result<(), SqlError> {
    tx.run(
        "UPDATE users SET user_handle = ? WHERE id = ?",
        (handle, user_id),
    )?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    use crate::store::StoreError;
    use crate::store::testing::{APP, File, USER, passkey};

    #[tokio::test]
    async fn a_passkey_is_stored_below_the_bound_alone() {
        let file = File::new().await;
        let insertions = file.run(|tx| {
            let add = |number, most| {
                let (device, credential) = passkey(number);
                insert_below(tx, &USER.into(), &device, &credential, most)
            };
            // A device that cannot sign is not a passkey, and does not count.
            super::super::devices::insert(tx, &USER.into(), &passkey(0).0)?;
            Ok::<_, StoreError>([add(1, 2)?, add(2, 2)?, add(3, 2)?, add(1, 2)?, add(1, 3)?])
        });
        assert_eq!(
            insertions.await.unwrap(),
            [
                Insertion::Stored,
                Insertion::Stored,
                Insertion::Full,
                Insertion::Full,
                Insertion::Taken
            ]
        );
    }

    #[tokio::test]
    async fn a_passkey_is_read_as_it_was_stored() {
        let file = File::new().await;
        let read = file.run(|tx| {
            let (device, mut credential) = passkey(1);
            credential.sign_count = 7;
            credential.aaguid = Some(vec![2; 16]);
            credential.backed_up = false;
            insert(tx, &USER.into(), &device, &credential)?;
            let found = by_cred_id(tx, &APP.into(), &credential.cred_id)?;
            Ok::<_, StoreError>((credential, found))
        });
        let (stored, found) = read.await.unwrap();
        let found = found.unwrap();
        assert_eq!(
            (found.device_id.as_str(), found.user_id.as_str()),
            ("device-1", USER)
        );
        assert_eq!(found.credential, stored);
    }

    #[tokio::test]
    async fn a_user_keeps_the_first_handle() {
        let file = File::new().await;
        let handles = file.run(|tx| {
            Ok::<_, StoreError>([
                user_handle(tx, &USER.into(), &[1])?,
                user_handle(tx, &USER.into(), &[2])?,
                user_handle(tx, &"nobody".into(), &[3])?,
            ])
        });
        assert_eq!(handles.await.unwrap(), [Some(vec![1]), Some(vec![1]), None]);
    }
}
