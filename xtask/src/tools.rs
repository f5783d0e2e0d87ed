//! Tools that cargo installs, in the versions that the gate is known to work with.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::run::{Result, Skipped, shell, target};

/// A cargo command that is a package of its own, with its version.
pub(crate) struct CargoTool(&'static str);

pub(crate) const DENY: CargoTool = CargoTool("cargo-deny@0.20.2");
pub(crate) const FUZZ: CargoTool = CargoTool("cargo-fuzz@0.13.2");
pub(crate) const HACK: CargoTool = CargoTool("cargo-hack@0.6.46");

impl CargoTool {
    /// Has it do `work`, or skips that with the reason where the tool cannot be had. It is built into `tools` in the
    /// target folder.
    pub(crate) fn with(&self, work: impl FnOnce(&Shell) -> Result) -> Result {
        let sh = shell()?;
        let folder = target(&sh, "tools")?;
        self.install(&sh, &folder).map_err(|why| {
            let what = self.0;
            Skipped(format!("{what} cannot be installed: {why}"))
        })?;
        sh.set_var("PATH", before(folder.join("bin"))?);
        work(&sh)
    }

    /// cargo does nothing if the tool is there in this version.
    fn install(&self, sh: &Shell, folder: &Path) -> xshell::Result<()> {
        let (build, package) = (folder.join("build"), self.0);
        // Without optimisation: half the time to build, and fast enough for what the gate asks of them.
        let install = cmd!(
            sh,
            "cargo install --quiet --locked --debug --root {folder} {package}"
        );
        let install = install.arg("--target-dir").arg(&build);
        let installed = install.env("CARGO_PROFILE_DEV_DEBUG", "0").run();
        // It takes hundreds of megabytes, and the next tool shares little of it.
        let _ = sh.remove_path(build);
        installed
    }
}

/// The programs in this folder before those of `PATH`.
fn before(folder: PathBuf) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = [folder].into_iter().chain(env::split_paths(&path));
    Ok(env::join_paths(folders)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn tools_come_before_those_of_the_machine() {
        let path = before(PathBuf::from("here")).unwrap();
        assert_eq!(env::split_paths(&path).next().unwrap(), Path::new("here"));
    }
}
