//! What an operation takes: parameters and body.

use serde_json::Value;

use super::Found;
use super::document::{Document, Operation, Parameter, flag, text, unread};
use super::operations::method;
use super::rules::Judged;
use super::rust_type::{self, arguments};
use super::what::What;

/// Of a parameter, with what nothing is made of.
const KNOWN: [&str; 8] = [
    "name",
    "in",
    "description",
    "required",
    "schema",
    "deprecated",
    "example",
    "examples",
];
const KNOWN_OF_BODY: [&str; 3] = ["description", "required", "content"];

/// Compares parameters and bodies. `known_as` is the operation's name in `facade.yaml`.
pub(super) fn compare(
    known_as: &str,
    (old, before): (&Document<'_>, &Operation<'_>),
    (new, after): (&Document<'_>, &Operation<'_>),
    found: &mut Found<'_>,
) {
    let (from, to) = (arguments(old, before), arguments(new, after));
    for parameter in &from {
        let judged = found.cover.parameter(known_as, parameter.name);
        let mut push = |what| {
            let place = format!("{}.{}", after.id, parameter.name);
            found.push(&place, Some(method(after.id)), what, judged);
        };
        match to.iter().find(|other| other.name == parameter.name) {
            None => push(What::ParameterRemoved {
                shape: rust_type::parameter(before.id, parameter),
            }),
            Some(other) => changes_of((before.id, parameter), (after.id, other))
                .into_iter()
                .for_each(push),
        }
    }
    for parameter in &to {
        if !from.iter().any(|other| other.name == parameter.name) {
            let what = What::ParameterAdded {
                shape: rust_type::parameter(after.id, parameter),
                location: parameter.location.to_owned(),
            };
            let judged = found.cover.parameter(known_as, parameter.name);
            let place = format!("{}.{}", after.id, parameter.name);
            found.push(&place, Some(method(after.id)), what, judged);
        }
    }
    let judged = found.cover.inside(known_as);
    if in_both(&from, &to) != in_both(&to, &from) {
        let item = Some(method(after.id));
        found.push(after.id, item, What::ArgumentsReordered, judged);
    }
    bodies(judged, (old, before), (new, after), found);
}

/// The names of those in `list` that are in `other` too, in the order of `list`.
fn in_both<'a>(list: &[Parameter<'a>], other: &[Parameter<'a>]) -> Vec<&'a str> {
    list.iter()
        .map(|parameter| parameter.name)
        .filter(|name| other.iter().any(|parameter| parameter.name == *name))
        .collect()
}

fn changes_of(
    (old_id, before): (&str, &Parameter<'_>),
    (new_id, after): (&str, &Parameter<'_>),
) -> Vec<What> {
    let mut found = Vec::new();
    let from = rust_type::parameter(old_id, before);
    let to = rust_type::parameter(new_id, after);
    if from != to {
        found.push(What::ParameterChanged { from, to });
    }
    if before.location != after.location {
        found.push(What::ParameterRelocated {
            from: before.location.to_owned(),
            to: after.location.to_owned(),
        });
    }
    let words = |parameter: &Parameter<'_>| text(parameter.raw, "description").map(str::to_owned);
    if words(before) != words(after) && !(before.shared && after.shared) {
        found.push(What::Description {
            of: "description of the parameter",
            shown: true,
        });
    }
    if text(before.schema, "description") != text(after.schema, "description") {
        // Only the parameter's own text is in the method's docs.
        found.push(What::Description {
            of: "limits or default of the parameter",
            shown: false,
        });
    }
    if flag(before.raw, "deprecated") != flag(after.raw, "deprecated") {
        found.push(What::Deprecated {
            now: flag(after.raw, "deprecated"),
        });
    }
    for keyword in unread(before.raw, after.raw, &KNOWN) {
        found.push(What::Unread {
            keyword: keyword.to_owned(),
        });
    }
    for keyword in super::schemas::unread_keywords(before.schema, after.schema) {
        found.push(What::Unread { keyword });
    }
    found
}

fn bodies(
    judged: Judged,
    (old, before): (&Document<'_>, &Operation<'_>),
    (new, after): (&Document<'_>, &Operation<'_>),
    found: &mut Found<'_>,
) {
    let mut push = |what| found.push(after.id, Some(method(after.id)), what, judged);
    let body = |document: &Document<'_>, operation: &Operation<'_>| {
        let body = operation.raw.get("requestBody")?;
        let body = document.resolve(body).clone();
        let rust = rust_type::content(&body, &format!("{}-body", operation.id))?;
        Some((body, rust))
    };
    match (body(old, before), body(new, after)) {
        (None, None) => {}
        (None, Some((body, rust))) => push(What::BodyAdded {
            rust,
            required: flag(&body, "required"),
        }),
        (Some((_, rust)), None) => push(What::BodyRemoved { rust }),
        (Some((before, from)), Some((after, to))) => {
            if from != to {
                push(What::BodyChanged { from, to });
            }
            let (from, to) = (media(&before), media(&after));
            if from != to {
                push(What::BodyMedia { from, to });
            }
            if flag(&before, "required") != flag(&after, "required") {
                push(What::BodyRequired {
                    now: flag(&after, "required"),
                });
            }
            if text(&before, "description") != text(&after, "description") {
                push(What::Description {
                    of: "description of the body",
                    shown: true,
                });
            }
            for keyword in unread(&before, &after, &KNOWN_OF_BODY) {
                push(What::Unread {
                    keyword: keyword.to_owned(),
                });
            }
        }
    }
}

/// The media types of a body.
fn media(body: &Value) -> String {
    let types: Vec<&str> = super::document::members(body, "content")
        .map(|(kind, _)| kind)
        .collect();
    types.join(" or ")
}
