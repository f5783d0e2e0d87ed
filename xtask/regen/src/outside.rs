//! cargo, git and the clock.

use std::collections::BTreeSet;
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
        let failed = match output {
            Ok(output) if output.status.success() => {
                return Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()));
            }
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        // Not in git, or a file that is new there.
        let known = self.since.is_none().then_some(None);
        known.ok_or_else(|| format!("git show: {failed}"))
    }

    fn pin(&self, mode: Mode) -> Result<Run, String> {
        let references = self.folder.join("references");
        let pending = self.folder.join("pending");
        let _ = fs::remove_file(&references);
        let _ = fs::remove_dir_all(&pending);
        let accept = mode == Mode::Accept;
        // The cargo that runs this, so that its toolchain is kept.
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .current_dir(&self.root)
            .args(["test", "--package", "passage-shapes", "--test", "shapes"])
            .env("INSTA_UPDATE", if accept { "always" } else { "new" })
            // A snapshot that differs shows in the files; what fails then is something else.
            .env("INSTA_FORCE_PASS", "1")
            .env("INSTA_OUTPUT", "none")
            .env("INSTA_SNAPSHOT_REFERENCES_FILE", &references)
            .env_remove("INSTA_PENDING_DIR");
        if mode == Mode::Look {
            command.env("INSTA_PENDING_DIR", &pending);
        }
        let output = command.output().map_err(|e| format!("cargo test: {e}"))?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        let referenced = lines(&references);
        if !output.status.success() {
            return Err(text.into_owned());
        }
        if referenced.is_empty() {
            return Err(format!("{text}\nno test asked for a snapshot"));
        }
        let new = |path: &Path| path.with_extension("snap.new");
        let left = referenced.iter().filter(|path| new(path).exists());
        let differing = match mode {
            Mode::Look => names(&pending, regen::files_below(&pending)?.iter()),
            Mode::Leave => names(&self.root, left),
            Mode::Accept => {
                // From a run before this one.
                left.for_each(|path| drop(fs::remove_file(new(path))));
                Vec::new()
            }
        };
        Ok(Run {
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
    let lines: BTreeSet<PathBuf> = text.lines().map(PathBuf::from).collect();
    lines.into_iter().collect()
}

/// The names of snapshots within a folder.
fn names<'a>(folder: &Path, paths: impl Iterator<Item = &'a PathBuf>) -> Vec<String> {
    let names = paths.map(|path| regen::name_in(folder, path));
    let names = names.map(|name| name.trim_end_matches(".new").to_owned());
    names.collect()
}
