//! What every document needs before the generator can read it, whatever API it describes.
//!
//! The overlay holds the deviations somebody decided on; this module holds the ones that follow from rules.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];
const SCHEMA_REF: &str = "#/components/schemas/";

/// Brings `document` into the form that `build/` reads.
pub(crate) fn normalise(document: &mut Value) -> Result<(), String> {
    unite_enums(document)?;
    drop_empty_paths(document);
    hoist_inline_enums(document)?;
    prune_unused_schemas(document);
    each_schema(document, &mut |schema| {
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
    let unions: Vec<(String, Value)> = schemas
        .iter()
        .filter_map(|(name, schema)| Some((name.clone(), schema.get("x-passage-union")?.clone())))
        .collect();
    for (name, parts) in unions {
        let mut values: Vec<Value> = Vec::new();
        for part in strings(&parts)? {
            let list = schemas
                .get(&part)
                .and_then(|s| s.get("enum"))
                .and_then(Value::as_array)
                .ok_or_else(|| format!("{name} unites {part}, which is no enum"))?;
            for value in list {
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
    let mut known: Vec<(String, Vec<String>)> = schemas
        .iter()
        .filter_map(|(name, schema)| Some((name.clone(), enum_values(schema)?)))
        .collect();
    let old = known.len();
    let names: Vec<String> = schemas.keys().cloned().collect();
    for name in &names {
        if let Some(properties) = schemas
            .get_mut(name)
            .and_then(|s| s.get_mut("properties"))
            .and_then(Value::as_object_mut)
        {
            for (property, schema) in properties {
                hoist(&format!("{name}-{property}"), schema, &mut known);
            }
        }
    }
    for (name, schema) in shared_parameters(document) {
        hoist(&name, schema, &mut known);
    }
    for operation in operations(document) {
        let id = operation.get("operationId").and_then(Value::as_str);
        let id = id.unwrap_or_default().to_owned();
        for (name, schema) in parameters(operation) {
            hoist(&format!("{id}-{name}"), schema, &mut known);
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

/// Replaces the inline enum `schema`, or the one of its items, by a reference.
fn hoist(place: &str, schema: &mut Value, known: &mut Vec<(String, Vec<String>)>) {
    if let Some(items) = schema.get_mut("items") {
        hoist(place, items, known);
    }
    let Some(values) = enum_values(schema) else {
        return;
    };
    let same = known.iter().find(|(_, v)| same_values(v, &values));
    let name = match same {
        Some((name, _)) => name.clone(),
        None => {
            let name = pascal(place);
            known.push((name.clone(), values));
            name
        }
    };
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

fn same_values(a: &[String], b: &[String]) -> bool {
    let a: BTreeSet<&String> = a.iter().collect();
    a == b.iter().collect()
}

/// `UserInfo-some_status` becomes `UserInfoSomeStatus`.
fn pascal(text: &str) -> String {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .flat_map(|word| {
            let mut chars = word.chars();
            let first = chars.next().map(|c| c.to_ascii_uppercase());
            first.into_iter().chain(chars)
        })
        .collect()
}

/// Drops the schemas that no operation leads to: the error bodies that were united, and what only the
/// left-out operations used.
fn prune_unused_schemas(document: &mut Value) {
    let mut used = BTreeSet::new();
    let mut todo: Vec<String> = document.get("paths").map(references).unwrap_or_default();
    while let Some(name) = todo.pop() {
        if let Some(schema) = document.pointer(&format!("/components/schemas/{name}")) {
            todo.extend(references(schema).into_iter().filter(|n| !used.contains(n)));
        }
        used.insert(name);
    }
    if let Ok(schemas) = schemas(document) {
        schemas.retain(|name, _| used.contains(name));
    }
}

/// The names of all schemas that `value` refers to.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, value)| match value.as_str() {
                Some(text) if key == "$ref" => text
                    .strip_prefix(SCHEMA_REF)
                    .map(str::to_owned)
                    .into_iter()
                    .collect(),
                _ => references(value),
            })
            .collect(),
        Value::Array(list) => list.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

type Visit<'a> = &'a mut dyn FnMut(&mut Value) -> Result<(), String>;

/// Visits every component, property, item and parameter schema.
fn each_schema(document: &mut Value, visit: Visit<'_>) -> Result<(), String> {
    for schema in schemas(document)?.values_mut() {
        descend(schema, visit)?;
    }
    for (_, schema) in shared_parameters(document) {
        descend(schema, visit)?;
    }
    for operation in operations(document) {
        for (_, schema) in parameters(operation) {
            descend(schema, visit)?;
        }
    }
    Ok(())
}

fn descend(schema: &mut Value, visit: Visit<'_>) -> Result<(), String> {
    visit(schema)?;
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (_, property) in properties.into_iter().flatten() {
        descend(property, visit)?;
    }
    schema
        .get_mut("items")
        .map_or(Ok(()), |items| descend(items, visit))
}

/// Every operation of the document.
fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    paths
        .into_iter()
        .flatten()
        .filter_map(|(_, item)| item.as_object_mut())
        .flat_map(|item| item.iter_mut())
        .filter(|(method, _)| METHODS.contains(&method.as_str()))
        .map(|(_, operation)| operation)
}

/// Name and schema of every parameter written out in an operation.
fn parameters(operation: &mut Value) -> impl Iterator<Item = (String, &mut Value)> {
    let list = operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut);
    list.into_iter().flatten().filter_map(named_schema)
}

/// Name and schema of every parameter that operations refer to.
fn shared_parameters(document: &mut Value) -> impl Iterator<Item = (String, &mut Value)> {
    let map = document
        .pointer_mut("/components/parameters")
        .and_then(Value::as_object_mut);
    map.into_iter()
        .flatten()
        .filter_map(|(_, parameter)| named_schema(parameter))
}

fn named_schema(parameter: &mut Value) -> Option<(String, &mut Value)> {
    let name = parameter.get("name")?.as_str()?.to_owned();
    Some((name, parameter.get_mut("schema")?))
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
        let Some(members) = property.as_object_mut() else {
            continue;
        };
        if members.get("nullable") != Some(&Value::Bool(true)) {
            continue;
        }
        if members.get("type") != Some(&"object".into()) {
            members.shift_remove("nullable");
        }
        if required.contains(name) {
            required.retain(|other| other != name);
            members.insert("x-passage-null".to_owned(), true.into());
        }
    }
    if let Some(members) = schema.as_object_mut()
        && members.contains_key("required")
    {
        if required.is_empty() {
            members.shift_remove("required");
        } else {
            members.insert("required".to_owned(), required.into());
        }
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
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    /// Normalises a document whose one operation takes `parameters` and returns the schema `Root`.
    fn run(parameters: Value, schemas: Value) -> Result<Value, String> {
        let root = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Root"}}}});
        let mut document = json!({
            "paths": {
                "/p": {"get": {"operationId": "getIt", "parameters": parameters, "responses": {"200": root}}},
                "/empty": {"summary": "nothing left"},
            },
            "components": {"schemas": schemas},
        });
        normalise(&mut document).map(|()| document)
    }

    #[test]
    fn unions_hold_each_value_once_and_their_parts_go() {
        let out = run(
            json!([]),
            json!({
                "A": {"type": "string", "enum": ["x", "y"]},
                "B": {"type": "string", "enum": ["y", "z"]},
                "Root": {"type": "string", "x-passage-union": ["A", "B"]},
            }),
        )
        .unwrap();
        let want = json!({"Root": {"type": "string", "enum": ["x", "y", "z"]}});
        assert_eq!(out["components"]["schemas"], want);
        let error = run(json!([]), json!({"Root": {"x-passage-union": ["Gone"]}})).unwrap_err();
        assert_eq!(error, "Root unites Gone, which is no enum");
    }

    #[test]
    fn inline_enums_become_components_and_reuse_those_with_the_same_values() {
        let inline = json!({"type": "string", "enum": ["a", "b"], "description": "d"});
        let out = run(
            json!([
                {"name": "some_kind", "in": "query", "schema": {"type": "string", "enum": ["q"]}},
                {"name": "known", "in": "query", "schema": {"type": "string", "enum": ["b", "a"]}},
            ]),
            json!({
                "Root": {"type": "object", "properties": {
                    "one": inline,
                    "list": {"type": "array", "items": {"type": "string", "enum": ["i"]}},
                }},
            }),
        )
        .unwrap();
        let schemas = &out["components"]["schemas"];
        let properties = &schemas["Root"]["properties"];
        assert_eq!(
            properties["one"]["allOf"][0]["$ref"],
            "#/components/schemas/RootOne"
        );
        assert_eq!(properties["one"]["description"], "d");
        assert_eq!(
            properties["list"]["items"],
            json!({"$ref": "#/components/schemas/RootList"})
        );
        assert_eq!(schemas["RootOne"]["enum"], json!(["a", "b"]));
        assert_eq!(schemas["GetItSomeKind"]["enum"], json!(["q"]));
        let parameters = &out["paths"]["/p"]["get"]["parameters"];
        assert_eq!(
            parameters[1]["schema"],
            json!({"$ref": "#/components/schemas/RootOne"})
        );
    }

    #[test]
    fn a_hoisted_enum_never_replaces_a_schema() {
        let error = run(
            json!([]),
            json!({
                "Root": {"type": "object", "properties": {"one": {"type": "string", "enum": ["a"]}}},
                "RootOne": {"type": "object"},
            }),
        )
        .unwrap_err();
        assert!(error.contains("RootOne"), "{error}");
    }

    #[test]
    fn nullable_is_optional_to_read_and_null_to_write() {
        let out = run(
            json!([]),
            json!({"Root": {
                "type": "object",
                "required": ["at", "map", "plain"],
                "properties": {
                    "at": {"type": "string", "format": "date-time", "nullable": true},
                    "map": {"type": "object", "additionalProperties": true, "nullable": true},
                    "plain": {"type": "string"},
                    "free": {"type": "string", "nullable": true},
                },
            }}),
        )
        .unwrap();
        let root = &out["components"]["schemas"]["Root"];
        let want = json!({
            "type": "object",
            "required": ["plain"],
            "properties": {
                "at": {"type": "string", "format": "date-time", "x-passage-null": true},
                "map": {
                    "type": "object", "additionalProperties": true, "nullable": true, "x-passage-null": true
                },
                "plain": {"type": "string"},
                "free": {"type": "string"},
            },
        });
        assert_eq!(*root, want);
    }

    #[test]
    fn a_required_list_holds_names_only() {
        let error = run(json!([]), json!({"Root": {"required": ["x", true]}})).unwrap_err();
        assert!(error.contains("no list of strings"), "{error}");
    }

    #[test]
    fn limits_and_defaults_turn_into_words() {
        let out = run(
            json!([]),
            json!({"Root": {"type": "object", "properties": {
                "ttl": {"type": "integer", "description": "Seconds.", "default": 300, "minimum": 60, "maximum": 900},
                "kind": {"type": "string", "default": "login"},
            }}}),
        )
        .unwrap();
        let properties = &out["components"]["schemas"]["Root"]["properties"];
        let ttl = json!({
            "type": "integer",
            "description": "Seconds. At least 60. At most 900. Left out, it is `300`.",
        });
        assert_eq!(properties["ttl"], ttl);
        assert_eq!(
            properties["kind"]["description"],
            "Left out, it is `login`."
        );
    }

    #[test]
    fn unused_schemas_and_empty_paths_go() {
        let out = run(
            json!([]),
            json!({
                "Root": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Next"}}},
                "Next": {"type": "object", "properties": {"root": {"$ref": "#/components/schemas/Root"}}},
                "Lonely": {"type": "object"},
            }),
        )
        .unwrap();
        let names: Vec<_> = out["components"]["schemas"]
            .as_object()
            .unwrap()
            .keys()
            .collect();
        assert_eq!(names, ["Root", "Next"]);
        assert!(out["paths"].get("/empty").is_none());
    }

    #[test]
    fn descriptions_survive_rustdoc() {
        assert_eq!(
            escape("`<gt:3>` or <b>, see [x]\n"),
            r"`<gt:3>` or \<b>, see \[x\]"
        );
        assert_eq!(escape(r"done \<b>"), r"done \<b>");
        let out = run(
            json!([]),
            json!({"Root": {"type": "object", "properties": {
                "description": {"type": "string", "description": "<x>"},
            }}}),
        )
        .unwrap();
        let property = &out["components"]["schemas"]["Root"]["properties"]["description"];
        assert_eq!(property["description"], r"\<x>");
    }
}
