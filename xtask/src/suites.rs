//! The suites of `e2e/`, which are programs in other languages that use the server binary, and how to install what they
//! need below the target folder.

use std::env;
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
    let here = "e2e/schemathesis";
    let prepare = |stage: &Stage| stage.pip("e2e/schemathesis/requirements.txt");
    suite(
        "contract-test",
        prepare,
        |Stage { sh, folder }, server, python| {
            let (root, cases) = (sh.current_dir(), cases.to_string());
            // What judges is tested first.
            let inside = sh.push_dir(here);
            cmd!(sh, "{python} -m unittest --quiet test_judge").run()?;
            drop(inside);
            let run = cmd!(
                sh,
                "{python} {here}/run.py --server {server} --cases {cases}"
            );
            let run = run.arg("--documents").arg(root.join("openapi"));
            run.arg("--reports").arg(folder.join("reports")).run()
        },
    )
}

/// The official web packages, unmodified, in a headless Chromium: scenarios with `only` in their names.
pub(crate) fn browser(only: &str) -> Result {
    let here = "e2e/browser";
    let prepare = |stage: &Stage| {
        stage.need(&[NODE, NPM, OPENSSL])?;
        let chromium = stage.chromium().ok_or(
            "Chromium: apt-get install chromium-headless-shell, or name one in PASSAGE_CHROMIUM",
        )?;
        stage.npm(here, &stage.folder)?;
        Ok(chromium)
    };
    suite(
        "browser-test",
        prepare,
        |Stage { sh, folder }, server, chromium| {
            let run = cmd!(
                sh,
                "node {here}/run.mjs --server {server} --folder {folder}"
            );
            run.arg("--chromium")
                .arg(chromium)
                .args(["--only", only])
                .run()
        },
    )
}

/// The official client libraries for Python, Node and Rust, unmodified.
pub(crate) fn clients() -> Result {
    let here = "e2e/clients";
    let prepare = |stage: &Stage| {
        stage.need(&[OPENSSL, NODE, NPM, HEADERS])?;
        let library = stage.pip("e2e/clients/python/requirements.txt")?;
        stage.npm("e2e/clients/node", &stage.folder.join("node"))?;
        let sh = &stage.sh;
        cmd!(
            sh,
            "cargo fetch --locked --quiet --manifest-path {here}/rust/Cargo.toml"
        )
        .run()?;
        Ok(library)
    };
    suite(
        "client-test",
        prepare,
        |Stage { sh, folder }, server, library| {
            let run = cmd!(
                sh,
                "{library} {here}/run.py --server {server} --folder {folder}"
            );
            let run = run.arg("--python").arg(&library);
            let run = run.arg("--node").arg(folder.join("node"));
            run.arg("--rust").arg(folder.join("rust")).run()
        },
    )
}

/// Where a suite runs, from the folder of the project.
struct Stage {
    sh: Shell,
    /// For what it installs and writes.
    folder: PathBuf,
}

/// Runs a suite against a server that is built first. Without what `prepare` finds or installs it is skipped.
fn suite<T>(
    name: &str,
    prepare: impl FnOnce(&Stage) -> Result<T>,
    run: impl FnOnce(&Stage, &Path, T) -> xshell::Result<()>,
) -> Result {
    let sh = shell()?;
    let folder = target(&sh, name)?;
    sh.create_dir(&folder)?;
    sh.set_var("PYTHONDONTWRITEBYTECODE", "1");
    let stage = Stage { sh, folder };
    let tools = prepare(&stage).map_err(|why| Skipped(format!("{name} needs {why}")))?;
    Ok(run(&stage, &server_binary(&stage.sh)?, tools)?)
}

impl Stage {
    fn need(&self, needs: &[Need]) -> Result {
        let mut needs = needs.iter();
        match needs.find(|(program, words, _)| !self.works(program, words)) {
            Some((.., what)) => Err((*what).into()),
            None => Ok(()),
        }
    }

    /// Whether a program is there and does this.
    fn works(&self, program: impl AsRef<Path>, words: &[&str]) -> bool {
        let run = self.sh.cmd(program).args(words).quiet();
        run.ignore_stdout().ignore_stderr().run().is_ok()
    }

    fn chromium(&self) -> Option<PathBuf> {
        if let Some(named) = env::var_os("PASSAGE_CHROMIUM") {
            return Some(named.into());
        }
        let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
        let mut programs = CHROMIUMS
            .iter()
            .flat_map(|name| folders.iter().map(move |f| f.join(name)));
        programs.find(|program| program.is_file() && self.works(program, &["--version"]))
    }

    /// The Python of an environment that has what a requirements file pins.
    fn pip(&self, requirements: &str) -> Result<PathBuf> {
        let mut names = ["python3", "python"].into_iter();
        let python = names.find(|python| self.works(python, &["-c", PYTHON_3_11]));
        let python = python.ok_or("Python 3.11 or newer, with venv and pip")?;
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
        install().map_err(|why| format!("the packages of {lock}: {why}"))?;
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
        let nothing: Need = ("no-such-program", &[], "a program");
        let run = |_: &Stage, _: &Path, ()| panic!("it runs");
        let prepare = |stage: &Stage| stage.need(&[OPENSSL, nothing]);
        let error = suite("suite-test", prepare, run).unwrap_err();
        let Skipped(why) = error.downcast_ref().unwrap();
        assert_eq!(why, "suite-test needs a program");
    }

    #[test]
    fn packages_are_installed_once_for_each_lock_file() {
        let folder = tempfile::tempdir().unwrap();
        let stage = Stage {
            sh: Shell::new().unwrap(),
            folder: folder.path().join("to"),
        };
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
