//! `cargo xtask semver`: whether the version reflects what changed for users of the crates.

use xshell::{Shell, cmd};

use crate::run::{Result, metadata, shell};

/// Compares the published packages, or these, with those at the revision `against`, else at the last tag.
pub(crate) fn run(against: Option<String>, mut packages: Vec<String>) -> Result {
    let sh = shell()?;
    // What is missing must not make rustup install something.
    let probe = cmd!(sh, "cargo semver-checks --version").env("RUSTUP_AUTO_INSTALL", "0");
    if probe.quiet().ignore_stdout().ignore_stderr().run().is_err() {
        let how = "cargo install --locked cargo-semver-checks";
        return Err(format!("comparing needs cargo-semver-checks: {how}").into());
    }
    let baseline = against.map_or_else(|| last_tag(&sh), Ok)?;
    if packages.is_empty() {
        let published = metadata(&sh)?
            .packages
            .into_iter()
            .filter(|package| package.published());
        packages = published.map(|package| package.name).collect();
    }
    println!("comparing {} with {baseline}", packages.join(", "));
    let packages = packages.iter().flat_map(|name| ["--package", name]);
    Ok(cmd!(
        sh,
        "cargo semver-checks --baseline-rev {baseline} {packages...}"
    )
    .run()?)
}

/// The last release that the current commit descends from.
fn last_tag(sh: &Shell) -> Result<String> {
    let last = cmd!(sh, "git describe --tags --abbrev=0 --match v[0-9]*");
    let why = "nothing is tagged v1.2.3 yet, so there is no release to compare with: name a revision, \
               such as `cargo xtask semver --against HEAD~1`";
    Ok(last.quiet().ignore_stderr().read().map_err(|_| why)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_last_tag_is_that_of_a_release() {
        let (sh, folder) = (Shell::new().unwrap(), tempfile::tempdir().unwrap());
        sh.change_dir(folder.path());
        let git = |words: &str| {
            let who = ["-c", "user.name=n", "-c", "user.email=e@example.com"];
            let words = words.split(' ');
            let git = cmd!(sh, "git {who...} -c commit.gpgsign=false {words...}");
            git.quiet().run().unwrap();
        };
        git("init --quiet");
        git("commit --quiet --allow-empty --message first");
        let error = last_tag(&sh).unwrap_err().to_string();
        assert!(error.contains("--against"), "{error}");
        git("tag v0.1.0");
        git("commit --quiet --allow-empty --message second");
        git("tag other");
        assert_eq!(last_tag(&sh).unwrap(), "v0.1.0");
    }
}
