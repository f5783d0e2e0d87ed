//! Links are valid, and every example is linked.

use regex::{Regex, escape};

use super::{Finding, Found, markdown::Markdown, project::Project};

/// Every relative link leads to a file or folder, and its fragment to a heading there.
pub(super) fn links(project: &Project) -> Found {
    project.each(&[".md"], |file, text, find| {
        let markdown = Markdown::read(text);
        let relative = |link: &str| !link.contains(':') && !link.starts_with('/');
        for (line, link) in markdown.links.iter().filter(|(_, link)| relative(link)) {
            let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
            let to = match file.rsplit_once('/') {
                _ if path.is_empty() => file.to_owned(),
                Some((folder, _)) => format!("{folder}/{path}"),
                None => path.to_owned(),
            };
            if !project.exists(&to) {
                find(
                    *line,
                    format!("the link {link} leads nowhere, there is no {to}: correct it"),
                );
            } else if !fragment.is_empty()
                && to.ends_with(".md")
                && !Markdown::read(&project.text(&to)?)
                    .anchors
                    .iter()
                    .any(|anchor| anchor == fragment)
            {
                find(
                    *line,
                    format!("{to} has no heading #{fragment}: correct the link {link}"),
                );
            }
        }
        Ok(())
    })
}

/// Every example is mentioned in a document.
pub(super) fn examples(project: &Project) -> Found {
    let mut documents = String::new();
    project.each(&[".md"], |file, text, _| {
        documents += if file == "CHANGELOG.md" { "" } else { text };
        Ok(())
    })?;
    let mut findings = Vec::new();
    for file in project.files.iter().filter(|file| file.ends_with(".rs")) {
        let Some(name) = file.strip_prefix("examples/") else {
            continue;
        };
        // A folder is mentioned with any of its files.
        let (place, name) = match name.split_once('/') {
            Some((folder, _)) => (format!("examples/{folder}/"), folder),
            None => (file.clone(), name.trim_end_matches(".rs")),
        };
        let run = format!(r"--example {}($|[^\w-])", escape(name));
        if !documents.contains(&place) && !Regex::new(&run)?.is_match(&documents) {
            let what = format!("no document mentions {place}: link it, say what it shows");
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
    fn links_that_lead_nowhere_are_found() {
        let good = "[a](../src/lib.rs) [b](b.md#one-two) [c](#here) [d](https://x.org/y) [e](crate::E) \
                    [f](../src) `[g](none)` [h](mailto:x@y)\n\n# Here\n";
        let bad = "[a](src/lib.rs)\n[b](b.md#three)\n[c]\n\n[c]: ../none.md\n";
        let files = [
            ("docs/a.md", bad),
            ("docs/b.md", "## One, two\n"),
            ("docs/good.md", good),
            ("src/lib.rs", ""),
        ];
        assert_eq!(
            found(links, &files),
            [
                "docs/a.md:1: the link src/lib.rs leads nowhere, there is no docs/src/lib.rs: correct it",
                "docs/a.md:2: docs/b.md has no heading #three: correct the link b.md#three",
                "docs/a.md:3: the link ../none.md leads nowhere, there is no docs/../none.md: correct it",
            ]
        );
    }

    #[test]
    fn examples_are_mentioned() {
        let readme = "Try `cargo run --example tour`, read [it](examples/list.rs) and examples/web/src/main.rs.\n";
        let files = [
            ("README.md", readme),
            ("examples/tour.rs", ""),
            ("examples/list.rs", ""),
            ("examples/lost.rs", ""),
            ("examples/tou.rs", ""),
            ("examples/web/src/lib.rs", ""),
        ];
        assert_eq!(
            found(examples, &files),
            [
                "examples/lost.rs:1: no document mentions examples/lost.rs: link it, say what it shows",
                "examples/tou.rs:1: no document mentions examples/tou.rs: link it, say what it shows",
            ]
        );
    }
}
