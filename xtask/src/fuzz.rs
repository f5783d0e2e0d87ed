//! `cargo xtask fuzz`: every fuzz target for some seconds.

use std::path::Path;
use std::{fs, io};

use crate::run::{Outcome, root, skip_unless, succeed};
use crate::tools::{self, FUZZ};

pub(crate) const TARGETS: [&str; 4] = ["token", "cookie", "authorization", "jwks"];

/// Builds all targets, then runs them one after the other, each for this many seconds. If a tool is missing nothing is
/// run: an error if fuzzing is `required`, otherwise it is skipped.
pub(crate) fn run(seconds: u32, required: bool) -> Result<Outcome, String> {
    if let Err(why) = FUZZ.install() {
        return skip_unless(required, &why);
    }
    let root = root()?;
    let fuzz = root.join("fuzz");
    copy_lock(&root, &fuzz).map_err(|e| format!("fuzz/Cargo.lock: {e}"))?;
    cargo_fuzz("build", &[])?;
    for target in TARGETS {
        println!("fuzzing {target} for {seconds} s");
        // libFuzzer adds what it finds to the first folder and only reads the second.
        let (corpus, seeds) = (
            format!("fuzz/corpus/{target}"),
            format!("fuzz/seeds/{target}"),
        );
        fs::create_dir_all(root.join(&corpus)).map_err(|e| format!("{corpus}: {e}"))?;
        cargo_fuzz(
            "run",
            &[
                target,
                &corpus,
                &seeds,
                "--",
                "-dict=fuzz/fuzz.dict",
                "-print_final_stats=1",
                "-timeout=10",
                "-verbosity=0",
                &format!("-max_total_time={seconds}"),
            ],
        )?;
    }
    println!(
        "fuzzed {} for {seconds} s each, nothing found",
        TARGETS.join(", ")
    );
    Ok(Outcome::Done)
}

/// So that the targets are built with the versions that the project is tested with.
fn copy_lock(root: &Path, fuzz: &Path) -> io::Result<()> {
    let (from, to) = (root.join("Cargo.lock"), fuzz.join("Cargo.lock"));
    let newer = |to: fs::Metadata, from: fs::Metadata| Ok(to.modified()? > from.modified()?);
    if fs::metadata(&to)
        .and_then(|to| newer(to, fs::metadata(&from)?))
        .unwrap_or(false)
    {
        return Ok(());
    }
    fs::copy(from, to).map(|_| ())
}

/// Without a sanitizer: this project has no unsafe code, and the C code below it would not be instrumented. We look for
/// panics and wrong verdicts, which are found faster without one. It also makes any compiler suitable.
fn cargo_fuzz(command: &str, arguments: &[&str]) -> Result<(), String> {
    succeed(
        tools::cargo_with_tools()?
            .args(["fuzz", command, "--sanitizer", "none"])
            .args(arguments),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                entry
                    .unwrap()
                    .path()
                    .file_stem()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        names.sort();
        names
    }

    #[test]
    fn every_target_is_run_and_has_seeds() {
        let fuzz = root().unwrap().join("fuzz");
        let mut targets = TARGETS.map(str::to_owned);
        targets.sort();
        assert_eq!(names(&fuzz.join("fuzz_targets")), targets);
        assert_eq!(names(&fuzz.join("seeds")), targets);
        for target in targets {
            assert!(
                names(&fuzz.join("seeds").join(&target)).len() > 5,
                "{target}"
            );
        }
    }
}
