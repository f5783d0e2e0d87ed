//! Source files: not too long, and no promise without a reason.

use super::{Finding, project::Project};

/// Lines that a file of code may have.
const CODE: usize = 500;
/// Lines that a file of tests may have.
const TESTS: usize = 1000;

/// Written like this so that this file is no finding.
const MARKS: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];

/// No file is too long to be read in one go.
pub(super) fn lengths(project: &Project) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for file in project.ending(".rs") {
        let (kind, limit) = if is_test(file) {
            ("tests", TESTS)
        } else {
            ("code", CODE)
        };
        let lines = project.text(file)?.lines().count();
        if lines > limit {
            let what = format!(
                "{lines} lines, but a file of {kind} has at most {limit}: move one idea to a file of its own"
            );
            findings.push(Finding::new(file, limit + 1, what));
        }
    }
    Ok(findings)
}

/// Tests stand in a folder or a file that says so; benchmarks and examples are as free.
fn is_test(file: &str) -> bool {
    file.ends_with("tests.rs")
        || file
            .split('/')
            .any(|part| part.ends_with("tests") || part == "benches" || part == "examples")
}

/// What is left to do has a reason or an issue in brackets: `TODO(#12): what`.
pub(super) fn promises(project: &Project) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    let ends = [".rs", ".toml", ".md", ".sh", ".yaml", ".yml", ".ci/run"];
    for file in project
        .files
        .iter()
        .filter(|file| ends.iter().any(|end| file.ends_with(end)))
    {
        for (index, line) in project.text(file)?.lines().enumerate() {
            if let Some(mark) = MARKS.iter().find(|mark| bare(line, mark)) {
                let what = format!(
                    "{mark} without a reason: write `{mark}(reason or issue): what`, or do it now"
                );
                findings.push(Finding::new(file, index + 1, what));
            }
        }
    }
    Ok(findings)
}

/// Whether the word `mark` stands in `line` without `(reason):` behind it.
fn bare(line: &str, mark: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut before = None;
    let mut parts = line.split(mark);
    let mut last = parts.next().unwrap_or_default();
    for after in parts {
        before = last.chars().next_back().or(before);
        let alone = !before.is_some_and(word) && !after.starts_with(word);
        let reason = after
            .strip_prefix('(')
            .and_then(|rest| rest.split_once("):"));
        if alone && reason.is_none_or(|(reason, _)| reason.trim().is_empty()) {
            return true;
        }
        last = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::project::testing::found;

    #[test]
    fn long_files_are_found() {
        let (short, long, tests) = ("//\n".repeat(500), "//\n".repeat(501), "//\n".repeat(1001));
        let files = [
            ("src/short.rs", short.as_str()),
            ("src/long.rs", &long),
            ("src/long/tests.rs", &long),
            ("server/tests/it/a.rs", &tests),
            ("docs/long.md", &tests),
        ];
        assert_eq!(
            found(lengths, &files),
            [
                "server/tests/it/a.rs:1001: 1001 lines, but a file of tests has at most 1000: move one idea to a file of its own",
                "src/long.rs:501: 501 lines, but a file of code has at most 500: move one idea to a file of its own",
            ]
        );
    }

    #[test]
    fn a_promise_needs_a_reason() {
        let [todo, fixme] = MARKS;
        let good =
            format!("// {todo}(#12): later\n// {fixme}(upstream bug): then\nlet M{todo}S = 1;\n");
        let bad = format!("//\n// {todo}: later\n// {fixme}(): why\n# {todo}(#1) no colon\n");
        assert_eq!(
            found(
                promises,
                &[
                    ("src/good.rs", &good),
                    ("src/bad.rs", &bad),
                    ("seed.bin", todo)
                ]
            ),
            [
                format!(
                    "src/bad.rs:2: {todo} without a reason: write `{todo}(reason or issue): what`, or do it now"
                ),
                format!(
                    "src/bad.rs:3: {fixme} without a reason: write `{fixme}(reason or issue): what`, or do it now"
                ),
                format!(
                    "src/bad.rs:4: {todo} without a reason: write `{todo}(reason or issue): what`, or do it now"
                ),
            ]
        );
    }
}
