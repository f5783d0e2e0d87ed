//! Snapshots in many small files: all that differ are named, and so are those that pin nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Where all snapshots are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots");

/// The pins of one kind: their folder, and the text of each by its name.
pub(crate) struct Pins {
    pub(crate) folder: String,
    pub(crate) texts: BTreeMap<String, String>,
}

impl Pins {
    /// Compares every pin with its file. insta panics at the first that differs; a reviewer wants
    /// to hear of all.
    pub(crate) fn check(&self) {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(Path::new(FOLDER).join(&self.folder));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let check = |name: &str, text: &str| insta::assert_snapshot!(name, text);
        let differs = |(name, text): &(&String, &String)| {
            let check = AssertUnwindSafe(|| settings.bind(|| check(name, text)));
            panic::catch_unwind(check).is_err()
        };
        let differing = self.texts.iter().filter(differs);
        let names: Vec<&str> = differing.map(|(name, _)| name.as_str()).collect();
        assert!(
            names.is_empty(),
            "{} of {} pins in {} differ: {}",
            names.len(),
            self.texts.len(),
            self.folder,
            names.join(", ")
        );
    }

    fn files(&self) -> impl Iterator<Item = PathBuf> {
        let name = |name| Path::new(&self.folder).join(format!("{name}.snap"));
        self.texts.keys().map(name)
    }
}

/// Fails if a snapshot file pins nothing any more, and names it. As with the pins that differ, insta can be
/// told to let the test pass nevertheless.
pub(crate) fn no_orphans(pins: &[&Pins]) {
    let wanted: BTreeSet<PathBuf> = pins.iter().flat_map(|pins| pins.files()).collect();
    let orphans = orphans(Path::new(FOLDER), &wanted);
    let named = |orphan: &PathBuf| {
        format!(
            "\nSnapshot file: tests/shapes/snapshots/{}",
            orphan.display()
        )
    };
    let names: String = orphans.iter().map(named).collect();
    let forced = env::var("INSTA_FORCE_PASS").is_ok_and(|force| force != "0");
    assert!(
        names.is_empty() || forced,
        "what these pinned is gone; `cargo xtask regen --accept` deletes them:{names}"
    );
}

/// The snapshot files below `root` that are not `wanted`.
fn orphans(root: &Path, wanted: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "snap")
            {
                let inner = path.strip_prefix(root).unwrap();
                if !wanted.contains(inner) {
                    found.push(inner.to_owned());
                }
            }
        }
    }
    found.sort();
    found
}

#[test]
fn orphans_are_found_in_every_folder() {
    let root = env::temp_dir().join(format!("pins-{}", std::process::id()));
    fs::create_dir_all(root.join("api/schemas")).unwrap();
    for name in [
        "api/code.snap",
        "api/old.snap",
        "api/schemas/Kept.snap",
        "api/schemas/Gone.snap",
        "api/schemas/New.snap.new",
    ] {
        fs::write(root.join(name), "").unwrap();
    }
    let wanted = ["api/code.snap", "api/schemas/Kept.snap"].map(PathBuf::from);
    let found = orphans(&root, &BTreeSet::from(wanted));
    fs::remove_dir_all(&root).unwrap();
    assert_eq!(
        found,
        ["api/old.snap", "api/schemas/Gone.snap"].map(PathBuf::from)
    );
}
