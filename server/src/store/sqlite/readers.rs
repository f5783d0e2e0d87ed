//! Read-only connections. Each is used by one command at a time, on a thread that may block.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::writer::guarded;
use super::{Connection, OpenFlags, connect};
use crate::store::{SqlError, StoreError, Tx};

/// Maximum number of concurrent read commands.
const READERS: u32 = 4;

/// Connections to one file. Clones share them.
#[derive(Clone)]
pub(in crate::store) struct Readers(Arc<Shared>);

struct Shared {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    places: Arc<Semaphore>,
}

impl Readers {
    /// Connections are opened on demand.
    pub(in crate::store) fn new(path: PathBuf) -> Self {
        Self(Arc::new(Shared {
            path,
            idle: Mutex::default(),
            places: Arc::new(Semaphore::new(READERS as usize)),
        }))
    }

    /// Runs a command that only reads, in one transaction.
    pub(in crate::store) async fn read<T, E, F>(&self, command: F) -> Result<T, E>
    where
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let place = Arc::clone(&self.0.places).acquire_owned().await;
        let place = place.map_err(|_| StoreError::Closed)?;
        let shared = Arc::clone(&self.0);
        let work = tokio::task::spawn_blocking(move || {
            let conn = shared.take().map_err(StoreError::from)?;
            let result = in_transaction(&conn, command);
            // A connection whose transaction could not be ended is not reused.
            if conn.is_autocommit() {
                shared.idle().push(conn);
            }
            drop(place);
            result
        });
        work.await.map_err(|_| StoreError::Closed)?
    }

    /// Waits for running commands, and closes the connections.
    pub(in crate::store) async fn close(&self) {
        let all = self.0.places.acquire_many(READERS).await;
        self.0.places.close();
        self.0.idle().clear();
        drop(all);
    }
}

impl Shared {
    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Result<Connection, SqlError> {
        let idle = self.idle().pop();
        idle.map_or_else(|| connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY), Ok)
    }
}

/// Nothing was written, so it does not matter how the transaction ends.
fn in_transaction<T, E: From<StoreError>>(
    conn: &Connection,
    command: impl FnOnce(&Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    Tx::new(conn).run("BEGIN", ()).map_err(StoreError::from)?;
    let result = guarded(conn, command);
    Tx::new(conn).run("COMMIT", ()).map_err(StoreError::from)?;
    result
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::store::{Store, StoreError};

    const COUNT: &str = "SELECT count(*) FROM apps";

    #[tokio::test]
    async fn a_command_sees_one_state_and_none_is_lost_to_those_that_fail() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("passage.db"))
            .await
            .unwrap();
        for _ in 0..2 * super::READERS {
            let broken = store.read(|_| -> Result<(), StoreError> { panic!("it is broken") });
            assert!(matches!(broken.await, Err(StoreError::Panicked)));
            let wrong = store
                .read(|tx| Ok::<(), StoreError>(tx.value::<i64>("SELECT nothing", ()).map(drop)?));
            assert!(matches!(wrong.await, Err(StoreError::Sql(_))));
        }
        let (begun, has_begun) = std::sync::mpsc::channel();
        let (write, has_written) = std::sync::mpsc::channel::<()>();
        let beside = store.clone();
        let command = move |tx: &crate::store::Tx<'_>| {
            let before: i64 = tx.value(COUNT, ())?;
            begun.send(()).unwrap();
            has_written.recv().unwrap();
            Ok::<_, StoreError>((before, tx.value::<i64>(COUNT, ())?))
        };
        let reading = tokio::spawn(async move { beside.read(command).await });
        tokio::task::spawn_blocking(move || has_begun.recv().unwrap())
            .await
            .unwrap();
        let insert = "INSERT INTO apps (id, settings, created_at) VALUES ('app', '{}', 0)";
        let written = store.write(|tx| Ok::<_, StoreError>(tx.run(insert, ())?));
        assert_eq!(written.await.unwrap(), 1);
        write.send(()).unwrap();
        assert_eq!(reading.await.unwrap().unwrap(), (0, 0));
        let now = store.read(|tx| Ok::<i64, StoreError>(tx.value(COUNT, ())?));
        assert_eq!(now.await.unwrap(), 1);
        store.close().await;
        let late = store.read(|tx| Ok::<i64, StoreError>(tx.value(COUNT, ())?));
        assert!(matches!(late.await, Err(StoreError::Closed)));
    }
}
