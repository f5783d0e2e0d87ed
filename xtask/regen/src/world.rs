//! What regen asks of the world outside the project's files.

use std::path::PathBuf;

/// Other programs, and the person who reads.
pub trait World {
    /// A line, or several, for whoever started regen.
    fn say(&self, text: &str);

    /// The text of a file of the project at the commit that the report compares with, if there is one.
    ///
    /// # Errors
    /// If a commit was asked for by name and it, or the file in it, cannot be read.
    fn committed(&self, name: &str) -> Result<Option<String>, String>;

    /// Runs the tests that pin what is generated.
    ///
    /// # Errors
    /// If one fails for another reason than a snapshot that differs: what was printed.
    fn pin(&self, mode: Mode) -> Result<Run, String>;
}

/// What becomes of a snapshot that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is replaced.
    Accept,
    /// The new one is put beside it, for `cargo insta review`.
    Leave,
    /// Nothing is written to the project.
    Look,
}

/// What a run of the snapshot tests showed.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The snapshots that some assertion asked for.
    pub referenced: Vec<PathBuf>,
    /// Those of them that differ, or do not exist, as names within the project. Unknown when they
    /// were replaced.
    pub differing: Vec<String>,
}
