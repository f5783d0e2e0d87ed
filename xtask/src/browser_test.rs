//! `cargo xtask browser-test`: the official web packages, unmodified, use the server binary in a headless Chromium.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

use crate::run::{Outcome, metadata, root, server_binary, skip_unless, succeed};

const HERE: &str = "e2e/browser";
/// Where another Chromium can be named.
const CHROMIUM: &str = "PASSAGE_CHROMIUM";
/// Names under which systems install it.
const CHROMIUMS: [&str; 6] = [
    "chromium-headless-shell",
    "chrome-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Installs the packages below the target folder, builds the server, and lets `run.mjs` do the rest. Without a tool
/// or a package registry it is skipped, or fails if it is `required`.
pub(crate) fn run(only: Option<&str>, required: bool) -> Result<Outcome, String> {
    let skip = |why: &str| skip_unless(required, &format!("browser-test needs {why}"));
    for (program, arguments, what) in [
        (
            "node",
            [
                "-e",
                "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)",
            ]
            .as_slice(),
            "Node 20 or newer",
        ),
        ("npm", &["--version"], "npm"),
        ("openssl", &["version"], "openssl, to make a certificate"),
    ] {
        if !works(program, arguments) {
            return skip(what);
        }
    }
    let Some(chromium) = chromium() else {
        return skip(&format!(
            "Chromium: apt-get install chromium-headless-shell, or name one in {CHROMIUM}"
        ));
    };
    let root = root()?;
    let folder = metadata(&root)?.target_directory.join("browser-test");
    if let Err(why) = packages(&root.join(HERE), &folder) {
        return skip(&format!("its npm packages: {why}"));
    }
    let server = server_binary(&root)?;
    let mut node = Command::new("node");
    node.current_dir(&root)
        .arg(root.join(HERE).join("run.mjs"))
        .arg("--server")
        .arg(server)
        .arg("--folder")
        .arg(&folder)
        .args(["--chromium", &chromium]);
    if let Some(only) = only {
        node.args(["--only", only]);
    }
    succeed(&mut node)?;
    Ok(Outcome::Done)
}

fn works(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .output()
        .is_ok_and(|output| output.status.success())
}

fn chromium() -> Option<String> {
    if let Ok(named) = env::var(CHROMIUM) {
        return Some(named);
    }
    let names = CHROMIUMS.into_iter().map(str::to_owned);
    let mut found = names.filter_map(|name| {
        let folders = env::var_os("PATH")?;
        env::split_paths(&folders)
            .map(|folder| folder.join(&name))
            .find(|path| path.is_file())
    });
    found.find_map(|path: PathBuf| {
        let path = path.to_str()?.to_owned();
        works(&path, &["--version"]).then_some(path)
    })
}

/// Installs what the lock file names, unless it is there.
fn packages(here: &Path, folder: &Path) -> Result<(), String> {
    let read =
        |path: PathBuf| fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()));
    let lock = read(here.join("package-lock.json"))?;
    let installed = folder.join("installed.json");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let names = names(&lock)?;
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
    write("package.json", &read(here.join("package.json"))?)?;
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

/// The packages in a lock file, without those that are for other systems.
fn names(lock: &str) -> Result<Vec<String>, String> {
    let lock: Value =
        serde_json::from_str(lock).map_err(|e| format!("{HERE}/package-lock.json: {e}"))?;
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_official_packages_are_locked() {
        let lock = root().unwrap().join(HERE).join("package-lock.json");
        let lock = fs::read_to_string(lock).unwrap();
        let names = names(&lock).unwrap();
        for wanted in [
            "@passageidentity/passage-elements 2.0.9",
            "@passageidentity/passage-js 4.1.2",
        ] {
            assert!(names.iter().any(|name| name == wanted), "{wanted}");
        }
        assert!(!lock.contains("\"resolved\""), "names a registry");
    }
}
