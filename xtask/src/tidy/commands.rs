//! Every command in a document is valid.

use super::{Finding, markdown::Markdown, project::Project};

/// The targets, packages, features, files and tasks in commands exist.
pub(super) fn commands(project: &Project) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for file in project.ending(".md") {
        let markdown = Markdown::read(&project.text(file)?);
        let shell = ["console", "sh", "bash", "shell"];
        let fenced = markdown.fenced.into_iter();
        let fenced = fenced.filter(|(_, language, _)| shell.contains(&language.as_str()));
        let lines = fenced.map(|(line, _, code)| (line, code));
        for (line, code) in lines.chain(markdown.spans) {
            for what in problems(project, &code) {
                findings.push(Finding::new(
                    file,
                    line,
                    format!("`{}`: {what}", code.trim()),
                ));
            }
        }
    }
    Ok(findings)
}

/// What is wrong with one line of shell.
fn problems(project: &Project, code: &str) -> Vec<String> {
    let words = code.split_whitespace().take_while(|word| *word != "#");
    let words: Vec<&str> = words.collect();
    let after = |program: &str| {
        // Behind a prompt or settings of variables.
        let start = words.iter().position(|word| *word == program)?;
        let (before, command) = words.split_at(start);
        let settings = |word: &&str| *word == "$" || word.contains('=');
        let starts = before.iter().all(settings);
        starts.then(|| command.iter().copied().skip(1))
    };
    if let Some(mut words) = after("bash") {
        let script = words.next().filter(|script| !script.starts_with('-'));
        let script = script.filter(|script| named(script));
        return missing_file(project, script).into_iter().collect();
    }
    let Some(words) = after("cargo") else {
        return Vec::new();
    };
    let words: Vec<&str> = words.skip_while(|word| word.starts_with('+')).collect();
    match words.split_first() {
        Some((&"xtask", words)) => task(project, words),
        Some((_, words)) => cargo(project, words),
        None => Vec::new(),
    }
}

/// Whether `xtask` itself accepts these words.
fn task(project: &Project, words: &[&str]) -> Vec<String> {
    if !words.first().is_some_and(|name| named(name)) || words.contains(&"--help") {
        return Vec::new();
    }
    // What stands for a name or a number can be one.
    let words = words.iter();
    let words = words.map(|word| if named(word) { word } else { "1" });
    let words = ["xtask"].into_iter().chain(words);
    let Err(error) = project.xtask.clone().try_get_matches_from(words) else {
        return Vec::new();
    };
    let error = error.to_string();
    let first = error.lines().next().unwrap_or_default();
    vec![first.trim_start_matches("error: ").to_owned()]
}

fn cargo(project: &Project, words: &[&str]) -> Vec<String> {
    let words = words.iter().copied().take_while(|word| *word != "--");
    let words: Vec<&str> = words.collect();
    let value = |options: &[&str]| {
        let pairs = words.iter().zip(words.iter().skip(1));
        let mut values = pairs
            .filter(|(option, _)| options.contains(option))
            .map(|(_, value)| *value);
        values.rfind(|value| named(value))
    };
    let mut problems = Vec::new();
    let package = value(&["-p", "--package"]);
    if let Some(name) = package
        && !project.packages.iter().any(|package| package.name == name)
    {
        problems.push(format!("no package {name} in the workspace"));
    }
    let packages = || {
        let packages = project.packages.iter();
        packages.filter(move |candidate| package.is_none_or(|name| candidate.name == name))
    };
    for kind in ["example", "bench", "test", "bin"] {
        if let Some(name) = value(&[&format!("--{kind}")]) {
            let target = (kind.to_owned(), name.to_owned());
            if !packages().any(|package| package.targets.contains(&target)) {
                problems.push(format!("no {kind} {name}"));
            }
        }
    }
    for feature in value(&["-F", "--features"]).unwrap_or_default().split(',') {
        let name = feature.rsplit('/').next().unwrap_or_default().to_owned();
        let mut features = project
            .packages
            .iter()
            .flat_map(|package| &package.features);
        if !name.is_empty() && !features.any(|feature| *feature == name) {
            problems.push(format!("no feature {name}"));
        }
    }
    problems.extend(missing_file(project, value(&["--file", "--manifest-path"])));
    problems
}

fn missing_file(project: &Project, file: Option<&str>) -> Option<String> {
    let file = file.filter(|file| !project.exists(file))?;
    Some(format!("no file {file}"))
}

/// Whether a word is a name, instead of a placeholder for the reader.
fn named(word: &str) -> bool {
    let place = word.contains(['<', '>', '{', '*', '…', '$']) || word.starts_with("..");
    !place && word.chars().any(|c| !c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::project::testing::found;

    /// In a block and in a sentence alike.
    fn problems_of(command: &str) -> String {
        let (text, span) = (
            format!("```console\n$ {command}\n```\n"),
            format!("x\nUse `{command}`.\n"),
        );
        let files = [
            ("README.md", text.as_str()),
            ("docs/x.md", &span),
            (".ci/run", ""),
        ];
        let found = found(commands, &files);
        let (fenced, spans): (Vec<_>, Vec<_>) =
            found.iter().partition(|found| found.starts_with("README"));
        assert_eq!(fenced.len(), spans.len(), "{spans:?}");
        let problems = spans
            .iter()
            .map(|problem| problem.replace(&format!("docs/x.md:2: `{command}`: "), ""));
        problems.collect()
    }

    #[test]
    fn commands_can_be_given() {
        for (command, problem) in [
            ("cargo run --example tour", ""),
            ("cargo run -p sdk --example tour -- --example none", ""),
            ("PATH=x cargo +nightly bench --bench speed", ""),
            ("cargo test --test lists", ""),
            ("cargo build --features axum,sdk/tower", ""),
            ("cargo xtask fuzz --seconds=5", ""),
            ("cargo xtask fuzz --seconds SECONDS", ""),
            ("cargo xtask regen --whatever", ""),
            ("cargo xtask", ""),
            ("cargo fuzz run <target>", ""),
            ("cargo run --example NAME", ""),
            ("cargo test # --test none", ""),
            ("bash .ci/run", ""),
            ("echo cargo xtask none", ""),
            ("cargo run --example none", "no example none"),
            ("cargo run -p tools --example tour", "no example tour"),
            ("cargo bench --bench none", "no bench none"),
            ("cargo test --test tour", "no test tour"),
            (
                "cargo run --package none",
                "no package none in the workspace",
            ),
            ("cargo check --features axum,none", "no feature none"),
            ("cargo mutants --file src/none.rs", "no file src/none.rs"),
            ("cargo xtask none", "unrecognized subcommand 'none'"),
            (
                "cargo xtask fuzz --minutes 1",
                "unexpected argument '--minutes' found",
            ),
            ("bash .ci/walk", "no file .ci/walk"),
        ] {
            assert_eq!(problems_of(command), problem, "{command}");
        }
    }
}
