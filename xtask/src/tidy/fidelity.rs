//! Every row of `docs/fidelity.md` names its evidence and a test that holds it, and every operation has a row.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::markdown::Markdown;
use super::{Finding, project::Project};

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
pub(super) fn evidence(project: &Project) -> Result<Vec<Finding>, String> {
    let known = Known::read(project)?;
    let text = project.text(PAGE)?;
    let mut findings = Vec::new();
    let mut named = BTreeSet::new();
    let mut header = Vec::new();
    let mut last = 0;
    for (line, cells) in Markdown::read(&text).rows {
        let starts = line != last + 1;
        last = line;
        if starts {
            header = cells;
            if kind(&header).is_none() {
                let what = "a table of behaviours has the columns Evidence, Note and Held by";
                findings.push(Finding::new(PAGE, line, what));
            }
            continue;
        }
        if cells.iter().all(|cell| cell.chars().all(|c| c == '-')) {
            continue;
        }
        named.extend(cells.iter().flat_map(|cell| spans(cell)));
        let problems = match kind(&header) {
            Some(Table::Behaviours) => behaviour(&known, &cells),
            Some(Table::Controls) => held(&known, cells.get(2)),
            Some(Table::Marks) | None => Vec::new(),
        };
        findings.extend(
            problems
                .into_iter()
                .map(|what| Finding::new(PAGE, line, what)),
        );
    }
    for operation in known.operations.difference(&named) {
        let what = format!("no row names operation `{operation}`: add what is known of it");
        findings.push(Finding::new(PAGE, 1, what));
    }
    Ok(findings)
}

#[derive(Clone, Copy)]
enum Table {
    /// What the marks mean.
    Marks,
    Behaviours,
    /// The controls are ours alone, as the page says above them.
    Controls,
}

fn kind(header: &[String]) -> Option<Table> {
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    match header.as_slice() {
        ["Mark", "Means", "Named beside it"] => Some(Table::Marks),
        ["Control", "What it does", "Held by"] => Some(Table::Controls),
        [_, "Evidence", "Note", "Held by"] => Some(Table::Behaviours),
        _ => None,
    }
}

/// What is wrong with the row of a behaviour.
fn behaviour(known: &Known, cells: &[String]) -> Vec<String> {
    let [_, evidence, note, _] = cells else {
        return vec![format!("{} cells, but a row has four", cells.len())];
    };
    let mut problems = Vec::new();
    match marks(evidence) {
        None => problems.push("no marks as in \"D: `createUser`; O\"".to_owned()),
        Some(marks) => {
            let lacks = marks
                .into_iter()
                .filter_map(|(mark, source)| lack(known, mark, source, note));
            problems.extend(lacks.map(ToOwned::to_owned));
        }
    }
    problems.extend(held(known, cells.get(3)));
    problems
}

/// The marks of a cell such as "D: `createUser`; O", each with what stands beside it.
fn marks(cell: &str) -> Option<Vec<(&str, &str)>> {
    let parts = cell.split("; ").map(|part| {
        let (mark, source) = part.split_once(": ").unwrap_or((part, ""));
        ["D", "S", "I", "O"]
            .contains(&mark)
            .then_some((mark, source))
    });
    parts.collect()
}

/// What a mark lacks.
fn lack(known: &Known, mark: &str, source: &str, note: &str) -> Option<&'static str> {
    // `Schema.member` is a place in a schema.
    let documented = || {
        spans(source).iter().any(|span| {
            let schema = span.split('.').next().unwrap_or_default();
            known.operations.contains(span) || known.schemas.contains(schema)
        })
    };
    match mark {
        "D" if !documented() => Some("D without an operation or a schema that documents it"),
        "S" if source.is_empty() => Some("S without who was seen to do it"),
        "I" if source.is_empty() => Some("I without what points to it"),
        "O" if source.is_empty() && note.is_empty() => {
            Some("O without a reason, here or as the note")
        }
        _ => None,
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
    let pieces = cell.split('`').skip(1).step_by(2);
    pieces.map(ToOwned::to_owned).collect()
}

impl Known {
    fn read(project: &Project) -> Result<Self, String> {
        let counts = project.text(COUNTS)?;
        let counts: Value = serde_json::from_str(&counts).map_err(|e| format!("{COUNTS}: {e}"))?;
        let mut apis: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let mut schemas = BTreeSet::new();
        for (api, counts) in counts.as_object().into_iter().flatten() {
            let names = |of: &str| {
                counts
                    .get(of)
                    .and_then(Value::as_object)
                    .into_iter()
                    .flatten()
            };
            for (operation, _) in names("operations") {
                apis.entry(operation.clone()).or_default().push(api);
            }
            schemas.extend(names("schemas").map(|(name, _)| name.clone()));
        }
        let operations = apis
            .into_iter()
            .flat_map(|(operation, apis)| match apis.as_slice() {
                [_] => vec![operation],
                apis => apis
                    .iter()
                    .map(|api| format!("{api}.{operation}"))
                    .collect(),
            });
        Ok(Self {
            operations: operations.collect(),
            schemas,
            tests: tests(project)?,
        })
    }
}

