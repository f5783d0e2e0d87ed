//! The suites of `e2e/`, which are programs in other languages that use the server binary, and how to install what they
//! need below the target folder.

use std::env;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::run::{Result, Skipped, server_binary, shell, target};

/// A program, how to see that it is there and new enough, and what it is for people.
type Need = (&'static str, &'static [&'static str], &'static str);

const NODE_20: &str = "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)";
const PYTHON_3_11: &str =
    "import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 11) else 1)";
const NODE: Need = ("node", &["-e", NODE_20], "Node 20 or newer");
const NPM: Need = ("npm", &["--version"], "npm");
const OPENSSL: Need = ("openssl", &["version"], "openssl, to make a certificate");
/// The library for Rust uses the system's OpenSSL.
const HEADERS: Need = (
    "pkg-config",
    &["--exists", "openssl"],
    "the headers of OpenSSL: apt-get install libssl-dev pkg-config",
);
/// Names under which systems install it.
const CHROMIUMS: [&str; 6] = [
    "chromium-headless-shell",
    "chrome-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// The server keeps to the vendored documents, with requests that schemathesis makes up.
pub(crate) fn contract(cases: u32) -> Result {
    let (stage, here) = (Stage::new("contract-test")?, "e2e/schemathesis");
    let python = stage.pip(&format!("{here}/requirements.txt"))?;
    let (sh, cases) = (&stage.sh, cases.to_string());
    let (documents, reports) = (
        sh.current_dir().join("openapi"),
        stage.folder.join("reports"),
    );
    // What judges is tested first.
    let inside = sh.push_dir(here);
    cmd!(sh, "{python} -m unittest --quiet test_judge").run()?;
    drop(inside);
    let server = server_binary(sh)?;
    let run = cmd!(
        sh,
        "{python} {here}/run.py --server {server} --cases {cases}"
    );
    let run = run.arg("--documents").arg(documents);
    Ok(run.arg("--reports").arg(reports).run()?)
}

/// The official web packages, unmodified, in a headless Chromium: scenarios with `only` in their names.
pub(crate) fn browser(only: &str) -> Result {
    let (stage, here) = (Stage::new("browser-test")?, "e2e/browser");
    stage.need(&[NODE, NPM, OPENSSL])?;
    let chromium = stage.chromium()?;
    stage.npm(here, &stage.folder)?;
    let Stage { sh, folder, .. } = &stage;
    let server = server_binary(sh)?;
    // A service of the app, which is next to the server.
    let name = "forms";
    cmd!(
        sh,
        "cargo build --quiet --package passage-examples --example {name}"
    )
    .run()?;
    let program = format!("{name}{}", env::consts::EXE_SUFFIX);
    let services = server.with_file_name("examples").join(program);
    let run = cmd!(
        sh,
        "node {here}/run.mjs --server {server} --folder {folder}"
    );
    let run = run.arg("--chromium").arg(chromium);
    let run = run.arg("--services").arg(services);
    Ok(run.args(["--only", only]).run()?)
}

/// The official client libraries for Python, Node and Rust, unmodified.
pub(crate) fn clients() -> Result {
    let (stage, here) = (Stage::new("client-test")?, "e2e/clients");
    stage.need(&[OPENSSL, NODE, NPM, HEADERS])?;
    let Stage { sh, folder, .. } = &stage;
    let [node, rust] = ["node", "rust"].map(|library| folder.join(library));
    let python = stage.pip(&format!("{here}/python/requirements.txt"))?;
    stage.npm(&format!("{here}/node"), &node)?;
    let manifest = format!("{here}/rust/Cargo.toml");
    let fetch = cmd!(
        sh,
        "cargo fetch --locked --quiet --manifest-path {manifest}"
    );
    fetch.run().map_err(|why| stage.lacks(why))?;
    let server = server_binary(sh)?;
    let run = cmd!(
        sh,
        "{python} {here}/run.py --server {server} --folder {folder}"
    );
    let run = run.arg("--python").arg(&python);
    Ok(run.arg("--node").arg(node).arg("--rust").arg(rust).run()?)
}

/// Where a suite runs, from the folder of the project.
struct Stage {
    /// Of the suite.
    name: &'static str,
    sh: Shell,
    /// For what it installs and writes.
    folder: PathBuf,
}

impl Stage {
    fn new(name: &'static str) -> Result<Self> {
        let sh = shell()?;
        let folder = target(&sh, name)?;
        sh.create_dir(&folder)?;
        sh.set_var("PYTHONDONTWRITEBYTECODE", "1");
        Ok(Self { name, sh, folder })
    }

    /// Why the suite is skipped.
    fn lacks(&self, what: impl Display) -> Skipped {
        Skipped(format!("{} needs {what}", self.name))
    }

    fn need(&self, needs: &[Need]) -> Result {
        let mut needs = needs.iter();
        match needs.find(|(program, words, _)| !self.works(program, words)) {
            Some((.., what)) => Err(self.lacks(what).into()),
            None => Ok(()),
        }
    }

    /// Whether a program is there and does this.
    fn works(&self, program: impl AsRef<Path>, words: &[&str]) -> bool {
        let run = self.sh.cmd(program).args(words).quiet();
        run.ignore_stdout().ignore_stderr().run().is_ok()
    }

    fn chromium(&self) -> Result<PathBuf> {
        if let Some(named) = env::var_os("PASSAGE_CHROMIUM") {
            return Ok(named.into());
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = env::split_paths(&path).collect();
        let names = CHROMIUMS.iter();
        let mut programs = names.flat_map(|name| folders.iter().map(move |f| f.join(name)));
        let found = programs.find(|file| file.is_file() && self.works(file, &["--version"]));
        let how = "apt-get install chromium-headless-shell, or name one in PASSAGE_CHROMIUM";
        Ok(found.ok_or_else(|| self.lacks(format!("Chromium: {how}")))?)
    }

    /// The Python of an environment that has what a requirements file pins.
    fn pip(&self, requirements: &str) -> Result<PathBuf> {
        let mut names = ["python3", "python"].into_iter();
        let python = names.find(|python| self.works(python, &["-c", PYTHON_3_11]));
        let python = python.ok_or_else(|| self.lacks("Python 3.11 or newer, with venv and pip"))?;
        let (sh, venv) = (&self.sh, self.folder.join("venv"));
        let inside = venv.join(if cfg!(windows) {
            "Scripts/python.exe"
        } else {
            "bin/python"
        });
        self.once(requirements, &venv, || {
            cmd!(sh, "{python} -m venv --clear {venv}").run()?;
            let pip = cmd!(
                sh,
                "{inside} -m pip install --quiet --no-input --disable-pip-version-check"
            );
            // Nothing is built here. pip checks hashes as soon as a file has one, and then wants one for every package:
            // that of the client library has them, that of schemathesis has versions alone.
            let pip = pip.args(["--only-binary", ":all:", "--requirement", requirements]);
            Ok(pip.run()?)
        })?;
        Ok(inside)
    }

    /// Installs into `folder` what the lock file in `here` names. The packages' scripts do not run.
    fn npm(&self, here: &str, folder: &Path) -> Result {
        let (sh, lock) = (&self.sh, format!("{here}/package-lock.json"));
        self.once(&lock, folder, || {
            sh.copy_file(format!("{here}/package.json"), folder)?;
            sh.copy_file(&lock, folder)?;
            let _inside = sh.push_dir(folder);
            Ok(cmd!(
                sh,
                "npm ci --ignore-scripts --no-audit --no-fund --loglevel=error"
            )
            .run()?)
        })
    }

    /// Installs into `folder` what `lock` names, unless that was done.
    fn once(&self, lock: &str, folder: &Path, install: impl FnOnce() -> Result) -> Result {
        let (wanted, installed) = (self.sh.read_file(lock)?, folder.join("installed"));
        if self
            .sh
            .read_file(&installed)
            .is_ok_and(|installed| installed == wanted)
        {
            return Ok(());
        }
        println!(
            "installing the packages of {lock} into {}",
            folder.display()
        );
        self.sh.create_dir(folder)?;
        install().map_err(|why| self.lacks(format!("the packages of {lock}: {why}")))?;
        Ok(self.sh.write_file(installed, wanted)?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_official_packages_are_locked() {
        let sh = shell().unwrap();
        let packages = r#"
            browser/package-lock.json       | passage-elements": { "version": "2.0.9"
            browser/package-lock.json       | passage-js": { "version": "4.1.2"
            clients/node/package-lock.json  | passage-node": { "version": "2.12.1"
            clients/python/requirements.txt | passage-identity==3.0.2 \
            clients/rust/Cargo.lock         | "passage_flex" version = "1.0.2"
            schemathesis/requirements.txt   | schemathesis=="#;
        for package in packages.trim().lines() {
            let (lock, package) = package.split_once('|').unwrap();
            let (lock, package) = (lock.trim(), package.trim());
            let text = sh.read_file(format!("e2e/{lock}")).unwrap();
            let words: Vec<&str> = text.split_whitespace().collect();
            assert!(words.join(" ").contains(package), "{lock}: {package}");
            assert!(!text.contains("\"resolved\""), "{lock} names a registry");
            let mut names = text
                .lines()
                .filter(|line| line.starts_with(char::is_alphanumeric));
            let pinned = names.all(|line| line.contains("=="));
            assert!(pinned || !lock.ends_with(".txt"), "{lock}");
        }
    }

    #[test]
    fn a_suite_without_what_it_needs_is_skipped() {
        let (stage, nothing) = (
            stage(Path::new("")),
            ("no-such-program", &[][..], "a program"),
        );
        assert!(stage.need(&[OPENSSL]).is_ok());
        let error = stage.need(&[OPENSSL, nothing]).unwrap_err();
        let Skipped(why) = error.downcast_ref().unwrap();
        assert_eq!(why, "suite-test needs a program");
    }

    fn stage(folder: &Path) -> Stage {
        let (name, folder) = ("suite-test", folder.join("to"));
        let sh = Shell::new().unwrap();
        Stage { name, sh, folder }
    }

    #[test]
    fn packages_are_installed_once_for_each_lock_file() {
        let folder = tempfile::tempdir().unwrap();
        let stage = stage(folder.path());
        let lock = folder.path().join("lock");
        let install = |text: &str, done: Result| {
            stage.sh.write_file(&lock, text).unwrap();
            let mut ran = false;
            let installed = stage.once(lock.to_str().unwrap(), &stage.folder, || {
                ran = true;
                done
            });
            (ran, installed.is_ok())
        };
        assert_eq!(install("a", Err("no registry".into())), (true, false));
        assert_eq!(install("a", Ok(())), (true, true));
        assert_eq!(install("a", Ok(())), (false, true));
        assert_eq!(install("b", Ok(())), (true, true));
    }
}
