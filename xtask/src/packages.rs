//! Packages from the registries of other languages, installed below the target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::run::succeed;

/// What a Python must know: its own version, and how to make an environment.
const PROBE: &str =
    "import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 11) else 1)";
const NODE: &str = "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)";

/// Whether a program exists and runs.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .output()
        .is_ok_and(|output| output.status.success())
}

/// A Python that is recent enough, or what is missing.
pub(crate) fn python() -> Result<&'static str, String> {
    ["python3", "python"]
        .into_iter()
        .find(|python| works(python, &["-c", PROBE]))
        .ok_or_else(|| "Python 3.11 or newer, with venv and pip".to_owned())
}

/// Checks that Node and npm exist and are recent enough, or returns what is missing.
pub(crate) fn node() -> Result<(), String> {
    for (program, arguments, what) in [
        ("node", ["-e", NODE].as_slice(), "Node 20 or newer"),
        ("npm", &["--version"], "npm"),
    ] {
        if !works(program, arguments) {
            return Err(what.to_owned());
        }
    }
    Ok(())
}

/// Checks that openssl exists, or returns what is missing.
pub(crate) fn openssl() -> Result<(), String> {
    let there = works("openssl", &["version"]);
    there
        .then_some(())
        .ok_or_else(|| "openssl, to make a certificate".to_owned())
}

/// The Python of an environment in `folder` with the packages of a requirements file. It is recreated when that file
/// changes.
pub(crate) fn pip(requirements: &Path, folder: &Path, python: &str) -> Result<PathBuf, String> {
    let wanted = read(requirements)?;
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
    let names: Vec<_> = requirements_in(&wanted).collect();
    println!(
        "installing {} packages from the Python package index into {}: {}",
        names.len(),
        venv.display(),
        names.join(", ")
    );
    succeed(
        Command::new(python)
            .args(["-m", "venv", "--clear"])
            .arg(&venv),
    )?;
    succeed(
        Command::new(&inside)
            .args(["-m", "pip", "install", "--quiet", "--no-input"])
            .args(["--disable-pip-version-check", "--only-binary", ":all:"])
            .arg("--requirement")
            .arg(requirements),
    )?;
    fs::write(&installed, wanted).map_err(|e| format!("{}: {e}", installed.display()))?;
    Ok(inside)
}

/// The packages in a requirements file, without their hashes.
pub(crate) fn requirements_in(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_alphanumeric()))
        .map(|line| line.trim_end_matches(" \\"))
}

/// Installs the packages of the lock file in `here` into `folder`, unless they are installed. Their scripts do not run.
pub(crate) fn npm(here: &Path, folder: &Path) -> Result<(), String> {
    let lock = read(&here.join("package-lock.json"))?;
    let installed = folder.join("installed.json");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let names = locked_in(&lock)?;
    println!(
        "installing {} packages from the npm registry into {}, without their scripts: {}",
        names.len(),
        folder.join("node_modules").display(),
        names.join(", ")
    );
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    write("package.json", &read(&here.join("package.json"))?)?;
    write("package-lock.json", &lock)?;
    succeed(Command::new("npm").current_dir(folder).args([
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]))?;
    write("installed.json", &lock)
}

/// The packages in a lock file of npm, except those for other systems.
pub(crate) fn locked_in(lock: &str) -> Result<Vec<String>, String> {
    let lock: Value = serde_json::from_str(lock).map_err(|e| format!("package-lock.json: {e}"))?;
    let packages = lock.get("packages").and_then(Value::as_object);
    let names = packages
        .into_iter()
        .flatten()
        .filter_map(|(path, package)| {
            let name = path.strip_prefix("node_modules/")?;
            let version = package.get("version")?.as_str()?;
            package
                .get("os")
                .is_none()
                .then(|| format!("{name} {version}"))
        });
    Ok(names.collect())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_without_their_hashes() {
        let text = "# why\na==1 \\\n    --hash=sha256:00\nb==2\n";
        assert_eq!(requirements_in(text).collect::<Vec<_>>(), ["a==1", "b==2"]);
    }

    #[test]
    fn packages_for_other_systems_are_not_named() {
        let lock = r#"{"packages": {"": {}, "node_modules/a": {"version": "1"},
            "node_modules/b": {"version": "2", "os": ["aix"]}}}"#;
        assert_eq!(locked_in(lock), Ok(vec!["a 1".to_owned()]));
    }
}
