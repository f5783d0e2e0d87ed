//! Everything that follows from the vendored documents, made in memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::attempt;
use crate::counts;
use crate::import::{self, Import};
use crate::normalise::normalise;
use crate::order;
use crate::overlay::Overlay;
use crate::provenance::{self, Origin};
use crate::yaml;

pub(crate) const APIS: [&str; 2] = ["management", "auth"];
const PROVENANCE: &str = "openapi/PROVENANCE.md";
const COUNTS: &str = "openapi/counts.json";

/// What to make things from, and what becomes of them.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The folder of the project.
    pub root: PathBuf,
    /// The new descriptions, by `management` and `auth`.
    pub imports: BTreeMap<&'static str, Import>,
    /// Where the new descriptions are from, if the name of the file does not say enough.
    pub from: Option<String>,
    /// Today, as `2026-01-16`.
    pub date: String,
    /// Replace snapshots that differ, and delete those that no test asks for.
    pub accept: bool,
    /// The file for the change report.
    pub report: PathBuf,
}

/// What was made. Nothing of it is written yet.
pub(crate) struct Made {
    /// Name within the project, and text.
    pub(crate) files: Vec<(String, String)>,
    /// What a person should know.
    pub(crate) notes: Vec<String>,
}

/// Reads, checks, overlays and generates; whatever is wrong shows here.
pub(crate) fn make(sources: &Sources) -> Result<Made, String> {
    let root = &sources.root;
    let overlay = Overlay::parse(&read(&root.join("openapi/overlay.yaml"))?, &APIS)
        .map_err(|error| format!("openapi/overlay.yaml: {error}"))?;
    let mut page = read(&root.join(PROVENANCE))?;
    let mut counts = read(&root.join(COUNTS))?;
    let mut made = Made {
        files: Vec::new(),
        notes: Vec::new(),
    };
    for api in APIS {
        let name = format!("openapi/{api}.yaml");
        let old = read(&root.join(&name))?;
        let new = sources.imports.get(api);
        let shown = new.map_or(name.as_str(), |new| &new.name);
        let document = import::read(shown, new.map_or(&old, |new| &new.text))?;
        if document.converted {
            made.notes.push(format!(
                "{shown} was converted from Swagger 2.0 to OpenAPI 3.0"
            ));
        }
        let value = match new {
            // An old text that is no YAML has no order to keep.
            Some(_) => order::like(&yaml::parse(&old).unwrap_or_default(), document.value),
            None => document.value,
        };
        let text = yaml::write(&value).map_err(|error| format!("{shown} {error}"))?;
        let origin = Origin {
            from: new.map(|new| sources.from.as_deref().unwrap_or(&new.name)),
            date: &sources.date,
        };
        page = provenance::update(&page, api, &value, &text, &origin)?;
        if new.is_some() {
            counts = counts::update(&counts, api, &value)?;
        }
        let effective = effective(value, api, shown, &overlay)?;
        let effective_name = effective_name(api);
        // The one that is there is generated from by every build.
        if read(&root.join(&effective_name)).ok().as_ref() != Some(&effective) {
            attempt::generate(shown, &effective)?;
        }
        made.files.push((name, text));
        made.files.push((effective_name, effective));
    }
    made.files.push((PROVENANCE.to_owned(), page));
    made.files.push((COUNTS.to_owned(), counts));
    Ok(made)
}

pub(crate) fn effective_name(api: &str) -> String {
    format!("openapi/effective/{api}.json")
}

pub(crate) fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn effective(
    mut document: Value,
    api: &str,
    shown: &str,
    overlay: &Overlay,
) -> Result<String, String> {
    overlay.apply(api, shown, &mut document).map_err(|error| {
        format!(
            "openapi/overlay.yaml does not fit the description any more, see docs/upgrading.md:\n{error}"
        )
    })?;
    normalise(&mut document).map_err(|error| format!("{shown}: {error}"))?;
    let mut text = serde_json::to_string_pretty(&document).map_err(|error| error.to_string())?;
    text.push('\n');
    Ok(text)
}
