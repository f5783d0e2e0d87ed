//! `openapi/counts.json`: how much there is in each document, row by row.
//!
//! A test holds the documents against it, so that nothing gets lost by an edit. A document that is
//! imported brings its own rows, and the diff shows which ones are others than before.

use serde_json::{Map, Value, json};

use crate::document::{Document, items, members};
use crate::order;

/// `text` with the rows of `api` counted from `document`. Rows keep their order, a new one comes behind
/// the one before it in the document.
pub(crate) fn update(text: &str, api: &str, document: &Value) -> Result<String, String> {
    let mut counts: Value =
        serde_json::from_str(text).map_err(|error| format!("openapi/counts.json: {error}"))?;
    let old = counts.get_mut(api);
    let old = old.ok_or_else(|| format!("openapi/counts.json has no `{api}`"))?;
    *old = order::like(old, count(&Document { root: document }));
    Ok(write(&counts, "\n") + "\n")
}

fn count(document: &Document<'_>) -> Value {
    let length = |value: &Value, key: &str| items(value, key).count();
    let sum = |rows: &Map<String, Value>, key: &str| -> u64 {
        rows.values().filter_map(|row| row.get(key)?.as_u64()).sum()
    };
    let (mut operations, mut schemas, mut responses) = (Map::new(), Map::new(), 0);
    for operation in document.named_operations() {
        let statuses = members(operation.raw, "responses").map(|(status, _)| status);
        let number = |status: &str| status.parse::<u16>().map_or(json!(status), Value::from);
        let statuses: Vec<Value> = statuses.map(number).collect();
        responses += statuses.len();
        let row = json!({
            "method": operation.method.to_uppercase(),
            "path": operation.path,
            "parameters": length(operation.raw, "parameters"),
            "statuses": statuses,
        });
        operations.insert(operation.id.to_owned(), row);
    }
    for (name, schema) in document.components("schemas") {
        let row = json!({
            "properties": members(schema, "properties").count(),
            "required": length(schema, "required"),
            "enum": length(schema, "enum"),
        });
        schemas.insert(name.to_owned(), row);
    }
    json!({
        "totals": {
            "operations": operations.len(),
            "parameters": sum(&operations, "parameters"),
            "responses": responses,
            "schemas": schemas.len(),
            "properties": sum(&schemas, "properties"),
            "enum_values": sum(&schemas, "enum"),
        },
        "operations": operations,
        "schemas": schemas,
    })
}

/// Objects of objects have a line for each member, all else is one line. `start` begins a line.
fn write(value: &Value, start: &str) -> String {
    let members = value.as_object();
    let Some(members) = members.filter(|members| members.values().all(Value::is_object)) else {
        return value.to_string();
    };
    let inner = format!("{start}  ");
    let members = members.iter();
    let lines =
        members.map(|(key, value)| format!("{inner}{}: {}", json!(key), write(value, &inner)));
    format!("{{{}{start}}}", lines.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_checked_in_file_is_what_is_counted() {
        let text = crate::cases::file("openapi/counts.json");
        for api in crate::make::APIS {
            let counted = update(&text, api, &crate::cases::vendored(api)).unwrap();
            let differing = counted.lines().zip(text.lines()).find(|(a, b)| a != b);
            assert!(counted == text, "{api}: {differing:?}");
        }
    }
}
