//! Files that only their owner can read: they contain secrets, or personal data.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a file for writing, or creates it readable by its owner only. Its contents stay.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    for_owner(OpenOptions::new().create(true).truncate(false)).open(path)
}

/// Creates a file readable by its owner only. It must not exist yet.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    for_owner(OpenOptions::new().create_new(true)).open(path)
}

fn for_owner(options: &mut OpenOptions) -> &mut OpenOptions {
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Refuses a secret file that others than its owner can read or write. We do not change its mode: its author needs to
/// know that it was exposed.
pub(crate) fn require(path: &Path) -> io::Result<()> {
    match open_to_others(path)? {
        None => Ok(()),
        Some(mode) => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("others may use this secret file (mode {mode:03o}): run `chmod 600` on it"),
        )),
    }
}

/// Makes one of our own files private. Returns its previous mode if others had access to it.
pub(crate) fn restrict(path: &Path) -> io::Result<Option<u32>> {
    let mode = open_to_others(path)?;
    #[cfg(unix)]
    if mode.is_some() {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(mode)
}

/// The mode of a file that others than its owner can read or write.
#[cfg(unix)]
fn open_to_others(path: &Path) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path)?.permissions().mode() & 0o777;
    Ok((mode & 0o077 != 0).then_some(mode))
}

/// There are no modes to check.
#[cfg(not(unix))]
fn open_to_others(_path: &Path) -> io::Result<Option<u32>> {
    Ok(None)
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn new_files_are_for_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        open(&one).unwrap();
        create_new(&two).unwrap();
        assert_eq!((mode(&one), mode(&two)), (0o600, 0o600));
        assert!(create_new(&two).is_err(), "it is there");
        fs::write(&one, "precious").unwrap();
        open(&one).unwrap();
        assert_eq!(fs::read(&one).unwrap(), b"precious");
    }

    #[test]
    fn what_others_may_use_is_refused_or_made_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        assert_eq!(require(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::write(&path, "secret").unwrap();
        for open in [0o640, 0o604, 0o620] {
            fs::set_permissions(&path, Permissions::from_mode(open)).unwrap();
            let problem = require(&path).unwrap_err().to_string();
            assert!(problem.contains(&format!("mode {open:03o}")), "{problem}");
            assert_eq!(mode(&path), open, "it stays as it was");
            assert_eq!(restrict(&path).unwrap(), Some(open));
            require(&path).unwrap();
        }
        assert_eq!((mode(&path), restrict(&path).unwrap()), (0o600, None));
    }
}
