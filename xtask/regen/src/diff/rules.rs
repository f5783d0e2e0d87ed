//! The classes. The table in the module docs says the same in words.

use super::changes::{Class, Verdict};
use super::facade::Use;
use super::what::{Shape, What};

/// What the facade has to do with the place of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) part: Part,
    /// For what covered operations use the place.
    pub(super) uses: Use,
}

/// Whether the facade covers a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// No operation that it covers leads there.
    Foreign,
    /// One leads there, and `facade.yaml` leaves the place out.
    Left,
    /// Yes.
    Covered,
}

impl Judged {
    /// A place that has nothing to do with the facade.
    pub(super) const FOREIGN: Self = Self {
        part: Part::Foreign,
        uses: Use::NONE,
    };
}

const fn verdict(class: Class, why: &'static str) -> Verdict {
    Verdict {
        class,
        follow: false,
        why,
    }
}

const fn follow(class: Class, why: &'static str) -> Verdict {
    Verdict {
        class,
        follow: true,
        why,
    }
}

/// What `what` means for callers of the generated client.
pub(super) fn generated(what: &What) -> Verdict {
    use Class::{Additive, Breaking, DocsOnly, NoChange};
    match what {
        What::OperationAdded { .. } => verdict(Additive, "a new method"),
        What::OperationRemoved { .. } => verdict(Breaking, "the method goes"),
        What::OperationRenamed { .. } => verdict(Breaking, "the method has another name"),
        What::OperationMoved { .. } => verdict(NoChange, "the method calls another endpoint"),
        What::Credential { stricter: true, .. } => {
            verdict(Breaking, "calls without the new credential are refused")
        }
        What::Credential { .. } => verdict(NoChange, "the old credential is still taken"),
        What::ArgumentsReordered => verdict(Breaking, "arguments in another order"),
        What::ParameterAdded { .. } => verdict(Breaking, "one argument more"),
        What::ParameterRemoved { .. } => verdict(Breaking, "one argument less"),
        What::ParameterChanged { from, to } if from.rust != to.rust => {
            verdict(Breaking, "the argument has another type")
        }
        What::FieldChanged { from, to } if from.rust != to.rust => {
            verdict(Breaking, "the field has another type")
        }
        What::ParameterChanged { .. } | What::FieldChanged { .. } => {
            verdict(NoChange, "the Rust type stays")
        }
        What::BodyAdded { .. } => verdict(Breaking, "one argument more"),
        What::BodyRemoved { .. } => verdict(Breaking, "one argument less"),
        What::BodyChanged { .. } => verdict(Breaking, "the body has another type"),
        What::BodyMedia { .. } => verdict(Breaking, "the body is sent in another form"),
        What::BodyRequired { .. } => verdict(NoChange, "the method takes a body either way"),
        What::ReplyType { .. } => verdict(Breaking, "the method returns another type"),
        What::ErrorType { .. } => verdict(Breaking, "the error carries another type"),
        What::StatusAdded { in_range: true, .. } => verdict(NoChange, "its range is read already"),
        What::StatusAdded { .. } => verdict(Additive, "it was an UnexpectedResponse"),
        What::TypeAdded { .. } => verdict(Additive, ""),
        What::TypeRemoved { .. } => verdict(Breaking, "the type goes"),
        What::TypeReplaced { .. } => verdict(Breaking, "the type is another one"),
        What::FieldAdded { default: true, .. } => verdict(
            Breaking,
            "literals and patterns that name all fields; `..Default::default()` and `..` are safe",
        ),
        What::FieldAdded { .. } => verdict(Breaking, "literals, and patterns without `..`"),
        What::FieldRemoved { .. } => verdict(Breaking, "the field goes"),
        What::NullAsEmpty { now: true } => verdict(Additive, "more replies can be read"),
        What::NullAsEmpty { now: false } => verdict(Breaking, "null fails the whole reply"),
        What::Secret { now: true } => verdict(NoChange, "`Debug` redacts it"),
        What::Secret { now: false } => verdict(NoChange, "`Debug` shows it"),
        What::ValueAdded { .. } => verdict(Additive, "it read as `Unknown`"),
        What::ValueRemoved { .. } => verdict(Breaking, "the variant goes"),
        What::VariantRenamed { .. } => verdict(Breaking, "the variant has another name"),
        What::ValuesReordered => verdict(NoChange, "only the order of `KNOWN`"),
        What::Description { shown: true, .. } | What::Info => verdict(DocsOnly, ""),
        What::Description { .. }
        | What::Tags { .. }
        | What::TagAdded
        | What::TagRemoved
        | What::Deprecated { .. } => verdict(NoChange, "not generated"),
        What::ParameterRelocated { .. } => verdict(NoChange, "sent elsewhere"),
        What::StatusRemoved { .. } => verdict(NoChange, "it does not come"),
        What::Servers => verdict(NoChange, "callers give the address"),
        What::Unread { .. } => verdict(Breaking, "until somebody has looked"),
    }
}

