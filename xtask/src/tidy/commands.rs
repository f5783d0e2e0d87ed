//! Every command in a document is valid.

use super::{Found, markdown::Markdown, project::Project};
use crate::run::Package;

/// The targets, packages, features, files and tasks in commands exist.
pub(super) fn commands(project: &Project) -> Found {
    project.each(&[".md"], |_, text, find| {
        for (line, code) in Markdown::read(text).code {
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
            let known = project.exists(script);
            (!known)
                .then(|| format!("no file {script}"))
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
    let Err(error) = project.xtask.clone().try_get_matches_from(words) else {
        return Vec::new();
    };
    let error = error.to_string();
    let first = error.lines().next().unwrap_or_default();
    vec![first.trim_start_matches("error: ").to_owned()]
}

fn cargo(project: &Project, words: &[&str]) -> Vec<String> {
    let words = words.iter().copied().take_while(|word| *word != "--");
    let options = words.clone().zip(words.skip(1));
    let options: Vec<_> = options.filter(|(_, value)| named(value)).collect();
    let mut packages = options.iter();
    let package = packages.find(|(option, _)| ["-p", "--package"].contains(option));
    let mut problems = Vec::new();
    for &(option, value) in &options {
        let all = || project.packages.iter();
        let kind = option.trim_start_matches('-');
        match option {
            "-p" | "--package" if !all().any(|package| package.name == value) => {
                problems.push(format!("no package {value} in the workspace"));
            }
            "--example" | "--bench" | "--test" | "--bin" => {
                let of =
                    |candidate: &&Package| package.is_none_or(|(_, name)| candidate.name == *name);
                let mut targets = all().filter(of).flat_map(|package| &package.targets);
                if !targets
                    .any(|target| target.name == value && target.kind.iter().any(|of| of == kind))
                {
                    problems.push(format!("no {kind} {value}"));
                }
            }
            "-F" | "--features" => {
                let mut names = value.split(',').filter_map(|name| name.rsplit('/').next());
                let unknown = names.find(|name| !all().any(|p| p.features.contains_key(*name)));
                problems.extend(unknown.map(|name| format!("no feature {name}")));
            }
            "--file" | "--manifest-path" if !project.exists(value) => {
                problems.push(format!("no file {value}"));
            }
            _ => {}
        }
    }
    problems
}

/// Whether a word is a name, instead of a placeholder for the reader.
fn named(word: &str) -> bool {
    let place = word.contains(['<', '>', '{', '*', '…', '$']) || word.starts_with("..");
    !place && word.chars().any(|c| !c.is_ascii_uppercase())
}
