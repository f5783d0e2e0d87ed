//! The modules of the crate as they are written, and what a path in them means.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use syn::{Attribute, Item, Meta, UseTree};

use super::macros::Rules;
use crate::text::line;

/// Where an item is: the path of its module, and its name.
pub(super) type Place = (Vec<String>, String);

/// One module, without what is only there for tests. Macros are expanded.
#[derive(Default)]
pub(super) struct Module {
    pub(super) items: Vec<Item>,
    pub(super) uses: Vec<Use>,
    /// The `cfg` that it and the modules around it have.
    pub(super) cfgs: Vec<String>,
    macros: BTreeMap<String, Rules>,
}

/// A name that is brought into a module.
pub(super) struct Use {
    pub(super) name: String,
    path: Vec<String>,
    pub(super) public: bool,
    pub(super) cfgs: Vec<String>,
}

/// All modules by their paths; that of the crate itself is empty.
#[derive(Default)]
pub(super) struct Source(pub(super) BTreeMap<Vec<String>, Module>);

impl Source {
    /// Reads the crate whose root is `file`.
    pub(super) fn read(file: &Path) -> Self {
        let mut source = Self::default();
        source.load(file, file.parent().unwrap(), &[], &[]);
        source.expand_macros();
        source
    }

    /// `folder` has the files of the modules that `file` declares.
    fn load(&mut self, file: &Path, folder: &Path, path: &[String], cfgs: &[String]) {
        let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let items = syn::parse_file(&text).unwrap().items;
        self.add(items, folder, path, cfgs);
    }

    fn add(&mut self, items: Vec<Item>, folder: &Path, path: &[String], cfgs: &[String]) {
        let mut module = Module {
            cfgs: cfgs.to_vec(),
            ..Module::default()
        };
        for item in items.into_iter().filter(|item| !is_test(attributes(item))) {
            match item {
                Item::Mod(inner) => {
                    let name = inner.ident.to_string();
                    let path = [path, std::slice::from_ref(&name)].concat();
                    let cfgs = [cfgs, &self::cfgs(&inner.attrs)].concat();
                    let folder = folder.join(&name);
                    if let Some((_, items)) = &inner.content {
                        self.add(items.clone(), &folder, &path, &cfgs);
                    } else {
                        let beside = folder.with_extension("rs");
                        let file = if beside.is_file() {
                            beside
                        } else {
                            folder.join("mod.rs")
                        };
                        self.load(&file, &folder, &path, &cfgs);
                    }
                    module.items.push(Item::Mod(inner));
                }
                Item::Use(item) => {
                    let public = matches!(item.vis, syn::Visibility::Public(_));
                    let cfgs = self::cfgs(&item.attrs);
                    flatten(&item.tree, &mut Vec::new(), &mut |name, path| {
                        let cfgs = cfgs.clone();
                        module.uses.push(Use {
                            name,
                            path,
                            public,
                            cfgs,
                        });
                    });
                }
                Item::Macro(item) if item.ident.is_some() => {
                    let name = item.ident.unwrap().to_string();
                    module.macros.insert(name, Rules::read(item.mac.tokens));
                }
                item => module.items.push(item),
            }
        }
        self.0.insert(path.to_vec(), module);
    }

    fn expand_macros(&mut self) {
        let paths: Vec<Vec<String>> = self.0.keys().cloned().collect();
        for path in paths {
            let items = std::mem::take(&mut self.0.get_mut(&path).unwrap().items);
            let expanded = items.into_iter().flat_map(|item| match item {
                Item::Macro(call) => self.expand(&path, &call.mac),
                item => vec![item],
            });
            let expanded = expanded.collect();
            self.0.get_mut(&path).unwrap().items = expanded;
        }
    }

