//! Passkey ceremonies in progress.

use super::sweep::sweep;
use super::text_enum::text_enum;
use super::{SqlError, Tx, columns};
use crate::clock::Time;
use crate::ids::{AppId, UserId};

text_enum! {
    /// The purpose of a ceremony. It cannot be finished for another.
    Purpose {
        Register = "register",
        Login = "login",
        AddDevice = "add_device",
        FlexRegister = "flex_register",
        FlexLogin = "flex_login",
    }
}

/// The handle of a login that was started for a name that is nobody's. No other login has one.
pub(crate) const NOBODY: &[u8] = b"nobody";

/// A ceremony to store.
pub(crate) struct NewCeremony<'a> {
    pub(crate) id: &'a str,
    pub(crate) purpose: Purpose,
    pub(crate) user_id: Option<&'a UserId>,
    pub(crate) transaction_id: Option<&'a str>,
    pub(crate) user_handle: Option<&'a [u8]>,
    pub(crate) state: &'a str,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
}

/// A ceremony as stored.
pub(crate) struct CeremonyRow {
    pub(crate) id: String,
    pub(crate) purpose: Purpose,
    /// The user of the ceremony, if known.
    pub(crate) user_id: Option<UserId>,
    pub(crate) transaction_id: Option<String>,
    /// The handle that a new passkey gets, or [`NOBODY`].
    pub(crate) user_handle: Option<Vec<u8>>,
    /// State of the library that verifies the outcome.
    pub(crate) state: String,
    pub(crate) expires_at: Time,
}

columns!(CeremonyRow {
    id,
    purpose,
    user_id,
    transaction_id,
    user_handle,
    state,
    expires_at
});

impl CeremonyRow {
    /// Whether this login was started for a name that is nobody's, so that no passkey finishes it.
    pub(crate) fn is_for_nobody(&self) -> bool {
        self.purpose == Purpose::Login && self.user_handle.as_deref() == Some(NOBODY)
    }

    /// Whether a user was named when it started.
    pub(crate) fn names_somebody(&self) -> bool {
        self.user_id.is_some() || self.is_for_nobody()
    }
}

/// Stores a ceremony, and deletes expired ones.
pub(crate) fn insert(
    tx: &Tx<'_>,
    app_id: &AppId,
    ceremony: &NewCeremony<'_>,
) -> Result<(), SqlError> {
    sweep(tx, "ceremonies", ceremony.created_at)?;
    tx.run(
        "INSERT INTO ceremonies (id, app_id, purpose, user_id, transaction_id,
         user_handle, state, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            ceremony.id,
            app_id,
            ceremony.purpose,
            ceremony.user_id,
            ceremony.transaction_id,
            ceremony.user_handle,
            ceremony.state,
            ceremony.created_at,
            ceremony.expires_at,
        ),
    )?;
    Ok(())
}

/// A ceremony, expired or not.
pub(crate) fn get(tx: &Tx<'_>, app_id: &AppId, id: &str) -> Result<Option<CeremonyRow>, SqlError> {
    tx.maybe_row(
        "SELECT * FROM ceremonies WHERE app_id = ? AND id = ?",
        (app_id, id),
    )
}

/// Ends a ceremony. Returns whether it was still in progress.
pub(crate) fn take(tx: &Tx<'_>, app_id: &AppId, id: &str) -> Result<bool, SqlError> {
    tx.hits(
        "DELETE FROM ceremonies WHERE app_id = ? AND id = ?",
        (app_id, id),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::clock::at;
    use crate::store::StoreError;
    use crate::store::testing::{APP, File};

    fn ceremony(id: &str, purpose: Purpose) -> NewCeremony<'_> {
        NewCeremony {
            id,
            purpose,
            user_id: None,
            transaction_id: None,
            user_handle: None,
            state: "{}",
            created_at: at(0),
            expires_at: at(10),
        }
    }

    #[tokio::test]
    async fn a_ceremony_is_taken_once_and_from_its_app() {
        let file = File::new().await;
        let takes = file.run(|tx| {
            insert(tx, &APP.into(), &ceremony("one", Purpose::Login))?;
            Ok::<_, StoreError>([
                take(tx, &"another".into(), "one")?,
                take(tx, &APP.into(), "another")?,
                take(tx, &APP.into(), "one")?,
                take(tx, &APP.into(), "one")?,
            ])
        });
        assert_eq!(takes.await.unwrap(), [false, false, true, false]);
    }

    #[tokio::test]
    async fn every_purpose_is_stored_and_read_again() {
        let file = File::new().await;
        for purpose in [
            Purpose::Register,
            Purpose::Login,
            Purpose::AddDevice,
            Purpose::FlexRegister,
            Purpose::FlexLogin,
        ] {
            let read = file.run(move |tx| {
                insert(tx, &APP.into(), &ceremony("one", purpose))?;
                let row = get(tx, &APP.into(), "one")?;
                take(tx, &APP.into(), "one")?;
                Ok::<_, StoreError>(row.map(|row| row.purpose))
            });
            assert_eq!(read.await.unwrap(), Some(purpose));
        }
    }

    #[tokio::test]
    async fn another_purpose_cannot_be_read() {
        let file = File::new().await;
        let read = file.run(|tx| Ok::<Purpose, StoreError>(tx.value("SELECT 'logout'", ())?));
        assert!(matches!(read.await, Err(StoreError::Sql(_))));
    }
}
