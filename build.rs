//! Generates the clients of both APIs from `openapi/effective` into `OUT_DIR`.

#[path = "build/mod.rs"]
mod codegen;

use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=openapi/effective");

    let out = env::var("OUT_DIR")?;
    for api in ["management", "auth"] {
        let document = Path::new("openapi/effective").join(format!("{api}.json"));
        let code = fs::read_to_string(&document)
            .map_err(Box::<dyn Error>::from)
            .and_then(|text| codegen::generate(&text))
            .map_err(|e| format!("{}: {e}", document.display()))?;
        fs::write(Path::new(&out).join(format!("{api}.rs")), code)?;
    }
    Ok(())
}
