//! Operations: which there are, and what is about an operation as a whole.

use serde_json::{Value, json};

use super::document::{Document, Operation, flag, text, texts, unread};
use super::rust_type::snake;
use super::what::What;
use super::{Found, parameters, replies};

/// What is read here and in the modules for parameters, bodies and replies, and what nothing is made of.
const KNOWN: [&str; 10] = [
    "operationId",
    "summary",
    "description",
    "tags",
    "security",
    "deprecated",
    "parameters",
    "requestBody",
    "responses",
    "externalDocs",
];

/// No tag, or no credential.
const NONE: &str = "none";

/// The method of an operation.
pub(super) fn method(id: &str) -> String {
    format!("Client::{}", snake(id))
}

/// Compares all operations.
pub(super) fn compare(old: &Document<'_>, new: &Document<'_>, found: &mut Found<'_>) {
    for before in old.operations() {
        match successor(&before, old, new) {
            Some(after) => compare_one((old, &before), (new, &after), found),
            None => {
                let what = What::OperationRemoved {
                    route: before.route(),
                };
                let judged = found.cover.inside(before.id);
                found.push(before.id, Some(method(before.id)), what, judged);
            }
        }
    }
    for after in new.operations() {
        let known = old
            .operations()
            .any(|before| successor(&before, old, new).is_some_and(|s| s.id == after.id));
        if !known {
            let what = What::OperationAdded {
                route: after.route(),
                tags: texts(after.raw, "tags")
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
            };
            let judged = found.cover.operation(after.id);
            found.push(after.id, Some(method(after.id)), what, judged);
        }
    }
}

/// The operation of the same name; or of the same method and path, if both names are in one document only.
fn successor<'n>(
    before: &Operation<'_>,
    old: &Document<'_>,
    new: &Document<'n>,
) -> Option<Operation<'n>> {
    new.operations()
        .find(|after| after.id == before.id)
        .or_else(|| {
            new.operations().find(|after| {
                (after.method, after.path) == (before.method, before.path)
                    && !old.operations().any(|other| other.id == after.id)
            })
        })
}

fn compare_one(
    (old, before): (&Document<'_>, &Operation<'_>),
    (new, after): (&Document<'_>, &Operation<'_>),
    found: &mut Found<'_>,
) {
    // Of a renamed operation, `facade.yaml` knows one name or the other.
    let known_as = if found.cover.mentions(after.id) {
        after.id
    } else {
        before.id
    };
    let judged = found.cover.inside(known_as);
    let item = method(after.id);
    let mut push = |what| found.push(after.id, Some(item.clone()), what, judged);
    if before.id != after.id {
        push(What::OperationRenamed {
            from: before.id.to_owned(),
        });
    }
    if before.route() != after.route() {
        push(What::OperationMoved {
            from: before.route(),
            to: after.route(),
        });
    }
    let words = |operation: &Operation<'_>| {
        ["summary", "description"].map(|key| text(operation.raw, key).map(str::to_owned))
    };
    if words(before) != words(after) {
        push(What::Description {
            of: "summary or description",
            shown: true,
        });
    }
    if flag(before.raw, "deprecated") != flag(after.raw, "deprecated") {
        push(What::Deprecated {
            now: flag(after.raw, "deprecated"),
        });
    }
    let (from, to) = (texts(before.raw, "tags"), texts(after.raw, "tags"));
    if from != to {
        push(What::Tags {
            from: listed(&from),
            to: listed(&to),
        });
    }
    let (from, to) = (credentials(old, before), credentials(new, after));
    if from != to {
        push(What::Credential {
            stricter: !to.iter().any(|way| way == NONE) && !from.iter().all(|way| to.contains(way)),
            from: listed(&from),
            to: listed(&to),
        });
    }
    for keyword in unread(before.raw, after.raw, &KNOWN) {
        push(What::Unread {
            keyword: keyword.to_owned(),
        });
    }
    parameters::compare(known_as, (old, before), (new, after), found);
    replies::compare(judged, (old, before), (new, after), found);
}

fn listed<T: AsRef<str>>(list: &[T]) -> String {
    if list.is_empty() {
        return NONE.to_owned();
    }
    let list: Vec<&str> = list.iter().map(AsRef::as_ref).collect();
    list.join(" or ")
}

/// The ways to be let in, each as text: `bearerAuth`, or `none` if no credential is needed.
fn credentials(document: &Document<'_>, operation: &Operation<'_>) -> Vec<String> {
    let none = json!([{}]);
    let ways = operation
        .raw
        .get("security")
        .or_else(|| document.root.get("security"))
        .filter(|ways| ways.as_array().is_some_and(|ways| !ways.is_empty()))
        .unwrap_or(&none);
    let mut ways: Vec<String> = ways
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .map(|way| {
            let schemes: Vec<&str> = way.keys().map(String::as_str).collect();
            if schemes.is_empty() {
                NONE.to_owned()
            } else {
                schemes.join(" with ")
            }
        })
        .collect();
    ways.sort();
    ways
}
