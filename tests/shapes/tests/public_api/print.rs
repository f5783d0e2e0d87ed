//! An item and, below it, what is implemented for it.

use std::fmt::Write;

use quote::quote;
use syn::{GenericArgument, ImplItem, Item, ItemImpl, PathArguments, Type, Visibility};

use super::Export;
use super::head::{bare, head, notes, signature};
use super::source::{Module, Place, Source, cfgs, is_test, name, segments};
use crate::text::line;

/// An `impl` and the exported item below which it is listed.
pub(super) struct Owned<'a> {
    owner: &'a Place,
    module: &'a Module,
    block: &'a ItemImpl,
}

/// All that are listed.
pub(super) fn implementations<'a>(source: &'a Source, exports: &'a [Export]) -> Vec<Owned<'a>> {
    let mut found = Vec::new();
    for (path, module) in &source.0 {
        for item in &module.items {
            if let Item::Impl(block) = item
                && let Some(owner) = owner(source, path, block, exports)
            {
                found.push(Owned {
                    owner,
                    module,
                    block,
                });
            }
        }
    }
    found
}

/// The item that is exported, under this name before all others.
pub(super) fn item(source: &Source, export: &Export, implementations: &[Owned<'_>]) -> String {
    let place = &export.what;
    let module = &source.0[&place.0];
    let named = |item: &&Item| name(item).as_ref() == Some(&place.1);
    let found = module.items.iter().find(named);
    let item = found.unwrap_or_else(|| panic!("{place:?} is no item"));
    // These hold for all of the item, and are told once.
    let known = [export.cfgs.as_slice(), &module.cfgs].concat();
    let (mut members, mut traits) = (Vec::new(), Vec::new());
    for found in implementations.iter().filter(|found| found.owner == place) {
        let mut around = [found.module.cfgs.as_slice(), &cfgs(&found.block.attrs)].concat();
        around.retain(|cfg| !known.contains(cfg));
        match found.block.trait_ {
            Some(_) => traits.push(implementation(found.block, &around)),
            None => members.extend(methods(found.block, &around)),
        }
    }
    // Moving code around changes nothing.
    members.sort();
    traits.sort();
    [vec![head(item)], members, traits].concat().concat()
}

/// The exported item below which an `impl` is listed: what it is for, else the trait, else what the
/// trait is about, as in `impl From<UserId> for String`. A trait that only the crate knows is not listed.
fn owner<'a>(
    source: &Source,
    module: &[String],
    block: &ItemImpl,
    exports: &'a [Export],
) -> Option<&'a Place> {
    let mut paths = Vec::new();
    paths.extend(path_of(&block.self_ty));
    let exported = |place: &Place| exports.iter().find(|export| export.what == *place);
    if let Some((_, path, _)) = &block.trait_ {
        let of_crate = source.place(module, &segments(path));
        if of_crate.is_some_and(|place| exported(&place).is_none()) {
            return None;
        }
        paths.push(segments(path));
        if let PathArguments::AngleBracketed(arguments) = &path.segments.last()?.arguments {
            paths.extend(arguments.args.iter().filter_map(|argument| match argument {
                GenericArgument::Type(of) => path_of(of),
                _ => None,
            }));
        }
    }
    let mut places = paths.iter().filter_map(|path| source.place(module, path));
    places.find_map(|place| exported(&place).map(|export| &export.what))
}

fn path_of(of: &Type) -> Option<Vec<String>> {
    match of {
        Type::Path(path) => Some(segments(&path.path)),
        Type::Reference(reference) => path_of(&reference.elem),
        _ => None,
    }
}

/// The public methods and constants of an `impl` without a trait.
fn methods(block: &ItemImpl, around: &[String]) -> Vec<String> {
    let (generics, target) = (bare(&block.generics), &block.self_ty);
    let clause = &generics.where_clause;
    // Told where it says more than the type does.
    let scope = match generics.params.is_empty() {
        true => String::new(),
        false => line(quote!(impl #generics #target #clause:)) + " ",
    };
    let items = block.items.iter().filter_map(|item| {
        let (attributes, visibility, text) = match item {
            ImplItem::Fn(function) => (&function.attrs, &function.vis, signature(&function.sig)),
            ImplItem::Const(constant) => {
                let (ident, of) = (&constant.ident, &constant.ty);
                let text = line(quote!(const #ident: #of));
                (&constant.attrs, &constant.vis, text)
            }
            _ => return None,
        };
        if is_test(attributes) || !matches!(visibility, Visibility::Public(_)) {
            return None;
        }
        let conditions = conditions(&[around, &cfgs(attributes)].concat());
        let notes = notes(attributes).replace('\n', " ");
        Some(format!("    {scope}{conditions}{notes}{text}\n"))
    });
    items.collect()
}

/// `impl Trait for Type`, with its associated types.
fn implementation(block: &ItemImpl, around: &[String]) -> String {
    let (generics, target) = (bare(&block.generics), &block.self_ty);
    let clause = &generics.where_clause;
    let (not, path, _) = block.trait_.as_ref().unwrap();
    let head = line(quote!(impl #generics #not #path for #target #clause));
    let mut out = format!("    {}{head}\n", conditions(around));
    for item in &block.items {
        if let ImplItem::Type(associated) = item {
            let (ident, of) = (&associated.ident, &associated.ty);
            writeln!(out, "        {}", line(quote!(type #ident = #of))).unwrap();
        }
    }
    out
}

fn conditions(cfgs: &[String]) -> String {
    cfgs.iter().map(|cfg| format!("#[cfg({cfg})] ")).collect()
}
