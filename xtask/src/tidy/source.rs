//! Source files: not too long, and no open tasks without a reason.

use regex::Regex;

use super::{Found, project::Project};

/// No file is too long to be read at once.
pub(super) fn lengths(project: &Project) -> Found {
    // Tests stand in a folder or a file that says so; benchmarks and examples are as free.
    let free = Regex::new(r"tests\.rs$|tests/|(^|/)(benches|examples)/")?;
    project.each(&[".rs"], |file, text, find| {
        let limit = if free.is_match(file) { 1000 } else { 500 };
        let lines = text.lines().count();
        if lines > limit {
            let what = format!("{lines} lines, at most {limit} are read in one go: split it");
            find(limit + 1, what);
        }
        Ok(())
    })
}

/// Open tasks have a reason or an issue in brackets: `TODO(#12): what`.
pub(super) fn promises(project: &Project) -> Found {
    // Written like this so that this file is no finding.
    let mark = Regex::new(r"\b(TO[D]O|FIX[M]E)\b(\(\s*[^\s)].*?\):)?")?;
    let ends = [".rs", ".toml", ".md", ".sh", ".yaml", ".yml", ".ci/run"];
    project.each(&ends, |_, text, find| {
        for (index, line) in text.lines().enumerate() {
            for found in mark
                .captures_iter(line)
                .filter(|found| found.get(2).is_none())
            {
                let mark = found.get(1).map_or("", |mark| mark.as_str());
                let how = format!("write `{mark}(reason or issue): what`");
                find(index + 1, format!("{mark} without a reason: {how}"));
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::project::testing::found;

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
            found(lengths, &files),
            [
                "server/tests/it/a.rs:1001: 1001 lines, at most 1000 are read in one go: split it",
                "src/long.rs:501: 501 lines, at most 500 are read in one go: split it",
            ]
        );
    }

    #[test]
    fn what_is_left_to_do_needs_a_reason() {
        let [todo, fixme] = [["TO", "DO"], ["FIX", "ME"]].map(|parts| parts.concat());
        let good = format!("// {todo}(#12): later\n// {fixme}(a bug): then\nlet M{todo}S = 1;\n");
        let bad = format!("//\n// {todo}: later\n// {fixme}(): why\n# {todo}(#1) no colon\n");
        let files = [
            ("src/good.rs", good.as_str()),
            ("src/bad.rs", &bad),
            ("seed.bin", &todo),
        ];
        let found = found(promises, &files);
        let places = found.iter().filter_map(|found| found.split(' ').next());
        let all = ["src/bad.rs:2:", "src/bad.rs:3:", "src/bad.rs:4:"];
        assert!(places.eq(all), "{found:?}");
    }
}
