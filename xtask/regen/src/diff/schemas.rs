//! Types: which there are, their fields and their values.

use serde_json::Value;

use super::Found;
use super::document::{Document, flag, members, text, texts, unread};
use super::rules::Judged;
use super::rust_type::{self, bare, is_struct, pascal, snake, variant};
use super::what::What;

/// Of a schema: what is read here, with what nothing is made of. Limits of numbers are in the text already.
const KNOWN: [&str; 26] = [
    "$ref",
    "type",
    "format",
    "description",
    "deprecated",
    "nullable",
    "enum",
    "items",
    "allOf",
    "required",
    "properties",
    "additionalProperties",
    "x-passage-open",
    "x-passage-variants",
    "x-passage-secret",
    "x-passage-null",
    "x-passage-null-as-empty",
    "minimum",
    "maximum",
    "default",
    "example",
    "examples",
    "externalDocs",
    "readOnly",
    "writeOnly",
    "xml",
];

/// Compares all types.
pub(super) fn compare(old: &Document<'_>, new: &Document<'_>, found: &mut Found<'_>) {
    for (name, before) in old.schemas() {
        let judged = found.cover.schema(name);
        let item = Some(format!("types::{}", pascal(name)));
        match new.schema(name) {
            Some(after) => compare_one(name, before, after, found),
            None => {
                let what = What::TypeRemoved {
                    kind: kind(name, before),
                };
                found.push(name, item, what, judged);
            }
        }
    }
    for (name, after) in new.schemas() {
        if old.schema(name).is_none() {
            let what = What::TypeAdded {
                kind: kind(name, after),
            };
            let item = Some(format!("types::{}", pascal(name)));
            let judged = found.cover.schema(name);
            found.push(name, item, what, judged);
        }
    }
}

/// What the generator makes of a component.
fn kind(name: &str, schema: &Value) -> String {
    if schema.get("enum").is_some() {
        "enum".to_owned()
    } else if is_struct(schema) {
        "struct".to_owned()
    } else {
        format!("`{}`", bare(schema, name))
    }
}

fn compare_one(name: &str, before: &Value, after: &Value, found: &mut Found<'_>) {
    let judged = found.cover.schema(name);
    let item = format!("types::{}", pascal(name));
    let (from, to) = (kind(name, before), kind(name, after));
    if from != to {
        found.push(name, Some(item), What::TypeReplaced { from, to }, judged);
        return;
    }
    for what in words(before, after, "description of the type") {
        found.push(name, Some(item.clone()), what, judged);
    }
    for keyword in unread_keywords(before, after) {
        let what = What::Unread { keyword };
        found.push(name, Some(item.clone()), what, judged);
    }
    if from == "enum" {
        values(name, &item, before, after, found);
    } else {
        fields(
            &Owner {
                schema: name,
                path: name,
                rust: name,
            },
            before,
            after,
            found,
        );
    }
}

/// The struct that fields are of.
struct Owner<'a> {
    /// The component.
    schema: &'a str,
    /// The place: the component, or a property inside it that is a struct of its own.
    path: &'a str,
    /// What the generator names the struct after.
    rust: &'a str,
}

fn fields(owner: &Owner<'_>, before: &Value, after: &Value, found: &mut Found<'_>) {
    let property = |schema: &'_ Value, name: &str| schema.get("properties")?.get(name).cloned();
    for (name, from) in members(before, "properties") {
        let judged = found.cover.field(owner.schema, top(owner, name));
        let shape = rust_type::field(owner.rust, before, name, from);
        match property(after, name) {
            Some(to) => {
                for what in changes_of((owner, name), (before, from), (after, &to)) {
                    push(owner, name, what, judged, found);
                }
                inner(owner, name, from, &to, found);
            }
            None => push(owner, name, What::FieldRemoved { shape }, judged, found),
        }
    }
    for (name, to) in members(after, "properties") {
        if property(before, name).is_none() {
            let what = What::FieldAdded {
                shape: rust_type::field(owner.rust, after, name, to),
                default: texts(after, "required").is_empty()
                    && texts(before, "required").is_empty(),
            };
            let judged = found.cover.field(owner.schema, top(owner, name));
            push(owner, name, what, judged, found);
        }
    }
}

/// The property of the component that `name` belongs to: what is inside a left property is left as well.
fn top<'a>(owner: &Owner<'a>, name: &'a str) -> &'a str {
    let inside = owner.path.strip_prefix(owner.schema).unwrap_or_default();
    let first = inside.trim_start_matches('.').split('.').next();
    first.filter(|first| !first.is_empty()).unwrap_or(name)
}

