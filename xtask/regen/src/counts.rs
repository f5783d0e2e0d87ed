//! `openapi/counts.json`: how much there is in each document, row by row.
//!
//! A test holds the documents against it, so that nothing gets lost by an edit. A document that is
//! imported brings its own rows, and the diff shows which ones are others than before.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::order::merge;

/// `text` with the rows of `api` counted from `document`. Rows keep their order, a new one comes behind
/// the one before it in the document.
pub(crate) fn update(text: &str, api: &str, document: &Value) -> Result<String, String> {
    let mut counts: Value =
        serde_json::from_str(text).map_err(|error| format!("openapi/counts.json: {error}"))?;
    let old = counts
        .get_mut(api)
        .ok_or_else(|| format!("openapi/counts.json has no `{api}`"))?;
    let mut new = count(document);
    for part in ["operations", "schemas"] {
        let names = |counts: &Value| -> Vec<String> {
            members(counts.get(part))
                .map(|(name, _)| name.clone())
                .collect()
        };
        let sorted = merge(&names(old), &names(&new));
        if let Some(rows) = new.get_mut(part).and_then(Value::as_object_mut) {
            *rows = sorted
                .into_iter()
                .filter_map(|name| rows.remove_entry(&name))
                .collect();
        }
    }
    *old = new;
    Ok(write(&counts))
}

fn count(document: &Value) -> Value {
    let mut operations = Map::new();
    let (mut parameters, mut responses) = (0, 0);
    for (path, item) in members(document.get("paths")) {
        for (method, operation) in members(Some(item)) {
            let Some(id) = operation.get("operationId").and_then(Value::as_str) else {
                continue;
            };
            let statuses: Vec<Value> = members(operation.get("responses"))
                .map(|(status, _)| status.parse::<u16>().map_or(json!(status), Value::from))
                .collect();
            parameters += length(operation, "parameters");
            responses += statuses.len();
            let row = json!({
                "method": method.to_uppercase(),
                "path": path,
                "parameters": length(operation, "parameters"),
                "statuses": statuses,
            });
            operations.insert(id.to_owned(), row);
        }
    }
    let mut schemas = Map::new();
    let (mut properties, mut values) = (0, 0);
    for (name, schema) in members(document.pointer("/components/schemas")) {
        properties += members(schema.get("properties")).count();
        values += length(schema, "enum");
        let row = json!({
            "properties": members(schema.get("properties")).count(),
            "required": length(schema, "required"),
            "enum": length(schema, "enum"),
        });
        schemas.insert(name.clone(), row);
    }
    json!({
        "totals": {
            "operations": operations.len(),
            "parameters": parameters,
            "responses": responses,
            "schemas": schemas.len(),
            "properties": properties,
            "enum_values": values,
        },
        "operations": operations,
        "schemas": schemas,
    })
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn length(value: &Value, key: &str) -> usize {
    value.get(key).and_then(Value::as_array).map_or(0, Vec::len)
}

/// One row a line.
fn write(counts: &Value) -> String {
    let mut out = String::from("{");
    for (index, (api, parts)) in members(Some(counts)).enumerate() {
        let _ = write!(out, "{}\n  \"{api}\": {{", comma(index));
        for (index, (part, rows)) in members(Some(parts)).enumerate() {
            let _ = write!(out, "{}\n    \"{part}\": ", comma(index));
            if part == "totals" {
                out.push_str(&line(rows));
                continue;
            }
            out.push('{');
            for (index, (name, row)) in members(Some(rows)).enumerate() {
                let _ = write!(out, "{}\n      \"{name}\": {}", comma(index), line(row));
            }
            out.push_str("\n    }");
        }
        out.push_str("\n  }");
    }
    out.push_str("\n}\n");
    out
}

fn comma(index: usize) -> &'static str {
    if index == 0 { "" } else { "," }
}

/// JSON in one line, with a space behind each colon and comma.
fn line(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members = members.iter();
            let members: Vec<String> = members
                .map(|(key, value)| format!("{}: {}", Value::from(key.as_str()), line(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(line).collect();
            format!("[{}]", items.join(", "))
        }
        leaf => leaf.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::yaml;

    fn file(name: &str) -> String {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/");
        std::fs::read_to_string(format!("{folder}{name}")).unwrap()
    }

    #[test]
    fn the_checked_in_file_is_what_is_counted() {
        let text = file("counts.json");
        for api in ["management", "auth"] {
            let document: Value = yaml::parse(&file(&format!("{api}.yaml"))).unwrap();
            assert!(update(&text, api, &document).unwrap() == text, "{api}");
        }
    }

    #[test]
    fn a_changed_row_is_one_changed_line() {
        let text = file("counts.json");
        let mut document: Value = yaml::parse(&file("management.yaml")).unwrap();
        let required = document.pointer_mut("/components/schemas/CreateApiKeyRequest/required");
        required
            .unwrap()
            .as_array_mut()
            .unwrap()
            .push(json!("role"));
        let updated = update(&text, "management", &document).unwrap();
        let lines: Vec<&str> = updated
            .lines()
            .filter(|l| !text.lines().any(|o| o == *l))
            .collect();
        let want = r#""CreateApiKeyRequest": {"properties": 1, "required": 2, "enum": 0}"#;
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines.concat().contains(want), "{lines:?}");
    }
}
