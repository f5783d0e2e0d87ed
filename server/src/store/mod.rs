//! Storage: SQLite, in memory or in a file.
//!
//! All writes go through one task that commits them in groups ([`writer`]). With a file, reads run beside it on
//! their own connections; in memory there is one connection, so reads queue up with the writes.

pub(crate) mod api_keys;
pub(crate) mod apps;
pub(crate) mod ceremonies;
pub(crate) mod devices;
pub(crate) mod events;
mod lock;
pub(crate) mod magic_links;
pub(crate) mod one_time_codes;
pub(crate) mod passkeys;
pub(crate) mod readiness;
pub(crate) mod refresh_tokens;
pub(crate) mod signing_keys;
pub(crate) mod social_connections;
pub(crate) mod social_logins;
pub(crate) mod transactions;
pub(crate) mod user_list;
pub(crate) mod users;
mod writer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, SqliteConnection};

use self::lock::FileLock;
use self::writer::Writer;

/// A connection to the database.
pub(crate) type Conn = SqliteConnection;
/// What a command on a connection returns.
pub(crate) type Work<'c, T> = Pin<Box<dyn Future<Output = T> + Send + 'c>>;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// The storage. Clones share it.
#[derive(Clone)]
pub(crate) struct Store {
    writer: Writer,
    /// `None` in memory, where only the writer has a connection.
    readers: Option<SqlitePool>,
    lock: Option<Arc<FileLock>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("lock", &self.lock)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// An empty store that lives as long as its last clone.
    pub(crate) async fn in_memory() -> Result<Self, StoreError> {
        let mut conn = SqliteConnectOptions::new()
            .disable_statement_logging()
            .connect()
            .await?;
        MIGRATIONS.run(&mut conn).await?;
        Ok(Self {
            writer: Writer::start(conn),
            readers: None,
            lock: None,
        })
    }

    /// Opens a file beside the server that runs on it, or as [`Store::open`] does if none runs. SQLite itself orders
    /// what both write.
    pub(crate) async fn open_beside(path: &Path) -> Result<Self, StoreError> {
        if let Some(lock) = FileLock::try_acquire(path)? {
            return Self::open_locked(path, lock).await;
        }
        let mut conn = options(path)
            .connect()
            .await
            .map_err(|error| StoreError::Open(path.to_owned(), error.into()))?;
        // The tables are those of the server that runs.
        let version: i64 = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(&mut conn)
            .await?;
        if MIGRATIONS.iter().map(|one| one.version).max() != Some(version) {
            return Err(StoreError::OtherVersion(path.to_owned()));
        }
        Ok(Self {
            writer: Writer::start(conn),
            readers: None,
            lock: None,
        })
    }

    /// Opens a file, or makes it. Only one store can have it open.
    pub(crate) async fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = FileLock::acquire(path).await?;
        Self::open_locked(path, lock).await
    }

    async fn open_locked(path: &Path, lock: FileLock) -> Result<Self, StoreError> {
        lock::create_private(path).map_err(|error| StoreError::File(path.to_owned(), error))?;
        let options = options(path);
        let mut conn = options
            .clone()
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .connect()
            .await
            .map_err(|error| StoreError::Open(path.to_owned(), error.into()))?;
        MIGRATIONS
            .run(&mut conn)
            .await
            .map_err(|error| StoreError::Open(path.to_owned(), error))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_lazy_with(options.read_only(true));
        Ok(Self {
            writer: Writer::start(conn),
            readers: Some(readers),
            lock: Some(Arc::new(lock)),
        })
    }

    /// Runs a command that may write. What it wrote is on disk when this returns `Ok`, and undone when it
    /// returns `Err`; other commands are not affected by its failure.
    pub(crate) async fn write<T, E, F>(&self, command: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> Work<'c, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writer.write(command).await
    }

    /// Runs a command that only reads.
    pub(crate) async fn read<T, E, F>(&self, command: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> Work<'c, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.readers {
            Some(pool) => {
                let mut conn = pool.acquire().await.map_err(StoreError::from)?;
                command(&mut conn).await
            }
            None => self.writer.read(command).await,
        }
    }

    /// Lets the commands that have arrived finish, then closes every connection and gives up the file.
    pub(crate) async fn close(&self) {
        self.writer.close().await;
        if let Some(pool) = &self.readers {
            pool.close().await;
        }
        self.release();
    }

    /// Takes no more commands and gives up the file, at once. SQLite's own locks still guard what is under way.
    pub(crate) fn release(&self) {
        self.writer.refuse();
        if let Some(lock) = &self.lock {
            lock.release();
        }
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging()
}

