//! The documents say what the manifests say.

use super::{Finding, markdown::Markdown, project::Project};

const README: &str = "README.md";

/// The README names the oldest compiler of every published package, and no other.
pub(super) fn compilers(project: &Project) -> Result<Vec<Finding>, String> {
    let text = project.text(README)?;
    let mut findings = Vec::new();
    for package in project.published() {
        let (name, version) = (
            format!("`{}`", package.name),
            format!("Rust {}", package.rust_version),
        );
        if !text.lines().any(|line| {
            line.contains(&name) && compilers_in(line).any(|v| v == package.rust_version)
        }) {
            let what = format!(
                "no line has {name} and its oldest compiler, {version} (Cargo.toml): write one"
            );
            findings.push(Finding::new(README, 1, what));
        }
    }
    for (index, line) in text.lines().enumerate() {
        for version in compilers_in(line) {
            if !project
                .packages
                .iter()
                .any(|package| package.rust_version == version)
            {
                let what = format!("Rust {version} is the rust-version of no package: correct it");
                findings.push(Finding::new(README, index + 1, what));
            }
        }
    }
    Ok(findings)
}

/// The versions in `Rust 1.88`.
fn compilers_in(line: &str) -> impl Iterator<Item = &str> {
    line.split("Rust ")
        .skip(1)
        .map(|rest| {
            let end = rest
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .unwrap_or(rest.len());
            rest.split_at(end).0.trim_end_matches('.')
        })
        .filter(|version| version.contains('.'))
}

/// A dependency on one of the packages, as documents show it, would get this version.
pub(super) fn versions(project: &Project) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for file in project.ending(".md").filter(|file| *file != "CHANGELOG.md") {
        let markdown = Markdown::read(&project.text(file)?);
        let fenced = markdown
            .fenced
            .into_iter()
            .map(|(line, _, code)| (line, code));
        for (line, code) in fenced.chain(markdown.spans) {
            for package in project.published() {
                if let Some(wanted) = requirement(&code, &package.name)
                    && !fits(&wanted, &package.version)
                {
                    let what = format!(
                        "{} is at {}, not {wanted}: correct it",
                        package.name, package.version
                    );
                    findings.push(Finding::new(file, line, what));
                }
            }
        }
    }
    Ok(findings)
}

/// The version in `name = "1.2"`, `name = { version = "1.2", .. }` and `name@1.2`.
fn requirement(code: &str, name: &str) -> Option<String> {
    let version = |text: &str| Some(text.split(['"', ' ', ',']).next()?.to_owned());
    if let Some((_, rest)) = code.split_once(&format!("{name}@")) {
        return version(rest);
    }
    let (key, value) = code.split_once('=')?;
    if key.trim() != name {
        return None;
    }
    let value = value.trim();
    match value.strip_prefix('"') {
        Some(value) => version(value),
        None => version(value.split_once("version")?.1.split_once('"')?.1),
    }
}

/// Whether `wanted` is the beginning of `version`.
fn fits(wanted: &str, version: &str) -> bool {
    let wanted = wanted.trim_start_matches(['=', '^', '~']);
    wanted
        .split('.')
        .zip(version.split('.'))
        .all(|(a, b)| a == b)
}

/// The README's table of features lists those of the first published package, all of them.
pub(super) fn features(project: &Project) -> Result<Vec<Finding>, String> {
    let Some(package) = project.published().next() else {
        return Ok(Vec::new());
    };
    let markdown = Markdown::read(&project.text(README)?);
    let mut rows = markdown.rows.iter();
    let head = rows.find(|(_, cells)| cells.first().is_some_and(|cell| cell == "Feature"));
    let line = head.map_or(1, |(line, _)| *line);
    let table: Vec<_> = rows
        .enumerate()
        .take_while(|(index, (row, _))| *row == line + index + 1)
        .skip(1)
        .map(|(_, (row, cells))| {
            (
                *row,
                cells.first().map_or("", |cell| cell.trim_matches('`')),
            )
        })
        .collect();
    let mut findings = Vec::new();
    for feature in &package.features {
        if !table.iter().any(|(_, name)| name == feature) {
            let what = format!("the table `| Feature |` lacks `{feature}`: say what it adds");
            findings.push(Finding::new(README, line, what));
        }
    }
    for (row, name) in table {
        if !package.features.iter().any(|feature| feature == name) {
            let what = format!("{} has no feature `{name}`: take the row out", package.name);
            findings.push(Finding::new(README, row, what));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::project::testing::found;

    #[test]
    fn the_oldest_compiler_is_named() {
        let pass = "`sdk` needs Rust 1.88, the tools Rust 1.94. In Rust we trust.\n";
        assert_eq!(found(compilers, &[(README, pass)]), [""; 0]);
        assert_eq!(
            found(compilers, &[(README, "x\n`sdk` needs Rust 1.85.\n")]),
            [
                "README.md:1: no line has `sdk` and its oldest compiler, Rust 1.88 (Cargo.toml): write one",
                "README.md:2: Rust 1.85 is the rust-version of no package: correct it",
            ]
        );
    }

    #[test]
    fn versions_are_the_current_ones() {
        for pass in [
            "sdk = \"1.2\"",
            "sdk = { version = \"1\", features = [] }",
            "cargo add sdk@1.2.3",
            "other = \"7\"",
            "sdk = { path = \"..\" }",
        ] {
            let text = format!("```toml\n{pass}\n```\nor `{pass}`\n");
            assert_eq!(found(versions, &[("docs/a.md", &text)]), [""; 0], "{pass}");
        }
        for bad in [
            "sdk = \"1.1\"",
            "sdk = { version = \"1.1\", features = [] }",
            "cargo add sdk@1.1",
        ] {
            let text = format!("```toml\n{bad}\n```\n");
            let finding = "docs/a.md:2: sdk is at 1.2.3, not 1.1: correct it";
            assert_eq!(found(versions, &[("docs/a.md", &text)]), [finding], "{bad}");
        }
    }

    #[test]
    fn the_table_of_features_is_complete() {
        let table =
            |rows: &str| format!("# x\n\n| Feature | Adds |\n|---|---|\n{rows}\n| not | this |\n");
        let pass = table("| `tower` | a |\n| `axum` | b |\n");
        assert_eq!(found(features, &[(README, &pass)]), [""; 0]);
        assert_eq!(
            found(
                features,
                &[(README, &table("| `axum` | b |\n| `none` | c |\n"))]
            ),
            [
                "README.md:3: the table `| Feature |` lacks `tower`: say what it adds",
                "README.md:6: sdk has no feature `none`: take the row out",
            ]
        );
        assert_eq!(found(features, &[(README, "no table")]).len(), 2);
    }
}
