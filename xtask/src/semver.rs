//! `cargo xtask semver`: whether the version reflects what changed for users of the crates.

use std::path::Path;
use std::process::Command;

use crate::run::{Outcome, Tool, cargo, metadata, root, succeed};

const TOOL: Tool = Tool {
    probe: &["semver-checks", "--version"],
    name: "cargo-semver-checks",
    remedy: "cargo install --locked cargo-semver-checks",
};

/// Compares the published packages with those at the revision `against`, else at the last tag.
pub(crate) fn run(against: Option<&str>, packages: &[String]) -> Result<Outcome, String> {
    if let Some(missing) = TOOL.missing() {
        return Err(format!("comparing needs {missing}"));
    }
    let root = root()?;
    let baseline = match against {
        Some(revision) => revision.to_owned(),
        None => last_tag(&root)?,
    };
    let mut command = cargo();
    command
        .current_dir(&root)
        .args(["semver-checks", "--baseline-rev", &baseline]);
    let published = metadata(&root)?
        .packages
        .into_iter()
        .filter(|package| package.published);
    let names: Vec<String> = match packages {
        [] => published.map(|package| package.name).collect(),
        some => some.to_vec(),
    };
    for name in &names {
        command.args(["--package", name]);
    }
    println!("comparing {} with {baseline}", names.join(", "));
    succeed(&mut command).map(|()| Outcome::Done)
}

/// The last release that the current commit descends from.
fn last_tag(root: &Path) -> Result<String, String> {
    let output = Command::new("git")
        .current_dir(root)
        .args(["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"])
        .output()
        .map_err(|e| format!("git: {e}"))?;
    let tag = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && !tag.is_empty() {
        return Ok(tag);
    }
    Err(
        "nothing is tagged v1.2.3 yet, so there is no release to compare with: name a revision, \
         such as `cargo xtask semver --against HEAD~1`"
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn git(folder: &Path, arguments: &[&str]) {
        let settings = [
            "-c",
            "user.name=n",
            "-c",
            "user.email=e@example.com",
            "-c",
            "commit.gpgsign=false",
        ];
        let output = Command::new("git")
            .current_dir(folder)
            .args(settings)
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    #[test]
    fn the_last_tag_is_that_of_a_release() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        git(root, &["init", "--quiet"]);
        git(
            root,
            &["commit", "--quiet", "--allow-empty", "--message", "first"],
        );
        let error = last_tag(root).unwrap_err();
        assert!(error.contains("--against"), "{error}");
        git(root, &["tag", "v0.1.0"]);
        git(
            root,
            &["commit", "--quiet", "--allow-empty", "--message", "second"],
        );
        git(root, &["tag", "other"]);
        assert_eq!(last_tag(root).unwrap(), "v0.1.0");
    }
}
