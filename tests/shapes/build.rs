//! Generates the code of both APIs as the crate's own build does, and sets the types apart.

#[path = "../../build/mod.rs"]
mod codegen;

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use syn::Item;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../build");
    println!("cargo::rerun-if-changed=../../openapi/effective");

    let out = env::var("OUT_DIR")?;
    let write = |name: String, text: &str| fs::write(Path::new(&out).join(name), text);
    for api in ["management", "auth"] {
        let document = Path::new("../../openapi/effective").join(format!("{api}.json"));
        let text = fs::read_to_string(&document)?;
        let code = codegen::generate(&text).map_err(|e| format!("{}: {e}", document.display()))?;
        write(format!("{api}.rs"), &code)?;
        let mut file = syn::parse_file(&code)?;
        file.items.retain(|item| match item {
            Item::Mod(module) => module.ident == "types",
            Item::Fn(function) => function.sig.ident == "json_schemas",
            _ => false,
        });
        write(format!("{api}_types.rs"), &prettyplease::unparse(&file))?;
    }
    Ok(())
}
