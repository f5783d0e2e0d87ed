//! What callers see of generated code, read from the code itself.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, FnArg, ImplItem, Item, ReturnType, Type};

/// Methods, types, fields and variants, each with what of it a caller depends on.
#[derive(Debug, Default)]
pub(super) struct Surface(pub(super) BTreeMap<String, String>);

impl Surface {
    pub(super) fn of(code: &str) -> Self {
        let mut file = syn::parse_file(code).unwrap();
        ShortPaths.visit_file_mut(&mut file);
        let mut surface = Self::default();
        surface.visit_file(&file);
        surface
    }

    fn put(&mut self, item: String, what: String) {
        assert_eq!(self.0.insert(item.clone(), what), None, "{item} twice");
    }

    fn fields(&mut self, owner: &str, fields: &syn::Fields) {
        for field in fields {
            if let Some(name) = &field.ident {
                assert!(matches!(field.vis, syn::Visibility::Public(_)), "{owner}");
                self.put(format!("{owner}::{name}"), compact(&field.ty));
            }
        }
    }
}

impl<'ast> Visit<'ast> for Surface {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Mod(module) if module.ident == "types" => {
                syn::visit::visit_item_mod(self, module)
            }
            Item::Struct(structure) if structure.ident != "Client" => {
                assert!(!is(&structure.attrs, "non_exhaustive"));
                let name = format!("types::{}", structure.ident);
                let default = structure
                    .attrs
                    .iter()
                    .any(|attr| compact(attr).contains("Default"));
                let what = match &structure.fields {
                    syn::Fields::Unnamed(fields) => compact(&fields.unnamed[0].ty),
                    _ => "struct".to_owned(),
                };
                if default {
                    self.put(format!("{name}: Default"), String::new());
                }
                self.put(name.clone(), what);
                self.fields(&name, &structure.fields);
            }
            Item::Enum(enumeration) => {
                // So that a new variant breaks nobody.
                assert!(is(&enumeration.attrs, "non_exhaustive"));
                let name = format!("types::{}", enumeration.ident);
                self.put(name.clone(), "enum".to_owned());
                for variant in &enumeration.variants {
                    let value = compact(&variant.fields);
                    self.put(format!("{name}::{}", variant.ident), value);
                }
            }
            Item::Impl(block) if block.trait_.is_none() && compact(&block.self_ty) == "Client" => {
                for item in &block.items {
                    if let ImplItem::Fn(function) = item
                        && function.sig.asyncness.is_some()
                    {
                        let signature = signature(&function.sig);
                        self.put(format!("Client::{}", function.sig.ident), signature);
                    }
                }
            }
            _ => {}
        }
    }
}

/// `(app_id: &str) -> AppResponse or ApiError`, without blanks in the types.
fn signature(signature: &syn::Signature) -> String {
    let arguments = signature
        .inputs
        .iter()
        .filter_map(|argument| match argument {
            FnArg::Receiver(_) => None,
            FnArg::Typed(argument) => Some(format!(
                "{}: {}",
                compact(&argument.pat),
                compact(&argument.ty)
            )),
        });
    let arguments: Vec<String> = arguments.collect();
    let ReturnType::Type(_, result) = &signature.output else {
        panic!("{} returns nothing", signature.ident);
    };
    let [success, error] = parts(result).try_into().unwrap();
    let [success] = parts(&success).try_into().unwrap();
    let [error] = parts(&error).try_into().unwrap();
    format!(
        "({}) -> {} or {}",
        arguments.join(", "),
        compact(&success),
        compact(&error)
    )
}

/// The types between the angle brackets.
fn parts(outer: &Type) -> Vec<Type> {
    let Type::Path(path) = outer else {
        return Vec::new();
    };
    match &path.path.segments.last().unwrap().arguments {
        syn::PathArguments::AngleBracketed(list) => list
            .args
            .iter()
            .filter_map(|argument| match argument {
                syn::GenericArgument::Type(inner) => Some(inner.clone()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn is(attrs: &[Attribute], name: &str) -> bool {
    attrs.iter().any(|attr| attr.path().is_ident(name))
}

/// Tokens without blanks and lifetimes.
pub(super) fn compact(tokens: &impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    let text: String = text.replace("'a ", "").split_whitespace().collect();
    text.replace(",>", ">")
}

/// The code without any docs, to see whether they are all that changed.
pub(super) fn without_docs(code: &str) -> String {
    struct NoDocs;
    impl VisitMut for NoDocs {
        fn visit_attributes_mut(&mut self, attrs: &mut Vec<Attribute>) {
            attrs.retain(|attr| !attr.path().is_ident("doc"));
        }
    }
    let mut file = syn::parse_file(code).unwrap();
    NoDocs.visit_file_mut(&mut file);
    prettyplease::unparse(&file)
}

/// `::std::string::String` is `String`.
struct ShortPaths;

impl VisitMut for ShortPaths {
    fn visit_type_path_mut(&mut self, path: &mut syn::TypePath) {
        visit_mut::visit_type_path_mut(self, path);
        let last = path.path.segments.last().unwrap().clone();
        path.path = syn::Path::from(last);
    }
}
