//! `cargo xtask regen`: vendored documents + overlay -> effective documents -> snapshots.

use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

use crate::codegen;
use crate::normalise::normalise;
use crate::overlay::Overlay;

const APIS: [&str; 2] = ["management", "auth"];

/// Makes everything that follows from the vendored documents, or checks that it is up to date.
pub(crate) fn run(check: bool) -> Result<(), String> {
    let root = root()?;
    let overlay_path = root.join("openapi/overlay.yaml");
    let overlay = Overlay::parse(&read(&overlay_path)?)?;
    overlay.check_documents(&APIS)?;
    for api in APIS {
        let text = effective(&root, api, &overlay)?;
        codegen::generate(&text).map_err(|e| format!("{api}: {e}"))?;
        let path = root.join(format!("openapi/effective/{api}.json"));
        if !check {
            fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        }
    }
    Ok(())
}

fn root() -> Result<PathBuf, String> {
    let manifest = env::var("CARGO_MANIFEST_DIR").map_err(|e| e.to_string())?;
    Path::new(&manifest)
        .parent()
        .map(Path::to_path_buf)
        .ok_or_else(|| "no parent".to_owned())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn effective(root: &Path, api: &str, overlay: &Overlay) -> Result<String, String> {
    let yaml = read(&root.join(format!("openapi/{api}.yaml")))?;
    let mut document: Value = crate::yaml::parse(&yaml).map_err(|e| format!("{api}.yaml: {e}"))?;
    overlay.apply(api, &mut document)?;
    normalise(&mut document).map_err(|e| format!("{api}: {e}"))?;
    let mut text = serde_json::to_string_pretty(&document).map_err(|e| e.to_string())?;
    text.push('\n');
    Ok(text)
}
