//! Inspects a data file before a server opens it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::sqlite::lock::FileLock;
use super::sqlite::{OpenFlags, connect, migrations};
use super::{StoreError, Tx};
use crate::private_file;

/// Checks whether a file can be opened or created, without changing or creating it, even while a server is using it. A
/// file of the current version is passed to the closure.
pub(crate) fn inspect<E: From<StoreError>>(
    path: &Path,
    look: impl FnOnce(&Tx<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let fails = |error| StoreError::File(path.to_owned(), error);
    let there = match fs::metadata(path) {
        Ok(data) if data.is_dir() => {
            return Err(fails(io::Error::new(ErrorKind::IsADirectory, "it is a folder")).into());
        }
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(fails(error).into()),
    };
    // SQLite creates files next to it.
    try_folder(path).map_err(fails)?;
    FileLock::try_open(path)?;
    if !there {
        return Ok(());
    }
    let opens = |error| StoreError::Open(path.to_owned(), error);
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(opens)?;
    if !migrations::is_known(&conn).map_err(opens)? {
        return Err(StoreError::Newer(path.to_owned()).into());
    }
    if conn.is_readonly("main").unwrap_or(true) {
        return Err(fails(ErrorKind::PermissionDenied.into()).into());
    }
    // Tables of an earlier version are only migrated when the server opens the file.
    if migrations::version(&conn).map_err(opens)? == migrations::LATEST {
        look(&Tx::new(&conn))?;
    }
    Ok(())
}

/// Creates a file next to the data file, and removes it.
fn try_folder(path: &Path) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    // The name only has to be new. Secure random numbers take 20 ms to start with, which every start would wait for.
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_nanos();
    name.push(format!("-{}-{now}.part", std::process::id()));
    drop(private_file::create_new(Path::new(&name))?);
    fs::remove_file(name)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{Store, apps};
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    fn problem(path: &Path) -> String {
        let looked: Result<(), StoreError> = inspect(path, |_| Ok(()));
        looked.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn a_file_is_shown_also_beside_a_server_and_nothing_is_created() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passage.db");
        inspect(&path, |_| -> Result<(), StoreError> {
            panic!("there is none")
        })
        .unwrap();
        assert_eq!(names(folder.path()), [""; 0]);

        let store = Store::open(&path).await.unwrap();
        let look = || {
            let mut seen = None;
            let looked: Result<(), StoreError> = inspect(&path, |tx| {
                seen = Some(apps::all(tx)?.len());
                Ok(())
            });
            looked.unwrap();
            seen
        };
        assert_eq!(look(), Some(0));
        assert!(Store::open(&path).await.is_err(), "it is still locked");
        store.close().await;
        assert_eq!(look(), Some(0));
        Store::open(&path).await.unwrap().close().await;
    }

    #[test]
    fn what_cannot_be_a_data_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        assert!(problem(folder.path()).contains(folder.path().to_str().unwrap()));
        let missing = folder.path().join("no/such/folder/passage.db");
        assert!(problem(&missing).contains("passage.db"));
        let notes = folder.path().join("notes");
        fs::write(&notes, "these are my notes".repeat(100)).unwrap();
        assert!(problem(&notes).contains("notes"));
        assert!(problem(&notes.join("passage.db")).contains("passage.db"));
        let newer = folder.path().join("newer.db");
        let conn = rusqlite::Connection::open(&newer).unwrap();
        let version = migrations::LATEST + 1;
        conn.pragma_update(None, "user_version", version).unwrap();
        drop(conn);
        assert!(problem(&newer).contains("newer"));
    }
}
