//! Every row of `docs/fidelity.md` names its evidence and a test that holds it, and every operation has a row.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::markdown::Markdown;
use super::{Finding, Found, project::Project};
use crate::run::Result;

const PAGE: &str = "docs/fidelity.md";
const COUNTS: &str = "openapi/counts.json";

/// What the page can name.
struct Known {
    /// Operations by their names; those of both APIs are called `management.` or `auth.` and their name.
    operations: BTreeSet<String>,
    schemas: BTreeSet<String>,
    tests: BTreeSet<String>,
}

/// Marks, sources, tests and operations.
pub(super) fn evidence(project: &Project) -> Found {
    let known = Known::read(project)?;
    let mut findings = Vec::new();
    let mut named = BTreeSet::new();
    for table in Markdown::read(&project.text(PAGE)?).tables {
        let Some(((line, header), rows)) = table.split_first() else {
            continue;
        };
        let cells = rows.iter().flat_map(|(_, cells)| cells);
        named.extend(cells.flat_map(|cell| spans(cell)));
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let problems: fn(&Known, &[String]) -> Vec<String> = match header.as_slice() {
            // What the marks mean.
            ["Mark", "Means", "Named beside it"] => continue,
            // The controls are ours alone, as the page says above them.
            ["Control", "What it does", "Held by"] => |known, cells| held(known, cells.get(2)),
            [_, "Evidence", "Note", "Held by"] => behaviour,
            _ => {
                let what = "a table of behaviours has the columns Evidence, Note and Held by";
                findings.push(Finding::new(PAGE, *line, what));
                continue;
            }
        };
        for (line, cells) in rows {
            let problems = problems(&known, cells).into_iter();
            findings.extend(problems.map(|what| Finding::new(PAGE, *line, what)));
        }
    }
    for operation in known.operations.difference(&named) {
        let what = format!("no row names operation `{operation}`: add what is known of it");
        findings.push(Finding::new(PAGE, 1, what));
    }
    Ok(findings)
}

/// What is wrong with the row of a behaviour.
fn behaviour(known: &Known, cells: &[String]) -> Vec<String> {
    let [_, evidence, note, tests] = cells else {
        return Vec::new();
    };
    // "D: `createUser`; O": marks, each with what stands beside it.
    let marks = evidence.split("; ");
    let marks = marks.map(|part| part.split_once(": ").unwrap_or((part, "")));
    let lacks = marks.filter_map(|(mark, source)| lack(known, mark, source, note));
    lacks
        .map(str::to_owned)
        .chain(held(known, Some(tests)))
        .collect()
}

/// What a mark lacks.
fn lack(known: &Known, mark: &str, source: &str, note: &str) -> Option<&'static str> {
    // `Schema.member` is a place in a schema.
    let schema = |span: &str| {
        span.split('.')
            .next()
            .is_some_and(|name| known.schemas.contains(name))
    };
    let documents = |span: &String| known.operations.contains(span) || schema(span);
    match mark {
        "D" if !spans(source).iter().any(documents) => {
            Some("D without an operation or a schema that documents it")
        }
        "S" if source.is_empty() => Some("S without who was seen to do it"),
        "I" if source.is_empty() => Some("I without what points to it"),
        "O" if source.is_empty() && note.is_empty() => {
            Some("O without a reason, here or as the note")
        }
        "D" | "S" | "I" | "O" => None,
        _ => Some("no marks as in \"D: `createUser`; O\""),
    }
}

/// What is wrong with the tests that a row names.
fn held(known: &Known, cell: Option<&String>) -> Vec<String> {
    let tests = cell.map(|cell| spans(cell)).unwrap_or_default();
    if tests.is_empty() {
        return vec!["no test holds it: name one, as `users::identifiers_are_unique`".to_owned()];
    }
    let unknown = tests.iter().filter(|test| !known.tests.contains(*test));
    unknown
        .map(|test| format!("there is no test `{test}`"))
        .collect()
}

/// The code in a cell.
fn spans(cell: &str) -> Vec<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// The rows of one API in the file of counts.
#[derive(Deserialize)]
struct Counts {
    operations: BTreeMap<String, Value>,
    schemas: BTreeMap<String, Value>,
}

impl Known {
    fn read(project: &Project) -> Result<Self> {
        let apis: BTreeMap<String, Counts> = serde_json::from_str(&project.text(COUNTS)?)?;
        let mut operations = BTreeSet::new();
        for (api, counts) in &apis {
            for name in counts.operations.keys() {
                let apis = apis.values();
                let both = apis.filter(|counts| counts.operations.contains_key(name));
                operations.insert(match both.count() {
                    1 => name.clone(),
                    _ => format!("{api}.{name}"),
                });
            }
        }
        let schemas = apis
            .into_values()
            .flat_map(|counts| counts.schemas.into_keys())
            .collect();
        Ok(Self {
            operations,
            schemas,
            tests: tests(project)?,
        })
    }
}

/// Every test, as the page names it: `users::name` over HTTP, `unit::keys::ring::name` beside the code, and a
/// scenario of a browser by its title.
fn tests(project: &Project) -> Result<BTreeSet<String>> {
    let test = r"(?m)^\s*#\[(?:tokio::)?test\b.*\n(?:\s*#\[.*\n)*.*\bfn (\w+)";
    let (test, title) = (Regex::new(test)?, Regex::new(r"(?m)^\s*'(.*)': \{$")?);
    let mut tests = BTreeSet::new();
    project.each(&[".rs", ".mjs"], |file, text, _| {
        let (names, prefix) = if let Some(path) = file.strip_prefix("server/tests/it/") {
            (&test, module(path))
        } else if let Some(path) = file.strip_prefix("server/src/") {
            (&test, format!("unit::{}", module(path)))
        } else if file.starts_with("e2e/browser/scenarios/") {
            (&title, String::new())
        } else {
            return Ok(());
        };
        let names = names.captures_iter(text).map(|found| found.extract().1);
        tests.extend(names.map(|[name]| format!("{prefix}{name}")));
        Ok(())
    })?;
    Ok(tests)
}

/// The module in a file, with `::` behind it.
fn module(path: &str) -> String {
    let module = path.trim_end_matches(".rs").trim_end_matches("/mod");
    module.replace('/', "::") + "::"
}
