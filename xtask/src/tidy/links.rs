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
            let what = if !project.exists(&to) {
                format!("the link {link} leads nowhere, there is no {to}: correct it")
            } else if !fragment.is_empty()
                && to.ends_with(".md")
                && !Markdown::read(&project.text(&to)?)
                    .anchors
                    .contains(&fragment.to_owned())
            {
                format!("{to} has no heading #{fragment}: correct the link {link}")
            } else {
                continue;
            };
            find(*line, what);
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