/// What `what` means for callers of the facade, once `src/` has followed.
pub(super) fn facade(what: &What, judged: Judged) -> Verdict {
    use Class::{Additive, Breaking, DocsOnly, NoChange};
    let Judged { part, uses } = judged;
    if part == Part::Foreign {
        return verdict(NoChange, "not in the facade");
    }
    let left = part == Part::Left;
    match what {
        What::OperationAdded { .. } if left => verdict(NoChange, "left to the generated client"),
        What::OperationAdded { .. } => verdict(Additive, "once taken up"),
        What::OperationRemoved { .. } => follow(Breaking, "its methods call nothing"),
        What::OperationRenamed { .. } => follow(NoChange, "its methods keep their names"),
        What::OperationMoved { .. } => verdict(NoChange, "its methods call another endpoint"),
        What::Credential { stricter: true, .. } => {
            follow(Breaking, "its calls need the new credential")
        }
        What::Credential { .. } => verdict(NoChange, ""),
        What::ArgumentsReordered => follow(NoChange, ""),

        What::ParameterRemoved { .. } if left => follow(NoChange, "left out of the facade"),
        What::ParameterAdded { shape, .. } if !shape.is_required() => {
            follow(Additive, "once taken up")
        }
        What::ParameterAdded { .. } => follow(Breaking, "its methods have to ask for it"),
        What::ParameterRemoved { .. } => follow(Breaking, "it can no longer be sent"),
        What::ParameterChanged { from, to } => retyped(from, to, Use::REQUEST, left),

        What::BodyAdded {
            required: false, ..
        } => follow(Additive, "once taken up"),
        What::BodyAdded { .. } | What::BodyRemoved { .. } | What::BodyChanged { .. } => {
            follow(Breaking, "its methods send something else")
        }
        What::BodyMedia { .. } => follow(Breaking, "its methods send something else"),
        What::ReplyType { .. } => follow(Breaking, "its methods return something else"),
        What::ErrorType { .. } => follow(NoChange, "its error is its own"),
        What::StatusAdded { .. } => verdict(NoChange, "every success is read"),

        What::TypeAdded { .. } => verdict(Additive, "once taken up"),
        What::TypeRemoved { .. } => follow(NoChange, "its types are its own"),
        What::TypeReplaced { .. } => follow(Breaking, ""),

        What::FieldAdded { .. } | What::FieldRemoved { .. } if left => Verdict {
            follow: uses.request,
            ..verdict(NoChange, "left out of the facade")
        },
        What::FieldAdded { shape, .. } if uses.request && shape.is_required() => {
            follow(Breaking, "its methods have to ask for it")
        }
        What::FieldAdded { .. } => Verdict {
            // `src/` writes requests as literals, and reads replies field by field.
            follow: uses.request,
            ..verdict(Additive, "once taken up")
        },
        What::FieldRemoved { .. } => follow(Breaking, "it covers the field"),
        What::FieldChanged { from, to } => retyped(from, to, uses, left),
        What::NullAsEmpty { now: true } if uses.reply => verdict(Additive, ""),
        What::NullAsEmpty { now: false } if uses.reply => {
            verdict(Breaking, "null fails the whole reply")
        }
        What::NullAsEmpty { .. } => verdict(NoChange, ""),
        What::Secret { .. } => verdict(NoChange, "its `Debug` is its own"),

        What::ValueAdded { .. } => verdict(Additive, "once taken up; `Unknown` until then"),
        What::ValueRemoved { .. } => verdict(Breaking, "its variant stands for nothing"),
        What::VariantRenamed { .. } => verdict(NoChange, "its variants are its own"),

        What::Description { shown: true, .. } | What::Deprecated { .. } if !left => verdict(
            DocsOnly,
            "its docs are its own: see whether they still hold",
        ),
        What::Unread { .. } => follow(Breaking, "until somebody has looked"),
        _ => verdict(NoChange, ""),
    }
}

/// A field or parameter of another type, or no longer always there.
fn retyped(from: &Shape, to: &Shape, uses: Use, left: bool) -> Verdict {
    use Class::{Additive, Breaking, NoChange};
    if from.rust == to.rust {
        return verdict(NoChange, "");
    }
    if left {
        return Verdict {
            follow: uses.request,
            ..verdict(NoChange, "left out of the facade")
        };
    }
    let (reply, request) = match step(&from.rust, &to.rust) {
        Step::Widened => (NoChange, NoChange),
        Step::Narrowed => (NoChange, Breaking),
        Step::Loosened => (Breaking, Additive),
        Step::Tightened => (NoChange, Breaking),
        Step::Other => (Breaking, Breaking),
    };
    let reply = if uses.reply { reply } else { NoChange };
    let request = if uses.request { request } else { NoChange };
    let class = reply.max(request);
    let why = match class {
        NoChange => "its own type holds both",
        Additive => "it need not be given any more",
        _ if class == reply => "it no longer has what it promised",
        _ => "what it took is refused",
    };
    follow(class, why)
}

/// How one Rust type became the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A number with more room.
    Widened,
    /// A number with less.
    Narrowed,
    /// May be missing now.
    Loosened,
    /// Can no longer be missing.
    Tightened,
    Other,
}

fn step(from: &str, to: &str) -> Step {
    match (inner(from), inner(to)) {
        (None, Some(to)) if from == to => Step::Loosened,
        (Some(from), None) if from == to => Step::Tightened,
        (None, Some(_)) | (Some(_), None) => Step::Other,
        (from_inner, to_inner) => {
            let (from, to) = (from_inner.unwrap_or(from), to_inner.unwrap_or(to));
            if holds(to, from) {
                Step::Widened
            } else if holds(from, to) {
                Step::Narrowed
            } else {
                Step::Other
            }
        }
    }
}

/// The `T` of `Option<T>`.
fn inner(rust: &str) -> Option<&str> {
    rust.strip_prefix("Option<")?.strip_suffix('>')
}

/// Whether the number type `wide` has every value of the number type `narrow`.
fn holds(wide: &str, narrow: &str) -> bool {
    let number = |rust: &str| -> Option<(char, u32)> {
        let kind = rust.chars().next()?;
        let bits = rust.strip_prefix(['i', 'u', 'f'])?.parse().ok()?;
        Some((kind, bits))
    };
    match (number(wide), number(narrow)) {
        (Some((a, wide)), Some((b, narrow))) if a == b => wide > narrow,
        (Some(('i', wide)), Some(('u', narrow))) => wide > narrow,
        _ => false,
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
