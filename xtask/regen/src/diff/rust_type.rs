//! The Rust types and names that the generator makes, with short paths.
//!
//! A test holds this against the code generated from both documents.

use heck::{ToPascalCase, ToSnakeCase};
use serde_json::Value;

use super::document::{Document, Operation, Parameter, flag, schema_name, text, texts};
use super::what::{Presence, Shape};

/// The name of a method, argument or field.
pub(super) fn snake(name: &str) -> String {
    sane(&plain(name).to_snake_case(), 'x')
}

/// The name of a type.
pub(super) fn pascal(name: &str) -> String {
    sane(&plain(name).to_pascal_case(), 'X')
}

fn plain(name: &str) -> String {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    name.replace('\'', "").replace(|c| !word(c), "-")
}

/// What is a keyword, or begins with a digit, is no name.
fn sane(name: &str, prefix: char) -> String {
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("{prefix}{name}");
    }
    match syn::parse_str::<syn::Ident>(name) {
        Ok(_) => name.to_owned(),
        Err(_) => format!("{name}_"),
    }
}

/// The variant of a value in an open enum, which `codegen/enums.rs` makes.
pub(super) fn variant(schema: &Value, value: &str) -> String {
    let given = schema
        .get("x-passage-variants")
        .and_then(|names| text(names, value));
    given
        .unwrap_or(value)
        .split(|c: char| !c.is_alphanumeric())
        .flat_map(|word| {
            let mut chars = word.chars();
            let first = chars.next().into_iter().flat_map(char::to_uppercase);
            first.chain(chars).collect::<Vec<_>>()
        })
        .collect()
}

/// Presence and types of `field` of the schema `owner`, which is a struct.
pub(super) fn field(owner: &str, schema: &Value, name: &str, property: &Value) -> Shape {
    let presence = if texts(schema, "required").contains(&name) {
        Presence::Required
    } else if flag(property, "x-passage-null") {
        Presence::Nullable
    } else {
        Presence::Optional
    };
    let bare = bare(property, &format!("{owner}-{name}"));
    // Lists and maps that may be left out are empty then.
    let empty =
        bare.starts_with("Vec<") || bare.starts_with("Map<") || bare.starts_with("HashMap<");
    let missing = flag(property, "nullable") || (presence != Presence::Required && !empty);
    Shape {
        presence,
        rust: if missing { option(&bare) } else { bare },
        wire: wire(property),
    }
}

impl Shape {
    /// Whether it is always there.
    pub(super) fn is_required(&self) -> bool {
        self.presence != Presence::Optional
    }
}

/// Presence and types of a parameter of the operation `id`.
pub(super) fn parameter(id: &str, parameter: &Parameter<'_>) -> Shape {
    let bare = bare(parameter.schema, &format!("{id}-{}", parameter.name));
    let lent = match bare.as_str() {
        "String" => "&str".to_owned(),
        "bool" | "f32" | "f64" => bare,
        _ if is_integer(&bare) => bare,
        _ => format!("&{bare}"),
    };
    let required = parameter.required && !flag(parameter.schema, "nullable");
    Shape {
        presence: if required {
            Presence::Required
        } else {
            Presence::Optional
        },
        rust: if required { lent } else { option(&lent) },
        wire: wire(parameter.schema),
    }
}

/// The parameters in the order of the arguments: those of the path in its order, then those of the query and
/// those of the header by name.
pub(super) fn arguments<'a>(
    document: &Document<'a>,
    operation: &Operation<'a>,
) -> Vec<Parameter<'a>> {
    let mut parameters = document.parameters(operation);
    parameters.sort_by_key(|parameter| {
        let place = operation
            .path
            .find(&format!("{{{}}}", parameter.name))
            .unwrap_or(usize::MAX);
        match parameter.location {
            "path" => (0, place, ""),
            "query" => (1, 0, parameter.name),
            _ => (2, 0, parameter.name),
        }
    });
    parameters
}

/// The type of a body or reply: the schema of its JSON, or nothing.
pub(super) fn content(content: &Value, hint: &str) -> Option<String> {
    let media = content.get("content")?.as_object()?;
    let (kind, first) = media.iter().next()?;
    match first.get("schema") {
        Some(schema) if kind.contains("json") || kind.contains("form") => Some(bare(schema, hint)),
        _ => Some(format!("({kind})")),
    }
}

/// The Rust type of a schema that is there and not null. A type that the generator makes for this place is
/// named after it.
pub(super) fn bare(schema: &Value, hint: &str) -> String {
    if let Some(name) = schema_name(schema) {
        return pascal(name);
    }
    if let Some([one]) = schema
        .get("allOf")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
    {
        return bare(one, hint);
    }
    let own = ["allOf", "anyOf", "oneOf", "not", "enum"];
    if own.iter().any(|key| schema.get(*key).is_some()) {
        return pascal(hint);
    }
    let format = text(schema, "format").unwrap_or_default();
    match text(schema, "type") {
        Some("string") => string(schema, format, hint),
        Some("integer") => integer(format).to_owned(),
        Some("number") if format == "float" => "f32".to_owned(),
        Some("number") => "f64".to_owned(),
        Some("boolean") => "bool".to_owned(),
        Some("array") => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            format!("Vec<{}>", bare(items, &format!("{hint}-item")))
        }
        Some("object") if is_struct(schema) => pascal(hint),
        Some("object") => match schema.get("additionalProperties") {
            Some(values) if values.as_object().is_some_and(|v| !v.is_empty()) => {
                format!(
                    "HashMap<String, {}>",
                    bare(values, &format!("{hint}-value"))
                )
            }
            _ => "Map<String, Value>".to_owned(),
        },
        _ => "Value".to_owned(),
    }
}

fn string(schema: &Value, format: &str, hint: &str) -> String {
    match format {
        "date-time" => "Timestamp".to_owned(),
        "date" => "NaiveDate".to_owned(),
        "uuid" => "Uuid".to_owned(),
        "ip" => "IpAddr".to_owned(),
        "ipv4" => "Ipv4Addr".to_owned(),
        "ipv6" => "Ipv6Addr".to_owned(),
        _ if ["minLength", "maxLength", "pattern"]
            .iter()
            .any(|key| schema.get(*key).is_some()) =>
        {
            pascal(hint)
        }
        _ => "String".to_owned(),
    }
}

fn integer(format: &str) -> &'static str {
    match format {
        "int8" => "i8",
        "uint8" => "u8",
        "int16" => "i16",
        "uint16" => "u16",
        "int" | "int32" => "i32",
        "uint" | "uint32" => "u32",
        "uint64" => "u64",
        _ => "i64",
    }
}

fn is_integer(rust: &str) -> bool {
    rust.strip_prefix(['i', 'u'])
        .is_some_and(|bits| bits.parse::<u8>().is_ok())
}

fn option(rust: &str) -> String {
    format!("Option<{rust}>")
}

/// Whether the schema is an object with properties.
pub(super) fn is_struct(schema: &Value) -> bool {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .is_some_and(|properties| !properties.is_empty())
}

/// The type as the document has it.
fn wire(schema: &Value) -> String {
    if let Some(name) = schema_name(schema) {
        return name.to_owned();
    }
    if let Some([one]) = schema
        .get("allOf")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
    {
        return wire(one);
    }
    let kind = text(schema, "type").unwrap_or("any");
    match (schema.get("items"), text(schema, "format")) {
        (Some(items), _) => format!("{kind} of {}", wire(items)),
        (None, Some(format)) => format!("{kind} ({format})"),
        (None, None) => kind.to_owned(),
    }
}
