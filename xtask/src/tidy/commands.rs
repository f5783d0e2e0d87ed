//! Every command in a document is valid.

use super::{Found, markdown::Markdown, project::Project};

/// The targets, packages, features, files and tasks in commands exist.
pub(super) fn commands(project: &Project) -> Found {
    project.each(&[".md"], |_, text, find| {
        let markdown = Markdown::read(text);
        let shell = |language: &str| ["console", "sh", "bash", "shell"].contains(&language);
        let fenced = markdown
            .fenced
            .into_iter()
            .filter(|(_, language, _)| shell(language));
        let fenced = fenced.map(|(line, _, code)| (line, code));
        for (line, code) in fenced.chain(markdown.spans) {
            for what in problems(project, &code) {
                find(line, format!("`{}`: {what}", code.trim()));
            }
        }
        Ok(())
    })
}

/// What is wrong with one line of shell.
fn problems(project: &Project, code: &str) -> Vec<String> {
    let words = code.split_whitespace().take_while(|word| *word != "#");
    // Behind a prompt or settings of variables.
    let mut words = words.skip_while(|word| *word == "$" || word.contains('='));
    let program = words.next();
    let words: Vec<&str> = words.skip_while(|word| word.starts_with('+')).collect();
    match (program, words.as_slice()) {
        (Some("bash"), [script, ..]) if !script.starts_with('-') && named(script) => {
            unless(project.exists(script), "file", script)
                .into_iter()
                .collect()
        }
        (Some("cargo"), ["xtask", words @ ..]) => task(project, words),
        (Some("cargo"), [_, words @ ..]) => cargo(project, words),
        _ => Vec::new(),
    }
}

/// Whether `xtask` itself accepts these words.
fn task(project: &Project, words: &[&str]) -> Vec<String> {
    if !words.first().is_some_and(|name| named(name)) || words.contains(&"--help") {
        return Vec::new();
    }
    // What stands for a name or a number can be one.
    let words = words
        .iter()
        .map(|word| if named(word) { word } else { "1" });
    let words = ["xtask"].into_iter().chain(words);
    let error = project.xtask.clone().try_get_matches_from(words).err();
    let error = error.map(|error| error.to_string()).unwrap_or_default();
    let first = error.lines().next();
    first
        .map(|line| line.trim_start_matches("error: ").to_owned())
        .into_iter()
        .collect()
}

fn cargo(project: &Project, words: &[&str]) -> Vec<String> {
    let words: Vec<&str> = words
        .iter()
        .copied()
        .take_while(|word| *word != "--")
        .collect();
    let options = words
        .iter()
        .zip(words.iter().skip(1))
        .filter(|(_, value)| named(value));
    let mut packages = options
        .clone()
        .filter(|(option, _)| ["-p", "--package"].contains(option));
    let package = packages.next().map(|(_, name)| *name);
    let all = || project.packages.iter();
    let problem = |(option, value): (&&str, &&str)| match *option {
        "-p" | "--package" => unless(
            all().any(|package| package.name == *value),
            "package",
            value,
        )
        .map(|problem| problem + " in the workspace"),
        "--example" | "--bench" | "--test" | "--bin" => {
            let kind = option.trim_start_matches('-');
            let mut packages =
                all().filter(|candidate| package.is_none_or(|name| candidate.name == name));
            let known = packages.any(|package| {
                let mut targets = package.targets.iter();
                targets
                    .any(|target| target.name == *value && target.kind.iter().any(|of| of == kind))
            });
            unless(known, kind, value)
        }
        "-F" | "--features" => value.split(',').find_map(|feature| {
            let name = feature.rsplit('/').next().unwrap_or_default();
            unless(
                all().any(|package| package.features.contains_key(name)),
                "feature",
                name,
            )
        }),
        "--file" | "--manifest-path" => unless(project.exists(value), "file", value),
        _ => None,
    };
    options.filter_map(problem).collect()
}

fn unless(known: bool, kind: &str, name: &str) -> Option<String> {
    (!known).then(|| format!("no {kind} {name}"))
}

/// Whether a word is a name, instead of a placeholder for the reader.
fn named(word: &str) -> bool {
    let place = word.contains(['<', '>', '{', '*', '…', '$']) || word.starts_with("..");
    !place && word.chars().any(|c| !c.is_ascii_uppercase())
}
