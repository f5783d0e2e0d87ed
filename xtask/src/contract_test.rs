//! `cargo xtask contract-test`: holds the server binary to the vendored documents, with requests that
//! schemathesis makes up.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Outcome, metadata, root, server_binary, skip_unless, succeed};

const HERE: &str = "e2e/schemathesis";
/// What a Python must know: its own version, and how to make an environment.
const PROBE: &str =
    "import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 11) else 1)";

/// Installs schemathesis below the target folder, builds the server, and lets `run.py` do the rest. Without
/// Python or a package index it is skipped, or fails if it is `required`.
pub(crate) fn run(cases: u32, required: bool) -> Result<Outcome, String> {
    let root = root()?;
    let Some(python) = python() else {
        return skip_unless(
            required,
            "contract-test needs Python 3.11 or newer, with venv and pip",
        );
    };
    let folder = metadata(&root)?.target_directory.join("contract-test");
    let python = match environment(&root, &folder, python) {
        Ok(python) => python,
        Err(why) => {
            return skip_unless(
                required,
                &format!("contract-test cannot get schemathesis: {why}"),
            );
        }
    };
    let scripts = root.join(HERE);
    // What judges is tested first.
    succeed(
        Command::new(&python)
            .current_dir(&scripts)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .args(["-m", "unittest", "--quiet", "test_judge"]),
    )?;
    let server = server_binary(&root)?;
    succeed(
        Command::new(&python)
            .current_dir(&root)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(scripts.join("run.py"))
            .arg("--server")
            .arg(server)
            .arg("--documents")
            .arg(root.join("openapi"))
            .arg("--reports")
            .arg(folder.join("reports"))
            .args(["--cases", &cases.to_string()]),
    )?;
    Ok(Outcome::Done)
}

fn python() -> Option<&'static str> {
    ["python3", "python"].into_iter().find(|python| {
        Command::new(python)
            .args(["-c", PROBE])
            .output()
            .is_ok_and(|output| output.status.success())
    })
}

/// The Python of an environment that has what `requirements.txt` names. It is made anew when that changes.
fn environment(root: &Path, folder: &Path, python: &str) -> Result<PathBuf, String> {
    let wanted = root.join(HERE).join("requirements.txt");
    let wanted = fs::read_to_string(&wanted).map_err(|e| format!("{}: {e}", wanted.display()))?;
    let venv = folder.join("venv");
    let inside = if cfg!(windows) {
        venv.join("Scripts").join("python.exe")
    } else {
        venv.join("bin").join("python")
    };
    let installed = venv.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(inside);
    }
    println!(
        "installing {} packages from the Python package index into {}: {}",
        packages(&wanted).count(),
        venv.display(),
        packages(&wanted).collect::<Vec<_>>().join(", ")
    );
    succeed(
        Command::new(python)
            .args(["-m", "venv", "--clear"])
            .arg(&venv),
    )?;
    succeed(
        Command::new(&inside)
            .current_dir(root)
            .args(["-m", "pip", "install", "--quiet", "--no-input"])
            .args(["--disable-pip-version-check", "--only-binary", ":all:"])
            .args(["--requirement", &format!("{HERE}/requirements.txt")]),
    )?;
    fs::write(&installed, wanted).map_err(|e| format!("{}: {e}", installed.display()))?;
    Ok(inside)
}

fn packages(requirements: &str) -> impl Iterator<Item = &str> {
    requirements
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_package_is_pinned() {
        let requirements = root().unwrap().join(HERE).join("requirements.txt");
        let requirements = fs::read_to_string(requirements).unwrap();
        for package in packages(&requirements) {
            assert!(package.contains("=="), "{package}");
        }
        assert!(packages(&requirements).any(|package| package.starts_with("schemathesis==")));
    }
}
