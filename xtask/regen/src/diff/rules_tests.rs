use super::*;
use crate::diff::what::Presence;
use Class::{Additive, Breaking, DocsOnly, NoChange};

const BOTH: Use = Use {
    request: true,
    reply: true,
};

fn covered(uses: Use) -> Judged {
    Judged {
        part: Part::Covered,
        uses,
    }
}

fn left(uses: Use) -> Judged {
    Judged {
        part: Part::Left,
        uses,
    }
}

fn shape(presence: Presence, rust: &str) -> Shape {
    Shape {
        presence,
        rust: rust.to_owned(),
        wire: String::new(),
    }
}

fn changed(from: &str, to: &str) -> What {
    let presence = |rust: &str| {
        if rust.starts_with("Option<") {
            Presence::Optional
        } else {
            Presence::Required
        }
    };
    What::FieldChanged {
        from: shape(presence(from), from),
        to: shape(presence(to), to),
    }
}

fn added(presence: Presence) -> What {
    What::FieldAdded {
        shape: shape(presence, "String"),
        default: false,
    }
}

fn text() -> String {
    "x".to_owned()
}

#[test]
fn a_changed_field() {
    // generated; facade when in replies, in requests, in both
    for (from, to, client, reply, request, both) in [
        ("i32", "i64", Breaking, NoChange, NoChange, NoChange),
        ("u32", "i64", Breaking, NoChange, NoChange, NoChange),
        ("f32", "f64", Breaking, NoChange, NoChange, NoChange),
        (
            "Option<i32>",
            "Option<i64>",
            Breaking,
            NoChange,
            NoChange,
            NoChange,
        ),
        ("i64", "i32", Breaking, NoChange, Breaking, Breaking),
        ("i64", "u64", Breaking, Breaking, Breaking, Breaking),
        ("u64", "i64", Breaking, Breaking, Breaking, Breaking),
        ("i64", "f64", Breaking, Breaking, Breaking, Breaking),
        (
            "String",
            "Option<String>",
            Breaking,
            Breaking,
            Additive,
            Breaking,
        ),
        (
            "Option<String>",
            "String",
            Breaking,
            NoChange,
            Breaking,
            Breaking,
        ),
        ("i32", "Option<i64>", Breaking, Breaking, Breaking, Breaking),
        ("String", "i64", Breaking, Breaking, Breaking, Breaking),
        (
            "String",
            "Timestamp",
            Breaking,
            Breaking,
            Breaking,
            Breaking,
        ),
        (
            "Vec<String>",
            "Vec<i64>",
            Breaking,
            Breaking,
            Breaking,
            Breaking,
        ),
    ] {
        let what = changed(from, to);
        assert_eq!(generated(&what).class, client, "{from} {to}");
        for (uses, class) in [(Use::REPLY, reply), (Use::REQUEST, request), (BOTH, both)] {
            let verdict = facade(&what, covered(uses));
            assert_eq!(verdict.class, class, "{from} {to} {uses:?}");
            assert!(verdict.follow, "{from} {to}");
            assert_eq!(facade(&what, left(uses)).class, NoChange, "{from} {to}");
            assert_eq!(
                facade(&what, left(uses)).follow,
                uses.request,
                "{from} {to}"
            );
        }
        let foreign = facade(&what, Judged::FOREIGN);
        assert_eq!((foreign.class, foreign.follow), (NoChange, false));
    }
}

#[test]
fn a_change_that_leaves_the_rust_type_is_none() {
    let from = shape(Presence::Required, "Vec<String>");
    let to = shape(Presence::Optional, "Vec<String>");
    let what = What::FieldChanged { from, to };
    assert_eq!(generated(&what).class, NoChange);
    let verdict = facade(&what, covered(BOTH));
    assert_eq!((verdict.class, verdict.follow), (NoChange, false));
}

#[test]
fn a_new_field() {
    for (presence, uses, class, follow) in [
        (Presence::Optional, Use::REPLY, Additive, false),
        (Presence::Required, Use::REPLY, Additive, false),
        (Presence::Optional, Use::REQUEST, Additive, true),
        (Presence::Required, Use::REQUEST, Breaking, true),
        (Presence::Nullable, Use::REQUEST, Breaking, true),
        (Presence::Optional, BOTH, Additive, true),
        (Presence::Required, BOTH, Breaking, true),
    ] {
        let what = added(presence);
        assert_eq!(generated(&what).class, Breaking);
        let verdict = facade(&what, covered(uses));
        assert_eq!(
            (verdict.class, verdict.follow),
            (class, follow),
            "{presence} {uses:?}"
        );
        let verdict = facade(&what, left(uses));
        assert_eq!((verdict.class, verdict.follow), (NoChange, uses.request));
        assert_eq!(facade(&what, Judged::FOREIGN).class, NoChange);
    }
}

