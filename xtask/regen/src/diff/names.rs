//! The names that the generator makes of those in a document.

use heck::{ToPascalCase, ToSnakeCase};
use serde_json::Value;

/// The name of an argument or field.
pub(super) fn snake(name: &str) -> String {
    sane(&plain(name).to_snake_case(), 'x')
}

/// The name of a type.
pub(super) fn pascal(name: &str) -> String {
    sane(&plain(name).to_pascal_case(), 'X')
}

/// The method of an operation.
pub(super) fn method(id: &str) -> String {
    format!("Client::{}", snake(id))
}

/// The type of a schema.
pub(super) fn rust_type(schema: &str) -> String {
    format!("types::{}", pascal(schema))
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

/// The variant of a value in an open enum, which `build/enums.rs` makes.
pub(super) fn variant(schema: &Value, value: &str) -> String {
    let given = schema
        .get("x-passage-variants")
        .and_then(|names| names.get(value));
    let words = given.and_then(Value::as_str).unwrap_or(value);
    let words = words.split(|c: char| !c.is_alphanumeric());
    words
        .flat_map(|word| {
            let mut chars = word.chars();
            let first = chars.next().into_iter().flat_map(char::to_uppercase);
            first.chain(chars).collect::<Vec<_>>()
        })
        .collect()
}
