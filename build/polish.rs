//! Post-processing of progenitor's output, for what it has no setting.

use proc_macro2::Span;
use quote::{ToTokens, quote};
use serde_json::Value;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Expr, ExprLit, Field, Fields, File, Ident, ImplItem, Item, ItemStruct, Lit, LitStr,
    Meta, Path, Token, parse_quote, punctuated::Punctuated,
};

use crate::codegen::calls;
use crate::codegen::enums::OpenEnum;
use crate::codegen::schema::{Schemas, flag};

/// Rewrites the generator's output in place.
pub(crate) fn polish(
    file: &mut File,
    schemas: &Schemas<'_>,
    enums: &[OpenEnum],
) -> Result<(), Box<dyn std::error::Error>> {
    let mut types = Vec::new();
    for item in &mut file.items {
        match item {
            Item::Mod(module) if module.ident == "types" => {
                if let Some((_, items)) = &mut module.content {
                    types = polish_types(items, schemas, enums)?;
                }
            }
            // `Client::new` builds an HTTP client of its own, which panics on failure and follows
            // redirects with the caller's credentials. `new_with_client` stays.
            Item::Impl(block) if block.trait_.is_none() => {
                block.items.retain(
                    |item| !matches!(item, ImplItem::Fn(function) if function.sig.ident == "new"),
                );
                block.items.iter_mut().for_each(polish_operation);
            }
            _ => {}
        }
    }
    file.items.push(json_schemas(&types));
    Docs.visit_file_mut(file);
    Ok(())
}

/// Operations are the async functions.
fn polish_operation(item: &mut ImplItem) {
    if let ImplItem::Fn(function) = item
        && function.sig.asyncness.is_some()
    {
        calls::simplify(function);
        function.attrs.push(parse_quote! {
            #[doc = "\n# Errors\n\n`Error::ErrorResponse` carries the API's own error, with its status. Any other
[`Error`] means that there was no reply, or none that the API description allows."]
        });
    }
}

/// Returns the names of all types.
fn polish_types(
    items: &mut Vec<Item>,
    schemas: &Schemas<'_>,
    enums: &[OpenEnum],
) -> Result<Vec<Ident>, Box<dyn std::error::Error>> {
    // typify's error type is for constrained types, which are not allowed.
    let uses_error = items
        .iter()
        .any(|item| matches!(item, Item::Impl(_)) && mentions(item, "ConversionError"));
    items.retain(|item| uses_error || !matches!(item, Item::Mod(m) if m.ident == "error"));

    let mut names = Vec::new();
    let mut debugs = Vec::new();
    for item in items.iter_mut() {
        TypesPrefix.visit_item_mut(item);
        if let Item::Struct(structure) = item {
            names.push(structure.ident.clone());
            debugs.extend(polish_struct(structure, schemas)?);
        }
    }
    items.extend(debugs);
    for open in enums {
        items.extend(open.items()?);
    }
    names.extend(enums.iter().map(|open| open.ident().clone()));
    Ok(names)
}

fn mentions(item: &Item, ident: &str) -> bool {
    item.to_token_stream().to_string().contains(ident)
}

