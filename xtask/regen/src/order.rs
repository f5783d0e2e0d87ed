//! Keeps the order of a document that is there already.
//!
//! The order of members means nothing, and exporters change it as they like. A new document therefore
//! takes the order of the one that it replaces, so that a diff shows only what changed.

use serde_json::{Map, Value};

/// Members that hold a set rather than a list.
const SETS: [&str; 4] = ["enum", "parameters", "required", "tags"];

/// `new` in the order of `old`. What only `new` has comes behind its neighbour in `new`.
pub(crate) fn like(old: &Value, new: Value) -> Value {
    ordered(Some(old), "", new)
}

/// `key` is the member that holds `new`.
fn ordered(old: Option<&Value>, key: &str, new: Value) -> Value {
    match (old, new) {
        (Some(Value::Object(old)), Value::Object(mut new)) => {
            let keys = merge(old.keys(), new.keys());
            let sorted = keys.into_iter().filter_map(|key| {
                let value = new.remove(&key)?;
                Some((key.clone(), ordered(old.get(&key), &key, value)))
            });
            Value::Object(sorted.collect())
        }
        (Some(Value::Array(old)), Value::Array(new)) if SETS.contains(&key) => set(old, new),
        (Some(Value::Array(old)), Value::Array(new)) => {
            let mut old = old.iter();
            new.into_iter()
                .map(|item| ordered(old.next(), "", item))
                .collect()
        }
        (_, new) => new,
    }
}

fn set(old: &[Value], new: Vec<Value>) -> Value {
    let named = |items: &[Value]| -> Map<String, Value> {
        items
            .iter()
            .map(|item| (identity(item), item.clone()))
            .collect()
    };
    let (old, named) = (named(old), named(&new));
    if named.len() < new.len() {
        // Two items of the same name: not a set after all.
        return Value::Array(new);
    }
    match ordered(Some(&Value::Object(old)), "", Value::Object(named)) {
        Value::Object(sorted) => sorted.into_iter().map(|(_, item)| item).collect(),
        other => other,
    }
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
pub(crate) fn merge<'a>(
    old: impl Iterator<Item = &'a String>,
    new: impl Iterator<Item = &'a String>,
) -> Vec<String> {
    let new: Vec<&String> = new.collect();
    let mut merged: Vec<&String> = old.filter(|name| new.contains(name)).collect();
    let mut at = 0;
    for name in new {
        match merged.iter().position(|other| *other == name) {
            Some(place) => at = place,
            None => merged.insert(at, name),
        }
        at += 1;
    }
    merged.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    #[test]
    fn documents_keep_their_order() {
        for case in crate::cases::read("order") {
            // As text, since maps are equal in any order.
            let made = super::like(&case["old"], case["new"].clone());
            assert_eq!(
                made.to_string(),
                case["want"].to_string(),
                "{}",
                case["name"]
            );
        }
    }
}