    /// What another crate's macro makes is not known; it must not be public. `include!` brings the
    /// generated code, whose pins are elsewhere.
    fn expand(&self, module: &[String], call: &syn::Macro) -> Vec<Item> {
        let tokens = &call.tokens;
        let Some(rules) = self.rules(module, &call.path) else {
            let text = line(tokens).replace("pub(", "");
            assert!(
                !text.contains("pub "),
                "{} in {module:?} is not known",
                line(call)
            );
            return Vec::new();
        };
        let made = rules.expand(tokens);
        let made = made.unwrap_or_else(|| panic!("cannot expand {} in {module:?}", line(call)));
        syn::parse2::<syn::File>(made).unwrap().items
    }

    /// A macro is known in its own module, or by the `use` that follows its definition.
    fn rules(&self, module: &[String], path: &syn::Path) -> Option<Rules> {
        let (module, name) = self.place(module, &segments(path))?;
        self.0[&module].macros.get(&name).cloned()
    }

    /// What `path` means in `module`, if it is an item of this crate.
    pub(super) fn place(&self, module: &[String], path: &[String]) -> Option<Place> {
        let (first, rest) = path.split_first()?;
        let at = match first.as_str() {
            "crate" => Vec::new(),
            "self" => module.to_vec(),
            "super" => module.split_last()?.1.to_vec(),
            name => {
                let inner = [module, &[name.to_owned()]].concat();
                if self.0.contains_key(&inner) && !rest.is_empty() {
                    inner
                } else if self.has(module, name) {
                    return rest.is_empty().then(|| (module.to_vec(), name.to_owned()));
                } else {
                    let found = self.0.get(module)?.uses.iter().find(|u| u.name == name)?;
                    let cycle = found.path.len() == 1 && found.path[0] == name;
                    let target = [found.path.as_slice(), rest].concat();
                    return (!cycle).then(|| self.place(module, &target))?;
                }
            }
        };
        self.place(&at, rest)
    }

    fn has(&self, module: &[String], name: &str) -> bool {
        self.0.get(module).is_some_and(|module| {
            module.macros.contains_key(name)
                || module
                    .items
                    .iter()
                    .any(|item| self::name(item).as_deref() == Some(name))
        })
    }
}

/// Gives each name that `tree` brings, with its path.
fn flatten(tree: &UseTree, before: &mut Vec<String>, found: &mut impl FnMut(String, Vec<String>)) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, found);
            before.pop();
        }
        UseTree::Group(group) => group
            .items
            .iter()
            .for_each(|tree| flatten(tree, before, found)),
        UseTree::Name(name) if name.ident == "self" => {
            found(before.last().unwrap().clone(), before.clone());
        }
        UseTree::Name(name) => {
            let name = name.ident.to_string();
            found(name.clone(), [before.as_slice(), &[name]].concat());
        }
        UseTree::Rename(rename) => {
            let path = [before.as_slice(), &[rename.ident.to_string()]].concat();
            found(rename.rename.to_string(), path);
        }
        UseTree::Glob(_) => panic!("use {}::*: name what is used", before.join("::")),
    }
}

/// The name of an item that can be public, other than a module.
pub(super) fn name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Struct(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Const(item) => &item.ident,
        Item::Static(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

pub(super) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Struct(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        _ => &[],
    }
}

/// The conditions under which something is there, such as `feature = "axum"`.
pub(super) fn cfgs(attributes: &[Attribute]) -> Vec<String> {
    let conditions = attributes.iter().filter(|a| a.path().is_ident("cfg"));
    let text = |a: &Attribute| match &a.meta {
        Meta::List(list) => line(&list.tokens).replace(
            "any(test, feature = \"test-util\")",
            "feature = \"test-util\"",
        ),
        _ => String::new(),
    };
    conditions.map(text).collect()
}

pub(super) fn is_test(attributes: &[Attribute]) -> bool {
    cfgs(attributes).iter().any(|cfg| cfg == "test")
}

pub(super) fn segments(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|s| s.ident.to_string()).collect()
}
