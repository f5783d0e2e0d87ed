//! The vendored documents are the ones that `openapi/PROVENANCE.md` speaks of.

use sha2::{Digest, Sha256};

use super::{Finding, project::Project};

const PROVENANCE: &str = "openapi/PROVENANCE.md";

/// Each table row with a hash names a document that has it, and each API has such a row.
pub(super) fn hashes(project: &Project) -> Result<Vec<Finding>, String> {
    let text = project.text(PROVENANCE)?;
    let mut findings = Vec::new();
    let mut documents = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some((document, hash)) = row(line) else {
            continue;
        };
        let mut find = |what| findings.push(Finding::new(PROVENANCE, index + 1, what));
        match project.bytes(&format!("openapi/{document}")) {
            None => find(format!(
                "openapi/{document} does not exist: take the row out"
            )),
            Some(bytes) => {
                let is = hex(&Sha256::digest(bytes));
                if is != hash {
                    find(format!(
                        "openapi/{document} has the hash {is}: if it was changed on purpose, write \
                         that here and say why; if not, restore it"
                    ));
                }
            }
        }
        documents.push(document);
    }
    for effective in project.ending(".json") {
        let api = effective
            .strip_prefix("openapi/effective/")
            .and_then(|f| f.strip_suffix(".json"));
        if let Some(api) = api
            && !documents.iter().any(|document| stem(document) == api)
        {
            let what = format!(
                "no row has the hash of the document that {effective} is made from: add it"
            );
            findings.push(Finding::new(PROVENANCE, 1, what));
        }
    }
    Ok(findings)
}

/// A file's name and 64 hex digits, wherever they stand in a row.
fn row(line: &str) -> Option<(&str, String)> {
    let line = line.trim().strip_prefix('|')?;
    let words = || line.split(|c: char| c.is_whitespace() || "|`[]()".contains(c));
    let hash =
        words().find(|word| word.len() == 64 && word.chars().all(|c| c.is_ascii_hexdigit()))?;
    let document = words().find(|word| {
        let end = word.rsplit_once('.').map(|(_, end)| end);
        matches!(end, Some("yaml" | "yml" | "json"))
    })?;
    let document = document.rsplit('/').next()?;
    Some((document, hash.to_ascii_lowercase()))
}

fn stem(document: &str) -> &str {
    document.split_once('.').map_or(document, |(stem, _)| stem)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::project::testing::found;

    /// SHA-256 of `abc`.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn provenance(row: &str, document: &str) -> Vec<String> {
        let text =
            format!("# Where from\n\n| Document | SHA-256 |\n|---|---|\n{row}\n| S | SDKs |\n");
        let effective = ("openapi/effective/auth.json", "{}");
        found(
            hashes,
            &[
                (PROVENANCE, &text),
                ("openapi/auth.yaml", document),
                effective,
            ],
        )
    }

    #[test]
    fn a_row_with_the_right_hash_passes_however_it_is_written() {
        let pass: [String; 0] = [];
        assert_eq!(
            provenance(&format!("| `auth.yaml` | `{ABC}` |"), "abc"),
            pass
        );
        let upper = ABC.to_uppercase();
        assert_eq!(
            provenance(
                &format!("| 2026-01-02 | 1.0 | [a](auth.yaml) | {upper} |"),
                "abc"
            ),
            pass
        );
    }

    #[test]
    fn a_changed_document_is_found() {
        let found = provenance(&format!("| `auth.yaml` | `{ABC}` |"), "abd");
        assert_eq!(found.len(), 1);
        let [finding] = found.as_slice() else { return };
        assert!(
            finding.starts_with("openapi/PROVENANCE.md:5: openapi/auth.yaml has the hash a52d159f"),
            "{finding}"
        );
    }

    #[test]
    fn a_row_without_document_and_an_api_without_row_are_found() {
        assert_eq!(
            provenance(&format!("| `other.yaml` | `{ABC}` |"), "abc"),
            [
                "openapi/PROVENANCE.md:5: openapi/other.yaml does not exist: take the row out",
                "openapi/PROVENANCE.md:1: no row has the hash of the document that \
                 openapi/effective/auth.json is made from: add it",
            ]
        );
    }
}