fn push(owner: &Owner<'_>, name: &str, what: What, judged: Judged, found: &mut Found<'_>) {
    let item = format!("types::{}::{}", pascal(owner.rust), snake(name));
    found.push(&format!("{}.{name}", owner.path), Some(item), what, judged);
}

fn changes_of(
    (owner, name): (&Owner<'_>, &str),
    (old, before): (&Value, &Value),
    (new, after): (&Value, &Value),
) -> Vec<What> {
    let mut found = Vec::new();
    let from = rust_type::field(owner.rust, old, name, before);
    let to = rust_type::field(owner.rust, new, name, after);
    if from != to {
        found.push(What::FieldChanged { from, to });
    }
    let both = |key| (flag(before, key), flag(after, key));
    match both("x-passage-null-as-empty") {
        (from, now) if from != now => found.push(What::NullAsEmpty { now }),
        _ => {}
    }
    match both("x-passage-secret") {
        (from, now) if from != now => found.push(What::Secret { now }),
        _ => {}
    }
    found.extend(words(before, after, "description of the field"));
    for keyword in unread_keywords(before, after) {
        found.push(What::Unread { keyword });
    }
    found
}

fn words(before: &Value, after: &Value, of: &'static str) -> Vec<What> {
    let mut found = Vec::new();
    if text(before, "description") != text(after, "description") {
        found.push(What::Description { of, shown: true });
    }
    let now = flag(after, "deprecated");
    if flag(before, "deprecated") != now {
        found.push(What::Deprecated { now });
    }
    found
}

/// A property, or its items, can be a struct of its own.
fn inner(owner: &Owner<'_>, name: &str, before: &Value, after: &Value, found: &mut Found<'_>) {
    let mut rust = format!("{}-{name}", owner.rust);
    let (mut before, mut after) = (before, after);
    while let (Some(from), Some(to)) = (before.get("items"), after.get("items")) {
        (before, after) = (from, to);
        rust.push_str("-item");
    }
    if is_struct(before) && is_struct(after) {
        let path = format!("{}.{name}", owner.path);
        let owner = Owner {
            schema: owner.schema,
            path: &path,
            rust: &rust,
        };
        fields(&owner, before, after, found);
    }
}

fn values(name: &str, item: &str, before: &Value, after: &Value, found: &mut Found<'_>) {
    let judged = found.cover.schema(name);
    let (from, to) = (texts(before, "enum"), texts(after, "enum"));
    let mut push = |variant: &str, what| {
        found.push(name, Some(format!("{item}::{variant}")), what, judged);
    };
    for value in &from {
        let (old, new) = (variant(before, value), variant(after, value));
        let value = (*value).to_owned();
        if !to.contains(&value.as_str()) {
            push(
                &old.clone(),
                What::ValueRemoved {
                    value,
                    variant: old,
                },
            );
        } else if old != new {
            let what = What::VariantRenamed {
                value,
                from: old.clone(),
                to: new,
            };
            push(&old, what);
        }
    }
    for value in to.iter().filter(|value| !from.contains(value)) {
        let variant = variant(after, value);
        let value = (*value).to_owned();
        push(&variant.clone(), What::ValueAdded { value, variant });
    }
    let kept = |list: &[&str], other: &[&str]| -> Vec<String> {
        let kept = list.iter().filter(|value| other.contains(value));
        kept.map(|value| (*value).to_owned()).collect()
    };
    if kept(&from, &to) != kept(&to, &from) {
        push("KNOWN", What::ValuesReordered);
    }
}

/// Keywords that differ and that nothing here reads, at any depth.
pub(super) fn unread_keywords(before: &Value, after: &Value) -> Vec<String> {
    let mut found: Vec<String> = unread(before, after, &KNOWN)
        .into_iter()
        .map(str::to_owned)
        .collect();
    for key in ["items", "additionalProperties"] {
        if let (Some(before), Some(after)) = (before.get(key), after.get(key)) {
            found.extend(unread_keywords(before, after));
        }
    }
    let parts = |schema: &Value| schema.get("allOf").and_then(Value::as_array).cloned();
    match (parts(before), parts(after)) {
        (Some(before), Some(after)) if before != after && before.len().max(after.len()) > 1 => {
            found.push("allOf".to_owned());
        }
        _ => {}
    }
    // Beside properties, `additionalProperties` adds a field or refuses what is unknown.
    let more = "additionalProperties";
    if is_struct(before) && is_struct(after) && before.get(more) != after.get(more) {
        found.push(more.to_owned());
    }
    found
}
