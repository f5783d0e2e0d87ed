//! Source files: not too long, and no open tasks without a reason.

use super::{Finding, project::Project};

/// Lines that a file of code may have, and one of tests.
const LIMITS: (usize, usize) = (500, 1000);

/// Written like this so that this file is no finding.
const MARKS: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];

/// No file is too long to be read at once.
pub(super) fn lengths(project: &Project) -> Result<Vec<Finding>, String> {
    // Tests stand in a folder or a file that says so; benchmarks and examples are as free.
    let free = |part: &str| part.ends_with("tests") || part == "benches" || part == "examples";
    let mut findings = Vec::new();
    for file in project.ending(".rs") {
        let tests = file.ends_with("tests.rs") || file.split('/').any(free);
        let limit = if tests { LIMITS.1 } else { LIMITS.0 };
        let lines = project.text(file)?.lines().count();
        if lines > limit {
            let what = format!("{lines} lines, at most {limit} are read in one go: split it");
            findings.push(Finding::new(file, limit + 1, what));
        }
    }
    Ok(findings)
}

/// Open tasks have a reason or an issue in brackets: `TODO(#12): what`.
pub(super) fn promises(project: &Project) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for file in &project.files {
        let ends = [".rs", ".toml", ".md", ".sh", ".yaml", ".yml", ".ci/run"];
        if !ends.iter().any(|end| file.ends_with(end)) {
            continue;
        }
        for (index, line) in project.text(file)?.lines().enumerate() {
            for mark in MARKS.iter().filter(|mark| bare(line, mark)) {
                let what =
                    format!("{mark} without a reason: write `{mark}(reason or issue): what`");
                findings.push(Finding::new(file, index + 1, what));
            }
        }
    }
    Ok(findings)
}

/// Whether the word `mark` stands in `line` without `(reason):` behind it.
fn bare(line: &str, mark: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(mark).any(|(at, _)| {
        let (before, after) = line.split_at(at);
        let after = after.trim_start_matches(mark);
        let reason = after
            .strip_prefix('(')
            .and_then(|rest| rest.split_once("):"));
        let reason = reason.is_some_and(|(reason, _)| !reason.trim().is_empty());
        !before.ends_with(word) && !after.starts_with(word) && !reason
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::project::testing::found;

    #[test]
    fn long_files_are_found() {
        let (long, tests) = ("//\n".repeat(501), "//\n".repeat(1001));
        let short = long.split_at(3).1;
        let files = [
            ("src/short.rs", short),
            ("src/long.rs", &long),
            ("src/long/tests.rs", &long),
            ("server/tests/it/a.rs", &tests),
            ("docs/long.md", &tests),
        ];
        let [first, second] = &found(lengths, &files)[..] else {
            panic!("not two")
        };
        assert!(
            first.starts_with("server/tests/it/a.rs:1001: 1001 lines, at most 1000"),
            "{first}"
        );
        assert!(
            second.starts_with("src/long.rs:501: 501 lines, at most 500"),
            "{second}"
        );
    }

    #[test]
    fn what_is_left_to_do_needs_a_reason() {
        let [todo, fixme] = MARKS;
        let good = format!("// {todo}(#12): later\n// {fixme}(a bug): then\nlet M{todo}S = 1;\n");
        let bad = format!("//\n// {todo}: later\n// {fixme}(): why\n# {todo}(#1) no colon\n");
        let files = [
            ("src/good.rs", good.as_str()),
            ("src/bad.rs", &bad),
            ("seed.bin", todo),
        ];
        let found = found(promises, &files);
        let places = found.iter().filter_map(|found| found.split(' ').next());
        assert!(
            places.eq(["src/bad.rs:2:", "src/bad.rs:3:", "src/bad.rs:4:"]),
            "{found:?}"
        );
    }
}
