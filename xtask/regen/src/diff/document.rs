//! Reading an effective document.

use serde_json::{Map, Value};

use super::Found;
use super::rules::Judged;
use super::what::What;

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// An effective document.
#[derive(Clone, Copy)]
pub(super) struct Document<'a> {
    pub(super) root: &'a Value,
}

/// One operation.
#[derive(Clone, Copy)]
pub(super) struct Operation<'a> {
    pub(super) id: &'a str,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) raw: &'a Value,
    /// The path item, which may have parameters of its own.
    item: &'a Value,
}

impl Operation<'_> {
    /// `GET /apps/{app_id}`.
    pub(super) fn route(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }
}

/// One parameter of an operation.
#[derive(Clone, Copy)]
pub(super) struct Parameter<'a> {
    pub(super) name: &'a str,
    /// `path`, `query` or `header`.
    pub(super) location: &'a str,
    pub(super) required: bool,
    pub(super) schema: &'a Value,
    pub(super) raw: &'a Value,
    /// Whether it is written once for many operations.
    pub(super) shared: bool,
}

impl<'a> Document<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self { root }
    }

    /// Every operation that has an id, in the order of the document.
    pub(super) fn operations(&self) -> impl Iterator<Item = Operation<'a>> {
        members(self.root, "paths").flat_map(|(path, item)| {
            METHODS.iter().filter_map(move |method| {
                let raw = item.get(*method)?;
                Some(Operation {
                    id: raw.get("operationId")?.as_str()?,
                    method,
                    path,
                    raw,
                    item,
                })
            })
        })
    }

    /// The parameters of an operation, its own and those of its path.
    pub(super) fn parameters(&self, operation: &Operation<'a>) -> Vec<Parameter<'a>> {
        let mut found: Vec<Parameter<'a>> = Vec::new();
        for list in [operation.raw, operation.item] {
            let list = list.get("parameters").and_then(Value::as_array);
            for raw in list.into_iter().flatten() {
                let parameter = self.parameter(raw);
                found.extend(parameter.filter(|p| {
                    !found
                        .iter()
                        .any(|f| (f.name, f.location) == (p.name, p.location))
                }));
            }
        }
        found
    }

    fn parameter(&self, raw: &'a Value) -> Option<Parameter<'a>> {
        let own = self.resolve(raw);
        Some(Parameter {
            name: text(own, "name")?,
            location: text(own, "in")?,
            required: flag(own, "required"),
            schema: own.get("schema").unwrap_or(&Value::Null),
            raw: own,
            shared: raw.get("$ref").is_some(),
        })
    }

    /// Status and content of every reply, references followed.
    pub(super) fn replies(&self, operation: &Operation<'a>) -> Vec<(&'a str, &'a Value)> {
        members(operation.raw, "responses")
            .map(|(status, reply)| (status, self.resolve(reply)))
            .collect()
    }

    /// The component schema of that name.
    pub(super) fn schema(&self, name: &str) -> Option<&'a Value> {
        self.root.get("components")?.get("schemas")?.get(name)
    }

    /// Every component schema with its name.
    pub(super) fn schemas(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let components = self.root.get("components").unwrap_or(&Value::Null);
        members(components, "schemas")
    }

    /// What a `$ref` inside the document points to, or the value itself.
    pub(super) fn resolve(&self, value: &'a Value) -> &'a Value {
        text(value, "$ref")
            .and_then(|reference| self.root.pointer(reference.strip_prefix('#')?))
            .unwrap_or(value)
    }
}

/// The members of the object `key` of `value`.
pub(super) fn members<'a>(
    value: &'a Value,
    key: &str,
) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
    let object = value.get(key).and_then(Value::as_object);
    object
        .into_iter()
        .flat_map(Map::iter)
        .map(|(name, value)| (name.as_str(), value))
}

/// The text at `key`.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

/// Whether `key` is there and true.
pub(super) fn flag(value: &Value, key: &str) -> bool {
    value.get(key) == Some(&Value::Bool(true))
}

/// The texts of a list.
pub(super) fn texts<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    let list = value.get(key).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// The name of the schema that `value` is a reference to.
pub(super) fn schema_name(value: &Value) -> Option<&str> {
    text(value, "$ref")?.strip_prefix("#/components/schemas/")
}

/// The keys whose values differ, of all but `known`.
pub(super) fn unread<'a>(old: &'a Value, new: &'a Value, known: &[&str]) -> Vec<&'a str> {
    let keys = |value: &'a Value| value.as_object().into_iter().flat_map(Map::keys);
    let mut found: Vec<&str> = keys(old)
        .chain(keys(new))
        .map(String::as_str)
        .filter(|key| !known.contains(key) && old.get(*key) != new.get(*key))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Compares what is about the document as a whole.
pub(super) fn compare(old: &Document<'_>, new: &Document<'_>, found: &mut Found<'_>) {
    if old.root.get("info") != new.root.get("info") {
        found.push(
            "info",
            Some("Client".to_owned()),
            What::Info,
            Judged::FOREIGN,
        );
    }
    if old.root.get("servers") != new.root.get("servers") {
        found.push("servers", None, What::Servers, Judged::FOREIGN);
    }
    let (before, after) = (tags(old), tags(new));
    for (name, tag) in &before {
        let what = match after.iter().find(|(other, _)| other == name) {
            None => What::TagRemoved,
            Some((_, other)) if other == tag => continue,
            Some(_) => What::Description {
                of: "description of the tag",
                shown: false,
            },
        };
        found.push(&format!("tag {name}"), None, what, Judged::FOREIGN);
    }
    for (name, _) in after {
        if !before.iter().any(|(other, _)| *other == name) {
            found.push(
                &format!("tag {name}"),
                None,
                What::TagAdded,
                Judged::FOREIGN,
            );
        }
    }
    // Written once for many operations: reported once, not with each of them.
    for (name, parameter) in shared(old) {
        let other = shared(new).find(|(other, _)| *other == name);
        if let Some((_, other)) = other
            && text(parameter, "description") != text(other, "description")
        {
            let what = What::Description {
                of: "description of the shared parameter",
                shown: true,
            };
            // The facade's parameters of that kind are explained by its own types.
            found.push(&format!("parameter {name}"), None, what, Judged::FOREIGN);
        }
    }
}

fn tags<'a>(document: &Document<'a>) -> Vec<(&'a str, &'a Value)> {
    let list = document.root.get("tags").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|tag| Some((text(tag, "name")?, tag)))
        .collect()
}

fn shared<'a>(document: &Document<'a>) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
    let components = document.root.get("components").unwrap_or(&Value::Null);
    members(components, "parameters")
}
