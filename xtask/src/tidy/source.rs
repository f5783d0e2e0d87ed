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
