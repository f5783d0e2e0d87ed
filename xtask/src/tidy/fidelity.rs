//! Every row of `docs/fidelity.md` names its evidence and a test that holds it, and every operation has a row.

use std::collections::BTreeSet;

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
    let mut findings = Vec::new();
    let mut named = BTreeSet::new();
    for table in Markdown::read(&project.text(PAGE)?).tables {
        let Some(((line, header), rows)) = table.split_first() else {
            continue;
        };
        named.extend(
            rows.iter()
                .flat_map(|(_, cells)| cells)
                .flat_map(|cell| spans(cell)),
        );
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
    let marks = evidence
        .split("; ")
        .map(|part| part.split_once(": ").unwrap_or((part, "")));
    let lacks = marks.filter_map(|(mark, source)| lack(known, mark, source, note));
    lacks
        .map(ToOwned::to_owned)
        .chain(held(known, Some(tests)))
        .collect()
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
    let pieces = cell.split('`').skip(1).step_by(2);
    pieces.map(ToOwned::to_owned).collect()
}

impl Known {
    fn read(project: &Project) -> Result<Self, String> {
        let counts = project.text(COUNTS)?;
        let counts: Value = serde_json::from_str(&counts).map_err(|e| format!("{COUNTS}: {e}"))?;
        let names = |counts: &Value, of: &str| -> Vec<String> {
            let rows = counts.get(of).and_then(Value::as_object).into_iter();
            rows.flat_map(|rows| rows.keys().cloned()).collect()
        };
        let apis: Vec<(&String, Vec<String>, Vec<String>)> = counts
            .as_object()
            .into_iter()
            .flatten()
            .map(|(api, counts)| (api, names(counts, "operations"), names(counts, "schemas")))
            .collect();
        let mut operations = BTreeSet::new();
        for (api, names, _) in &apis {
            for name in names {
                let others = apis.iter().filter(|(other, ..)| other != api);
                let both = others
                    .flat_map(|(_, names, _)| names)
                    .any(|other| other == name);
                operations.insert(if both {
                    format!("{api}.{name}")
                } else {
                    name.clone()
                });
            }
        }
        Ok(Self {
            operations,
            schemas: apis.into_iter().flat_map(|(.., schemas)| schemas).collect(),
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

    const COUNTED: &str = r#"{"auth": {"operations": {"getApp": {}, "signOut": {}}, "schemas": {"Token": {}}},
        "management": {"operations": {"getApp": {}}, "schemas": {}}}"#;
    const TESTS: &str = "fn helper() {}\n\n#[tokio::test(flavor = \"multi_thread\")]\n#[cfg(unix)]\nasync fn once() {}\n";
    const ALL: &str =
        "| Sign out | D: `signOut`, `auth.getApp`, `management.getApp` |  | `keys::made::once` |";
    const CONTROLS: &str = "\n| Control | What it does | Held by |\n|---|---|---|\n";

    /// What is found on a page with these rows of behaviours, beside one for all operations.
    fn page(rows: &str) -> String {
        on(&format!(
            "| Mark | Means | Named beside it |\n|---|---|---|\n| **D** | Documented | |\n\n\
             | Behaviour | Evidence | Note | Held by |\n|---|---|---|---|\n{ALL}\n{rows}\n"
        ))
    }

    fn on(page: &str) -> String {
        let files = [
            (COUNTS, COUNTED),
            ("server/tests/it/keys/made.rs", TESTS),
            (
                "server/src/keys/mod.rs",
                "mod tests {\n    #[test]\n    fn twice() {}\n}\n",
            ),
            (
                "e2e/browser/scenarios/js.mjs",
                "export default {\n  'js: sign out': {\n",
            ),
            (PAGE, page),
        ];
        found(evidence, &files)
            .join("\n")
            .replace(&format!("{PAGE}:"), "")
    }

    #[test]
    fn rows_have_evidence_and_a_test() {
        let no_test = "8: no test holds it: name one, as `users::identifiers_are_unique`";
        let no_marks = "8: no marks as in \"D: `createUser`; O\"";
        let no_place = "8: D without an operation or a schema that documents it";
        for (row, problem) in [
            ("| A | D: `Token.aud` | A note. | `unit::keys::twice` |", ""),
            (
                "| A | S: samples; I: its name; O: nobody knows |  | `keys::made::once`, T |",
                "",
            ),
            ("| A | O | The reason. | T |", ""),
            ("| A |  | N | T |", no_marks),
            ("| A | Documented | N | T |", no_marks),
            ("| A | D | N | T |", no_place),
            ("| A | D: `Tokens` | N | T |", no_place),
            ("| A | S | N | T |", "8: S without who was seen to do it"),
            ("| A | S: x; I | N | T |", "8: I without what points to it"),
            (
                "| A | O |  | T |",
                "8: O without a reason, here or as the note",
            ),
            ("| A | O | N |  |", no_test),
            ("| A | O | N | by hand |", no_test),
            ("| A | O | N |", no_test),
            (
                "| A | O | N | T, `keys::made::helper` |",
                "8: there is no test `keys::made::helper`",
            ),
            (
                "| A | O | N | `keys::twice` |",
                "8: there is no test `keys::twice`",
            ),
        ] {
            assert_eq!(
                page(&row.replace(" T", " `js: sign out`")),
                problem,
                "{row}"
            );
        }
        assert_eq!(
            page(&format!("{CONTROLS}| `x` | Y. | `unit::keys::twice` |")),
            ""
        );
        assert_eq!(
            page(&format!("{CONTROLS}| `x` | Y. |  |")),
            no_test.replace("8:", "11:")
        );
        let other = page("\n| Behaviour | Mark | Note |\n|---|---|---|\n| A | D | N |");
        assert_eq!(
            other,
            "9: a table of behaviours has the columns Evidence, Note and Held by"
        );
    }

    #[test]
    fn an_operation_without_a_row_is_found() {
        let header = "| Behaviour | Evidence | Note | Held by |\n|---|---|---|---|";
        let row = "| A | O: `getApp`, `management.getApp` |  | `js: sign out` |";
        assert_eq!(
            on(&format!("Text names `signOut`.\n\n{header}\n{row}\n")),
            "1: no row names operation `auth.getApp`: add what is known of it\n\
             1: no row names operation `signOut`: add what is known of it"
        );
    }
}
