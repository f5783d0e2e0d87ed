//! How long generating takes, and what makes it happen again.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Instant, SystemTime};

use super::consumer::Consumer;

/// Seconds of the build script in the folder of the crate, several times.
pub(super) fn generation(
    consumer: &Consumer,
    package: &Path,
    runs: usize,
) -> Result<Vec<f64>, String> {
    let script = consumer.build_script()?;
    let out = package.join("generated-again");
    fs::create_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    (0..runs)
        .map(|_| {
            let started = Instant::now();
            let output = Command::new(&script)
                .current_dir(package)
                .env("OUT_DIR", &out)
                .output()
                .map_err(|e| format!("{}: {e}", script.display()))?;
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into_owned());
            }
            Ok(started.elapsed().as_secs_f64())
        })
        .collect()
}

/// What a build does after a change of a file: whether it generates, whether it compiles us.
const CHANGES: [(Option<&str>, bool, bool); 6] = [
    (None, false, false),
    (Some("LICENSE"), false, false),
    (Some("openapi/PROVENANCE.md"), false, false),
    (Some("openapi/management.yaml"), false, false),
    (Some("src/lib.rs"), false, true),
    (Some("openapi/effective/auth.json"), true, true),
];

/// Changes one file after the other. An error if a build then does more or less than it should.
pub(super) fn reasons(consumer: &Consumer, package: &Path) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    for (file, generates, compiles) in CHANGES {
        if let Some(file) = file {
            let path = package.join(file);
            File::options()
                .append(true)
                .open(&path)
                .and_then(|file| file.set_modified(SystemTime::now()))
                .map_err(|e| format!("{}: {e}", path.display()))?;
        }
        let output = consumer
            .cargo(&["build", "--offline", "--verbose"])
            .output()
            .map_err(|e| format!("cargo: {e}"))?;
        let log = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(log.into_owned());
        }
        let file = file.unwrap_or("nothing");
        let did = work(&log);
        if did != (generates, compiles) {
            return Err(format!(
                "after a change of {file} (generates, compiles) should be {:?}, is {did:?}:\n{log}",
                (generates, compiles)
            ));
        }
        lines.push(match did {
            (true, _) => format!("`{file}` changed: the code is generated again"),
            (false, true) => format!("`{file}` changed: compiled, nothing is generated"),
            (false, false) => format!("`{file}` changed: all is fresh"),
        });
    }
    Ok(lines)
}

/// Whether a verbose build ran our build script, and whether it compiled our library.
fn work(log: &str) -> (bool, bool) {
    let ours = |line: &&str| line.contains("passage-identity") || line.contains("passage_identity");
    let running: Vec<&str> = log
        .lines()
        .filter(|line| line.trim_start().starts_with("Running"))
        .filter(ours)
        .collect();
    let script = |line: &&str| line.contains("build-script-build`");
    let library = |line: &&str| line.contains("--crate-name passage_identity ");
    (running.iter().any(script), running.iter().any(library))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verbose_log_tells_what_was_done() {
        let fresh =
            "       Fresh passage-identity v0.1.0 (/x)\n       Fresh consumer v0.0.0 (/y)\n";
        assert_eq!(work(fresh), (false, false));
        let script = "     Running `/t/debug/build/passage-identity-1f/build-script-build`\n";
        let library = "     Running `/bin/rustc --crate-name passage_identity --edition=2024`\n";
        assert_eq!(work(script), (true, false));
        assert_eq!(work(library), (false, true));
        assert_eq!(work(&format!("{script}{library}")), (true, true));
        let other = "     Running `/t/debug/build/aws-lc-sys-1f/build-script-build`\n";
        assert_eq!(work(other), (false, false));
    }
}
