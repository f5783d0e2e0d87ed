//! Links are valid, and every example is linked.

use super::{Finding, markdown::Markdown, project::Project};

/// Every relative link leads to a file or folder, and its fragment to a heading there.
pub(super) fn links(project: &Project) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for file in project.ending(".md") {
        for (line, link) in Markdown::read(&project.text(file)?).links {
            if link.contains("::") || link.contains(':') || link.starts_with('/') {
                continue;
            }
            let (path, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let to = if path.is_empty() {
                file.to_owned()
            } else {
                beside(file, path)
            };
            let mut find = |what| findings.push(Finding::new(file, line, what));
            if !project.exists(&to) {
                find(format!(
                    "the link {link} leads nowhere, there is no {to}: correct it"
                ));
            } else if !fragment.is_empty()
                && to.ends_with(".md")
                && !Markdown::read(&project.text(&to)?)
                    .anchors
                    .iter()
                    .any(|anchor| anchor == fragment)
            {
                find(format!(
                    "{to} has no heading #{fragment}: correct the link {link}"
                ));
            }
        }
    }
    Ok(findings)
}

/// `path` as seen from the folder of `file`.
fn beside(file: &str, path: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Every example is mentioned in a document.
pub(super) fn examples(project: &Project) -> Result<Vec<Finding>, String> {
    let mut documents = String::new();
    for file in project.ending(".md").filter(|file| *file != "CHANGELOG.md") {
        documents += &project.text(file)?;
    }
    let mut findings = Vec::new();
    for file in project.ending(".rs") {
        let Some(name) = file.strip_prefix("examples/") else {
            continue;
        };
        // A folder is mentioned with any of its files.
        let (folder, name) = match name.split_once('/') {
            Some((folder, _)) => (format!("examples/{folder}/"), folder),
            None => (file.to_owned(), name.trim_end_matches(".rs")),
        };
        let mut runs = documents.split("--example ").skip(1);
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let run = runs.any(|rest| {
            rest.strip_prefix(name)
                .is_some_and(|rest| !rest.starts_with(word))
        });
        if !run && !documents.contains(&folder) {
            let what = format!("no document mentions {folder}: link it, say what it shows");
            findings.push(Finding::new(file, 1, what));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::project::testing::found;

    #[test]
    fn links_to_what_is_there_pass() {
        let text = "[a](../src/lib.rs) [b](b.md#one-two) [c](#here) [d](https://x.org/y) [e](crate::E) \
                    [f](../src) `[g](none)` [h](mailto:x@y)\n\n# Here\n";
        let files = [
            ("docs/a.md", text),
            ("docs/b.md", "## One, two\n"),
            ("src/lib.rs", ""),
        ];
        assert_eq!(found(links, &files), [""; 0]);
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let text = "[a](src/lib.rs)\n[b](b.md#three)\n[c]\n\n[c]: ../none.md\n";
        let files = [
            ("docs/a.md", text),
            ("docs/b.md", "## One, two\n"),
            ("src/lib.rs", ""),
        ];
        let mut findings = found(links, &files);
        findings.sort();
        assert_eq!(
            findings,
            [
                "docs/a.md:1: the link src/lib.rs leads nowhere, there is no docs/src/lib.rs: correct it",
                "docs/a.md:2: docs/b.md has no heading #three: correct the link b.md#three",
                "docs/a.md:3: the link ../none.md leads nowhere, there is no none.md: correct it",
            ]
        );
    }

    #[test]
    fn examples_are_mentioned() {
        let readme = "Try `cargo run --example tour`, read [it](examples/list.rs) and examples/web/src/main.rs.\n";
        let mut files = vec![
            ("README.md", readme),
            ("examples/tour.rs", ""),
            ("examples/list.rs", ""),
            ("examples/web/src/lib.rs", ""),
        ];
        assert_eq!(found(examples, &files), [""; 0]);
        files.push(("examples/lost.rs", ""));
        assert_eq!(
            found(examples, &files),
            [
                "examples/lost.rs:1: no document mentions examples/lost.rs: link it, say what it shows"
            ]
        );
    }
}
