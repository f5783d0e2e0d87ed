//! What the facade covers: `openapi/facade.yaml`, and what follows from it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::document::{Document, Operation, references};
use crate::yaml;

/// The content of `openapi/facade.yaml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Facade {
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
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let facade: Self = yaml::parse(text).map_err(|e| format!("facade.yaml: {e}"))?;
        for (api, content) in &facade.apis {
            let places = content.left.iter().map(|(place, why)| (place, Some(why)));
            let operations = content.operations.iter().map(|(id, entry)| match entry {
                Entry::Left { left } => (id, Some(left)),
                Entry::Methods(methods) => (id, methods.first()),
            });
            let mut undecided = places.chain(operations);
            let undecided = undecided.find(|(_, why)| why.is_none_or(|why| why.trim().is_empty()));
            if let Some((place, _)) = undecided {
                return Err(format!(
                    "facade.yaml: {api} {place} has neither method nor reason"
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) request: bool,
    pub(super) reply: bool,
}

impl Use {
    pub(super) const REQUEST: Self = Self::new(true, false);
    pub(super) const REPLY: Self = Self::new(false, true);

    pub(super) const fn new(request: bool, reply: bool) -> Self {
        Self { request, reply }
    }
}

/// Whether the facade covers a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    /// No operation that it covers leads there.
    #[default]
    Foreign,
    /// One leads there, and `facade.yaml` leaves the place out.
    Left,
    /// Yes.
    Covered,
}

/// What the facade has to do with the place of a change; by default nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) part: Part,
    /// For what covered operations use the place.
    pub(super) uses: Use,
}

impl Judged {
    fn new(part: Part, uses: Use) -> Self {
        Self { part, uses }
    }

    /// The same, unless it is covered and `left` out.
    fn unless(mut self, left: bool) -> Self {
        if left && self.part == Part::Covered {
            self.part = Part::Left;
        }
        self
    }
}

/// What the facade covers of one API.
pub(super) struct Cover<'a> {
    api: Option<&'a Api>,
    /// The schemas that covered operations lead to.
    uses: BTreeMap<String, Use>,
}

impl Cover<'_> {
    /// About an operation. One that `facade.yaml` does not mention yet may still be added.
    pub(super) fn operation(&self, id: &str) -> Judged {
        let part = match self.api.map(|api| api.operations.get(id)) {
            None => Part::Foreign,
            Some(Some(Entry::Left { .. })) => Part::Left,
            Some(Some(Entry::Methods(_)) | None) => Part::Covered,
        };
        Judged::new(part, Use::default())
    }

    /// About anything inside an operation: nothing of a left operation concerns the facade.
    pub(super) fn inside(&self, id: &str) -> Judged {
        if self.covers(id) {
            self.operation(id)
        } else {
            Judged::default()
        }
    }

    /// About a parameter, which may be left by itself.
    pub(super) fn parameter(&self, id: &str, name: &str) -> Judged {
        let left = self.leaves(&format!("{id}.{name}"));
        Judged::new(self.inside(id).unless(left).part, Use::REQUEST)
    }

    /// About a schema.
    pub(super) fn schema(&self, name: &str) -> Judged {
        let uses = self.uses.get(name);
        uses.map_or_else(Judged::default, |&uses| Judged::new(Part::Covered, uses))
    }

    /// About `field` of `schema`.
    pub(super) fn field(&self, schema: &str, field: &str) -> Judged {
        self.schema(schema)
            .unless(self.leaves(&format!("{schema}.{field}")))
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
        let parameters = document.parameters(operation).into_iter();
        let parameters = parameters.map(|(parameter, _)| parameter);
        let requests = parameters.chain(document.body(operation)).collect();
        let replies = document.replies(operation).into_iter();
        let replies = replies.map(|(_, reply)| reply).collect();
        for (parts, uses) in [(requests, Use::REQUEST), (replies, Use::REPLY)] {
            let (parts, mut todo): (Vec<&Value>, _) = (parts, Vec::new());
            parts.iter().for_each(|part| references(part, &mut todo));
            self.spread(document, todo, uses);
        }
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

#[cfg(test)]
#[path = "facade_tests.rs"]
mod tests;
