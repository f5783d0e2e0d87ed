//! Tools that cargo installs, in the versions that the gate is known to work with.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{cargo, metadata, root, succeed};

/// A cargo command that is a package of its own.
pub(crate) struct CargoTool {
    /// The package, which is also the program.
    name: &'static str,
    version: &'static str,
}

pub(crate) const DENY: CargoTool = CargoTool {
    name: "cargo-deny",
    version: "0.20.2",
};
pub(crate) const FUZZ: CargoTool = CargoTool {
    name: "cargo-fuzz",
    version: "0.13.2",
};
pub(crate) const HACK: CargoTool = CargoTool {
    name: "cargo-hack",
    version: "0.6.46",
};

impl CargoTool {
    /// Builds it into `tools` in the target folder, unless this version is there already. The error says why that is
    /// not possible.
    pub(crate) fn install(&self) -> Result<(), String> {
        let root = root()?;
        let folder = folder(&root)?;
        if self.is_in(&folder) {
            return Ok(());
        }
        println!(
            "installing {} {} into {}",
            self.name,
            self.version,
            folder.display()
        );
        let build = folder.join("build");
        let built = succeed(
            cargo()
                .current_dir(&root)
                .args(["install", "--quiet", "--locked", "--force"])
                // Half the build time, and fast enough for the gate.
                .arg("--debug")
                .env("CARGO_PROFILE_DEV_DEBUG", "0")
                .arg("--root")
                .arg(&folder)
                .arg("--target-dir")
                .arg(&build)
                .arg(format!("{}@{}", self.name, self.version)),
        );
        // It takes hundreds of megabytes, and the next tool shares little of it.
        let _ = fs::remove_dir_all(build);
        built.map_err(|why| format!("{} {} cannot be installed: {why}", self.name, self.version))
    }

    fn is_in(&self, folder: &Path) -> bool {
        let program = folder
            .join("bin")
            .join(format!("{}{}", self.name, env::consts::EXE_SUFFIX));
        // As cargo calls it: cargo-hack accepts no other way.
        let command = self.name.trim_start_matches("cargo-");
        let output = Command::new(program).args([command, "--version"]).output();
        // Such as `cargo-deny 0.20.2`.
        output.is_ok_and(|output| {
            String::from_utf8_lossy(&output.stdout)
                .split_whitespace()
                .any(|word| word == self.version)
        })
    }
}

fn folder(root: &Path) -> Result<PathBuf, String> {
    Ok(metadata(root)?.target_directory.join("tools"))
}

/// Cargo in the root, where it finds the tools that were installed.
pub(crate) fn cargo_with_tools() -> Result<Command, String> {
    let root = root()?;
    let own = folder(&root)?.join("bin");
    let mut command = cargo();
    command.current_dir(root).env("PATH", before(own)?);
    Ok(command)
}

/// The programs in this folder before those of `PATH`.
fn before(folder: PathBuf) -> Result<OsString, String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = [folder].into_iter().chain(env::split_paths(&path));
    env::join_paths(folders).map_err(|e| format!("PATH: {e}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_tool_that_is_not_there_or_older_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!DENY.is_in(folder.path()));
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let program = |version: &str| {
            use std::os::unix::fs::PermissionsExt;
            let path = bin.join(DENY.name);
            fs::write(&path, format!("#!/bin/sh\necho cargo-deny {version}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        program("0.1.0");
        assert!(!DENY.is_in(folder.path()));
        program(DENY.version);
        assert!(DENY.is_in(folder.path()));
    }

    #[test]
    fn tools_come_before_those_of_the_machine() {
        let path = before(PathBuf::from("here")).unwrap();
        assert_eq!(env::split_paths(&path).next().unwrap(), Path::new("here"));
    }
}
