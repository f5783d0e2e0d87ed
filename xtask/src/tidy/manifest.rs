//! The documents say what the manifests say.

use regex::{Regex, escape};

use super::{Finding, Found, markdown::Markdown, project::Project};

const README: &str = "README.md";

/// The README names the oldest compiler of every published package, and no other; wherever a package is named with a
/// version, it is the current one.
pub(super) fn versions(project: &Project) -> Found {
    let compiler = Regex::new(r"Rust (\d+(?:\.\d+)+)")?;
    let known = |rust: &str| {
        let mut versions = project
            .packages
            .iter()
            .map(|package| package.rust_version.as_deref());
        versions.any(|version| version == Some(rust))
    };
    let mut packages = Vec::new();
    for package in project.published() {
        // `name = "1.2"`, `name = { version = "1.2", .. }` and `name@1.2`.
        let before = format!(r#"{}(?: = "| = .*version = "|@)"#, escape(&package.name));
        packages.push((
            package,
            Regex::new(&format!(r"{before}[=^~]?(\d+(?:\.\d+)*)"))?,
        ));
    }
    let mut findings = project.each(&[".md"], |file, text, find| {
        for (index, line) in text.lines().enumerate().filter(|_| file != "CHANGELOG.md") {
            for (_, [rust]) in compiler.captures_iter(line).map(|found| found.extract()) {
                if file == README && !known(rust) {
                    let what = format!("Rust {rust} is the rust-version of no package: correct it");
                    find(index + 1, what);
                }
            }
            for (package, version) in &packages {
                let wanted = version.captures(line).map(|found| found.extract().1);
                let [wanted] = wanted.unwrap_or_default();
                let mut pairs = wanted.split('.').zip(package.version.split('.'));
                if !wanted.is_empty() && pairs.any(|(wanted, current)| wanted != current) {
                    let (name, current) = (&package.name, &package.version);
                    find(
                        index + 1,
                        format!("{name} is at {current}, not {wanted}: correct it"),
                    );
                }
            }
        }
        Ok(())
    })?;
    let text = project.text(README)?;
    for (package, _) in packages {
        let rust = package.rust_version.as_deref().unwrap_or_default();
        let both = [format!("`{}`", package.name), format!("Rust {rust}")];
        if !text
            .lines()
            .any(|line| both.iter().all(|name| line.contains(name)))
        {
            let what = both.join(" and its oldest compiler, ");
            let what = format!("no line has {what} (Cargo.toml): write one");
            findings.push(Finding::new(README, 1, what));
        }
    }
    Ok(findings)
}

/// The README's table of features lists those of the first published package, all of them.
pub(super) fn features(project: &Project) -> Found {
    let Some(package) = project.published().next() else {
        return Ok(Vec::new());
    };
    let tables = Markdown::read(&project.text(README)?).tables.into_iter();
    let name = |cells: &[String]| cells.first().map(|cell| cell.trim_matches('`').to_owned());
    let names = tables.map(|rows| -> Vec<(usize, String)> {
        let names = rows
            .iter()
            .filter_map(|(line, cells)| Some((*line, name(cells)?)));
        names.collect()
    });
    let mut rows = names.filter(|rows| rows.first().is_some_and(|(_, name)| name == "Feature"));
    let rows = rows.next().unwrap_or_default();
    let first = rows.first().map_or(1, |(line, _)| *line);
    let mut findings = Vec::new();
    for feature in package.features() {
        if !rows.iter().any(|(_, name)| name == feature) {
            let what = format!("the table `| Feature |` lacks `{feature}`: say what it adds");
            findings.push(Finding::new(README, first, what));
        }
    }
    for (line, name) in rows.iter().skip(1) {
        if !package.features.contains_key(name) {
            let what = format!("{} has no feature `{name}`: take the row out", package.name);
            findings.push(Finding::new(README, *line, what));
        }
    }
    Ok(findings)
}
