//! What a build took.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

/// What one build took.
pub(super) struct Cost {
    /// Packages that were compiled.
    pub(super) crates: usize,
    /// Libraries among them that were compiled twice: for the program and for build scripts.
    pub(super) twice: usize,
    /// Seconds of all processes, in user and in system mode.
    pub(super) cpu: f64,
    /// Seconds on the clock.
    pub(super) wall: f64,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            crates,
            twice,
            cpu,
            wall,
        } = self;
        write!(
            f,
            "{crates} crates, {twice} of them twice, {cpu:.1} CPU s, {wall:.1} s"
        )
    }
}

/// Runs `cargo`, which prints JSON messages. A shell knows the times of its children.
pub(super) fn build(cargo: &Command, folder: &Path) -> Result<Cost, String> {
    let mut shell = Command::new("sh");
    shell
        .current_dir(folder)
        .env("LC_ALL", "C")
        .args(["-c", "\"$@\"; code=$?; echo; times; exit $code", "sh"])
        .arg(cargo.get_program())
        .args(cargo.get_args());
    for (name, value) in cargo.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let started = Instant::now();
    let output = shell.output().map_err(|e| format!("sh: {e}"))?;
    let wall = started.elapsed().as_secs_f64();
    if !output.status.success() {
        return Err(format!(
            "the build failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let cpu = text
        .lines()
        .last()
        .and_then(seconds)
        .ok_or("the shell told no times")?;
    let (crates, twice) = crates(&text);
    Ok(Cost {
        crates,
        twice,
        cpu,
        wall,
    })
}

/// The sum of a line like `1m2.25s 0m3.50s`.
fn seconds(line: &str) -> Option<f64> {
    let times = line.split_whitespace().map(|time| {
        let (minutes, seconds) = time.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    });
    times.sum()
}

/// How many packages were compiled, and how many of them have a library that was compiled twice.
fn crates(messages: &str) -> (usize, usize) {
    let mut libraries: BTreeMap<String, usize> = BTreeMap::new();
    for line in messages.lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        if message.get("reason").and_then(Value::as_str) != Some("compiler-artifact") {
            continue;
        }
        let package = message.get("package_id").and_then(Value::as_str);
        let kind = message.pointer("/target/kind/0").and_then(Value::as_str);
        let count = libraries.entry(package.unwrap_or_default().to_owned());
        *count.or_default() += usize::from(matches!(kind, Some("lib" | "rlib")));
    }
    let twice = libraries.values().filter(|count| **count > 1).count();
    (libraries.len(), twice)
}

/// The one in the middle.
pub(super) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The smallest one.
pub(super) fn least(numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(f64::NAN, f64::min)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn times_of_a_shell_are_added() {
        assert!((seconds("1m2.250000s 0m3.5s").unwrap() - 65.75).abs() < 1e-9);
        assert_eq!(seconds("nonsense"), None);
    }

    #[test]
    fn median_and_least_are_no_outliers() {
        assert!((least(&[9.0, 1.0, 2.0]) - 1.0).abs() < 1e-9);
        assert!((median(&[9.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_library_can_be_compiled_twice() {
        let messages = r#"
{"reason":"compiler-artifact","package_id":"a","target":{"kind":["lib"]}}
{"reason":"compiler-artifact","package_id":"a","target":{"kind":["custom-build"]}}
{"reason":"compiler-artifact","package_id":"b","target":{"kind":["lib"]}}
{"reason":"compiler-artifact","package_id":"b","target":{"kind":["lib"]}}
{"reason":"build-finished","success":true}
0m0.1s 0m0.1s"#;
        assert_eq!(crates(messages), (2, 1));
    }

    #[test]
    fn a_failed_build_is_an_error() {
        let mut cargo = Command::new("sh");
        cargo.args(["-c", "echo why >&2; exit 3"]);
        let error = build(&cargo, Path::new(".")).err().unwrap();
        assert!(error.contains("why"), "{error}");
    }
}
