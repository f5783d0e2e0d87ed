//! Each rule on small projects.

#![allow(clippy::unwrap_used)]

use std::fs;

use clap::{Arg, Command};

use super::*;

/// `=== ` begins a project and says what it shows, `--- ` a file of it; what is found comes last.
const CASES: [(Rule, &str); 7] = [
    (commands::commands, include_str!("cases/commands.txt")),
    (fidelity::evidence, include_str!("cases/evidence.txt")),
    (links::examples, include_str!("cases/examples.txt")),
    (links::links, include_str!("cases/links.txt")),
    (manifest::features, include_str!("cases/features.txt")),
    (manifest::versions, include_str!("cases/versions.txt")),
    (source::promises, include_str!("cases/promises.txt")),
];

#[test]
fn rules_find_what_is_wrong() {
    for (rule, projects) in CASES {
        for project in projects.split("=== ").skip(1) {
            let (what, files) = project.split_once("\n--- ").unwrap();
            let files = files.split("\n--- ");
            let mut files: Vec<_> = files
                .map(|file| file.split_once('\n').unwrap_or((file, "")))
                .collect();
            let (_, expected) = files.pop().unwrap();
            let found = found(rule, &files).join("\n");
            assert_eq!(found, expected.trim_end(), "{what}");
        }
    }
}

/// In `layers.cases` each line is a file below `server/src`, its text with `\n` for the end of a line, and how what is
/// found begins. Lines with a `#` explain.
#[test]
fn imports_go_down_only() {
    let lines = include_str!("cases/layers.cases").lines();
    let mut forms = 0;
    for case in lines.filter(|line| !line.starts_with('#')) {
        let (file, text) = case.split_once('|').unwrap();
        let (text, expected) = text.split_once("=>").unwrap();
        let (file, expected) = (format!("server/src/{}", file.trim()), expected.trim());
        let text = text.trim().replace("\\n", "\n");
        let found = found(layers::layers, &[(&file, &text)]).concat();
        let found = found.replace(&format!("{file}:"), "");
        assert!(found.starts_with(expected), "{case}: {found}");
        assert_eq!(found.is_empty(), expected.is_empty(), "{case}: {found}");
        forms += usize::from(!expected.is_empty());
    }
    assert!(forms > 20, "{forms}");
    // Other crates have no layers.
    let other = [("src/store.rs", "use crate::http;")];
    assert_eq!(found(layers::layers, &other), [""; 0]);
}

#[test]
fn long_files_are_found() {
    let (long, tests) = ("//\n".repeat(501), "//\n".repeat(1001));
    let files = [
        ("src/short.rs", long.split_at(3).1),
        ("src/long.rs", &long),
        ("src/long/tests.rs", &long),
        ("server/tests/it/a.rs", &tests),
        ("docs/long.md", &tests),
    ];
    assert_eq!(
        found(source::lengths, &files),
        [
            "server/tests/it/a.rs:1001: 1001 lines, at most 1000 are read in one go: split it",
            "src/long.rs:501: 501 lines, at most 500 are read in one go: split it",
        ]
    );
}

/// What `rule` finds in a project of these files, line by line.
fn found(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let all = Arg::new("all").num_args(0..).trailing_var_arg(true);
    let xtask = Command::new("xtask")
        .subcommand(Command::new("tidy"))
        .subcommand(Command::new("fuzz").arg(Arg::new("seconds").long("seconds")))
        .subcommand(Command::new("regen").arg(all.allow_hyphen_values(true)));
    let packages = serde_json::from_str(include_str!("cases/packages.json")).unwrap();
    let project = Project::read(folder.path(), packages, xtask).unwrap();
    let findings = rule(&project).unwrap();
    findings.iter().map(ToString::to_string).collect()
}
