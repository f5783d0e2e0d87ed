//! A copy of the project's `openapi/`, and a world that is made up.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use regen::{Import, Mode, Options, Run, Sources, World};
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
        Ok(self.run.clone())
    }
}

impl Bed {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        fs::create_dir_all(folder.path().join("openapi/effective")).unwrap();
        fs::create_dir(folder.path().join("tests")).unwrap();
        let openapi = [
            "management.yaml",
            "auth.yaml",
            "overlay.yaml",
            "facade.yaml",
            "counts.json",
            "PROVENANCE.md",
        ];
        let effective = ["effective/management.json", "effective/auth.json"];
        for name in openapi.iter().chain(&effective) {
            let name = format!("openapi/{name}");
            fs::copy(project.join(&name), folder.path().join(&name)).unwrap();
        }
        let changelog = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A.\n";
        fs::write(folder.path().join("CHANGELOG.md"), changelog).unwrap();
        let run = Run {
            passed: true,
            ..Run::default()
        };
        let world = Fake {
            run,
            ..Fake::default()
        };
        Self { folder, world }
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
        serde_saphyr::from_str_with_options(
            &self.read("openapi/management.yaml"),
            serde_saphyr::options! { strict_booleans: true },
        )
        .unwrap()
    }

    /// Every file with its text, but for the report.
    pub(crate) fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.folder.path()).unwrap();
                    let text = fs::read_to_string(&path).unwrap();
                    files.insert(name.display().to_string(), text);
                }
            }
        }
        files.remove("target/report.md");
        files
    }

    /// The names of the files that differ from `before`.
    pub(crate) fn changed_since(&self, before: &BTreeMap<String, String>) -> Vec<String> {
        let now = self.files();
        let names: std::collections::BTreeSet<&String> = now.keys().chain(before.keys()).collect();
        let changed = names
            .into_iter()
            .filter(|name| now.get(*name) != before.get(*name));
        changed.cloned().collect()
    }

    fn sources(&self) -> Sources {
        Sources {
            root: self.folder.path().to_owned(),
            management: None,
            auth: None,
            from: None,
            date: "2027-02-03".to_owned(),
        }
    }

    pub(crate) fn options(&self, accept: bool) -> Options {
        Options {
            accept,
            report: self.path("target/report.md"),
        }
    }

    /// regen with nothing new.
    pub(crate) fn update(&self) -> Result<(), String> {
        regen::update(&self.sources(), &self.options(false), &self.world)
    }

    pub(crate) fn accept(&self) -> Result<(), String> {
        regen::update(&self.sources(), &self.options(true), &self.world)
    }

    /// regen with a new description of the Management API.
    pub(crate) fn import(&self, name: &str, text: &str, from: Option<&str>) -> Result<(), String> {
        let import = Import {
            name: name.to_owned(),
            text: text.to_owned(),
        };
        let sources = Sources {
            management: Some(import),
            from: from.map(str::to_owned),
            ..self.sources()
        };
        regen::update(&sources, &self.options(false), &self.world)
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        regen::check(self.folder.path(), &self.world)
    }
}

/// The lines of `new` that `old` has not.
pub(crate) fn new_lines<'a>(old: &str, new: &'a str) -> Vec<&'a str> {
    let mut old: Vec<&str> = old.lines().collect();
    let is_new = |line: &&str| match old.iter().position(|other| other == line) {
        Some(at) => {
            old.swap_remove(at);
            false
        }
        None => true,
    };
    new.lines().filter(is_new).collect()
}
