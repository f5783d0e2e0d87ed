//! What the facade covers: `openapi/facade.yaml`, and what follows from it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::document::{Document, Operation};
use super::rules::{Judged, Part};
use crate::yaml;

/// The content of `openapi/facade.yaml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Facade {
    apis: BTreeMap<String, Api>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Api {
    operations: BTreeMap<String, Entry>,
    #[serde(default)]
    left: BTreeMap<String, String>,
}

/// What becomes of an operation.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Entry {
    Methods(Vec<String>),
    Left { left: String },
}

impl Facade {
    /// Reads `openapi/facade.yaml`.
    ///
    /// # Errors
    /// What is wrong with the text: no YAML of that form, an operation without a method, an empty reason.
    pub fn parse(text: &str) -> Result<Self, String> {
        let facade: Self = yaml::parse(text).map_err(|e| format!("facade.yaml: {e}"))?;
        for (api, content) in &facade.apis {
            for (id, entry) in &content.operations {
                match entry {
                    Entry::Methods(methods) if methods.is_empty() => {
                        return Err(format!(
                            "facade.yaml: {api} {id} has neither method nor reason"
                        ));
                    }
                    Entry::Left { left } if left.trim().is_empty() => {
                        return Err(format!("facade.yaml: {api} {id} is left without a reason"));
                    }
                    _ => {}
                }
            }
            if let Some((place, _)) = content.left.iter().find(|(_, why)| why.trim().is_empty()) {
                return Err(format!(
                    "facade.yaml: {api} {place} is left without a reason"
                ));
            }
        }
        Ok(facade)
    }

    /// What is covered of `api`, in the old document and in the new one.
    pub(super) fn cover(&self, api: &str, old: &Document<'_>, new: &Document<'_>) -> Cover<'_> {
        let mut cover = Cover {
            api: self.apis.get(api),
            uses: BTreeMap::new(),
        };
        for document in [old, new] {
            for operation in document.operations() {
                // A renamed operation is covered under either name.
                let same = |other: &Operation<'_>| {
                    (other.method, other.path) == (operation.method, operation.path)
                        && cover.covers(other.id)
                };
                let renamed =
                    || old.operations().any(|o| same(&o)) || new.operations().any(|o| same(&o));
                if cover.covers(operation.id) || (!cover.mentions(operation.id) && renamed()) {
                    cover.reach(document, &operation);
                }
            }
        }
        cover
    }
}

/// For what something is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    pub(super) request: bool,
    pub(super) reply: bool,
}

impl Use {
    pub(super) const NONE: Self = Self {
        request: false,
        reply: false,
    };
    pub(super) const REQUEST: Self = Self {
        request: true,
        reply: false,
    };
    pub(super) const REPLY: Self = Self {
        request: false,
        reply: true,
    };
}

/// What the facade covers of one API.
pub(super) struct Cover<'a> {
    api: Option<&'a Api>,
    /// The schemas that covered operations lead to.
    uses: BTreeMap<String, Use>,
}

impl Cover<'_> {
    /// About an operation. One that `facade.yaml` does not mention yet may still be taken up.
    pub(super) fn operation(&self, id: &str) -> Judged {
        let part = match self.api.map(|api| api.operations.get(id)) {
            None => Part::Foreign,
            Some(Some(Entry::Left { .. })) => Part::Left,
            Some(Some(Entry::Methods(_)) | None) => Part::Covered,
        };
        Judged {
            part,
            uses: Use::NONE,
        }
    }

    /// About anything inside an operation: nothing of a left operation concerns the facade.
    pub(super) fn inside(&self, id: &str) -> Judged {
        if self.covers(id) {
            self.operation(id)
        } else {
            Judged::FOREIGN
        }
    }

    /// About a parameter, which may be left by itself.
    pub(super) fn parameter(&self, id: &str, name: &str) -> Judged {
        let part = match self.inside(id).part {
            Part::Covered if self.leaves(&format!("{id}.{name}")) => Part::Left,
            part => part,
        };
        Judged {
            part,
            uses: Use::REQUEST,
        }
    }

    /// About a schema.
    pub(super) fn schema(&self, name: &str) -> Judged {
        match self.uses.get(name) {
            Some(&uses) => Judged {
                part: Part::Covered,
                uses,
            },
            None => Judged::FOREIGN,
        }
    }

    /// About `field` of `schema`.
    pub(super) fn field(&self, schema: &str, field: &str) -> Judged {
        match self.schema(schema) {
            judged if judged.part == Part::Covered && self.leaves(&format!("{schema}.{field}")) => {
                Judged {
                    part: Part::Left,
                    ..judged
                }
            }
            judged => judged,
        }
    }

    pub(super) fn covers(&self, id: &str) -> bool {
        self.api
            .is_some_and(|api| matches!(api.operations.get(id), Some(Entry::Methods(_))))
    }

    pub(super) fn mentions(&self, id: &str) -> bool {
        self.api.is_some_and(|api| api.operations.contains_key(id))
    }

    fn leaves(&self, place: &str) -> bool {
        self.api.is_some_and(|api| api.left.contains_key(place))
    }

    fn reach(&mut self, document: &Document<'_>, operation: &Operation<'_>) {
        let mut requests = Vec::new();
        for parameter in document.parameters(operation) {
            references(parameter.schema, &mut requests);
        }
        if let Some(body) = operation.raw.get("requestBody") {
            references(document.resolve(body), &mut requests);
        }
        self.spread(document, requests, Use::REQUEST);
        let mut replies = Vec::new();
        for (_, reply) in document.replies(operation) {
            references(reply, &mut replies);
        }
        self.spread(document, replies, Use::REPLY);
    }

    /// Marks what `todo` leads to, except through what is left.
    fn spread<'d>(&mut self, document: &Document<'d>, mut todo: Vec<&'d str>, uses: Use) {
        let mut seen = BTreeSet::new();
        while let Some(name) = todo.pop() {
            if self.leaves(name) || !seen.insert(name) {
                continue;
            }
            let known = self.uses.entry(name.to_owned()).or_default();
            known.request |= uses.request;
            known.reply |= uses.reply;
            let Some(schema) = document.schema(name) else {
                continue;
            };
            for (key, value) in schema.as_object().into_iter().flatten() {
                match value.as_object() {
                    Some(properties) if key == "properties" => {
                        for (field, property) in properties {
                            if !self.leaves(&format!("{name}.{field}")) {
                                references(property, &mut todo);
                            }
                        }
                    }
                    _ => references(value, &mut todo),
                }
            }
        }
    }
}

/// The names of the schemas that `value` refers to.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(super::document::schema_name(value));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[cfg(test)]
#[path = "facade_tests.rs"]
mod tests;
