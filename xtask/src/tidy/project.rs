//! The files and packages that the rules look at.

use std::fs;
use std::path::{Path, PathBuf};

use crate::run::Package;

/// A checkout.
pub(super) struct Project {
    root: PathBuf,
    /// All files that people write, relative to the root, with `/` between folders, sorted.
    pub(super) files: Vec<String>,
    pub(super) packages: Vec<Package>,
    /// How `cargo xtask` is called.
    pub(super) xtask: clap::Command,
}

impl Project {
    /// Lists the files below `root`.
    pub(super) fn read(
        root: &Path,
        packages: Vec<Package>,
        xtask: clap::Command,
    ) -> Result<Self, String> {
        let mut files = Vec::new();
        list(root, "", &mut files)?;
        files.sort();
        Ok(Self {
            root: root.to_owned(),
            files,
            packages,
            xtask,
        })
    }

    /// The text of a file.
    pub(super) fn text(&self, file: &str) -> Result<String, String> {
        fs::read_to_string(self.root.join(file)).map_err(|e| format!("{file}: {e}"))
    }

    /// Whether the file or folder exists.
    pub(super) fn exists(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// The files whose names end like this.
    pub(super) fn ending(&self, end: &str) -> impl Iterator<Item = &str> {
        self.files
            .iter()
            .map(String::as_str)
            .filter(move |file| file.ends_with(end))
    }

    /// The packages that others can depend on.
    pub(super) fn published(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.published)
    }
}

/// Excludes hidden files, except for the gate, and generated ones.
fn list(folder: &Path, prefix: &str, files: &mut Vec<String>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for entry in entries {
        let entry = entry.map_err(|e| format!("{}: {e}", folder.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') && name != ".ci" {
            continue;
        }
        let (path, file) = (entry.path(), format!("{prefix}{name}"));
        if !path.is_dir() {
            files.push(file);
        } else if !["target", "node_modules"].contains(&name.as_str())
            && !path.join("CACHEDIR.TAG").exists()
            && !["fuzz/artifacts", "fuzz/corpus", "fuzz/coverage"].contains(&file.as_str())
        {
            list(&path, &format!("{file}/"), files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod testing {
    #![allow(clippy::unwrap_used)]

    use clap::{Arg, Command};
    use tempfile::TempDir;

    use super::*;
    use crate::tidy::Rule;

    /// What `rule` finds in a project of these files, line by line.
    pub(in crate::tidy) fn found(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
        let folder = folder(files);
        let owned = |(kind, name): (&str, &str)| (kind.to_owned(), name.to_owned());
        let sdk = Package {
            name: "sdk".to_owned(),
            version: "1.2.3".to_owned(),
            rust_version: "1.88".to_owned(),
            published: true,
            features: ["axum", "tower"].map(str::to_owned).to_vec(),
            targets: [("example", "tour"), ("bench", "speed"), ("test", "lists")]
                .map(owned)
                .to_vec(),
        };
        let (name, rust_version) = ("tools".to_owned(), "1.94".to_owned());
        let tools = Package {
            name,
            rust_version,
            ..Package::default()
        };
        let all = Arg::new("all")
            .num_args(0..)
            .trailing_var_arg(true)
            .allow_hyphen_values(true);
        let xtask = Command::new("xtask")
            .subcommand(Command::new("tidy"))
            .subcommand(Command::new("fuzz").arg(Arg::new("seconds").long("seconds")))
            .subcommand(Command::new("regen").arg(all));
        let project = Project::read(folder.path(), vec![sdk, tools], xtask).unwrap();
        rule(&project)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn what_programs_write_is_left_out() {
        let folder = folder(&[
            ("src/lib.rs", ""),
            (".ci/run", ""),
            (".git/config", ""),
            ("target/debug/a.rs", ""),
            ("elsewhere/CACHEDIR.TAG", ""),
            ("fuzz/corpus/token/1", ""),
            ("fuzz/seeds/token/1", ""),
        ]);
        let project = Project::read(folder.path(), Vec::new(), Command::new("xtask")).unwrap();
        assert_eq!(
            project.files,
            [".ci/run", "fuzz/seeds/token/1", "src/lib.rs"]
        );
    }
}