/// Handles nulls and docs of the fields; returns a Debug impl if one of them is secret.
fn polish_struct(structure: &mut ItemStruct, schemas: &Schemas<'_>) -> syn::Result<Option<Item>> {
    structure
        .attrs
        .push(parse_quote!(#[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]));
    let name = structure.ident.clone();
    let Fields::Named(fields) = &mut structure.fields else {
        return Ok(None);
    };
    let properties = schemas.properties(&name.to_string());
    let schema_name = schemas.name(&name.to_string()).unwrap_or_default();
    let mut shown = Vec::new();
    let mut secret = false;
    for field in &mut fields.named {
        let Some(ident) = field.ident.clone() else {
            continue;
        };
        let mut serde = SerdeMetas::take(field)?;
        let wire = serde.rename().unwrap_or_else(|| ident.to_string());
        let property = properties
            .and_then(|p| p.get(&wire))
            .unwrap_or(&Value::Null);
        if flag(property, "x-passage-null-as-empty") {
            serde.push(parse_quote!(
                deserialize_with = "crate::generated::support::null_as_default"
            ));
        }
        if flag(property, "x-passage-null") {
            serde.remove("skip_serializing_if");
        }
        serde.put_back(field);
        if !field.attrs.iter().any(|a| a.path().is_ident("doc")) {
            let doc = format!("`{wire}` of `{schema_name}`.");
            field.attrs.insert(0, parse_quote!(#[doc = #doc]));
        }
        let label = ident.to_string();
        shown.push(if flag(property, "x-passage-secret") {
            secret = true;
            quote!(.field(#label, &format_args!("<redacted>")))
        } else {
            quote!(.field(#label, &self.#ident))
        });
    }
    if !secret {
        return Ok(None);
    }
    drop_debug(&mut structure.attrs)?;
    let label = name.to_string();
    Ok(Some(parse_quote! {
        impl ::std::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(#label)#(#shown)*.finish()
            }
        }
    }))
}

/// The serde attributes of a field, as one list.
struct SerdeMetas(Vec<Meta>);

impl SerdeMetas {
    /// Removes them from the field.
    fn take(field: &mut Field) -> syn::Result<Self> {
        let (serde, rest) = std::mem::take(&mut field.attrs)
            .into_iter()
            .partition::<Vec<_>, _>(|attr| attr.path().is_ident("serde"));
        field.attrs = rest;
        let mut metas = Vec::new();
        for attr in serde {
            metas.extend(attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)?);
        }
        Ok(Self(metas))
    }

    fn put_back(self, field: &mut Field) {
        let metas = self.0;
        if !metas.is_empty() {
            field.attrs.push(parse_quote!(#[serde(#(#metas),*)]));
        }
    }

    /// The value of `rename`.
    fn rename(&self) -> Option<String> {
        self.0.iter().find_map(|meta| match meta {
            Meta::NameValue(pair) if pair.path.is_ident("rename") => text(&pair.value),
            _ => None,
        })
    }

    fn remove(&mut self, name: &str) {
        self.0.retain(|meta| !meta.path().is_ident(name));
    }

    fn push(&mut self, meta: Meta) {
        self.0.push(meta);
    }
}

/// The value of a string literal.
fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

/// Removes `Debug` from the derives.
fn drop_debug(attrs: &mut [Attribute]) -> syn::Result<()> {
    for attr in attrs.iter_mut().filter(|a| a.path().is_ident("derive")) {
        let paths: Vec<Path> = attr
            .parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated)?
            .into_iter()
            .filter(|path| !path.is_ident("Debug"))
            .collect();
        *attr = parse_quote!(#[derive(#(#paths),*)]);
    }
    Ok(())
}

/// A function that returns the JSON Schema of every type.
fn json_schemas(types: &[Ident]) -> Item {
    parse_quote! {
        /// The JSON Schemas of all types of this API, by name.
        #[cfg(feature = "schemars")]
        pub fn json_schemas() -> ::serde_json::Map<String, ::serde_json::Value> {
            let mut generator = ::schemars::SchemaGenerator::default();
            #(generator.subschema_for::<types::#types>();)*
            generator.take_definitions(true)
        }
    }
}

/// Inside the module `types`, `types::X` is `X`.
struct TypesPrefix;

impl VisitMut for TypesPrefix {
    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        let first_is_types = path.segments.first().is_some_and(|s| s.ident == "types");
        if first_is_types && path.leading_colon.is_none() && path.segments.len() > 1 {
            path.segments = path.segments.iter().skip(1).cloned().collect();
        }
    }
}

/// Writes doc comments in the usual form: line by line, with a space before the text.
struct Docs;

impl VisitMut for Docs {
    fn visit_attributes_mut(&mut self, attrs: &mut Vec<Attribute>) {
        *attrs = attrs.drain(..).flat_map(doc_lines).collect();
    }
}

fn doc_lines(attr: Attribute) -> Vec<Attribute> {
    let text = match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => text(&pair.value),
        _ => None,
    };
    let Some(text) = text else {
        return vec![attr];
    };
    text.trim_end()
        .lines()
        .map(|line| {
            let line = match line.strip_prefix(' ').unwrap_or(line).trim_end() {
                "" => String::new(),
                line => format!(" {line}"),
            };
            let mut attr = attr.clone();
            if let Meta::NameValue(pair) = &mut attr.meta {
                pair.value = Expr::Lit(ExprLit {
                    attrs: Vec::new(),
                    lit: Lit::Str(LitStr::new(&line, Span::call_site())),
                });
            }
            attr
        })
        .collect()
}
