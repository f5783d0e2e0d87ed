//! The changes that a report knows.

use std::fmt;

/// Whether a field has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Always there, never null.
    Required,
    /// Always there, maybe null.
    Nullable,
    /// May be left out.
    Optional,
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Required => "required",
            Self::Nullable => "nullable",
            Self::Optional => "optional",
        })
    }
}

/// Whether something came, went, or is different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is only in the new document.
    Added,
    /// It is only in the old document.
    Removed,
    /// It is in both.
    Changed,
}

/// Presence, Rust type and wire type of a field or parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Whether it has to be there.
    pub presence: Presence,
    /// The type in the generated code.
    pub rust: String,
    /// The type in the document.
    pub wire: String,
}

/// One change of a document. Types are Rust types of the generated code, with short paths.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it, and `Display` in full")]
pub enum What {
    OperationAdded {
        route: String,
        tags: Vec<String>,
    },
    OperationRemoved {
        route: String,
    },
    OperationRenamed {
        from: String,
    },
    OperationMoved {
        from: String,
        to: String,
    },
    Credential {
        from: String,
        to: String,
        stricter: bool,
    },
    Tags {
        from: String,
        to: String,
    },
    ArgumentsReordered,

    ParameterAdded {
        shape: Shape,
        location: String,
    },
    ParameterRemoved {
        shape: Shape,
    },
    ParameterChanged {
        from: Shape,
        to: Shape,
    },
    ParameterRelocated {
        from: String,
        to: String,
    },

    BodyAdded {
        rust: String,
        required: bool,
    },
    BodyRemoved {
        rust: String,
    },
    BodyChanged {
        from: String,
        to: String,
    },
    BodyMedia {
        from: String,
        to: String,
    },
    BodyRequired {
        now: bool,
    },

    ReplyType {
        from: String,
        to: String,
    },
    ErrorType {
        from: String,
        to: String,
    },
    StatusAdded {
        status: String,
        in_range: bool,
    },
    StatusRemoved {
        status: String,
    },

    TypeAdded {
        kind: String,
    },
    TypeRemoved {
        kind: String,
    },
    TypeReplaced {
        from: String,
        to: String,
    },
    /// `default` if literals of the struct can end in `..Default::default()`.
    FieldAdded {
        shape: Shape,
        default: bool,
    },
    FieldRemoved {
        shape: Shape,
    },
    FieldChanged {
        from: Shape,
        to: Shape,
    },
    NullAsEmpty {
        now: bool,
    },
    Secret {
        now: bool,
    },

    ValueAdded {
        value: String,
        variant: String,
    },
    ValueRemoved {
        value: String,
        variant: String,
    },
    VariantRenamed {
        value: String,
        from: String,
        to: String,
    },
    ValuesReordered,

    /// `shown` if the generated code has the text in its docs.
    Description {
        of: &'static str,
        shown: bool,
    },
    Deprecated {
        now: bool,
    },
    TagAdded,
    TagRemoved,
    Info,
    Servers,
    /// A keyword that this report cannot judge.
    Unread {
        keyword: String,
    },
}

impl What {
    /// Whether something came, went, or is different.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::OperationAdded { .. }
            | Self::ParameterAdded { .. }
            | Self::BodyAdded { .. }
            | Self::StatusAdded { .. }
            | Self::TypeAdded { .. }
            | Self::FieldAdded { .. }
            | Self::ValueAdded { .. }
            | Self::TagAdded => Kind::Added,
            Self::OperationRemoved { .. }
            | Self::ParameterRemoved { .. }
            | Self::BodyRemoved { .. }
            | Self::StatusRemoved { .. }
            | Self::TypeRemoved { .. }
            | Self::FieldRemoved { .. }
            | Self::ValueRemoved { .. }
            | Self::TagRemoved => Kind::Removed,
            _ => Kind::Changed,
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OperationAdded { route, tags } if tags.is_empty() => {
                write!(f, "operation added: `{route}`")
            }
            Self::OperationAdded { route, tags } => {
                write!(f, "operation added: `{route}`, tag {}", tags.join(", "))
            }
            Self::OperationRemoved { route } => write!(f, "operation removed: `{route}`"),
            Self::OperationRenamed { from } => write!(f, "operation renamed, it was `{from}`"),
            Self::OperationMoved { from, to } => write!(f, "moved from `{from}` to `{to}`"),
            Self::Credential { from, to, .. } => write!(f, "credential: {from} → {to}"),
            Self::Tags { from, to } => write!(f, "tags: {from} → {to}"),
            Self::ArgumentsReordered => f.write_str("path parameters in another order"),

