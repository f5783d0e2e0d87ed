//! Snapshots that no test asks for any more.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The snapshots below `folder` that belong to the same test files as those in `referenced`, or to a
/// test file that is gone, and are not among them.
pub(crate) fn orphans(
    root: &Path,
    folder: &Path,
    referenced: &[PathBuf],
) -> Result<Vec<PathBuf>, String> {
    let canonical = |path: &PathBuf| fs::canonicalize(path).ok();
    let wanted: BTreeSet<PathBuf> = referenced.iter().filter_map(canonical).collect();
    let sources: BTreeSet<String> = wanted.iter().filter_map(|path| source(path)).collect();
    let mut found = Vec::new();
    visit(folder, &mut |path| {
        let known = canonical(&path).is_some_and(|path| wanted.contains(&path));
        let ours = source(&path)
            .is_some_and(|source| sources.contains(&source) || !root.join(source).exists());
        if ours && !known {
            found.push(path);
        }
    })?;
    found.sort();
    Ok(found)
}

/// The test file that insta wrote into the head of a snapshot.
fn source(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let (head, _) = text.strip_prefix("---\n")?.split_once("\n---")?;
    let source = head
        .lines()
        .find_map(|line| line.strip_prefix("source: "))?;
    Some(source.trim_matches('"').to_owned())
}

fn visit(folder: &Path, each: &mut dyn FnMut(PathBuf)) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            visit(&path, each)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "snap")
        {
            each(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_snapshots_of_the_same_test_files_are_orphans() {
        let root = tempfile::tempdir().unwrap();
        let tests = root.path().join("tests");
        fs::create_dir_all(tests.join("snapshots/deep")).unwrap();
        fs::write(tests.join("shapes.rs"), "").unwrap();
        fs::write(tests.join("other.rs"), "").unwrap();
        let snapshot = |name: &str, source: &str| {
            let path = tests.join("snapshots").join(name);
            fs::write(
                &path,
                format!("---\nsource: {source}\nexpression: x\n---\nbody\n"),
            )
            .unwrap();
            path
        };
        let kept = snapshot("kept.snap", "tests/shapes.rs");
        let gone = snapshot("deep/gone.snap", "tests/shapes.rs");
        let lost = snapshot("lost.snap", "tests/deleted.rs");
        snapshot("foreign.snap", "tests/other.rs");
        snapshot("gone.txt", "tests/shapes.rs");
        fs::write(
            tests.join("snapshots/headless.snap"),
            "source: tests/shapes.rs\n",
        )
        .unwrap();
        let roundabout = tests.join("../tests/snapshots/kept.snap");
        assert!(kept.exists());
        let found = orphans(root.path(), &tests, &[roundabout, tests.join("new.snap")]);
        assert_eq!(found.unwrap(), [gone, lost]);
    }
}
