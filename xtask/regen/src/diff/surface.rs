//! What callers see of generated code, read from the code itself.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{FnArg, ImplItem, Item, ReturnType, Type};

/// Methods, arguments, types, fields and variants, each with what of it a caller depends on. Types are short:
/// `::std::string::String` is `String`.
#[derive(Default)]
pub(super) struct Surface(pub(super) BTreeMap<String, String>);

impl Surface {
    /// Of the code that is generated from an effective document.
    pub(super) fn of(code: &str) -> Result<Self, String> {
        let mut file = syn::parse_file(code).map_err(|e| format!("the generated code: {e}"))?;
        ShortPaths.visit_file_mut(&mut file);
        let mut surface = Self::default();
        surface.visit_file(&file);
        Ok(surface)
    }

    /// What is known of `item`; empty if there is no such item.
    pub(super) fn get(&self, item: &str) -> &str {
        self.0.get(item).map_or("", String::as_str)
    }

    fn put(&mut self, item: String, what: impl Into<String>) {
        self.0.insert(item, what.into());
    }

    fn method(&mut self, signature: &syn::Signature) {
        let name = format!("Client::{}", signature.ident);
        let mut arguments = Vec::new();
        for argument in &signature.inputs {
            if let FnArg::Typed(argument) = argument {
                let argument_name = compact(&argument.pat);
                self.put(format!("{name}({argument_name})"), compact(&argument.ty));
                arguments.push(argument_name);
            }
        }
        self.put(name.clone(), arguments.join(" "));
        if let ReturnType::Type(_, result) = &signature.output {
            // `Result<ResponseValue<Success>, Error<Failure>>`
            for (part, outer) in ["reply", "error"].iter().zip(parts(result)) {
                let inner = parts(outer).first().map(compact).unwrap_or_default();
                self.put(format!("{name} {part}"), inner);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Surface {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Mod(module) if module.ident == "types" => {
                syn::visit::visit_item_mod(self, module);
            }
            Item::Struct(structure) if structure.ident != "Client" => {
                let name = format!("types::{}", structure.ident);
                let derives = |attr| compact::<syn::Attribute>(attr).contains("Default");
                if structure.attrs.iter().any(derives) {
                    self.put(format!("{name}: Default"), "");
                }
                for field in &structure.fields {
                    if let Some(field_name) = &field.ident {
                        self.put(format!("{name}::{field_name}"), compact(&field.ty));
                    }
                }
                let types = structure.fields.iter().map(|field| compact(&field.ty));
                let unnamed = matches!(structure.fields, syn::Fields::Unnamed(_));
                self.put(
                    name,
                    if unnamed {
                        types.collect()
                    } else {
                        "struct".to_owned()
                    },
                );
            }
            Item::Enum(enumeration) => {
                let name = format!("types::{}", enumeration.ident);
                for variant in &enumeration.variants {
                    let item = format!("{name}::{}", variant.ident);
                    self.put(item, compact(&variant.fields));
                }
                // A new variant breaks nobody only if it may come.
                let open = |attr: &syn::Attribute| attr.path().is_ident("non_exhaustive");
                let open = enumeration.attrs.iter().any(open);
                self.put(name, if open { "enum" } else { "closed enum" });
            }
            Item::Impl(block) if block.trait_.is_none() && compact(&block.self_ty) == "Client" => {
                let signatures = block.items.iter().filter_map(|item| match item {
                    ImplItem::Fn(function) => Some(&function.sig),
                    _ => None,
                });
                let methods = signatures.filter(|signature| signature.asyncness.is_some());
                methods.for_each(|signature| self.method(signature));
            }
            _ => {}
        }
    }
}

/// The types between the angle brackets.
fn parts(outer: &Type) -> Vec<&Type> {
    let Type::Path(path) = outer else {
        return Vec::new();
    };
    let arguments = path.path.segments.last().map(|last| &last.arguments);
    let Some(syn::PathArguments::AngleBracketed(list)) = arguments else {
        return Vec::new();
    };
    let types = list.args.iter().filter_map(|argument| match argument {
        syn::GenericArgument::Type(inner) => Some(inner),
        _ => None,
    });
    types.collect()
}

/// Tokens without lifetimes, and with a blank behind each comma only.
fn compact<T: ToTokens + ?Sized>(tokens: &T) -> String {
    let text = tokens.to_token_stream().to_string();
    let text: String = text.replace("'a ", "").split_whitespace().collect();
    text.replace(",>", ">").replace(',', ", ")
}

struct ShortPaths;

impl VisitMut for ShortPaths {
    fn visit_type_path_mut(&mut self, path: &mut syn::TypePath) {
        visit_mut::visit_type_path_mut(self, path);
        if let Some(last) = path.path.segments.last().cloned() {
            path.path = syn::Path::from(last);
        }
    }
}
