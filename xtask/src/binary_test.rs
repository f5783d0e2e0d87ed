//! `cargo xtask binary-test`: the SDK's tests that need a server, against the server binary.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::run::{Outcome, cargo, metadata, root, server_binary, succeed};

/// The test programs that start a server, wherever they are in the workspace.
const SUITE: [&str; 11] = [
    "axum",
    "blocking",
    "bulk",
    "http",
    "lists",
    "management",
    "middleware",
    "secrets",
    "switch",
    "tower",
    "verification",
];

/// Builds the server, runs the suite against it, and reports what ran where.
pub(crate) fn run() -> Result<Outcome, String> {
    let root = root()?;
    let folder = metadata(&root)?.target_directory.join("binary-test");
    let report = folder.join("report.txt");
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    fs::write(&report, "").map_err(|e| format!("{}: {e}", report.display()))?;
    let server = server_binary(&root)?;
    let tests = SUITE.iter().flat_map(|name| ["--test", name]);
    // The whole workspace, so that nothing is compiled with other features than by `cargo test --workspace`.
    succeed(
        cargo()
            .current_dir(&root)
            .args(["test", "--quiet", "--workspace"])
            .args(tests)
            .env("INSTA_UPDATE", "no")
            .env("PASSAGE_TEST_SERVER", server)
            .env("PASSAGE_TEST_SERVER_REPORT", &report),
    )?;
    let text = read(&report)?;
    println!("{}", summary(&text)?);
    Ok(Outcome::Done)
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))
}

/// How many tests used the binary, and which ones only use servers in their own process. Fails if a program of the
/// suite started no server: it would have passed whatever the binary does.
fn summary(report: &str) -> Result<String, String> {
    let lines = || {
        report.lines().filter_map(|line| {
            let mut cells = line.split('\t');
            Some((cells.next()?, cells.next()?, cells.next()?))
        })
    };
    let binary = || lines().filter(|(kind, ..)| *kind == "binary");
    let reached: BTreeSet<_> = binary().map(|(_, target, _)| target).collect();
    let idle: Vec<_> = SUITE
        .iter()
        .filter(|name| !reached.contains(**name))
        .collect();
    if !idle.is_empty() {
        return Err(format!("never started the binary: {idle:?}"));
    }
    let tests: BTreeSet<_> = binary().collect();
    let servers = binary().count();
    let mut text = format!(
        "{} tests in {} programs ran against the binary, which was started {servers} times.",
        tests.len(),
        reached.len()
    );
    let others: Vec<_> = lines().filter(|(kind, ..)| *kind == "in process").collect();
    text.push_str(&format!(
        "\nFiles whose tests keep to a server in their own process: {}.",
        others.len()
    ));
    for (_, file, reason) in others {
        text.push_str(&format!("\n  {file}: {reason}"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The test programs that a file below the root belongs to. What they share is in a folder without a `main.rs`.
    fn program(file: &str) -> Option<&str> {
        let file = file.strip_prefix("examples/actix/").unwrap_or(file);
        let file = file.strip_prefix("tests/server/").unwrap_or(file);
        let file = file.strip_prefix("tests/")?;
        let name = file.split('/').next()?;
        Some(name.strip_suffix(".rs").unwrap_or(name))
    }

    fn users(root: &Path, folder: &str, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                users(root, &name, found);
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(entry.path()).unwrap();
                let uses = ["passage_test_server", "mod web;"];
                if uses.iter().any(|text_of_use| text.contains(text_of_use)) {
                    found.extend(program(&name).map(str::to_owned));
                }
            }
        }
    }

    #[test]
    fn every_program_that_uses_the_switch_is_in_the_suite() {
        let root = root().unwrap();
        let mut found = BTreeSet::new();
        users(&root, "tests", &mut found);
        users(&root, "examples/actix/tests", &mut found);
        // It is part of those that say `mod web`.
        assert!(found.remove("web"));
        assert_eq!(found, SUITE.map(str::to_owned).into());
    }

    #[test]
    fn what_ran_where_is_said_and_an_idle_program_fails() {
        let mut report: String = SUITE.map(|name| format!("binary\t{name}\tone\n")).concat();
        report.push_str("binary\tlists\tone\nbinary\tlists\ttwo\nin process\ta.rs\tit must\n");
        assert_eq!(
            summary(&report).unwrap(),
            "12 tests in 11 programs ran against the binary, which was started 13 times.\n\
             Files whose tests keep to a server in their own process: 1.\n  a.rs: it must"
        );
        let idle = summary("binary\tlists\tone\n").unwrap_err();
        assert!(
            idle.contains("\"bulk\"") && !idle.contains("\"lists\""),
            "{idle}"
        );
    }
}
