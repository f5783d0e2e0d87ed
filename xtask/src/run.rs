//! Other programs.

use std::env;
use std::ffi::OsString;
use std::process::Command;

use crate::root;

/// The cargo that runs this, so that its toolchain is kept.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a package of its own, so that no other command has to build the generator. It starts where the
/// user is, so that names of files mean what they say.
pub(crate) fn regen(arguments: &[OsString]) -> Result<(), String> {
    let root = root()?;
    let status = cargo()
        .args([
            "run",
            "--quiet",
            "--package",
            "xtask-regen",
            "--manifest-path",
        ])
        .arg(root.join("Cargo.toml"))
        .args(["--", "--root"])
        .arg(&root)
        .args(arguments)
        .status()
        .map_err(|error| format!("cargo run: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err("regen failed, see above".to_owned())
    }
}