/// Every test, as the page names it: `users::name` over HTTP, `unit::keys::ring::name` beside the code, and a
/// scenario of a browser by its title.
fn tests(project: &Project) -> Result<BTreeSet<String>, String> {
    let mut tests = BTreeSet::new();
    for (folder, prefix) in [("server/tests/it/", ""), ("server/src/", "unit::")] {
        for file in project.ending(".rs") {
            let Some(file_path) = file.strip_prefix(folder) else {
                continue;
            };
            let module = file_path.trim_end_matches(".rs");
            let module = module.strip_suffix("/mod").unwrap_or(module);
            let module = module.replace('/', "::");
            for name in functions(&project.text(file)?) {
                tests.insert(format!("{prefix}{module}::{name}"));
            }
        }
    }
    for file in project.ending(".mjs") {
        if file.starts_with("e2e/browser/scenarios/") {
            tests.extend(project.text(file)?.lines().filter_map(scenario));
        }
    }
    Ok(tests)
}

/// Functions with an attribute that makes them tests.
fn functions(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim_start) {
        if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        } else if let Some((_, name)) = line.split_once("fn ").filter(|_| is_test) {
            let end = name.find(|c: char| c != '_' && !c.is_alphanumeric());
            let (name, _) = name.split_at(end.unwrap_or(name.len()));
            names.push(name.to_owned());
            is_test = false;
        } else {
            is_test = false;
        }
    }
    names
}

/// The title in `'js: sign out': {`.
fn scenario(line: &str) -> Option<String> {
    let title = line.trim().strip_suffix("': {")?.strip_prefix('\'')?;
    Some(title.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::project::testing::found;

    const FILES: [(&str, &str); 4] = [
        (
            COUNTS,
            r#"{"auth": {"operations": {"getApp": {}, "signOut": {}}, "schemas": {"Token": {}}},
                "management": {"operations": {"getApp": {}}, "schemas": {}}}"#,
        ),
        (
            "server/tests/it/keys/made.rs",
            "fn helper() {}\n\n#[tokio::test(flavor = \"multi_thread\")]\n#[cfg(unix)]\nasync fn once() {}\n",
        ),
        (
            "server/src/keys/mod.rs",
            "mod tests {\n    #[test]\n    fn twice() {}\n}\n",
        ),
        (
            "e2e/browser/scenarios/js.mjs",
            "export default {\n  'js: sign out': {\n",
        ),
    ];

    const ALL: &str =
        "| Sign out | D: `signOut`, `auth.getApp`, `management.getApp` |  | `keys::made::once` |";

    /// What is found on a page with these rows of behaviours, beside one for all operations.
    fn page(rows: &str) -> Vec<String> {
        let page = format!(
            "| Mark | Means | Named beside it |\n|---|---|---|\n| **D** | Documented | \n\n\
             | Behaviour | Evidence | Note | Held by |\n|---|---|---|---|\n{ALL}\n{rows}\n"
        );
        on(&page)
    }

    fn on(page: &str) -> Vec<String> {
        let mut files = FILES.to_vec();
        files.push((PAGE, page));
        let found = found(evidence, &files);
        let place = format!("{PAGE}:");
        found
            .iter()
            .map(|finding| finding.trim_start_matches(&place).to_owned())
            .collect()
    }

    #[test]
    fn rows_with_evidence_and_a_test_pass() {
        for row in [
            "| A | D: `Token.aud` | A note. | `unit::keys::twice` |",
            "| A | S: samples; I: its name; O: nobody knows |  | `keys::made::once`, `js: sign out` |",
            "| A | O | The reason. | `js: sign out` |",
            "\n| Control | What it does | Held by |\n|---|---|---|\n| `x` | Y. | `unit::keys::twice` |",
        ] {
            assert_eq!(page(row), [""; 0], "{row}");
        }
    }

    #[test]
    fn what_a_row_lacks_is_found() {
        let no_test = "no test holds it: name one, as `users::identifiers_are_unique`";
        let test = "`js: sign out`";
        let no_marks = "no marks as in \"D: `createUser`; O\"";
        for (row, problem) in [
            ("| A |  | N | T |", no_marks),
            ("| A | Documented | N | T |", no_marks),
            (
                "| A | D | N | T |",
                "D without an operation or a schema that documents it",
            ),
            (
                "| A | D: `Tokens` | N | T |",
                "D without an operation or a schema that documents it",
            ),
            ("| A | S | N | T |", "S without who was seen to do it"),
            ("| A | S: x; I | N | T |", "I without what points to it"),
            (
                "| A | O |  | T |",
                "O without a reason, here or as the note",
            ),
            ("| A | O | N |  |", no_test),
            ("| A | O | N | by hand |", no_test),
            (
                "| A | O | N | T, `keys::made::helper` |",
                "there is no test `keys::made::helper`",
            ),
            (
                "| A | O | N | `keys::twice` |",
                "there is no test `keys::twice`",
            ),
            ("| A | O | N |", "3 cells, but a row has four"),
        ] {
            let found = page(&row.replace(" T", &format!(" {test}")));
            assert_eq!(found, [format!("8: {problem}")], "{row}");
        }
        let control = "\n| Control | What it does | Held by |\n|---|---|---|\n| `x` | Y. |  |";
        assert_eq!(page(control), [format!("11: {no_test}")]);
        let other = "\n| Behaviour | Mark | Note |\n|---|---|---|\n| A | D | N |";
        assert_eq!(
            page(other),
            ["9: a table of behaviours has the columns Evidence, Note and Held by"]
        );
    }

    #[test]
    fn an_operation_without_a_row_is_found() {
        let header = "| Behaviour | Evidence | Note | Held by |\n|---|---|---|---|";
        let row = "| A | O: `getApp`, `management.getApp` |  | `js: sign out` |";
        assert_eq!(
            on(&format!("Text names `signOut`.\n\n{header}\n{row}\n")),
            [
                "1: no row names operation `auth.getApp`: add what is known of it",
                "1: no row names operation `signOut`: add what is known of it",
            ]
        );
    }
}
