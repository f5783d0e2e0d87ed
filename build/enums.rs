//! Open enums: an enum that keeps values it does not know.
//!
//! The generator's own enums are closed, so a single new value would make a whole page of users unreadable.

use proc_macro2::{Ident, Span};
use quote::{format_ident, quote};
use serde_json::Value;

use crate::codegen::schema::{Schemas, flag};

/// One open enum.
pub(crate) struct OpenEnum {
    name: Ident,
    description: String,
    variants: Vec<(Ident, String)>,
}

impl OpenEnum {
    /// The name of the Rust type.
    pub(crate) fn ident(&self) -> &Ident {
        &self.name
    }

    /// The definition and its impls; `open_enum!` (src/generated/support.rs) adds the traits.
    pub(crate) fn items(&self) -> syn::Result<Vec<syn::Item>> {
        let Self {
            name, description, ..
        } = self;
        let idents: Vec<_> = self.variants.iter().map(|(ident, _)| ident).collect();
        let values: Vec<_> = self.variants.iter().map(|(_, value)| value).collect();
        let docs = values.iter().map(|value| format!(" `{value}`"));
        let file: syn::File = syn::parse2(quote! {
            #[doc = #description]
            ///
            /// Open: a value that is not listed here is `Unknown`.
            #[derive(Clone, Debug, Eq, Hash, PartialEq)]
            #[non_exhaustive]
            pub enum #name {
                #(#[doc = #docs] #idents,)*
                /// A value that this version of the crate does not know.
                Unknown(String),
            }
            impl #name {
                /// Every value that the API description lists.
                pub const KNOWN: &'static [Self] = &[#(Self::#idents),*];

                /// The value as the API writes it.
                pub fn as_str(&self) -> &str {
                    match self {
                        #(Self::#idents => #values,)*
                        Self::Unknown(value) => value,
                    }
                }
            }
            impl ::std::convert::From<String> for #name {
                fn from(value: String) -> Self {
                    match value.as_str() {
                        #(#values => Self::#idents,)*
                        _ => Self::Unknown(value),
                    }
                }
            }
            crate::generated::support::open_enum!(#name);
        })?;
        Ok(file.items)
    }
}

/// The open enums that `schemas` ask for, in alphabetical order. A closed one is refused: whether an unknown value
/// makes a reply unreadable must be a decision in the overlay, not an oversight.
pub(crate) fn open_enums(schemas: &Schemas<'_>) -> Result<Vec<OpenEnum>, String> {
    schemas
        .iter()
        .filter_map(|(name, schema)| {
            let values = schema.get("enum")?.as_array()?;
            if !flag(schema, "x-passage-open") {
                return Some(Err(format!("{name} is an enum without x-passage-open")));
            }
            Some(open_enum(name, schema, values))
        })
        .collect()
}

fn open_enum(name: &str, schema: &Value, values: &[Value]) -> Result<OpenEnum, String> {
    let names = schema.get("x-passage-variants").and_then(Value::as_object);
    for value in names.into_iter().flat_map(|names| names.keys()) {
        if !values.iter().any(|known| known == value) {
            return Err(format!(
                "{name}: x-passage-variants names {value:?}, which is no value"
            ));
        }
    }
    let mut variants: Vec<(Ident, String)> = Vec::new();
    for value in values {
        let text = value
            .as_str()
            .ok_or_else(|| format!("{name} has the value {value}, which is no string"))?;
        let named = names.and_then(|names| names.get(text)?.as_str());
        let ident = variant(named.unwrap_or(text))
            .ok_or_else(|| format!("{name}: no Rust name for {text:?}"))?;
        if ident == "Unknown" || variants.iter().any(|(other, _)| *other == ident) {
            return Err(format!(
                "{name}: {text:?} would be a second variant {ident}"
            ));
        }
        variants.push((ident, text.to_owned()));
    }
    let description = match schema.get("description").and_then(Value::as_str) {
        Some(text) => format!(" {text}"),
        None => format!(" The values of `{name}`."),
    };
    Ok(OpenEnum {
        name: format_ident!("{name}"),
        description,
        variants,
    })
}

/// `cross-platform` becomes `CrossPlatform`.
fn variant(value: &str) -> Option<Ident> {
    let name: String = value
        .split(|c: char| !c.is_alphanumeric())
        .flat_map(|word| {
            let mut chars = word.chars();
            let first: Vec<char> = chars
                .next()
                .into_iter()
                .flat_map(char::to_uppercase)
                .collect();
            first.into_iter().chain(chars)
        })
        .collect();
    let usable = name.chars().next().is_some_and(char::is_alphabetic) && name != "Self";
    usable.then(|| Ident::new(&name, Span::call_site()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn enums(schema: Value) -> Result<Vec<OpenEnum>, String> {
        let document =
            json!({"components": {"schemas": {"Kind": schema, "Other": {"type": "object"}}}});
        open_enums(&Schemas::read(&document)?)
    }

    #[test]
    fn variants_are_named_after_their_values() {
        for (value, name) in [
            ("active", "Active"),
            ("cross-platform", "CrossPlatform"),
            ("invalid_request", "InvalidRequest"),
            ("Trebuchet MS", "TrebuchetMS"),
            ("oauth2_app", "Oauth2App"),
        ] {
            assert_eq!(variant(value).unwrap(), name);
        }
        for nameless in ["", "--", "2fa", "self"] {
            assert!(variant(nameless).is_none(), "{nameless}");
        }
    }

    #[test]
    fn an_enum_keeps_the_order_of_its_values() {
        let found =
            enums(json!({"type": "string", "enum": ["b", "a"], "x-passage-open": true})).unwrap();
        let [kind] = found.as_slice() else {
            panic!("{} enums", found.len());
        };
        let values: Vec<&str> = kind.variants.iter().map(|(_, v)| v.as_str()).collect();
        assert_eq!(values, ["b", "a"]);
        assert_eq!(kind.ident(), "Kind");
    }

    #[test]
    fn a_variant_can_be_given_a_better_name() {
        let schema = json!({"enum": ["s", "m"], "x-passage-open": true, "x-passage-variants": {"s": "Seconds"}});
        let found = enums(schema).unwrap();
        let variants = found.iter().flat_map(|open| &open.variants);
        let pairs: Vec<_> = variants.map(|(i, v)| (i.to_string(), v.as_str())).collect();
        assert_eq!(pairs, [("Seconds".to_owned(), "s"), ("M".to_owned(), "m")]);
        let stray =
            json!({"enum": ["s"], "x-passage-open": true, "x-passage-variants": {"x": "Seconds"}});
        let error = enums(stray).err().unwrap();
        assert!(error.contains("\"x\", which is no value"), "{error}");
    }

    #[test]
    fn values_that_cannot_be_variants_are_refused() {
        for (values, why) in [
            (json!(["a-b", "a_b"]), "second variant AB"),
            (json!(["unknown"]), "second variant Unknown"),
            (json!([1]), "no string"),
            (json!([""]), "no Rust name"),
        ] {
            let error = enums(json!({"enum": values, "x-passage-open": true}))
                .err()
                .unwrap();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_closed_enum_is_refused() {
        let error = enums(json!({"type": "string", "enum": ["a"]}))
            .err()
            .unwrap();
        assert!(error.contains("x-passage-open"), "{error}");
    }
}
