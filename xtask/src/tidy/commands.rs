//! Every command that a document names can be given.

use super::{Finding, markdown::Markdown, project::Project};

/// Targets, packages, features, files and tasks that commands name exist.
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
    let words: Vec<&str> = code
        .split_whitespace()
        .take_while(|word| *word != "#")
        .collect();
    let after = |program: &str| {
        // Behind a prompt or settings of variables.
        let start = words.iter().position(|word| *word == program)?;
        let (before, command) = words.split_at(start);
        let settings = |word: &&str| *word == "$" || word.contains('=');
        before
            .iter()
            .all(settings)
            .then(|| command.iter().copied().skip(1))
    };
    if let Some(mut words) = after("bash") {
        let script = words
            .next()
            .filter(|script| named(script) && !script.starts_with('-'));
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

fn task(project: &Project, words: &[&str]) -> Vec<String> {
    let Some((name, words)) = words.split_first().filter(|(name, _)| named(name)) else {
        return Vec::new();
    };
    let tasks = || project.xtask.get_subcommands();
    let Some(task) = tasks().find(|task| task.get_name() == *name) else {
        let known: Vec<&str> = tasks().map(clap::Command::get_name).collect();
        return vec![format!("no task {name}, there are {}", known.join(", "))];
    };
    // It hands all arguments to another program.
    if task.get_arguments().any(clap::Arg::is_trailing_var_arg_set) {
        return Vec::new();
    }
    let flags = words.iter().filter_map(|word| word.strip_prefix("--"));
    flags
        .map(|flag| flag.split_once('=').map_or(flag, |(flag, _)| flag))
        .filter(|flag| {
            *flag != "help"
                && !task
                    .get_arguments()
                    .any(|known| known.get_long() == Some(flag))
        })
        .map(|flag| format!("`{name}` has no option --{flag}"))
        .collect()
}

fn cargo(project: &Project, words: &[&str]) -> Vec<String> {
    let words: Vec<&str> = words
        .iter()
        .copied()
        .take_while(|word| *word != "--")
        .collect();
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
        if !name.is_empty()
            && !project
                .packages
                .iter()
                .any(|package| package.features.contains(&name))
        {
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

/// Whether a word names something, instead of standing for what the reader puts there.
fn named(word: &str) -> bool {
    let place = word.contains(['<', '>', '{', '*', '…', '$']) || word.starts_with("..");
    !place && word.chars().any(|c| !c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::project::testing::found;

    fn problems_of(command: &str) -> Vec<String> {
        let text = format!("```console\n$ {command}\n```\n");
        let span = format!("x\nUse `{command}`.\n");
        let files = [
            ("README.md", text.as_str()),
            ("docs/x.md", &span),
            (".ci/run", ""),
        ];
        let problems = found(commands, &files);
        let (fenced, spans): (Vec<_>, Vec<_>) = problems
            .into_iter()
            .partition(|problem| problem.starts_with("README.md:2: "));
        assert_eq!(fenced.len(), spans.len(), "{spans:?}");
        let place = format!("docs/x.md:2: `{command}`: ");
        spans
            .iter()
            .map(|problem| problem.replace(&place, ""))
            .collect()
    }

    #[test]
    fn commands_that_can_be_given_pass() {
        for command in [
            "cargo run --example tour",
            "cargo run -p sdk --example tour -- --example none",
            "PATH=x cargo +nightly bench --bench speed",
            "cargo test --test lists",
            "cargo build --features axum,sdk/tower",
            "cargo xtask fuzz --seconds=5",
            "cargo xtask regen --whatever",
            "cargo xtask",
            "cargo fuzz run <target>",
            "cargo run --example NAME",
            "cargo test # --test none",
            "bash .ci/run",
            "echo cargo xtask none",
        ] {
            assert_eq!(problems_of(command), [""; 0], "{command}");
        }
    }

    #[test]
    fn commands_that_cannot_be_given_are_found() {
        for (command, problem) in [
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
            (
                "cargo xtask none",
                "no task none, there are tidy, fuzz, regen",
            ),
            (
                "cargo xtask fuzz --minutes 1",
                "`fuzz` has no option --minutes",
            ),
            ("bash .ci/walk", "no file .ci/walk"),
        ] {
            assert_eq!(problems_of(command), [problem], "{command}");
        }
    }
}