            Self::ParameterAdded { shape, location } => write!(
                f,
                "{} {location} parameter added: `{}`",
                shape.presence, shape.rust
            ),
            Self::ParameterRemoved { shape } => {
                write!(f, "{} parameter removed", shape.presence)
            }
            Self::ParameterChanged { from, to } => {
                f.write_str("parameter: ")?;
                reshaped(f, from, to)
            }
            Self::ParameterRelocated { from, to } => write!(f, "parameter: {from} → {to}"),

            Self::BodyAdded { rust, required } => {
                let presence = if *required { "required" } else { "optional" };
                write!(f, "{presence} body added: `{rust}`")
            }
            Self::BodyRemoved { rust } => write!(f, "body removed: `{rust}`"),
            Self::BodyChanged { from, to } => write!(f, "body: `{from}` → `{to}`"),
            Self::BodyMedia { from, to } => write!(f, "media type of the body: {from} → {to}"),
            Self::BodyRequired { now: true } => f.write_str("body: optional → required"),
            Self::BodyRequired { now: false } => f.write_str("body: required → optional"),

            Self::ReplyType { from, to } => write!(f, "reply: `{from}` → `{to}`"),
            Self::ErrorType { from, to } => write!(f, "body of errors: `{from}` → `{to}`"),
            Self::StatusAdded { status, .. } => write!(f, "status {status} added"),
            Self::StatusRemoved { status } => write!(f, "status {status} removed"),

            Self::TypeAdded { kind } => write!(f, "type added: {kind}"),
            Self::TypeRemoved { kind } => write!(f, "type removed: {kind}"),
            Self::TypeReplaced { from, to } => write!(f, "type replaced: {from} → {to}"),
            Self::FieldAdded { shape, .. } => {
                write!(f, "{} field added: `{}`", shape.presence, shape.rust)
            }
            Self::FieldRemoved { shape } => write!(f, "{} field removed", shape.presence),
            Self::FieldChanged { from, to } => reshaped(f, from, to),
            Self::NullAsEmpty { now: true } => f.write_str("null now reads as empty"),
            Self::NullAsEmpty { now: false } => f.write_str("null no longer reads as empty"),
            Self::Secret { now: true } => f.write_str("now a secret"),
            Self::Secret { now: false } => f.write_str("no longer a secret"),

            Self::ValueAdded { value, .. } => write!(f, "value `{value}` added"),
            Self::ValueRemoved { value, .. } => write!(f, "value `{value}` removed"),
            Self::VariantRenamed { value, from, to } => {
                write!(f, "variant of `{value}`: `{from}` → `{to}`")
            }
            Self::ValuesReordered => f.write_str("values in another order"),

            Self::Description { of, .. } => write!(f, "{of} changed"),
            Self::Deprecated { now: true } => f.write_str("deprecated"),
            Self::Deprecated { now: false } => f.write_str("no longer deprecated"),
            Self::TagAdded => f.write_str("tag added"),
            Self::TagRemoved => f.write_str("tag removed"),
            Self::Info => f.write_str("title, version or text of the document changed"),
            Self::Servers => f.write_str("servers changed"),
            Self::Unread { keyword } => {
                write!(f, "`{keyword}` changed, which this report cannot judge")
            }
        }
    }
}

/// What is different of the two.
fn reshaped(f: &mut fmt::Formatter<'_>, from: &Shape, to: &Shape) -> fmt::Result {
    let mut parts = Vec::new();
    if from.presence != to.presence {
        parts.push(format!("{} → {}", from.presence, to.presence));
    }
    if from.rust != to.rust {
        parts.push(format!("`{}` → `{}`", from.rust, to.rust));
    } else if from.wire != to.wire {
        parts.push(format!("{} → {}, still `{}`", from.wire, to.wire, to.rust));
    }
    f.write_str(&parts.join(", "))
}
