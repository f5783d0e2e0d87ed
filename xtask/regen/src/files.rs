//! Several files, all or none.

use std::fs;
use std::path::{Path, PathBuf};

/// Writes every file, or leaves all of them as they were.
pub(crate) fn write_all(files: &[(PathBuf, String)]) -> Result<(), String> {
    let staged: Vec<PathBuf> = files
        .iter()
        .map(|(path, _)| path.with_added_extension("regen"))
        .collect();
    // Everything that can go wrong with a disk mostly does so here, before anything is replaced.
    let mut steps = files.iter().zip(&staged);
    let done = steps.try_for_each(|((path, text), staged)| {
        fs::write(staged, text).map_err(|error| failed(path, &error))
    });
    let mut replaced = Vec::new();
    let done = done.and_then(|()| {
        files
            .iter()
            .zip(&staged)
            .try_for_each(|((path, _), staged)| {
                let old = fs::read(path).ok();
                fs::rename(staged, path).map_err(|error| failed(path, &error))?;
                replaced.push((path, old));
                Ok(())
            })
    });
    if done.is_err() {
        for path in staged {
            let _ = fs::remove_file(path);
        }
        for (path, old) in replaced {
            let _ = match old {
                Some(old) => fs::write(path, old),
                None => fs::remove_file(path),
            };
        }
    }
    done
}

fn failed(path: &Path, error: &std::io::Error) -> String {
    let path = path.display();
    format!("{path} cannot be written, nothing was changed: {error}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::orphans::files_below;

    #[test]
    fn a_file_that_cannot_be_written_undoes_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "old").unwrap();
        fs::create_dir(path("taken")).unwrap();
        for bad in ["taken", "no-folder/c"] {
            let files = ["a", "new", bad].map(|name| (path(name), "text".to_owned()));
            let error = write_all(&files).unwrap_err();
            assert!(error.contains("nothing was changed"), "{error}");
            assert_eq!(files_below(folder.path()).unwrap(), [path("a")]);
            assert_eq!(fs::read_to_string(path("a")).unwrap(), "old");
        }
        write_all(&["a", "b"].map(|name| (path(name), "text".to_owned()))).unwrap();
        assert_eq!(files_below(folder.path()).unwrap(), [path("a"), path("b")]);
        assert_eq!(fs::read_to_string(path("a")).unwrap(), "text");
    }
}
