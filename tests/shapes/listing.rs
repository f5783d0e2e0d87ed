//! Generated code as a listing: one line per operation, field and variant, nothing that users cannot see.

use std::collections::HashMap;
use std::fmt::Write;

use quote::ToTokens;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Fields, ImplItem, ImplItemFn, Item, ItemEnum, ItemImpl, ItemStruct, Meta};

/// Lists the operations and types of one API.
pub(crate) fn listing(code: &str) -> String {
    let mut file = syn::parse_file(code).unwrap();
    ShortPaths.visit_file_mut(&mut file);
    let mut out = String::new();
    for item in &file.items {
        if let Item::Impl(block) = item {
            for item in &block.items {
                match item {
                    ImplItem::Fn(function) if function.sig.asyncness.is_some() => {
                        operation(&mut out, function);
                    }
                    _ => {}
                }
            }
        }
    }
    let types = file.items.iter().find_map(|item| match item {
        Item::Mod(module) if module.ident == "types" => module.content.as_ref(),
        _ => None,
    });
    let (_, types) = types.unwrap();
    for item in types {
        match item {
            Item::Struct(structure) => list_struct(&mut out, structure, types),
            Item::Enum(enumeration) => list_enum(&mut out, enumeration, types),
            _ => {}
        }
    }
    out.truncate(out.trim_end().len() + 1);
    out
}

/// The method and path from the first doc line that names them, then the signature.
fn operation(out: &mut String, function: &ImplItemFn) {
    let sends = docs(&function.attrs)
        .find_map(|line| line.trim().strip_prefix("Sends a `").map(str::to_owned))
        .unwrap();
    let route = sends.replace("` request to `", " ").replace('`', "");
    let arguments: Vec<String> = function.sig.inputs.iter().skip(1).map(text).collect();
    let reply = text(&function.sig.output)
        .replace("ResponseValue<", "")
        .replace("Error<", "")
        .replace(">, ", ", ")
        .replace(">>", ">");
    let name = &function.sig.ident;
    writeln!(
        out,
        "{route}\n    {name}({}) {reply}\n",
        arguments.join(", ")
    )
    .unwrap();
}

fn list_struct(out: &mut String, structure: &ItemStruct, types: &[Item]) {
    let name = &structure.ident;
    let default = derives_default(&structure.attrs).then_some(" (Default)");
    let default = default.unwrap_or_default();
    let Fields::Named(fields) = &structure.fields else {
        let fields: Vec<String> = structure.fields.iter().map(|f| text(&f.ty)).collect();
        writeln!(out, "struct {name}({}){default}\n", fields.join(", ")).unwrap();
        return;
    };
    writeln!(out, "struct {name}{default}").unwrap();
    let debug = implementation(types, "Debug", &name.to_string()).map(text);
    for field in &fields.named {
        let ident = field.ident.as_ref().unwrap();
        write!(out, "    {ident}: {}", text(&field.ty)).unwrap();
        for note in serde_notes(&field.attrs) {
            write!(out, ", {note}").unwrap();
        }
        let redacted = format!(r#".field("{ident}", &format_args!"#);
        if debug.as_ref().is_some_and(|code| code.contains(&redacted)) {
            out.push_str(", redacted");
        }
        out.push('\n');
    }
    out.push('\n');
}

/// The value of each variant is what `From<String>` matches.
fn list_enum(out: &mut String, enumeration: &ItemEnum, types: &[Item]) {
    let name = enumeration.ident.to_string();
    writeln!(out, "enum {name}").unwrap();
    let mut arms = Arms::default();
    arms.visit_item_impl(implementation(types, "From", &name).unwrap());
    for variant in &enumeration.variants {
        let ident = &variant.ident;
        if variant.fields.is_empty() {
            let value = &arms.0[&ident.to_string()];
            writeln!(out, "    {ident} = {value:?}").unwrap();
        } else {
            writeln!(out, "    {ident}{}", text(&variant.fields)).unwrap();
        }
    }
    out.push('\n');
}

/// The literal of each `"literal" => Self::Variant`, by variant.
#[derive(Default)]
struct Arms(HashMap<String, String>);

impl<'ast> Visit<'ast> for Arms {
    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if let syn::Pat::Lit(syn::PatLit {
            lit: syn::Lit::Str(value),
            ..
        }) = &arm.pat
        {
            let body = text(&arm.body);
            let variant = body.trim_matches(['{', '}', ' ']).strip_prefix("Self::");
            self.0.insert(variant.unwrap().to_owned(), value.value());
        }
    }
}

/// `impl Trait for Name`.
fn implementation<'a>(types: &'a [Item], name: &str, target: &str) -> Option<&'a ItemImpl> {
    types.iter().find_map(|item| match item {
        Item::Impl(block) => {
            let (_, path, _) = block.trait_.as_ref()?;
            let wanted = path.segments.last()?.ident == name && text(&block.self_ty) == target;
            wanted.then_some(block)
        }
        _ => None,
    })
}

fn derives_default(attrs: &[Attribute]) -> bool {
    attrs
        .iter()
        .any(|a| a.path().is_ident("derive") && text(a).contains("Default"))
}

fn serde_notes(attrs: &[Attribute]) -> impl Iterator<Item = String> {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident("serde"))
        .map(|attr| {
            text(&attr.meta.require_list().unwrap().tokens)
                .replace("::std::option::", "")
                .replace("::std::vec::", "")
                .replace("crate::generated::support::", "")
        })
}

fn docs(attrs: &[Attribute]) -> impl Iterator<Item = String> {
    attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(text),
                ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

/// Tokens with the usual spacing.
fn text(tokens: &impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (spaced, usual) in [
        (" :: ", "::"),
        (" < ", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" :", ":"),
        (" ,", ","),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" !", "!"),
        (". ", "."),
        (" .", "."),
        (",>", ">"),
        ("'a ", ""),
    ] {
        text = text.replace(spaced, usual);
    }
    text
}

/// `::std::string::String` is `String`: where a type lives is not what the listing is about.
struct ShortPaths;

impl VisitMut for ShortPaths {
    fn visit_type_path_mut(&mut self, path: &mut syn::TypePath) {
        visit_mut::visit_type_path_mut(self, path);
        path.path.leading_colon = None;
        path.path.segments = path
            .path
            .segments
            .iter()
            .last()
            .cloned()
            .into_iter()
            .collect();
    }
}
