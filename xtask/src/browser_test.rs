//! `cargo xtask browser-test`: the official web packages, unmodified, use the server binary in a headless Chromium.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::packages;
use crate::run::{Outcome, metadata, root, server_binary, skip_unless, succeed};

const HERE: &str = "e2e/browser";
/// Names another Chromium.
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

/// Installs the packages below the target folder, builds the server, and runs `run.mjs`. Without a tool or a package
/// registry it is skipped, or fails if it is `required`.
pub(crate) fn run(only: Option<&str>, required: bool) -> Result<Outcome, String> {
    let skip = |why: &str| skip_unless(required, &format!("browser-test needs {why}"));
    if let Err(why) = packages::node().and_then(|()| packages::openssl()) {
        return skip(&why);
    }
    let Some(chromium) = chromium() else {
        return skip(&format!(
            "Chromium: apt-get install chromium-headless-shell, or name one in {CHROMIUM}"
        ));
    };
    let root = root()?;
    let folder = metadata(&root)?.target_directory.join("browser-test");
    if let Err(why) = packages::npm(&root.join(HERE), &folder) {
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
        packages::works(&path, &["--version"]).then_some(path)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use super::*;

    #[test]
    fn the_official_packages_are_locked() {
        let lock = root().unwrap().join(HERE).join("package-lock.json");
        let lock = fs::read_to_string(lock).unwrap();
        let names = packages::locked_in(&lock).unwrap();
        for wanted in [
            "@passageidentity/passage-elements 2.0.9",
            "@passageidentity/passage-js 4.1.2",
        ] {
            assert!(names.iter().any(|name| name == wanted), "{wanted}");
        }
        assert!(!lock.contains("\"resolved\""), "names a registry");
    }
}
