//! What callers see of generated code, read from the code itself.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{FnArg, ReturnType};

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
            let result = compact(result);
            let inner = result.strip_prefix("Result<ResponseValue<");
            let inner = inner.and_then(|inner| inner.strip_suffix(">>")?.split_once(">, Error<"));
            let (reply, error) = inner.unwrap_or_default();
            self.put(format!("{name} reply"), reply);
            self.put(format!("{name} error"), error);
        }
    }
}

impl<'ast> Visit<'ast> for Surface {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.ident == "types" {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_struct(&mut self, structure: &'ast syn::ItemStruct) {
        if structure.ident == "Client" {
            return;
        }
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
        match structure.fields {
            syn::Fields::Unnamed(_) => self.put(name, types.collect::<String>()),
            _ => self.put(name, "struct"),
        }
    }

    fn visit_item_enum(&mut self, enumeration: &'ast syn::ItemEnum) {
        let name = format!("types::{}", enumeration.ident);
        for variant in &enumeration.variants {
            self.put(
                format!("{name}::{}", variant.ident),
                compact(&variant.fields),
            );
        }
        // A new variant breaks nobody only if it may come.
        let open = |attr: &syn::Attribute| attr.path().is_ident("non_exhaustive");
        let open = enumeration.attrs.iter().any(open);
        self.put(name, if open { "enum" } else { "closed enum" });
    }

    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        if block.trait_.is_none() && compact(&block.self_ty) == "Client" {
            visit::visit_item_impl(self, block);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if function.sig.asyncness.is_some() {
            self.method(&function.sig);
        }
    }
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