/// Everything else: the generated client, then the facade where it covers the place, and whether `src/` has
/// to follow.
#[rustfmt::skip]
fn table() -> Vec<(What, Class, Class, bool)> {
    let required = || shape(Presence::Required, "&str");
    let optional = || shape(Presence::Optional, "Option<&str>");
    let (from, to) = (text, text);
    vec![
        (What::OperationAdded { route: text(), tags: vec![] }, Additive, Additive, false),
        (What::OperationRemoved { route: text() }, Breaking, Breaking, true),
        (What::OperationRenamed { from: text() }, Breaking, NoChange, true),
        (What::OperationMoved { from: from(), to: to() }, NoChange, NoChange, false),
        (What::Credential { from: from(), to: to(), stricter: true }, Breaking, Breaking, true),
        (What::Credential { from: from(), to: to(), stricter: false }, NoChange, NoChange, false),
        (What::Tags { from: from(), to: to() }, NoChange, NoChange, false),
        (What::ArgumentsReordered, Breaking, NoChange, true),
        (What::ParameterAdded { shape: optional(), location: text() }, Breaking, Additive, true),
        (What::ParameterAdded { shape: required(), location: text() }, Breaking, Breaking, true),
        (What::ParameterRemoved { shape: optional() }, Breaking, Breaking, true),
        (What::ParameterChanged { from: required(), to: optional() }, Breaking, Additive, true),
        (What::ParameterChanged { from: optional(), to: required() }, Breaking, Breaking, true),
        (What::ParameterChanged { from: required(), to: required() }, NoChange, NoChange, false),
        (What::ParameterRelocated { from: from(), to: to() }, NoChange, NoChange, false),
        (What::BodyAdded { rust: text(), required: true }, Breaking, Breaking, true),
        (What::BodyAdded { rust: text(), required: false }, Breaking, Additive, true),
        (What::BodyRemoved { rust: text() }, Breaking, Breaking, true),
        (What::BodyChanged { from: from(), to: to() }, Breaking, Breaking, true),
        (What::BodyMedia { from: from(), to: to() }, Breaking, Breaking, true),
        (What::BodyRequired { now: true }, NoChange, NoChange, false),
        (What::ReplyType { from: from(), to: to() }, Breaking, Breaking, true),
        (What::ErrorType { from: from(), to: to() }, Breaking, NoChange, true),
        (What::StatusAdded { status: text(), in_range: false }, Additive, NoChange, false),
        (What::StatusAdded { status: text(), in_range: true }, NoChange, NoChange, false),
        (What::StatusRemoved { status: text() }, NoChange, NoChange, false),
        (What::TypeAdded { kind: text() }, Additive, Additive, false),
        (What::TypeRemoved { kind: text() }, Breaking, NoChange, true),
        (What::TypeReplaced { from: from(), to: to() }, Breaking, Breaking, true),
        (What::FieldRemoved { shape: required() }, Breaking, Breaking, true),
        (What::NullAsEmpty { now: true }, Additive, Additive, false),
        (What::NullAsEmpty { now: false }, Breaking, Breaking, false),
        (What::Secret { now: true }, NoChange, NoChange, false),
        (What::Secret { now: false }, NoChange, NoChange, false),
        (What::ValueAdded { value: text(), variant: text() }, Additive, Additive, false),
        (What::ValueRemoved { value: text(), variant: text() }, Breaking, Breaking, false),
        (What::VariantRenamed { value: text(), from: from(), to: to() }, Breaking, NoChange, false),
        (What::ValuesReordered, NoChange, NoChange, false),
        (What::Description { of: "x", shown: true }, DocsOnly, DocsOnly, false),
        (What::Description { of: "x", shown: false }, NoChange, NoChange, false),
        (What::Deprecated { now: true }, NoChange, DocsOnly, false),
        (What::TagAdded, NoChange, NoChange, false),
        (What::TagRemoved, NoChange, NoChange, false),
        (What::Info, DocsOnly, NoChange, false),
        (What::Servers, NoChange, NoChange, false),
        (What::Unread { keyword: text() }, Breaking, Breaking, true),
    ]
}

#[test]
fn the_other_changes() {
    for (what, client, ours, follow) in table() {
        let verdict = generated(&what);
        assert_eq!((verdict.class, verdict.follow), (client, false), "{what:?}");
        let verdict = facade(&what, covered(BOTH));
        assert_eq!((verdict.class, verdict.follow), (ours, follow), "{what:?}");
        let verdict = facade(&what, Judged::FOREIGN);
        assert_eq!(
            (verdict.class, verdict.follow),
            (NoChange, false),
            "{what:?}"
        );
    }
}

#[test]
fn what_is_left_to_the_generated_client() {
    let optional = shape(Presence::Optional, "Option<&str>");
    for (what, follow) in [
        (
            What::OperationAdded {
                route: text(),
                tags: vec![],
            },
            false,
        ),
        // The facade passes `None` for a parameter that it leaves out.
        (What::ParameterRemoved { shape: optional }, true),
        (
            What::Description {
                of: "x",
                shown: true,
            },
            false,
        ),
        (What::Deprecated { now: true }, false),
    ] {
        let verdict = facade(&what, left(Use::REQUEST));
        assert_eq!(
            (verdict.class, verdict.follow),
            (NoChange, follow),
            "{what:?}"
        );
    }
}
