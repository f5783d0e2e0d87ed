//! Running other programs, and what cargo knows about the project.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use xshell::{Cmd, Shell, cmd};

/// Errors are for people only.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// The reason why something could not be run on this machine, which is a failure only if it is required.
#[derive(Debug)]
pub(crate) struct Skipped(pub(crate) String);

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Skipped {}

/// The folder of the project.
pub(crate) fn root() -> Result<PathBuf> {
    let manifest = env::var("CARGO_MANIFEST_DIR")
        .map_err(|_| "run this as `cargo xtask`: CARGO_MANIFEST_DIR is not set")?;
    let root = Path::new(&manifest).parent();
    Ok(root.ok_or("this package has no folder around it")?.into())
}

/// Runs programs in the folder of the project. An error names the command; why it failed is what it printed.
pub(crate) fn shell() -> Result<Shell> {
    let shell = Shell::new()?;
    shell.change_dir(root()?);
    Ok(shell)
}

/// Cargo with these words, where a snapshot that differs fails and is never written.
pub(crate) fn gated<'a>(sh: &'a Shell, words: &str) -> Cmd<'a> {
    let words = words.split_whitespace();
    let cargo = cmd!(sh, "cargo {words...}");
    cargo.env("INSTA_UPDATE", "no").env("CI", "true")
}

/// Runs a package of its own, so that no other command has to build the generator. It starts where the
/// user is, so that names of files mean what they say.
pub(crate) fn regen(arguments: &[OsString]) -> Result {
    let (sh, root) = (Shell::new()?, root()?);
    let manifest = root.join("Cargo.toml");
    let run = cmd!(
        sh,
        "cargo run --quiet --package xtask-regen --manifest-path {manifest}"
    );
    Ok(run
        .arg("--")
        .arg("--root")
        .arg(root)
        .args(arguments)
        .quiet()
        .run()?)
}

/// Builds the server for development, and returns the path of the program.
pub(crate) fn server_binary(sh: &Shell) -> Result<PathBuf> {
    let name = "passage-server";
    cmd!(sh, "cargo build --quiet --package {name} --bin {name}").run()?;
    let program = format!("{name}{}", env::consts::EXE_SUFFIX);
    Ok(target(sh, "debug")?.join(program))
}

/// A folder below the target folder.
pub(crate) fn target(sh: &Shell, name: &str) -> Result<PathBuf> {
    Ok(metadata(sh)?.target_directory.join(name))
}

/// The files below `root` that people write, with `/` between folders, in order. Leaves out what is hidden, except for the
/// gate, and what programs write.
pub(crate) fn files(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder))? {
            let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
            let name = name.to_string_lossy();
            let file = format!("{folder}{name}");
            let hidden = name.starts_with('.') && name != ".ci";
            if !path.is_dir() && !hidden {
                files.push(file);
            } else if !hidden
                && !["target", "node_modules"].contains(&name.as_ref())
                && !path.join("CACHEDIR.TAG").exists()
                && !["fuzz/artifacts", "fuzz/corpus", "fuzz/coverage"].contains(&file.as_str())
            {
                folders.push(file + "/");
            }
        }
    }
    files.sort();
    Ok(files)
}

/// What `cargo metadata` says.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    target_directory: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// A package of the workspace.
#[derive(Default, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) rust_version: Option<String>,
    /// Nothing is "anywhere", an empty list is `publish = false`.
    publish: Option<Vec<String>>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) targets: Vec<Target>,
}

/// A library, program, example, test or benchmark.
#[derive(Deserialize)]
pub(crate) struct Target {
    pub(crate) kind: Vec<String>,
    pub(crate) name: String,
}

impl Package {
    pub(crate) fn published(&self) -> bool {
        self.publish
            .as_ref()
            .is_none_or(|places| !places.is_empty())
    }

    /// Without `default`.
    pub(crate) fn features(&self) -> impl Iterator<Item = &str> {
        let names = self.features.keys().map(String::as_str);
        names.filter(|name| *name != "default")
    }
}

/// Asks cargo about the workspace.
pub(crate) fn metadata(sh: &Shell) -> Result<Metadata> {
    let ask = cmd!(sh, "cargo metadata --format-version 1 --no-deps --offline");
    Ok(serde_json::from_str(&ask.quiet().read()?)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_programs_write_is_left_out() {
        let (sh, folder) = (Shell::new().unwrap(), tempfile::tempdir().unwrap());
        sh.change_dir(folder.path());
        let written = ".git/config target/debug/a.rs elsewhere/CACHEDIR.TAG fuzz/corpus/token/1";
        let people = [".ci/run", "fuzz/seeds/token/1", "src/lib.rs"];
        for file in written.split(' ').chain(people) {
            sh.write_file(file, "").unwrap();
        }
        assert_eq!(files(folder.path()).unwrap(), people);
    }

    #[test]
    fn metadata_has_what_the_manifests_say() {
        let packages = metadata(&shell().unwrap()).unwrap().packages;
        let find = |name: &str| packages.iter().find(|package| package.name == name);
        let sdk = find("passage-identity").unwrap();
        assert!(sdk.published());
        assert_eq!(sdk.rust_version.as_deref(), Some("1.88"));
        assert!(sdk.features().any(|name| name == "axum"));
        assert!(sdk.features().all(|name| name != "default"));
        let is_quickstart =
            |target: &Target| target.kind == ["example"] && target.name == "quickstart";
        let examples = find("passage-examples").unwrap();
        assert!(examples.targets.iter().any(is_quickstart));
        assert!(!find("xtask").unwrap().published());
    }
}
