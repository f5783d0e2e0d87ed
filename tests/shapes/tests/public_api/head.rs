//! An item as it is declared: what it promises, not how it does it.

use std::fmt::Write;

use quote::quote;
use syn::{
    Attribute, Fields, FnArg, Generics, Item, ItemEnum, ItemTrait, Pat, Signature, TraitItem,
    Visibility,
};

use super::source::attributes;
use crate::text::line;

/// The declaration, with public fields and variants.
pub(super) fn head(item: &Item) -> String {
    let notes = notes(attributes(item));
    let text = match item {
        Item::Struct(item) => {
            let head = declared("struct", &item.ident.to_string(), &item.generics);
            head + &fields(&item.fields, 1, true)
        }
        Item::Enum(item) => enumeration(item),
        Item::Trait(item) => trait_of(item),
        Item::Fn(item) => signature(&item.sig) + "\n",
        Item::Const(item) => {
            let (ident, of, value) = (&item.ident, &item.ty, &item.expr);
            line(quote!(const #ident: #of = #value)) + "\n"
        }
        Item::Type(item) => {
            let (ident, generics, of) = (&item.ident, &item.generics, &item.ty);
            line(quote!(type #ident #generics = #of)) + "\n"
        }
        other => panic!("{} is not known", line(other)),
    };
    notes + &text
}

fn declared(what: &str, name: &str, generics: &Generics) -> String {
    let generics = bare(generics);
    let clause = &generics.where_clause;
    let clause = clause.as_ref().map(|clause| format!(" {}", line(clause)));
    let generics = line(&generics);
    format!("{what} {name}{generics}{}\n", clause.unwrap_or_default())
}

fn enumeration(item: &ItemEnum) -> String {
    let mut out = declared("enum", &item.ident.to_string(), &item.generics);
    for variant in &item.variants {
        let (name, notes) = (&variant.ident, notes(&variant.attrs).replace('\n', " "));
        match &variant.fields {
            Fields::Named(_) => {
                let fields = fields(&variant.fields, 2, false);
                write!(out, "    {notes}{name}\n{fields}").unwrap();
            }
            other => writeln!(out, "    {notes}{name}{}", line(other)).unwrap(),
        }
    }
    out
}

fn trait_of(item: &ItemTrait) -> String {
    let (ident, bounds) = (&item.ident, &item.supertraits);
    let generics = bare(&item.generics);
    let clause = &generics.where_clause;
    let colon = (!bounds.is_empty()).then(|| quote!(:));
    let mut out = line(quote!(trait #ident #generics #colon #bounds #clause)) + "\n";
    for item in &item.items {
        let (provided, text) = match item {
            TraitItem::Fn(function) => (function.default.is_some(), signature(&function.sig)),
            TraitItem::Type(associated) => (associated.default.is_some(), {
                let (ident, bounds) = (&associated.ident, &associated.bounds);
                line(quote!(type #ident: #bounds))
            }),
            other => (false, line(other)),
        };
        // Who implements the trait need not write these.
        let provided = if provided { " { .. }" } else { "" };
        writeln!(out, "    {text}{provided}").unwrap();
    }
    out
}

/// The public fields; in an enum all are. That there are others matters too: such a struct cannot be made.
fn fields(fields: &Fields, depth: usize, of_struct: bool) -> String {
    let indent = "    ".repeat(depth);
    let public = |vis: &Visibility| !of_struct || matches!(vis, Visibility::Public(_));
    let mut out = String::new();
    for (index, field) in fields.iter().enumerate() {
        if public(&field.vis) {
            let name = field.ident.as_ref().map(ToString::to_string);
            let name = name.unwrap_or_else(|| index.to_string());
            let notes = notes(&field.attrs).replace('\n', " ");
            writeln!(out, "{indent}{notes}{name}: {}", line(&field.ty)).unwrap();
        }
    }
    if !fields.iter().all(|field| public(&field.vis)) {
        writeln!(out, "{indent}(private fields)").unwrap();
    }
    out
}

/// Whether an argument is `mut` is nobody's business but the function's.
pub(super) fn signature(signature: &Signature) -> String {
    let mut signature = signature.clone();
    for input in &mut signature.inputs {
        match input {
            FnArg::Receiver(receiver) if receiver.reference.is_none() => receiver.mutability = None,
            FnArg::Receiver(_) => {}
            FnArg::Typed(typed) => {
                if let Pat::Ident(name) = &mut *typed.pat {
                    name.mutability = None;
                }
            }
        }
    }
    signature.generics = bare(&signature.generics);
    line(signature)
}

/// Without the comma behind the last of several lines.
pub(super) fn bare(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    if let Some(clause) = &mut generics.where_clause {
        clause.predicates.pop_punct();
    }
    generics
}

/// The attributes that are a part of the promise, each on its line.
pub(super) fn notes(attributes: &[Attribute]) -> String {
    let promises = ["derive", "non_exhaustive", "serde", "deprecated", "repr"];
    let mut out = String::new();
    for attribute in attributes {
        let path = attribute.path();
        if path.is_ident("must_use") {
            out.push_str("#[must_use]\n");
        } else if promises.iter().any(|name| path.is_ident(name)) {
            writeln!(out, "{}", line(attribute)).unwrap();
        }
    }
    out
}
