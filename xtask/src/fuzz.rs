//! `cargo xtask fuzz`: every fuzz target for some seconds.

use std::fs;

use xshell::{Cmd, Shell, cmd};

use crate::run::Result;
use crate::tools::FUZZ;

/// Builds all targets, then runs one after the other, each for so many seconds. Skipped without cargo-fuzz.
pub(crate) fn run(seconds: u32) -> Result {
    FUZZ.with(|sh| {
        copy_lock(sh)?;
        fuzz(sh, "build").run()?;
        let targets = stems(sh, "fuzz/fuzz_targets")?;
        for target in &targets {
            println!("fuzzing {target} for {seconds} s");
            // libFuzzer adds what it finds to the first folder and only reads the second.
            let folders = ["corpus", "seeds"].map(|folder| format!("fuzz/{folder}/{target}"));
            sh.create_dir(&folders[0])?;
            let run = fuzz(sh, "run").arg(target).args(folders);
            let run = run.args(["--", "-dict=fuzz/fuzz.dict", "-print_final_stats=1"]);
            let run = run.args(["-timeout=10", "-verbosity=0"]);
            run.arg(format!("-max_total_time={seconds}")).run()?;
        }
        println!(
            "fuzzed {} for {seconds} s each, nothing found",
            targets.join(", ")
        );
        Ok(())
    })
}

/// So that the targets are built with the versions that the project is tested with.
fn copy_lock(sh: &Shell) -> Result {
    let (from, to) = ("Cargo.lock", "fuzz/Cargo.lock");
    let changed = |file| fs::metadata(sh.current_dir().join(file))?.modified();
    if !changed(to).is_ok_and(|to| changed(from).is_ok_and(|from| to > from)) {
        sh.copy_file(from, to)?;
    }
    Ok(())
}

/// Without a sanitizer: this project has no unsafe code, and the C code below it would not be instrumented. We look for
/// panics and wrong verdicts, which are found faster without one. It also makes any compiler suitable.
fn fuzz<'a>(sh: &'a Shell, command: &str) -> Cmd<'a> {
    cmd!(sh, "cargo fuzz {command} --sanitizer none")
}

/// The names in a folder, without what is behind a dot, in order.
fn stems(sh: &Shell, folder: &str) -> Result<Vec<String>> {
    let paths = sh.read_dir(folder)?;
    let stems = paths
        .iter()
        .filter_map(|path| path.file_stem()?.to_str().map(str::to_owned));
    Ok(stems.collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_target_has_seeds() {
        let sh = crate::run::shell().unwrap();
        let targets = stems(&sh, "fuzz/fuzz_targets").unwrap();
        assert_eq!(targets, ["authorization", "cookie", "jwks", "token"]);
        assert_eq!(stems(&sh, "fuzz/seeds").unwrap(), targets);
        for target in targets {
            let seeds = sh.read_dir(format!("fuzz/seeds/{target}")).unwrap();
            assert!(seeds.len() > 5, "{target}");
        }
    }
}
