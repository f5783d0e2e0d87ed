//! Storage: SQLite, in memory or in a file.
//!
//! All writes go through one thread that commits them in groups ([`sqlite::writer`]). With a file, reads run in
//! parallel on their own connections ([`sqlite::readers`]); in memory there is one connection, so reads queue up with
//! the writes.
//!
//! A command is a closure that gets a [`Tx`] and runs as a whole on one of these threads, so it costs one round trip
//! however many statements it contains. The contract for commands: **a command runs as if alone, and may be run
//! again.** So ids and secrets are generated before it, it has no effects except its writes, and anything that may
//! happen only once is one conditional statement that returns whether it did.

pub(crate) mod acting;
pub(crate) mod api_keys;
pub(crate) mod apps;
pub(crate) mod audit;
pub(crate) mod ceremonies;
pub(crate) mod devices;
pub(crate) mod events;
mod inspect;
pub(crate) mod magic_links;
pub(crate) mod one_time_codes;
pub(crate) mod ownership;
pub(crate) mod passkeys;
mod purpose;
pub(crate) mod readiness;
pub(crate) mod sign_ins;
pub(crate) mod signing_keys;
pub(crate) mod social_connections;
pub(crate) mod social_logins;
mod sqlite;
mod sweep;
#[cfg(test)]
pub(crate) mod testing;
mod text_enum;
pub(crate) mod transactions;
pub(crate) mod transfer;
mod tx;
pub(crate) mod undo_offers;
pub(crate) mod user_list;
pub(crate) mod users;
mod values;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::acting::{Acting, Actor};
pub(crate) use self::inspect::inspect;
pub(crate) use self::purpose::Purpose;
use self::sqlite::lock::{self, FileLock, Patience};
use self::sqlite::readers::Readers;
use self::sqlite::writer::Writer;
use self::sqlite::{Connection, OpenFlags, connect, migrations, set_up};
pub(crate) use self::tx::{FromRow, Row, SqlError, Tx, columns};

/// The storage. Clones share it.
#[derive(Clone)]
pub(crate) struct Store {
    writer: Writer,
    /// `None` in memory, where only the writer has a connection.
    readers: Option<Readers>,
    lock: Option<Arc<FileLock>>,
    /// Who acts outside of requests.
    otherwise: Arc<Acting>,
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
    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        let conn = Connection::open_in_memory().map_err(SqlError::from)?;
        set_up(&conn)?;
        migrations::run(&conn)?;
        Ok(Self {
            writer: Writer::start(conn)?,
            readers: None,
            lock: None,
            otherwise: server(),
        })
    }

    /// Opens a file that a server may be using, or as [`Store::open`] does if none is. SQLite itself serializes their
    /// writes.
    pub(crate) async fn open_beside(path: &Path) -> Result<Self, StoreError> {
        let lock = FileLock::of(path);
        if lock.acquire(Patience::Short).await? {
            return Self::open_locked(path, lock);
        }
        let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .map_err(|error| StoreError::Open(path.to_owned(), error))?;
        // The tables are those of the running server.
        if migrations::version(&conn)? != migrations::LATEST {
            return Err(StoreError::OtherVersion(path.to_owned()));
        }
        Ok(Self {
            writer: Writer::start(conn)?,
            readers: Some(Readers::new(path.to_owned())),
            lock: Some(Arc::new(lock)),
            otherwise: server(),
        })
    }

    /// Opens a file, or creates it. Only one store can have it open.
    pub(crate) async fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = FileLock::of(path);
        if lock.acquire(Patience::Long).await? {
            Self::open_locked(path, lock)
        } else {
            Err(StoreError::InUse(path.to_owned()))
        }
    }

    fn open_locked(path: &Path, lock: FileLock) -> Result<Self, StoreError> {
        lock::create_private(path).map_err(|error| StoreError::File(path.to_owned(), error))?;
        let open = || {
            let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            conn.pragma_update(None, "journal_mode", "WAL")?;
            conn.pragma_update(None, "synchronous", "FULL")?;
            let known = migrations::run(&conn)?;
            Ok((conn, known))
        };
        match open() {
            Ok((conn, true)) => Ok(Self {
                writer: Writer::start(conn)?,
                readers: Some(Readers::new(path.to_owned())),
                lock: Some(Arc::new(lock)),
                otherwise: server(),
            }),
            Ok((_, false)) => Err(StoreError::Newer(path.to_owned())),
            Err(error) => Err(StoreError::Open(path.to_owned(), error)),
        }
    }

    /// The same store for an operator at the command line.
    pub(crate) fn for_operator(mut self) -> Self {
        self.otherwise = Arc::new(Acting::without_request(Actor::Operator));
        self
    }

    /// On whose behalf the next command runs.
    fn acting(&self) -> Arc<Acting> {
        acting::current().unwrap_or_else(|| Arc::clone(&self.otherwise))
    }

    /// Whether no server is using the file, and none can start until this store is closed.
    pub(crate) async fn is_alone(&self) -> Result<bool, StoreError> {
        match &self.lock {
            Some(lock) => lock.acquire(Patience::Long).await,
            None => Ok(true),
        }
    }

    /// Whether this store has the lock of its file.
    #[cfg(test)]
    fn holds_lock(&self) -> bool {
        self.lock.as_ref().is_some_and(|lock| lock.is_held())
    }

    /// Runs a command that may write. Its writes are on disk when this returns `Ok`, and rolled back when it returns
    /// `Err`; its failure does not affect other commands.
    pub(crate) async fn write<T, E, F>(&self, command: F) -> Result<T, E>
    where
        F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_once(command).await
    }

    /// Runs a command that may write and cannot be run again, because it consumes outside input.
    pub(crate) async fn write_once<T, E, F>(&self, command: F) -> Result<T, E>
    where
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let acting = self.acting();
        let command = move |tx: &Tx<'_>| command(&tx.on_behalf_of(&acting));
        self.writer.write(command).await
    }

    /// Runs a read-only command. It sees a consistent state of the data.
    pub(crate) async fn read<T, E, F>(&self, command: F) -> Result<T, E>
    where
        F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.read_once(command).await
    }

    /// Runs a read-only command that cannot be run again, because it has already sent what it read.
    pub(crate) async fn read_once<T, E, F>(&self, command: F) -> Result<T, E>
    where
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let acting = self.acting();
        let command = move |tx: &Tx<'_>| command(&tx.on_behalf_of(&acting));
        match &self.readers {
            Some(readers) => readers.read(command).await,
            None => self.writer.read(command).await,
        }
    }

    /// Finishes the commands that have arrived, then closes all connections and releases the file.
    pub(crate) async fn close(&self) {
        // The last connection to close moves the log into the file, which readers cannot do.
        if let Some(readers) = &self.readers {
            readers.close().await;
        }
        self.writer.close().await;
        self.release();
    }

    /// Accepts no more commands and releases the file at once. SQLite's own locks still guard running commands.
    pub(crate) fn release(&self) {
        self.writer.refuse();
        if let Some(lock) = &self.lock {
            lock.release();
        }
    }
}

