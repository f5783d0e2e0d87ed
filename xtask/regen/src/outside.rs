//! cargo, git and the clock.

use std::env;
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
        // This program is `target/debug/regen`.
        let program = env::current_exe().map_err(|e| format!("this program: {e}"))?;
        let folder = program.ancestors().nth(2).unwrap_or(root).join("regen");
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
        // The cargo that runs this, so that its toolchain is kept.
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
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
            Mode::Look => pending_names(&pending)?,
            Mode::Leave => {
                let left = referenced
                    .iter()
                    .filter(|path| path.with_extension("snap.new").exists());
                let name = |path: &PathBuf| {
                    let name = path.strip_prefix(&self.root).unwrap_or(path);
                    name.display().to_string()
                };
                left.map(name).collect()
            }
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

/// Today in UTC, as `2026-01-16`.
pub(crate) fn today() -> String {
    jiff::Timestamp::now().strftime("%F").to_string()
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
fn pending_names(folder: &Path) -> Result<Vec<String>, String> {
    let names = regen::files_below(folder)?.into_iter().map(|path| {
        let name = path
            .strip_prefix(folder)
            .unwrap_or(&path)
            .display()
            .to_string();
        name.trim_end_matches(".new").to_owned()
    });
    Ok(names.collect())
}
