//! What an operator does with a data file, even while a server is using it.

mod app;
mod audit;
mod error;
mod transfer;

use std::path::Path;

use jiff::Timestamp;

use self::app::require;
pub use self::app::{CreatedApp, NewApp, StoredApp};
pub use self::audit::AuditFilter;
pub use self::error::AdminError;
use crate::clock::Clock;
use crate::domain::api_keys;
use crate::ids::{self, AppId};
use crate::keys::WrappingKey;
use crate::store;
use crate::store::Store;

/// A data file, opened to manage its apps and keys. A server may be using it at the same time: it applies changes
/// within a few seconds.
///
/// ```
/// use passage_server::{DataFile, NewApp};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("passage.db");
/// let file = DataFile::open(path).await?;
/// let app = file.create_app(NewApp::new("https://shop.example.com").id("shop").name("Shop")).await?;
/// println!("{} has the API key {}", app.id, app.api_key);
/// file.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct DataFile {
    store: Store,
    clock: Clock,
}

/// A signing key in a data file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoredKey {
    /// App whose tokens it signs.
    pub app_id: String,
    /// Id of the key, as in tokens and key sets.
    pub kid: String,
    /// `next`, `active` or `retired`.
    pub state: String,
    /// When the key was created, which is also when it was announced.
    pub created_at: Timestamp,
}

impl DataFile {
    /// Opens a data file, or creates it.
    ///
    /// # Errors
    /// If it cannot be used: it is not a database, or a running server has it open and its version differs.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, AdminError> {
        Ok(Self {
            store: Store::open_beside(path.as_ref()).await?.for_operator(),
            clock: Clock::default(),
        })
    }

    /// Creates an API key for an app, and returns it. Only its hash is stored, so this is the only time it is shown.
    ///
    /// # Errors
    /// If there is no such app, or the file cannot be written.
    pub async fn create_api_key(
        &self,
        app_id: impl Into<String>,
        name: impl Into<String>,
    ) -> Result<String, AdminError> {
        let key = api_keys::generate();
        let row = api_keys::row(&key, name.into(), self.clock.now());
        let (app_id, hash) = (AppId::from(app_id.into()), ids::hash(&key));
        let insert = self.store.write(move |tx| {
            require(store::apps::get(tx, &app_id)?, &app_id)?;
            Ok::<_, AdminError>(store::api_keys::insert(tx, &app_id, &row, &hash)?)
        });
        insert.await?;
        Ok(key)
    }

    /// The signing keys of all apps, without their private parts.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn signing_keys(&self) -> Result<Vec<StoredKey>, AdminError> {
        let read = self.store.read(|tx| {
            let mut keys = Vec::new();
            for app in store::apps::all(tx)? {
                let rows = store::signing_keys::list(tx, &app.id)?;
                keys.extend(rows.into_iter().map(|row| StoredKey {
                    app_id: app.id.clone().into(),
                    kid: row.kid,
                    state: row.state.as_str().to_owned(),
                    created_at: row.created_at.timestamp(),
                }));
            }
            Ok::<_, AdminError>(keys)
        });
        read.await
    }

    /// Asks the server for new signing keys, for one app or all. The server makes them within seconds, or at its next
    /// start. It announces them before using them, unless they are to sign at once.
    ///
    /// # Errors
    /// If there is no such app, or the file cannot be written.
    pub async fn rotate_keys(
        &self,
        app_id: Option<String>,
        at_once: bool,
    ) -> Result<(), AdminError> {
        let (app_id, now) = (app_id.map(AppId::from), self.clock.now());
        let ask = self.store.write(move |tx| {
            let apps = match &app_id {
                Some(id) => vec![require(store::apps::get(tx, id)?, id)?],
                None => store::apps::all(tx)?,
            };
            for app in apps {
                store::signing_keys::ask(tx, &app.id, at_once, now)?;
            }
            Ok::<_, AdminError>(())
        });
        ask.await
    }

    /// A new key for encrypting signing keys: 32 random bytes in base64.
    #[must_use]
    pub fn encryption_key() -> String {
        WrappingKey::generate()
    }

    /// Closes the file.
    pub async fn close(self) {
        self.store.close().await;
    }
}
