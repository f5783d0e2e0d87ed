//! Tools that cargo installs, in the versions that the gate is known to work with.

use std::env;
use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::run::{Outcome, Result, shell, target};

/// A cargo command that is a package of its own.
pub(crate) struct CargoTool {
    /// The package, which is also the program.
    name: &'static str,
    version: &'static str,
}

const fn tool(name: &'static str, version: &'static str) -> CargoTool {
    CargoTool { name, version }
}

pub(crate) const DENY: CargoTool = tool("cargo-deny", "0.20.2");
pub(crate) const FUZZ: CargoTool = tool("cargo-fuzz", "0.13.2");
pub(crate) const HACK: CargoTool = tool("cargo-hack", "0.6.46");

impl CargoTool {
    /// Has it do `work`, or skips that with the reason where the tool cannot be had. It is built into `tools` in the
    /// target folder, unless it is there in this version.
    pub(crate) fn with(&self, work: impl FnOnce(&Shell) -> Result<Outcome>) -> Result<Outcome> {
        let sh = shell()?;
        let folder = target(&sh, "tools")?;
        if !self.is_in(&folder)
            && let Err(why) = self.install(&sh, &folder)
        {
            let (name, version) = (self.name, self.version);
            return Ok(Outcome::Skipped(format!(
                "{name} {version} cannot be installed: {why}"
            )));
        }
        sh.set_var("PATH", before(folder.join("bin"))?);
        work(&sh)
    }

    fn install(&self, sh: &Shell, folder: &Path) -> xshell::Result<()> {
        let (build, package) = (
            folder.join("build"),
            format!("{}@{}", self.name, self.version),
        );
        println!("installing {package} into {}", folder.display());
        // Without optimisation: half the time to build, and fast enough for what the gate asks of them.
        let install = cmd!(
            sh,
            "cargo install --quiet --locked --force --debug --root {folder} {package}"
        );
        let install = install.arg("--target-dir").arg(&build);
        let installed = install.env("CARGO_PROFILE_DEV_DEBUG", "0").run();
        // It takes hundreds of megabytes, and the next tool shares little of it.
        let _ = sh.remove_path(build);
        installed
    }

    fn is_in(&self, folder: &Path) -> bool {
        let program = folder
            .join("bin")
            .join(format!("{}{}", self.name, env::consts::EXE_SUFFIX));
        // As cargo calls it: cargo-hack accepts no other way.
        let command = self.name.trim_start_matches("cargo-");
        let said = Shell::new().and_then(|sh| {
            let ask = cmd!(sh, "{program} {command} --version");
            ask.quiet().ignore_stderr().read()
        });
        // Such as `cargo-deny 0.20.2`.
        said.is_ok_and(|said| said.split_whitespace().any(|word| word == self.version))
    }
}

/// The programs in this folder before those of `PATH`.
fn before(folder: PathBuf) -> Result<std::ffi::OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths(
        [folder].into_iter().chain(env::split_paths(&path)),
    )?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_tool_that_is_not_there_or_older_is_not_taken() {
        use std::fs::{Permissions, set_permissions};
        use std::os::unix::fs::PermissionsExt;

        let (sh, folder) = (Shell::new().unwrap(), tempfile::tempdir().unwrap());
        assert!(!DENY.is_in(folder.path()));
        let program = folder.path().join("bin/cargo-deny");
        for (version, taken) in [("0.1.0", false), (DENY.version, true)] {
            sh.write_file(&program, format!("#!/bin/sh\necho cargo-deny {version}\n"))
                .unwrap();
            set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
            assert_eq!(DENY.is_in(folder.path()), taken, "{version}");
        }
    }

    #[test]
    fn tools_come_before_those_of_the_machine() {
        let path = before(PathBuf::from("here")).unwrap();
        assert_eq!(env::split_paths(&path).next().unwrap(), Path::new("here"));
    }
}
