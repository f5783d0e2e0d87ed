//! A file for its owner only, which appears when it is complete.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::{ids, private_file};

/// A file that is being written under a temporary name. It is removed if it is dropped before [`PrivateFile::put`].
#[derive(Debug)]
pub(crate) struct PrivateFile {
    out: BufWriter<File>,
    /// The temporary path, until the file has been moved to its place.
    temporary: Option<PathBuf>,
    place: PathBuf,
}

impl PrivateFile {
    /// Creates a file. It must not exist yet.
    pub(crate) fn create(place: impl Into<PathBuf>) -> io::Result<Self> {
        let place = place.into();
        vacant(&place)?;
        let mut name = place
            .file_name()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not the name of a file"))?
            .to_owned();
        name.push(format!(".{}.part", ids::alphanumeric(8)));
        let temporary = place.with_file_name(name);
        let file = private_file::create_new(&temporary)?;
        Ok(Self {
            out: BufWriter::with_capacity(1 << 16, file),
            temporary: Some(temporary),
            place,
        })
    }

    /// Moves the file to its place, once all of it is on disk. Fails if a file of that name has appeared in the
    /// meantime.
    pub(crate) fn put(mut self) -> io::Result<()> {
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        vacant(&self.place)?;
        if let Some(temporary) = &self.temporary {
            fs::rename(temporary, &self.place)?;
            self.temporary = None;
        }
        #[cfg(unix)]
        {
            // The new name is on disk once its folder is.
            let folder = self.place.parent().filter(|it| !it.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        Ok(())
    }
}

fn vacant(place: &Path) -> io::Result<()> {
    match place.symlink_metadata() {
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "it is there already: remove it, or choose another name",
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

impl Write for PrivateFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // No harm if it stays: the error itself was reported already.
            let _removed = fs::remove_file(temporary);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn it_is_there_when_it_is_complete_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("users.jsonl");
        let mut file = PrivateFile::create(&place).unwrap();
        file.write_all(b"a").unwrap();
        assert!(!place.exists());
        file.put().unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"a");
        assert_eq!(names(folder.path()), ["users.jsonl"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&place).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn what_is_given_up_leaves_nothing_and_what_is_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("users.jsonl");
        drop(PrivateFile::create(&place).unwrap());
        assert_eq!(names(folder.path()), [""; 0]);

        let late = PrivateFile::create(&place).unwrap();
        fs::write(&place, "precious").unwrap();
        let error = PrivateFile::create(&place).unwrap_err();
        assert!(error.to_string().contains("there already"), "{error}");
        assert!(late.put().is_err());
        assert_eq!(fs::read(&place).unwrap(), b"precious");
        assert_eq!(names(folder.path()), ["users.jsonl"]);
    }
}
