//! Several files, all or none.

use std::fs;
use std::path::{Path, PathBuf};

/// Writes every file, or leaves all of them as they were.
pub(crate) fn write_all(files: &[(PathBuf, String)]) -> Result<(), String> {
    let mut staged = Vec::new();
    let mut replaced = Vec::new();
    let done = stage(files, &mut staged).and_then(|()| replace(files, &staged, &mut replaced));
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

/// Everything that can go wrong with a disk mostly does so here, before anything is replaced.
fn stage(files: &[(PathBuf, String)], staged: &mut Vec<PathBuf>) -> Result<(), String> {
    for (path, text) in files {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".regen");
        let temporary = path.with_file_name(name);
        staged.push(temporary.clone());
        fs::write(&temporary, text).map_err(|error| failed(path, &error))?;
    }
    Ok(())
}

type Replaced = Vec<(PathBuf, Option<Vec<u8>>)>;

fn replace(
    files: &[(PathBuf, String)],
    staged: &[PathBuf],
    replaced: &mut Replaced,
) -> Result<(), String> {
    for ((path, _), temporary) in files.iter().zip(staged) {
        let old = fs::read(path).ok();
        fs::rename(temporary, path).map_err(|error| failed(path, &error))?;
        replaced.push((path.clone(), old));
    }
    Ok(())
}

fn failed(path: &Path, error: &std::io::Error) -> String {
    format!(
        "{} cannot be written, nothing was changed: {error}",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn all_files_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "old").unwrap();
        write_all(&[(path("a"), "new".into()), (path("b"), "b".into())]).unwrap();
        assert_eq!(names(folder.path()), ["a", "b"]);
        assert_eq!(fs::read_to_string(path("a")).unwrap(), "new");
    }

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
            assert_eq!(names(folder.path()), ["a", "taken"]);
            assert_eq!(fs::read_to_string(path("a")).unwrap(), "old");
        }
    }
}
