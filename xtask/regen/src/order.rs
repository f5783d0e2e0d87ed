//! Keeps the order of a document that is there already.
//!
//! The order of members means nothing, and exporters change it as they like. A new document therefore
//! takes the order of the one that it replaces, so that a diff shows only what changed.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// Members that hold a set rather than a list.
const SETS: [&str; 4] = ["enum", "parameters", "required", "tags"];

/// Members whose own members are names that somebody chose.
const NAMES: [&str; 14] = [
    "callbacks",
    "content",
    "examples",
    "headers",
    "links",
    "mapping",
    "parameters",
    "paths",
    "properties",
    "responses",
    "schemas",
    "scopes",
    "securitySchemes",
    "variables",
];

/// The order of all other members where there is nothing to go by. What is not listed comes last.
const KEYWORDS: [&str; 29] = [
    "$ref",
    "openapi",
    "url",
    "title",
    "name",
    "in",
    "operationId",
    "summary",
    "description",
    "version",
    "tags",
    "security",
    "parameters",
    "type",
    "format",
    "nullable",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "enum",
    "allOf",
    "oneOf",
    "anyOf",
    "schema",
    "headers",
    "content",
    "requestBody",
    "responses",
];

/// `new` in the order of `old`. What only `new` has comes behind its neighbour in `new`.
pub(crate) fn like(old: &Value, new: Value) -> Value {
    ordered(Some(old), "", new)
}

/// `key` is the member that holds `new`.
fn ordered(old: Option<&Value>, key: &str, new: Value) -> Value {
    match (old, new) {
        (Some(Value::Object(old)), Value::Object(new)) => {
            let known: Vec<String> = old.keys().cloned().collect();
            let keys: Vec<String> = new.keys().cloned().collect();
            members(new, &merge(&known, &keys), |key| old.get(key))
        }
        (_, Value::Object(new)) => {
            let mut keys: Vec<String> = new.keys().cloned().collect();
            if !NAMES.contains(&key) {
                // Stable: what is not listed stays as it was.
                keys.sort_by_key(|key| {
                    KEYWORDS
                        .iter()
                        .position(|word| word == key)
                        .unwrap_or(usize::MAX)
                });
            }
            members(new, &keys, |_| None)
        }
        (Some(Value::Array(old)), Value::Array(new)) if SETS.contains(&key) => set(old, new),
        (old, Value::Array(new)) => {
            let old = old.and_then(Value::as_array).map(Vec::as_slice);
            let mut old = old.unwrap_or_default().iter();
            new.into_iter()
                .map(|item| ordered(old.next(), "", item))
                .collect()
        }
        (_, leaf) => leaf,
    }
}

fn members<'a>(
    mut new: Map<String, Value>,
    keys: &[String],
    old: impl Fn(&str) -> Option<&'a Value>,
) -> Value {
    let sorted = keys.iter().filter_map(|key| {
        let value = new.remove(key)?;
        Some((key.clone(), ordered(old(key), key, value)))
    });
    Value::Object(sorted.collect())
}

fn set(old: &[Value], new: Vec<Value>) -> Value {
    let known: Vec<String> = old.iter().map(identity).collect();
    let names: Vec<String> = new.iter().map(identity).collect();
    let before: HashMap<&String, &Value> = known.iter().zip(old).collect();
    let mut items: HashMap<String, Value> =
        names.iter().cloned().zip(new.iter().cloned()).collect();
    if items.len() < new.len() {
        // Two items of the same name: not a set after all.
        return Value::Array(new);
    }
    let sorted = merge(&known, &names).into_iter().filter_map(|name| {
        let item = items.remove(&name)?;
        Some(ordered(before.get(&name).copied(), "", item))
    });
    Value::Array(sorted.collect())
}

/// By what an item of a set is known: a parameter by place and name, a tag by name, the rest by itself.
fn identity(item: &Value) -> String {
    let text = |key: &str| item.get(key).and_then(Value::as_str);
    match (text("in"), text("name")) {
        (Some(place), Some(name)) => format!("{place} {name}"),
        (None, Some(name)) => name.to_owned(),
        _ => item.to_string(),
    }
}

/// The names of `new`: first in the order of `old`, then each new one behind the one it follows in `new`.
pub(crate) fn merge(old: &[String], new: &[String]) -> Vec<String> {
    let mut merged: Vec<String> = old
        .iter()
        .filter(|name| new.contains(name))
        .cloned()
        .collect();
    let mut last: Option<&String> = None;
    for name in new {
        if !merged.contains(name) {
            let at = last.and_then(|last| merged.iter().position(|other| other == last));
            merged.insert(at.map_or(0, |at| at + 1), name.clone());
        }
        last = Some(name);
    }
    merged
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    /// Equal with the same order of all members.
    fn check(old: Value, new: Value, want: &Value) {
        assert_eq!(like(&old, new).to_string(), want.to_string());
    }

    #[test]
    fn members_keep_their_order_at_any_depth() {
        check(
            json!({"b": {"y": 1, "x": 2}, "a": [{"q": 1, "p": 2}]}),
            json!({"a": [{"p": 3, "q": 4}], "b": {"x": 5, "y": 6}}),
            &json!({"b": {"y": 6, "x": 5}, "a": [{"q": 4, "p": 3}]}),
        );
    }

    #[test]
    fn a_new_member_comes_behind_its_neighbour_and_a_lost_one_goes() {
        check(
            json!({"c": 1, "b": 1, "gone": 1, "a": 1}),
            json!({"first": 2, "a": 2, "b": 2, "new": 2, "newer": 2, "c": 2}),
            &json!({"first": 2, "c": 2, "b": 2, "new": 2, "newer": 2, "a": 2}),
        );
    }

    #[test]
    fn sets_keep_their_order_and_lists_do_not() {
        check(
            json!({"required": ["b", "a"], "enum": ["x"], "servers": [1, 2],
                   "parameters": [{"in": "query", "name": "n"}, {"$ref": "#/p"}]}),
            json!({"required": ["a", "b", "c"], "enum": ["w", "x"], "servers": [2, 1],
                   "parameters": [{"$ref": "#/p"}, {"name": "n", "in": "query", "required": true}]}),
            &json!({"required": ["b", "c", "a"], "enum": ["w", "x"], "servers": [2, 1],
                   "parameters": [{"in": "query", "required": true, "name": "n"}, {"$ref": "#/p"}]}),
        );
    }

    #[test]
    fn what_is_all_new_has_keywords_in_one_order_and_names_as_they_come() {
        check(
            json!({"schemas": {}}),
            json!({"schemas": {"A": {"x-a": 1, "properties": {"type": {"type": "string", "description": "d"},
                   "name": {}}, "type": "object"}}}),
            &json!({"schemas": {"A": {"type": "object", "properties": {"type": {"description": "d", "type": "string"},
                   "name": {}}, "x-a": 1}}}),
        );
    }

    #[test]
    fn a_set_with_a_repeated_item_is_left_as_it_is() {
        check(
            json!({"required": ["b", "a"]}),
            json!({"required": ["a", "b", "a"]}),
            &json!({"required": ["a", "b", "a"]}),
        );
    }

    #[test]
    fn nothing_is_lost_when_the_kinds_differ() {
        check(
            json!({"a": [1]}),
            json!({"a": {"b": 1}}),
            &json!({"a": {"b": 1}}),
        );
        check(json!(1), json!({"a": 1}), &json!({"a": 1}));
    }
}
