//! The public API of the crate with all features, one line for each thing that a program can name.
//!
//! Read from the source, because rustdoc's JSON, from which the tools for this read it, is only there in nightly
//! compilers, in a form that changes with them: the same code would have another listing, or none, with another
//! compiler. Here it is the same with all, and a part of `cargo test`. What that costs: types are shown as they
//! are written, and what a compiler works out, as whether a type is `Send`, is not shown.

mod head;
mod macros;
mod print;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::{Item, Visibility};

use source::{Place, Source};

/// The listings by the public module they are of; that of the crate's root is `crate`.
pub(super) fn listings() -> BTreeMap<String, String> {
    list(&Path::new(super::CRATE).join("src/lib.rs"))
}

fn list(root: &Path) -> BTreeMap<String, String> {
    let source = Source::read(root);
    let mut exports = Vec::new();
    export(&source, &[], &[], &mut exports);
    exports.sort_by(|a, b| (&a.module, &a.name).cmp(&(&b.module, &b.name)));
    let implementations = print::implementations(&source, &exports);
    let mut listings = BTreeMap::new();
    let mut printed: BTreeSet<&Place> = BTreeSet::new();
    for found in &exports {
        let text = if found.what.1.is_empty() {
            format!("mod {}\n", found.name)
        } else if printed.insert(&found.what) {
            print::item(&source, found, &implementations)
        } else {
            // A type can have several public names.
            let first = exports.iter().find(|first| first.what == found.what);
            format!("use {} as {}\n", first.unwrap().path(), found.name)
        };
        let cfgs = found.cfgs.iter().map(|cfg| format!("#[cfg({cfg})]\n"));
        let module = match found.module.is_empty() {
            true => "crate".to_owned(),
            false => found.module.join("."),
        };
        let items: &mut Vec<String> = listings.entry(module).or_default();
        items.push(cfgs.collect::<String>() + &text);
    }
    let joined = |(module, items): (String, Vec<String>)| (module, items.join("\n"));
    listings.into_iter().map(joined).collect()
}

/// A public name and what it stands for; a module has no name within a module.
struct Export {
    module: Vec<String>,
    name: String,
    what: Place,
    cfgs: Vec<String>,
}

impl Export {
    fn path(&self) -> String {
        let module = self.module.iter().map(|name| format!("{name}::"));
        format!("crate::{}{}", module.collect::<String>(), self.name)
    }
}

/// Everything public in `module`, which is public itself.
fn export(source: &Source, module: &[String], cfgs: &[String], found: &mut Vec<Export>) {
    let mut add = |name: String, what: Place, more: &[String]| {
        found.push(Export {
            module: module.to_vec(),
            name,
            what,
            cfgs: [cfgs, more].concat(),
        });
    };
    let content = &source.0[module];
    let mut inner = Vec::new();
    for item in content.items.iter().filter(|item| is_public(item)) {
        let cfgs = source::cfgs(source::attributes(item));
        if let Item::Mod(item) = item {
            let name = item.ident.to_string();
            let path = [module, std::slice::from_ref(&name)].concat();
            add(name, (path.clone(), String::new()), &cfgs);
            inner.push((path, cfgs));
        } else if let Some(name) = source::name(item) {
            add(name.clone(), (module.to_vec(), name), &cfgs);
        }
    }
    for used in content.uses.iter().filter(|used| used.public) {
        let what = source.place(module, std::slice::from_ref(&used.name));
        let what = what.unwrap_or_else(|| panic!("{} is from elsewhere", used.name));
        add(used.name.clone(), what, &used.cfgs);
    }
    for (path, more) in inner {
        export(source, &path, &[cfgs, &more].concat(), found);
    }
}

fn is_public(item: &Item) -> bool {
    let visibility = match item {
        Item::Struct(item) => &item.vis,
        Item::Enum(item) => &item.vis,
        Item::Trait(item) => &item.vis,
        Item::Fn(item) => &item.vis,
        Item::Const(item) => &item.vis,
        Item::Static(item) => &item.vis,
        Item::Type(item) => &item.vis,
        Item::Union(item) => &item.vis,
        Item::Mod(item) => &item.vis,
        _ => return false,
    };
    matches!(visibility, Visibility::Public(_))
}

#[test]
fn what_a_program_can_name_is_listed_and_nothing_else() {
    let root = std::env::temp_dir().join(format!("public-api-{}", std::process::id()));
    std::fs::create_dir_all(root.join("inner")).unwrap();
    let files = [
        (
            "lib.rs",
            r#"
            mod inner;
            mod text { macro_rules! id { ($name:ident) => {
                #[derive(Clone)] pub struct $name(String);
                impl $name { pub fn new(mut id: impl Into<String>) -> Self { todo() } fn hidden(&self) {} }
                impl From<$name> for String { fn from(id: $name) -> Self { id.0 } }
            }; } pub(crate) use id; }
            #[cfg(feature = "web")] pub mod web { pub use crate::inner::User as Account; pub const PORT: u16 = 80; }
            pub use inner::{User, Kind};
            text::id!(UserId);
            pub(crate) fn hidden() {}
            #[cfg(test)] pub fn only_for_tests() {}
            "#,
        ),
        (
            "inner/mod.rs",
            "mod deeper; pub use deeper::{Kind, User}; pub struct Unreachable;",
        ),
        (
            "inner/deeper.rs",
            r#"
            /// Docs.
            #[derive(Debug)] #[non_exhaustive] pub struct User { pub name: Option<String>, age: u8 }
            #[non_exhaustive] pub enum Kind { A, B(u8), C { at: u64 } }
            trait Private {}
            impl Private for User {}
            impl User {
                #[must_use = "why"] pub async fn get(&self, id: &crate::UserId,) -> Result<(), Error> where Self: Sized, {}
                #[cfg(feature = "web")] pub fn serve(mut self) {}
            }
            impl Iterator for User { type Item = u8; fn next(&mut self) -> Option<u8> { None } }
            "#,
        ),
    ];
    for (name, text) in files {
        std::fs::write(root.join(name), text).unwrap();
    }
    let found = list(&root.join("lib.rs"));
    std::fs::remove_dir_all(&root).unwrap();
    let root = "\
#[non_exhaustive]
enum Kind
    A
    B(u8)
    C
        at: u64

#[derive(Debug)]
#[non_exhaustive]
struct User
    name: Option<String>
    (private fields)
    #[cfg(feature = \"web\")] fn serve(self)
    #[must_use] async fn get(&self, id: &crate::UserId) -> Result<(), Error> where Self: Sized
    impl Iterator for User
        type Item = u8

#[derive(Clone)]
struct UserId
    (private fields)
    fn new(id: impl Into<String>) -> Self
    impl From<UserId> for String

#[cfg(feature = \"web\")]
mod web
";
    let web = "\
#[cfg(feature = \"web\")]
use crate::User as Account

#[cfg(feature = \"web\")]
const PORT: u16 = 80
";
    assert_eq!(found["crate"], root);
    assert_eq!(found["web"], web);
    assert_eq!(found.len(), 2);
}
