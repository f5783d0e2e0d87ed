//! What every document needs before the generator can read it, whatever API it describes.
//!
//! The overlay holds the deviations somebody decided on; this module holds the ones that follow from rules.

use std::collections::BTreeSet;

use heck::ToPascalCase;
use serde_json::{Map, Value, json};

use crate::document::{flag, references, text};

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];
const SCHEMA_REF: &str = "#/components/schemas/";

/// Brings `document` into the form that `build/` reads.
pub(crate) fn normalise(document: &mut Value) -> Result<(), String> {
    unite_enums(document)?;
    drop_empty_paths(document);
    hoist_inline_enums(document)?;
    prune_unused_schemas(document);
    each_schema(document, "", false, &mut |_, schema| {
        state_limits(schema);
        free_nullable_properties(schema)
    })?;
    escape_descriptions(document);
    Ok(())
}

fn schemas(document: &mut Value) -> Result<&mut Map<String, Value>, String> {
    document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
        .ok_or_else(|| "the document has no components.schemas".to_owned())
}

/// Fills `enum` of every schema that names others in `x-passage-union`, each value once.
fn unite_enums(document: &mut Value) -> Result<(), String> {
    let schemas = schemas(document)?;
    let union = |schema: &Value| schema.get("x-passage-union").map(strings);
    let unions = schemas
        .iter()
        .filter_map(|(name, schema)| Some((name.clone(), union(schema)?)));
    for (name, parts) in unions.collect::<Vec<_>>() {
        let mut values: Vec<Value> = Vec::new();
        for part in parts? {
            let list = schemas
                .get(&part)
                .and_then(|schema| schema.get("enum")?.as_array());
            for value in list.ok_or_else(|| format!("{name} unites {part}, which is no enum"))? {
                if !values.contains(value) {
                    values.push(value.clone());
                }
            }
        }
        if let Some(union) = schemas.get_mut(&name).and_then(Value::as_object_mut) {
            union.shift_remove("x-passage-union");
            union.insert("enum".to_owned(), Value::Array(values));
        }
    }
    Ok(())
}

/// A list that must hold strings only.
fn strings(list: &Value) -> Result<Vec<String>, String> {
    serde_json::from_value(list.clone()).map_err(|_| format!("{list} is no list of strings"))
}

/// A path whose operations were all left out is no path.
fn drop_empty_paths(document: &mut Value) {
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        paths.retain(|_, item| METHODS.iter().any(|method| item.get(method).is_some()));
    }
}

/// Only a component can become an open enum, so enums written in place become components: the one that
/// has the same values already, or a new one named after its place.
fn hoist_inline_enums(document: &mut Value) -> Result<(), String> {
    let schemas = schemas(document)?;
    let values = |(name, schema): (&String, &Value)| Some((name.clone(), enum_values(schema)?));
    let mut known: Vec<(String, Vec<String>)> = schemas.iter().filter_map(values).collect();
    let old = known.len();
    for place in ["/components/schemas", "/components/parameters", "/paths"] {
        let components = place == "/components/schemas";
        if let Some(part) = document.pointer_mut(place) {
            each_schema(part, "", components, &mut |place, schema| {
                if !components || place.contains('-') {
                    hoist(place, schema, &mut known);
                }
                Ok(())
            })?;
        }
    }
    let schemas = self::schemas(document)?;
    for (name, values) in known.split_off(old) {
        // Where it stood, there was no schema that the overlay could have marked.
        let schema = json!({"type": "string", "enum": values, "x-passage-open": true});
        if schemas.insert(name.clone(), schema).is_some() {
            return Err(format!(
                "the enum {name} would replace a schema of that name"
            ));
        }
    }
    Ok(())
}

/// Replaces the inline enum `schema` by a reference.
fn hoist(place: &str, schema: &mut Value, known: &mut Vec<(String, Vec<String>)>) {
    let Some(values) = enum_values(schema) else {
        return;
    };
    // In any order.
    let set = |values: &[String]| values.iter().cloned().collect::<BTreeSet<_>>();
    let same = known.iter().find(|(_, known)| set(known) == set(&values));
    let name = same.map_or_else(|| place.to_pascal_case(), |(name, _)| name.clone());
    if same.is_none() {
        known.push((name.clone(), values));
    }
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    members.shift_remove("type");
    members.shift_remove("enum");
    let reference = json!({"$ref": format!("{SCHEMA_REF}{name}")});
    if members.is_empty() {
        *schema = reference;
    } else {
        members.insert("allOf".to_owned(), json!([reference]));
    }
}

fn enum_values(schema: &Value) -> Option<Vec<String>> {
    if schema.get("type")? != "string" {
        return None;
    }
    strings(schema.get("enum")?).ok()
}

/// Drops the schemas that no operation leads to: the error bodies that were united, and what only the
/// left-out operations used.
fn prune_unused_schemas(document: &mut Value) {
    let mut used = BTreeSet::new();
    let mut todo = Vec::new();
    references(document.get("paths").unwrap_or(&Value::Null), &mut todo);
    while let Some(name) = todo.pop() {
        if used.insert(name.to_owned())
            && let Some(schema) = document.pointer(&format!("/components/schemas/{name}"))
        {
            references(schema, &mut todo);
        }
    }
    if let Ok(schemas) = schemas(document) {
        schemas.retain(|name, _| used.contains(name));
    }
}

