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