/// Why the storage failed.
#[derive(Debug)]
pub(crate) enum StoreError {
    /// The database reported an error.
    Sql(sqlx::Error),
    /// The file is no database of ours, or of a newer version.
    Open(PathBuf, sqlx::migrate::MigrateError),
    /// The tables could not be made.
    Migrate(sqlx::migrate::MigrateError),
    /// A server of another version has the file open.
    OtherVersion(PathBuf),
    /// Another server has the file open.
    InUse(PathBuf),
    /// The file, or the lock next to it, cannot be opened.
    File(PathBuf, std::io::Error),
    /// The command is broken. What it wrote is undone.
    Panicked,
    /// The server has stopped, or the command was lost with a failed transaction.
    Closed,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql(_) => f.write_str("the database reported an error"),
            Self::Open(path, _) => write!(f, "{} cannot be used as a data file", path.display()),
            Self::Migrate(_) => f.write_str("the tables of the database could not be made"),
            Self::OtherVersion(path) => write!(
                f,
                "{} is open in a passage-server of another version; use that version's command, or stop it first",
                path.display()
            ),
            Self::InUse(path) => write!(
                f,
                "{} is open in another passage-server; stop that one first, or give each its own file",
                path.display()
            ),
            Self::File(path, _) => write!(f, "{} cannot be opened", path.display()),
            Self::Panicked => f.write_str("a command to the storage panicked"),
            Self::Closed => f.write_str("the storage is closed"),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Sql(error) => Some(error),
            Self::Open(_, error) | Self::Migrate(error) => Some(error),
            Self::File(_, error) => Some(error),
            Self::InUse(_) | Self::OtherVersion(_) | Self::Panicked | Self::Closed => None,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migrate(error)
    }
}

/// Whether a statement failed because the value is taken.
pub(crate) fn is_taken(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// Deletes everything that users left behind. The app, its signing keys and the API keys named in `keep` stay.
pub(crate) async fn clear(conn: &mut Conn, keep_api_key: &[u8]) -> Result<(), sqlx::Error> {
    // Devices, connections, events and refresh tokens go with their users. Some codes and links are nobody's.
    for statement in [
        "DELETE FROM users",
        "DELETE FROM one_time_codes",
        "DELETE FROM magic_links",
        "DELETE FROM social_logins",
        "DELETE FROM social_codes",
        "DELETE FROM transactions",
        "DELETE FROM nonces",
        "DELETE FROM ceremonies",
        "DELETE FROM passkey_readiness",
    ] {
        sqlx::query(statement).execute(&mut *conn).await?;
    }
    sqlx::query("DELETE FROM api_keys WHERE hash <> ?")
        .bind(keep_api_key)
        .execute(conn)
        .await?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_commit_to_a_file_reaches_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("passage.db"))
            .await
            .unwrap();
        let settings = store.write(|conn| {
            Box::pin(async move {
                let journal: String = sqlx::query_scalar("PRAGMA journal_mode")
                    .fetch_one(&mut *conn)
                    .await?;
                let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
                    .fetch_one(&mut *conn)
                    .await?;
                let foreign_keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys")
                    .fetch_one(conn)
                    .await?;
                Ok::<_, StoreError>((journal, synchronous, foreign_keys))
            })
        });
        assert_eq!(settings.await.unwrap(), ("wal".to_owned(), 2, 1));
        store.close().await;
    }
}
