//! `openapi/PROVENANCE.md`: which text each document is, since when, and where it is from.
//!
//! The page is written by hand but for the rows of two tables: the documents and the operations.

use aws_lc_rs::digest::{SHA256, digest};
use heck::ToTitleCase;
use serde_json::Value;

use crate::document::Document;

/// What is new about a document.
pub(crate) struct Origin<'a> {
    /// Where it is from, if somebody said so or a file was imported.
    pub(crate) from: Option<&'a str>,
    /// The day, as `2026-01-16`.
    pub(crate) date: &'a str,
}

/// `page` with the rows of the document `api`, whose file has the content `text`.
pub(crate) fn update(
    page: &str,
    api: &str,
    document: &Value,
    text: &str,
    origin: &Origin<'_>,
) -> Result<String, String> {
    let (page, from) = document_row(page, api, document, text, origin)?;
    operation_rows(&page, api, document, &from)
}

/// Also returns where the document is from.
fn document_row(
    page: &str,
    api: &str,
    document: &Value,
    text: &str,
    origin: &Origin<'_>,
) -> Result<(String, String), String> {
    let start = format!("| `{api}.yaml` |");
    let Some(old) = page.lines().find(|line| line.starts_with(&start)) else {
        return Err(format!("openapi/PROVENANCE.md has no row `{start} ..`"));
    };
    let cells: Vec<&str> = old.trim_matches('|').split('|').map(str::trim).collect();
    let [_, old_hash, _, old_date, old_from] = cells.as_slice() else {
        return Err(format!("openapi/PROVENANCE.md: not five cells in `{old}`"));
    };
    let hash = format!("`{}`", sha256(text));
    let changed = hash != *old_hash;
    let date = if changed { origin.date } else { old_date };
    let from = match origin.from {
        Some(from) => cell(from),
        None if changed && !old_from.ends_with(EDITED) => format!("{old_from}{EDITED}"),
        None => (*old_from).to_owned(),
    };
    let version = document.pointer("/info/version").and_then(Value::as_str);
    let version = cell(version.unwrap_or_default());
    let row = format!("{start} {hash} | {version} | {date} | {from} |");
    Ok((page.replacen(old, &row, 1), from))
}

/// What is said of a document that was changed in place.
const EDITED: &str = ", edited since";

/// Drops the rows of operations that are gone, and adds rows for new ones. The sources of an operation
/// that nobody looked up are the document itself.
fn operation_rows(page: &str, api: &str, document: &Value, from: &str) -> Result<String, String> {
    let operations = Document { root: document }.named_operations();
    let ids: Vec<&str> = operations.map(|operation| operation.id).collect();
    let heading = format!("### {} API, ", api.to_title_case());
    let failed = || format!("openapi/PROVENANCE.md has no table under `{heading}.. operations`");
    let (before, rest) = page.split_once(&heading).ok_or_else(failed)?;
    let (_, rest) = rest.split_once('\n').ok_or_else(failed)?;
    let (section, after) = rest.split_at(rest.find("\n#").unwrap_or(rest.len()));
    let last = section.rfind("\n|").ok_or_else(failed)?;
    let (table, behind) = match section.get(last + 1..).and_then(|row| row.find('\n')) {
        Some(length) => section.split_at(last + 1 + length),
        None => (section, ""),
    };
    let id = |row: &'_ str| Some(row.strip_prefix("| `")?.split_once('`')?.0.to_owned());
    let old: Vec<String> = table.lines().filter_map(id).collect();
    let kept = table.lines();
    let kept = kept.filter(|row| id(row).is_none_or(|id| ids.contains(&id.as_str())));
    let new = ids.iter().filter(|id| !old.iter().any(|old| old == *id));
    let new = new.map(|id| format!("| `{id}` | {from} | documented |"));
    let rows: Vec<String> = kept.map(str::to_owned).chain(new).collect();
    let (count, rows) = (ids.len(), rows.join("\n"));
    Ok(format!(
        "{before}{heading}{count} operations\n{rows}{behind}{after}"
    ))
}

/// In one line, and without an end of the cell.
fn cell(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace('|', "/")
}

fn sha256(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    let bytes = digest.as_ref().iter();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    const PAGE: &str = include_str!("../tests/cases/provenance.md");

    fn document(ids: &[&str]) -> Value {
        let get = |id: &&str| (format!("/{id}"), json!({"get": {"operationId": id}}));
        let paths: serde_json::Map<String, Value> = ids.iter().map(get).collect();
        json!({"info": {"version": "7"}, "paths": paths})
    }

    #[test]
    fn rows_are_replaced_added_and_taken_out() {
        let update = |page: &str, ids: &[&str], text: &str, from: Option<&str>, date: &str| {
            let origin = Origin { from, date };
            update(page, "management", &document(ids), text, &origin).unwrap()
        };
        let from = Some("https://x.test/a|b\nc");
        let page = update(PAGE, &["b", "c"], "text", from, "2026-02-03");
        let hash = "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1";
        let want = PAGE
            .replace(
                "`00` | 1 | 2026-01-01 | the old place",
                &format!("`{hash}` | 7 | 2026-02-03 | https://x.test/a/b c"),
            )
            .replace("| `a` | S | documented |\n", "")
            .replace(
                "L | inferred |\n",
                "L | inferred |\n| `c` | https://x.test/a/b c | documented |\n",
            );
        assert_eq!(page, want);
        // The same document again changes nothing.
        assert_eq!(update(&page, &["b", "c"], "text", from, "2027-01-01"), page);
        // An edit in place says so once.
        let once = update(PAGE, &["a", "b"], "text", None, "2026-02-03");
        let said = "| 2026-02-03 | the old place, edited since |";
        assert!(once.contains(said), "{once}");
        let twice = update(&once, &["a", "b"], "more", None, "2026-02-04");
        let said = "| 2026-02-04 | the old place, edited since |";
        assert!(twice.contains(said), "{twice}");
    }

    #[test]
    fn a_page_without_the_tables_is_refused() {
        for gone in [
            "| `management.yaml`",
            "### Management API",
            " the old place |",
        ] {
            let (from, date) = (None, "2026-02-03");
            let origin = Origin { from, date };
            let page = PAGE.replace(gone, "");
            let error = update(&page, "management", &document(&["a"]), "t", &origin).unwrap_err();
            assert!(error.starts_with("openapi/PROVENANCE.md"), "{error}");
        }
    }
}
