//! Open enums: an enum that keeps values it does not know.
//!
//! The generator's own enums are closed, so that one new value would make a whole page of users unreadable.

use proc_macro2::{Ident, Span};
use quote::{format_ident, quote};
use serde_json::Value;

use crate::codegen::schema::Schemas;

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

/// The open enums that `schemas` ask for, in alphabetical order.
pub(crate) fn open_enums(schemas: &Schemas<'_>) -> Result<Vec<OpenEnum>, String> {
    schemas
        .iter()
        .filter_map(|(name, schema)| {
            let values = schema.get("enum")?.as_array()?;
            Some(open_enum(name, schema, values))
        })
        .collect()
}

fn open_enum(name: &str, schema: &Value, values: &[Value]) -> Result<OpenEnum, String> {
    let mut variants: Vec<(Ident, String)> = Vec::new();
    for value in values {
        let text = value
            .as_str()
            .ok_or_else(|| format!("{name} has the value {value}, which is no string"))?;
        let ident = variant(text).ok_or_else(|| format!("{name}: no Rust name for {text:?}"))?;
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