fn server() -> Arc<Acting> {
    Arc::new(Acting::without_request(Actor::Server))
}

/// Why the storage failed.
#[derive(Debug)]
pub(crate) enum StoreError {
    /// The database reported an error.
    Sql(SqlError),
    /// The file is not one of our databases.
    Open(PathBuf, SqlError),
    /// The file was created by a newer version.
    Newer(PathBuf),
    /// No thread could be started.
    Thread(std::io::Error),
    /// A server of another version has the file open.
    OtherVersion(PathBuf),
    /// Another server has the file open.
    InUse(PathBuf),
    /// The file, or the lock next to it, cannot be opened.
    File(PathBuf, std::io::Error),
    /// The command panicked. Its writes are rolled back.
    Panicked,
    /// The server has stopped, or the command was lost with a failed transaction.
    Closed,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql(_) => f.write_str("the database reported an error"),
            // The error repeats itself in its own source, so it is shown here.
            Self::Open(path, error) => write!(
                f,
                "{} cannot be used as a data file: {error}",
                path.display()
            ),
            Self::Newer(path) => write!(
                f,
                "{} was made by a newer passage-server; use that version or a later one",
                path.display()
            ),
            Self::Thread(_) => f.write_str("no thread can be started for the storage"),
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
            Self::File(_, error) | Self::Thread(error) => Some(error),
            Self::Open(..)
            | Self::Newer(_)
            | Self::InUse(_)
            | Self::OtherVersion(_)
            | Self::Panicked
            | Self::Closed => None,
        }
    }
}

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        Self::Sql(error)
    }
}

/// Deletes all data of users. The app, its signing keys and the API keys named in `keep` stay.
pub(crate) fn clear(tx: &Tx<'_>, keep_api_key: &[u8]) -> Result<(), SqlError> {
    // Deleting users also deletes devices, connections, events and refresh tokens. Some codes and links have no user.
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
        "DELETE FROM audit",
    ] {
        tx.run(statement, ())?;
    }
    tx.run("DELETE FROM api_keys WHERE hash <> ?", (keep_api_key,))?;
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
        let settings = store.write(|tx| {
            let journal: String = tx.value("PRAGMA journal_mode", ())?;
            let synchronous: i64 = tx.value("PRAGMA synchronous", ())?;
            let foreign_keys: i64 = tx.value("PRAGMA foreign_keys", ())?;
            Ok::<_, StoreError>((journal, synchronous, foreign_keys))
        });
        assert_eq!(settings.await.unwrap(), ("wal".to_owned(), 2, 1));
        store.close().await;
    }

    #[tokio::test]
    async fn a_file_that_was_closed_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passage.db");
        let store = Store::open(&path).await.unwrap();
        let insert = "INSERT INTO apps (id, settings, created_at) VALUES ('app', '{}', 0)";
        let written = store.write(|tx| Ok::<_, StoreError>(tx.run(insert, ())?));
        assert_eq!(written.await.unwrap(), 1);
        let count = "SELECT count(*) FROM apps";
        let read = store.read(|tx| Ok::<i64, StoreError>(tx.value(count, ())?));
        assert_eq!(read.await.unwrap(), 1);
        store.close().await;
        assert!(!folder.path().join("passage.db-wal").exists());
    }

    #[tokio::test]
    async fn a_file_of_a_newer_version_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passage.db");
        Store::open(&path).await.unwrap().close().await;
        let conn = Connection::open(&path).unwrap();
        conn.pragma_update(None, "user_version", migrations::LATEST + 1)
            .unwrap();
        drop(conn);
        let error = Store::open(&path).await.unwrap_err();
        assert!(matches!(error, StoreError::Newer(_)), "{error}");
        let error = Store::open_beside(&path).await.unwrap_err();
        assert!(matches!(error, StoreError::Newer(_)), "{error}");
    }
}
