//! cargo, git and the clock.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regen::{Mode, Run, World};

/// The real world.
pub(crate) struct Outside {
    root: PathBuf,
    folder: PathBuf,
    since: Option<String>,
}

impl Outside {
    /// For the project in `root`; compares with the commit `since`.
    pub(crate) fn new(root: &Path, since: Option<String>) -> Result<Self, String> {
        let folder = target_folder(root)?.join("regen");
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        Ok(Self {
            root: root.to_owned(),
            folder,
            since,
        })
    }

    /// A folder of our own below the target folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl World for Outside {
    fn say(&self, text: &str) {
        println!("{text}");
    }

    fn committed(&self, name: &str) -> Result<Option<String>, String> {
        let revision = self.since.as_deref().unwrap_or("HEAD");
        let output = Command::new("git")
            .current_dir(&self.root)
            .args(["show", "--end-of-options", &format!("{revision}:./{name}")])
            .output();
        match (output, &self.since) {
            (Ok(output), _) if output.status.success() => {
                Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()))
            }
            // Not in git, or a file that is new there.
            (_, None) => Ok(None),
            (Ok(output), Some(_)) => {
                let error = String::from_utf8_lossy(&output.stderr);
                Err(format!("git show: {}", error.trim()))
            }
            (Err(error), Some(_)) => Err(format!("git show: {error}")),
        }
    }

    fn pin(&self, mode: Mode) -> Result<Run, String> {
        let references = self.folder.join("references");
        let pending = self.folder.join("pending");
        let _ = fs::remove_file(&references);
        let _ = fs::remove_dir_all(&pending);
        let mut command = Command::new(cargo());
        command
            .current_dir(&self.root)
            .args(["test", "--package", "passage-shapes", "--test", "shapes"])
            .env(
                "INSTA_UPDATE",
                if mode == Mode::Accept {
                    "always"
                } else {
                    "new"
                },
            )
            // A snapshot that differs shows in the files; what fails then is something else.
            .env("INSTA_FORCE_PASS", "1")
            .env("INSTA_OUTPUT", "none")
            .env("INSTA_SNAPSHOT_REFERENCES_FILE", &references)
            .env_remove("INSTA_PENDING_DIR");
        if mode == Mode::Look {
            command.env("INSTA_PENDING_DIR", &pending);
        }
        let output = command.output().map_err(|e| format!("cargo test: {e}"))?;
        let passed = output.status.success();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        let referenced = lines(&references);
        if passed && referenced.is_empty() {
            return Err(format!("{text}\nno test asked for a snapshot"));
        }
        let differing = match mode {
            Mode::Look => pending_names(&pending, &pending)?,
            Mode::Leave => self.left_beside(&referenced),
            Mode::Accept => {
                // From a run before this one.
                for path in &referenced {
                    let _ = fs::remove_file(path.with_extension("snap.new"));
                }
                Vec::new()
            }
        };
        Ok(Run {
            passed,
            output: text,
            referenced,
            differing,
        })
    }
}

impl Outside {
    fn left_beside(&self, referenced: &[PathBuf]) -> Vec<String> {
        let differing = referenced
            .iter()
            .filter(|path| path.with_extension("snap.new").exists());
        differing
            .map(|path| {
                path.strip_prefix(&self.root)
                    .unwrap_or(path)
                    .display()
                    .to_string()
            })
            .collect()
    }
}

/// Today in UTC, as `2026-01-16`.
pub(crate) fn today() -> String {
    jiff::Timestamp::now().strftime("%F").to_string()
}

/// The cargo that runs this, so that its toolchain is kept.
fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn target_folder(root: &Path) -> Result<PathBuf, String> {
    let output = Command::new(cargo())
        .current_dir(root)
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .output()
        .map_err(|e| format!("cargo metadata: {e}"))?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|e| {
        format!(
            "cargo metadata: {e}: {}",
            String::from_utf8_lossy(&output.stderr)
        )
    })?;
    let folder = metadata
        .get("target_directory")
        .and_then(|folder| folder.as_str());
    folder
        .map(PathBuf::from)
        .ok_or_else(|| "cargo metadata names no target folder".to_owned())
}

/// Sorted, each once. Tests run side by side, so the order is another every time.
fn lines(file: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let mut lines: Vec<PathBuf> = text.lines().map(PathBuf::from).collect();
    lines.sort();
    lines.dedup();
    lines
}

/// What insta would have put into the project, as names within it.
fn pending_names(base: &Path, folder: &Path) -> Result<Vec<String>, String> {
    let Ok(entries) = fs::read_dir(folder) else {
        // Nothing differed.
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry
            .map_err(|e| format!("{}: {e}", folder.display()))?
            .path();
        if path.is_dir() {
            names.extend(pending_names(base, &path)?);
        } else {
            let name = path
                .strip_prefix(base)
                .unwrap_or(&path)
                .display()
                .to_string();
            names.push(name.trim_end_matches(".new").to_owned());
        }
    }
    names.sort();
    Ok(names)
}
