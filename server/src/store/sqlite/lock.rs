//! One server per data file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::private_file;
use crate::store::StoreError;

/// How long to wait between two tries to take the lock.
const PAUSE: Duration = Duration::from_millis(20);

/// How often to try again to take the lock.
///
/// A server that was just stopped may need a moment to release the file. So may a process that starts another one: until
/// the new process runs its own program, it holds all open files of the old one, and their locks.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) enum Patience {
    /// Only the owner of the lock can go on.
    Long = 25,
    /// It is fine if a server has the lock.
    Short = 5,
}

/// A lock on a file next to the data file. It is a separate file because SQLite's own locks on the data file would be
/// lost if this process closed a second handle of it.
#[derive(Debug)]
pub(in crate::store) struct FileLock {
    data: PathBuf,
    /// The locked file; `None` while another process has the lock.
    file: Mutex<Option<File>>,
}

impl FileLock {
    /// A lock that is not taken.
    pub(in crate::store) fn of(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            file: Mutex::default(),
        }
    }

    /// Takes the lock unless it is taken already. Returns whether this process has it now.
    pub(in crate::store) async fn acquire(&self, patience: Patience) -> Result<bool, StoreError> {
        if self.is_held() {
            return Ok(true);
        }
        let path = beside(&self.data);
        let file =
            private_file::open(&path).map_err(|error| StoreError::File(path.clone(), error))?;
        for tried in 0..=patience as u32 {
            if tried > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            match file.try_lock() {
                Ok(()) => {
                    *self.file() = Some(file);
                    return Ok(true);
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(StoreError::File(path, error)),
            }
        }
        Ok(false)
    }

    /// Whether this process has the lock.
    pub(in crate::store) fn is_held(&self) -> bool {
        self.file().is_some()
    }

    fn file(&self) -> MutexGuard<'_, Option<File>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
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
        drop(self.file().take());
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
