//! One server per data file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::private_file;
use crate::store::StoreError;

/// How often to try again, and how many times: a server that was just stopped may take a moment to release the file.
const PAUSE: Duration = Duration::from_millis(20);
const TRIES: u32 = 25;

/// A lock on a file next to the data file. It is a separate file because SQLite's own locks on the data file would be
/// lost if this process closed a second handle of it.
#[derive(Debug)]
pub(in crate::store) struct FileLock {
    file: Mutex<Option<File>>,
}

impl FileLock {
    /// Takes the lock, or returns an error if another server has it.
    pub(in crate::store) async fn acquire(data: &Path) -> Result<Self, StoreError> {
        let path = beside(data);
        let file =
            private_file::open(&path).map_err(|error| StoreError::File(path.clone(), error))?;
        for tried in 0.. {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if tried < TRIES => tokio::time::sleep(PAUSE).await,
                Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(data.to_owned())),
                Err(TryLockError::Error(error)) => return Err(StoreError::File(path, error)),
            }
        }
        Ok(Self {
            file: Mutex::new(Some(file)),
        })
    }

    /// Takes the lock if no server has it.
    pub(in crate::store) fn try_acquire(data: &Path) -> Result<Option<Self>, StoreError> {
        let path = beside(data);
        let file =
            private_file::open(&path).map_err(|error| StoreError::File(path.clone(), error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self {
                file: Mutex::new(Some(file)),
            })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StoreError::File(path, error)),
        }
    }

    /// Checks whether the lock could be taken if it were free, without creating it.
    pub(in crate::store) fn try_open(data: &Path) -> Result<(), StoreError> {
        let path = beside(data);
        match OpenOptions::new().write(true).open(&path) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(StoreError::File(path, error)),
        }
    }

    /// Releases the lock.
    pub(in crate::store) fn release(&self) {
        drop(
            self.file
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }
}

/// The lock file of a data file: `FILE-lock`.
fn beside(data: &Path) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push("-lock");
    PathBuf::from(name)
}

/// Creates the data file if it does not exist, readable by its owner only: it contains signing keys and personal data.
/// An existing file that others can access becomes private too, with a warning: it is our own, unlike the files that
/// contain secrets of others.
pub(in crate::store) fn create_private(path: &Path) -> std::io::Result<()> {
    drop(private_file::open(path)?);
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match private_file::restrict(Path::new(&name)) {
            Ok(None) => {}
            Ok(Some(mode)) => tracing::warn!(
                "the data file was open to others (mode {mode:03o}) and is private now"
            ),
            // SQLite creates missing files with the mode of the data file.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