type Visit<'a> = &'a mut dyn FnMut(&str, &mut Value) -> Result<(), String>;

/// Visits every component, property, item and parameter schema with its place: `UserInfo-email`, `getUser-user_id`.
/// `named` if the members of `value` are schemas.
fn each_schema(
    value: &mut Value,
    place: &str,
    named: bool,
    visit: Visit<'_>,
) -> Result<(), String> {
    let inside = |name: &str| match place {
        "" => name.to_owned(),
        place => format!("{place}-{name}"),
    };
    let (id, name) = (text(value, "operationId"), text(value, "name"));
    let place = match (id, name.filter(|_| value.get("schema").is_some())) {
        _ if named => place.to_owned(),
        (Some(id), _) => id.to_owned(),
        (None, Some(parameter)) => inside(parameter),
        (None, None) => place.to_owned(),
    };
    match value {
        Value::Object(members) => members.iter_mut().try_for_each(|(key, value)| {
            let place = if named { inside(key) } else { place.clone() };
            if named || ["schema", "items"].contains(&key.as_str()) {
                visit(&place, value)?;
            }
            let members = !named && ["schemas", "properties"].contains(&key.as_str());
            each_schema(value, &place, members, visit)
        }),
        Value::Array(list) => list
            .iter_mut()
            .try_for_each(|item| each_schema(item, &place, false, visit)),
        _ => Ok(()),
    }
}

/// Turns `default`, `minimum` and `maximum` into words.
///
/// As keywords they change the Rust type: a minimum of 1 gives a `NonZero`, which fails on replies that
/// break the limit, and a default makes an optional member one that every request sends.
fn state_limits(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    let mut words = Vec::new();
    for (key, label) in [("minimum", "At least"), ("maximum", "At most")] {
        if let Some(limit) = members.shift_remove(key) {
            words.push(format!("{label} {limit}."));
        }
    }
    if let Some(default) = members.shift_remove("default") {
        let text = default.as_str().map_or(default.to_string(), str::to_owned);
        words.push(format!("Left out, it is `{text}`."));
    }
    if words.is_empty() {
        return;
    }
    if let Some(text) = members.get("description").and_then(Value::as_str) {
        words.insert(0, text.trim_end().to_owned());
    }
    members.insert("description".to_owned(), words.join(" ").into());
}

/// Takes nullable properties out of `required`, since the generator would refuse a reply without the key,
/// and marks them `x-passage-null`: written as null rather than left out.
///
/// What is not required becomes an `Option` anyway and reads null as `None`, so `nullable` goes as well:
/// with it the generator would not recognise a date-time. A map is no `Option` without it.
fn free_nullable_properties(schema: &mut Value) -> Result<(), String> {
    let mut required = match schema.get("required") {
        Some(list) => strings(list)?,
        None => Vec::new(),
    };
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        let nullable = flag(property, "nullable");
        let Some(members) = property.as_object_mut().filter(|_| nullable) else {
            continue;
        };
        if members.get("type") != Some(&"object".into()) {
            members.shift_remove("nullable");
        }
        if required.contains(name) {
            required.retain(|other| other != name);
            members.insert("x-passage-null".to_owned(), true.into());
        }
    }
    match schema.as_object_mut() {
        Some(members) if required.is_empty() => drop(members.shift_remove("required")),
        Some(members) => drop(members.insert("required".to_owned(), required.into())),
        None => {}
    }
    Ok(())
}

/// Escapes what rustdoc would take for HTML or a link.
fn escape_descriptions(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    // A schema may have a property called "description", which is an object.
                    Value::String(text) if key == "description" => *text = escape(text),
                    _ => escape_descriptions(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(escape_descriptions),
        _ => {}
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut code = false;
    for c in text.trim_end().chars() {
        match c {
            '`' => code = !code,
            '<' | '[' | ']' if !code && !out.ends_with('\\') => out.push('\\'),
            _ => {}
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn documents_are_brought_into_the_form_that_the_generator_reads() {
        for case in crate::cases::read("normalise") {
            let root = json!({"schema": {"$ref": "#/components/schemas/Root"}});
            let replies = json!({"200": {"content": {"application/json": root}}});
            let get = json!({"operationId": "getIt", "parameters": case["parameters"], "responses": replies});
            let mut document = json!({
                "paths": {"/p": {"get": get}, "/empty": {"summary": "nothing left"}},
                "components": {"schemas": case["schemas"]},
            });
            let (error, name) = (normalise(&mut document).err(), &case["name"]);
            assert_eq!(error.as_deref(), case["fails"].as_str(), "{name}");
            if case.get("out").is_some() {
                assert_eq!(document["components"]["schemas"], case["out"], "{name}");
                assert!(document["paths"].get("/empty").is_none());
            }
            let schemas = case["parameters_out"].as_array().into_iter().flatten();
            for (at, schema) in schemas.enumerate() {
                let parameter = &document["paths"]["/p"]["get"]["parameters"][at];
                assert_eq!(parameter["schema"], *schema, "{name}");
            }
        }
    }
}
