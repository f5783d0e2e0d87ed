//! The README agrees with the manifests.

use super::{Finding, markdown::Markdown, project::Project};

const README: &str = "README.md";

/// The README names the minimum Rust version and the version of every published package, and no other.
pub(super) fn versions(project: &Project) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    let text = project.text(README)?;
    for package in project.published() {
        let (name, rust) = (
            format!("`{}`", package.name),
            format!("Rust {}", package.rust_version),
        );
        if !text
            .lines()
            .any(|line| line.contains(&name) && line.contains(&rust))
        {
            let what = format!(
                "no line has {name} and its oldest compiler, {rust} (Cargo.toml): write one"
            );
            findings.push(Finding::new(README, 1, what));
        }
    }
    for file in project.ending(".md").filter(|file| *file != "CHANGELOG.md") {
        for (index, line) in project.text(file)?.lines().enumerate() {
            let mut find = |what| findings.push(Finding::new(file, index + 1, what));
            let rust = line
                .split("Rust ")
                .skip(1)
                .map(number)
                .filter(|version| version.contains('.'));
            for version in rust.filter(|_| file == README) {
                if !project
                    .packages
                    .iter()
                    .any(|package| package.rust_version == version)
                {
                    find(format!(
                        "Rust {version} is the rust-version of no package: correct it"
                    ));
                }
            }
            for package in project.published() {
                let wanted = requirement(line, &package.name).unwrap_or_default();
                let mut pairs = wanted.split('.').zip(package.version.split('.'));
                if !wanted.is_empty() && pairs.any(|(wanted, current)| wanted != current) {
                    find(format!(
                        "{} is at {}, not {wanted}: correct it",
                        package.name, package.version
                    ));
                }
            }
        }
    }
    Ok(findings)
}

/// The version with which `text` begins.
fn number(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    text.split_at(end).0.trim_end_matches('.')
}

/// The version in `name = "1.2"`, `name = { version = "1.2", .. }` and `name@1.2`.
fn requirement<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let rest = line.split_once(name)?.1;
    let value = rest
        .strip_prefix(" = ")
        .and_then(|value| match value.strip_prefix('"') {
            Some(version) => Some(version),
            None => Some(value.split_once("version = \"")?.1),
        });
    let version = value.or_else(|| rest.strip_prefix('@'))?;
    Some(number(version.trim_start_matches(['=', '^', '~'])))
}

/// The README's table of features lists those of the first published package, all of them.
pub(super) fn features(project: &Project) -> Result<Vec<Finding>, String> {
    let Some(package) = project.published().next() else {
        return Ok(Vec::new());
    };
    let cell = |cells: &[String]| {
        cells
            .first()
            .map_or("", |cell| cell.trim_matches('`'))
            .to_owned()
    };
    let tables = Markdown::read(&project.text(README)?).tables;
    let rows = tables
        .iter()
        .map(|rows| rows.iter().map(|(line, cells)| (*line, cell(cells))));
    let mut tables = rows.map(|rows| rows.collect::<Vec<_>>());
    let table = tables.find(|rows| rows.first().is_some_and(|(_, name)| name == "Feature"));
    let table = table.unwrap_or_else(|| vec![(1, String::new())]);
    let Some(((line, _), rows)) = table.split_first() else {
        return Ok(Vec::new());
    };
    let mut findings = Vec::new();
    for feature in package
        .features
        .iter()
        .filter(|feature| !rows.iter().any(|(_, name)| name == *feature))
    {
        let what = format!("the table `| Feature |` lacks `{feature}`: say what it adds");
        findings.push(Finding::new(README, *line, what));
    }
    for (line, name) in rows
        .iter()
        .filter(|(_, name)| !package.features.contains(name))
    {
        let what = format!("{} has no feature `{name}`: take the row out", package.name);
        findings.push(Finding::new(README, *line, what));
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::project::testing::found;

    const COMPILERS: &str = "`sdk` needs Rust 1.88, the tools Rust 1.94. In Rust we trust.\n";

    #[test]
    fn versions_are_the_current_ones() {
        for (text, finding) in [
            ("", ""),
            ("sdk = \"1.2\"", ""),
            ("sdk = { version = \"1\", features = [] }", ""),
            ("`cargo add sdk@1.2.3`", ""),
            ("other = \"7\"", ""),
            ("sdk = { path = \"..\" }", ""),
            (
                "sdk = \"1.1\"",
                "README.md:2: sdk is at 1.2.3, not 1.1: correct it",
            ),
            (
                "sdk = { version = \"^1.1\", features = [] }",
                "README.md:2: sdk is at 1.2.3, not 1.1: correct it",
            ),
            (
                "`cargo add sdk@1.1`",
                "README.md:2: sdk is at 1.2.3, not 1.1: correct it",
            ),
            (
                "Rust 1.85.",
                "README.md:2: Rust 1.85 is the rust-version of no package: correct it",
            ),
        ] {
            let readme = format!("{COMPILERS}{text}\n");
            assert_eq!(
                found(versions, &[(README, &readme)]).concat(),
                finding,
                "{text}"
            );
        }
        let finding = "README.md:1: no line has `sdk` and its oldest compiler, Rust 1.88 (Cargo.toml): write one";
        assert_eq!(
            found(versions, &[(README, "`sdk` needs Rust 1.94.")]),
            [finding]
        );
    }

    #[test]
    fn the_table_of_features_is_complete() {
        for (rows, findings) in [
            ("| `tower` | a |\n| `axum` | b |", &[][..]),
            (
                "| `axum` | b |\n| `none` | c |",
                &[
                    "README.md:3: the table `| Feature |` lacks `tower`: say what it adds",
                    "README.md:6: sdk has no feature `none`: take the row out",
                ],
            ),
        ] {
            let readme = format!(
                "# x\n\n| Feature | Adds |\n|---|---|\n{rows}\n\n| not |\n|---|\n| this |\n"
            );
            assert_eq!(found(features, &[(README, &readme)]), findings);
        }
        assert_eq!(found(features, &[(README, "no table")]).len(), 2);
    }
}
