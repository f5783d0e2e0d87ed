//! The files and packages that the rules look at.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Finding, Found};
use crate::run::{Package, Result, files};

/// A checkout.
pub(super) struct Project {
    root: PathBuf,
    /// All files that people write, relative to the root.
    pub(super) files: Vec<String>,
    pub(super) packages: Vec<Package>,
    /// How `cargo xtask` is called.
    pub(super) xtask: clap::Command,
}

/// Takes a line and what is wrong with it.
pub(super) type Find<'a> = &'a mut dyn FnMut(usize, String);

impl Project {
    /// Lists the files below `root`.
    pub(super) fn read(root: &Path, packages: Vec<Package>, xtask: clap::Command) -> Result<Self> {
        let (root, files) = (root.to_owned(), files(root)?);
        Ok(Self {
            root,
            files,
            packages,
            xtask,
        })
    }

    /// The text of a file.
    pub(super) fn text(&self, file: &str) -> Result<String> {
        Ok(fs::read_to_string(self.root.join(file)).map_err(|e| format!("{file}: {e}"))?)
    }

    /// Whether the file or folder exists.
    pub(super) fn exists(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// What `rule` finds in the text of each file whose name ends in one of these ways.
    pub(super) fn each(
        &self,
        ends: &[&str],
        mut rule: impl FnMut(&str, &str, Find<'_>) -> Result,
    ) -> Found {
        let mut findings = Vec::new();
        for file in self
            .files
            .iter()
            .filter(|file| ends.iter().any(|end| file.ends_with(end)))
        {
            let mut find = |line, what| findings.push(Finding::new(file, line, what));
            rule(file, &self.text(file)?, &mut find)?;
        }
        Ok(findings)
    }

    /// The packages that others can depend on.
    pub(super) fn published(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.published())
    }
}

#[cfg(test)]
pub(super) mod testing {
    #![allow(clippy::unwrap_used)]

    use clap::{Arg, Command};
    use serde_json::json;

    use super::*;
    use crate::tidy::Rule;

    /// What `rule` finds in a project of these files, line by line.
    pub(in crate::tidy) fn found(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let target = |kind, name| json!({"kind": [kind], "name": name});
        let targets = [
            target("example", "tour"),
            target("bench", "speed"),
            target("test", "lists"),
        ];
        let packages = json!([
            {"name": "sdk", "version": "1.2.3", "rust_version": "1.88", "publish": null, "targets": targets,
             "features": {"axum": [], "tower": []}},
            {"name": "tools", "version": "1.2.3", "rust_version": "1.94", "publish": [], "targets": [],
             "features": {}},
        ]);
        let all = Arg::new("all")
            .num_args(0..)
            .trailing_var_arg(true)
            .allow_hyphen_values(true);
        let xtask = Command::new("xtask")
            .subcommand(Command::new("tidy"))
            .subcommand(Command::new("fuzz").arg(Arg::new("seconds").long("seconds")))
            .subcommand(Command::new("regen").arg(all));
        let packages = serde_json::from_value(packages).unwrap();
        let project = Project::read(folder.path(), packages, xtask).unwrap();
        rule(&project)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    /// The cases of a file: what is looked at, and what is found, with `=>` between them. Lines with a `#` explain.
    pub(in crate::tidy) fn cases(text: &str) -> impl Iterator<Item = (&str, &str)> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| {
            let (what, found) = line.split_once("=>").unwrap();
            (what.trim(), found.trim())
        })
    }
}
