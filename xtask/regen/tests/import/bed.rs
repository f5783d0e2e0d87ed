//! A copy of the project's `openapi/`, and a world that is made up.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use regen::{Import, Mode, Run, Sources, World};
use serde_json::Value;
use tempfile::TempDir;

/// The copy.
pub(crate) struct Bed {
    folder: TempDir,
    pub(crate) world: Fake,
}

/// No git, and snapshot tests that always pass, unless told otherwise.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) committed: BTreeMap<String, String>,
    pub(crate) run: Run,
    /// What the tests print when they fail.
    pub(crate) fails: Option<String>,
    pub(crate) said: RefCell<Vec<String>>,
    pub(crate) modes: RefCell<Vec<Mode>>,
}

impl World for Fake {
    fn say(&self, text: &str) {
        self.said.borrow_mut().push(text.to_owned());
    }

    fn committed(&self, name: &str) -> Result<Option<String>, String> {
        Ok(self.committed.get(name).cloned())
    }

    fn pin(&self, mode: Mode) -> Result<Run, String> {
        self.modes.borrow_mut().push(mode);
        self.fails.clone().map_or(Ok(self.run.clone()), Err)
    }
}

impl Bed {
    pub(crate) fn new() -> Self {
        let (folder, world) = (tempfile::tempdir().unwrap(), Fake::default());
        let bed = Self { folder, world };
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for path in regen::files_below(&project.join("openapi")).unwrap() {
            let text = fs::read_to_string(&path).unwrap();
            bed.write(&regen::name_in(&project, &path), &text);
        }
        let changelog = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A.\n";
        bed.write("CHANGELOG.md", changelog);
        bed
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// `openapi/management.yaml` as a value.
    pub(crate) fn management(&self) -> Value {
        let options = serde_saphyr::options! { strict_booleans: true };
        let text = self.read("openapi/management.yaml");
        serde_saphyr::from_str_with_options(&text, options).unwrap()
    }

    /// Every file with its text, but for the report.
    pub(crate) fn files(&self) -> BTreeMap<String, String> {
        let root = self.folder.path();
        let mut files = BTreeMap::new();
        for path in regen::files_below(root).unwrap() {
            let text = fs::read_to_string(&path).unwrap();
            files.insert(regen::name_in(root, &path), text);
        }
        files.remove("target/report.md");
        files
    }

    /// The names of the files that differ from `before`.
    pub(crate) fn changed_since(&self, before: &BTreeMap<String, String>) -> Vec<String> {
        let now = self.files();
        let mut names: BTreeSet<&String> = now.keys().chain(before.keys()).collect();
        names.retain(|name| now.get(*name) != before.get(*name));
        names.into_iter().cloned().collect()
    }

    /// From now on the files are those of the last commit.
    pub(crate) fn commit(&mut self) {
        self.world.committed = self.files();
    }

    fn run(&self, import: Option<&str>, from: Option<&str>, accept: bool) -> Result<(), String> {
        let mut sources = Sources {
            root: self.folder.path().to_owned(),
            from: from.map(str::to_owned),
            date: "2027-02-03".to_owned(),
            accept,
            report: self.path("target/report.md"),
            ..Sources::default()
        };
        if let Some(text) = import {
            let (name, text) = ("n.json".to_owned(), text.to_owned());
            sources.imports.insert("management", Import { name, text });
        }
        regen::update(&sources, &self.world)
    }

    /// regen with nothing new.
    pub(crate) fn update(&self) -> Result<(), String> {
        self.run(None, None, false)
    }

    pub(crate) fn accept(&self) -> Result<(), String> {
        self.run(None, None, true)
    }

    /// regen with a new description of the Management API.
    pub(crate) fn import(&self, text: &str, from: Option<&str>) -> Result<(), String> {
        self.run(Some(text), from, false)
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        regen::check(self.folder.path(), &self.world)
    }
}

/// The lines of `new` that `old` has not.
pub(crate) fn new_lines<'a>(old: &str, new: &'a str) -> Vec<&'a str> {
    let mut old: Vec<&str> = old.lines().collect();
    let is_new = |line: &&str| {
        let known = old.iter().position(|other| other == line);
        known.map(|at| old.swap_remove(at)).is_none()
    };
    new.lines().filter(is_new).collect()
}
