//! Reading a document.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// A document of OpenAPI 3.0.
#[derive(Clone, Copy)]
pub(crate) struct Document<'a> {
    pub(crate) root: &'a Value,
}

/// One operation.
#[derive(Clone, Copy)]
pub(crate) struct Operation<'a> {
    /// Empty if it has none.
    pub(crate) id: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) raw: &'a Value,
    /// The path item, which may have parameters of its own.
    item: &'a Value,
}

impl Operation<'_> {
    /// `GET /apps/{app_id}`.
    pub(crate) fn route(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }
}

impl<'a> Document<'a> {
    /// Every operation, in the order of the document.
    pub(crate) fn operations(&self) -> impl Iterator<Item = Operation<'a>> + use<'a> {
        members(self.root, "paths").flat_map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten();
            let methods = methods.filter(|(method, _)| METHODS.contains(&method.as_str()));
            methods.map(move |(method, raw)| Operation {
                id: text(raw, "operationId").unwrap_or_default(),
                method,
                path,
                raw,
                item,
            })
        })
    }

    /// Those that can be called by a name.
    pub(crate) fn named_operations(&self) -> impl Iterator<Item = Operation<'a>> + use<'a> {
        self.operations()
            .filter(|operation| !operation.id.is_empty())
    }

    /// The parameters of an operation, its own and those of its path, references followed; and whether they are
    /// written once for many operations.
    pub(crate) fn parameters(&self, operation: &Operation<'a>) -> Vec<(&'a Value, bool)> {
        let mut found: Vec<(&Value, bool)> = Vec::new();
        let lists = [operation.raw, operation.item].into_iter();
        for raw in lists.flat_map(|list| items(list, "parameters")) {
            let parameter = self.resolve(raw);
            let same = |key| move |other: &Value| other.get(key) == parameter.get(key);
            if !found
                .iter()
                .any(|(other, _)| same("name")(other) && same("in")(other))
            {
                found.push((parameter, raw.get("$ref").is_some()));
            }
        }
        found
    }

    /// The body of requests, references followed.
    pub(crate) fn body(&self, operation: &Operation<'a>) -> Option<&'a Value> {
        let body = operation.raw.get("requestBody")?;
        Some(self.resolve(body))
    }

    /// Status and content of every reply, references followed.
    pub(crate) fn replies(&self, operation: &Operation<'a>) -> Vec<(&'a str, &'a Value)> {
        let replies = members(operation.raw, "responses");
        replies
            .map(|(status, reply)| (status, self.resolve(reply)))
            .collect()
    }

    /// The component schema of that name.
    pub(crate) fn schema(&self, name: &str) -> Option<&'a Value> {
        self.root.get("components")?.get("schemas")?.get(name)
    }

    /// The components of one kind, each with its name.
    pub(crate) fn components(
        &self,
        kind: &str,
    ) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        members(self.root.get("components").unwrap_or(&Value::Null), kind)
    }

    /// What a `$ref` inside the document points to, or the value itself.
    pub(crate) fn resolve(&self, value: &'a Value) -> &'a Value {
        text(value, "$ref")
            .and_then(|reference| self.root.pointer(reference.strip_prefix('#')?))
            .unwrap_or(value)
    }
}

/// The members of the object `key` of `value`.
pub(crate) fn members<'a>(
    value: &'a Value,
    key: &str,
) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
    let object = value.get(key).and_then(Value::as_object);
    let members = object.into_iter().flat_map(Map::iter);
    members.map(|(name, value)| (name.as_str(), value))
}

/// The items of the list `key` of `value`.
pub(crate) fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// The text at `key`.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

/// Whether `key` is there and true.
pub(crate) fn flag(value: &Value, key: &str) -> bool {
    value.get(key) == Some(&Value::Bool(true))
}

/// The texts of a list.
pub(crate) fn texts<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    items(value, key).filter_map(Value::as_str).collect()
}

/// The name of the schema that `value` is a reference to.
pub(crate) fn schema_name(value: &Value) -> Option<&str> {
    text(value, "$ref")?.strip_prefix("#/components/schemas/")
}

/// Whether the schema is an object with properties.
pub(crate) fn is_struct(schema: &Value) -> bool {
    members(schema, "properties").next().is_some()
}

/// What a schema says in keywords other than `known`, at any depth.
pub(crate) fn unread(value: &Value, known: &str) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (key, inner) in value.as_object().into_iter().flatten() {
        let unsaid = match key.as_str() {
            // One part is a reference with something beside it.
            "allOf" => inner.as_array().is_some_and(|parts| parts.len() > 1),
            // Beside properties it adds a field or refuses what is unknown.
            "additionalProperties" => is_struct(value),
            other => !known.split(' ').any(|known| known == other),
        };
        if unsaid {
            found.insert(key.clone(), inner.clone());
        }
        if ["items", "additionalProperties", "schema"].contains(&key.as_str()) {
            found.extend(unread(inner, known));
        }
    }
    found
}

/// The names of the schemas that `value` refers to.
pub(crate) fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(schema_name(value));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}
