//! `cargo xtask tidy`: checks that no compiler does.
//!
//! Each rule is a function from the project to its findings; all of them run, regardless of the others. A finding names
//! the file, the line and what to do.

mod commands;
mod fidelity;
mod layers;
mod links;
mod manifest;
mod markdown;
mod project;
mod source;

use std::fmt;

use project::Project;

use crate::run::{self, metadata, shell};

/// A finding.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Finding {
    file: String,
    /// Starts at 1.
    line: usize,
    /// What is wrong and how to fix it.
    what: String,
}

impl Finding {
    fn new(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            what: what.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

type Found = run::Result<Vec<Finding>>;
type Rule = fn(&Project) -> Found;

const RULES: [Rule; 9] = [
    source::lengths,
    source::promises,
    manifest::versions,
    manifest::features,
    commands::commands,
    layers::layers,
    fidelity::evidence,
    links::links,
    links::examples,
];

/// Prints all findings. `xtask` is how the commands of this program are called.
pub(crate) fn run(xtask: clap::Command) -> run::Result {
    let sh = shell()?;
    let project = Project::read(&sh.current_dir(), metadata(&sh)?.packages, xtask)?;
    let mut findings = Vec::new();
    for rule in RULES {
        findings.extend(rule(&project)?);
    }
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    let files = project.files.len();
    match findings.len() {
        0 => {
            println!("tidy: {files} files, nothing to mend");
            Ok(())
        }
        count => Err(format!("tidy: {count} to mend in {files} files").into()),
    }
}

#[cfg(test)]
mod tests;
