//! Snapshots that no test asks for any more.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The snapshots below `folder`, in which all are of the tests that were run, and that are not `referenced`.
pub(crate) fn orphans(folder: &Path, referenced: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let canonical = |path: &PathBuf| fs::canonicalize(path).ok();
    let wanted: BTreeSet<PathBuf> = referenced.iter().filter_map(canonical).collect();
    let snapshots = files_below(folder)?.into_iter();
    let snapshots = snapshots.filter(|path| path.extension().is_some_and(|end| end == "snap"));
    let orphans =
        snapshots.filter(|path| canonical(path).is_none_or(|path| !wanted.contains(&path)));
    Ok(orphans.collect())
}

/// The name of a file within a folder.
pub fn name_in(folder: &Path, path: &Path) -> String {
    let name = path.strip_prefix(folder).unwrap_or(path);
    name.display().to_string()
}

/// All files below `folder`, in order; none if there is no such folder.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop().filter(|folder| folder.exists()) {
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
