//! What the new documents change for callers, for the three places where that is said.

use std::path::Path;

use semver::Version;
use serde_json::Value;

use crate::changelog;
use crate::diff::{self, Changes, Facade};
use crate::make::{APIS, Made, effective_name, read};
use crate::world::World;

const CHANGELOG: &str = "CHANGELOG.md";
/// All packages of the workspace have one version, so it is that of the SDK.
const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) struct Report {
    pub(crate) text: String,
    /// Name and text of the changelog, if it becomes another.
    pub(crate) changelog: Option<(String, String)>,
}

/// Compares with the effective documents of the last commit, so that a second run before the next one
/// still shows the whole change; without a commit, with those in the folder.
pub(crate) fn report(root: &Path, made: &Made, world: &dyn World) -> Result<Report, String> {
    let facade = Facade::parse(&read(&root.join("openapi/facade.yaml"))?)
        .map_err(|error| format!("openapi/facade.yaml: {error}"))?;
    let mut changes = Changes::default();
    for api in APIS {
        let name = effective_name(api);
        let old = match world.committed(&name)? {
            Some(text) => text,
            None => read(&root.join(&name))?,
        };
        let new = made.files.iter().find(|(file, _)| *file == name);
        let new = new.map(|(_, text)| text.as_str()).unwrap_or_default();
        let parse = |text: &str| -> Result<Value, String> {
            serde_json::from_str(text).map_err(|error| format!("{name}: {error}"))
        };
        changes = changes.and(diff::compare(api, &parse(&old)?, &parse(new)?, &facade)?);
    }
    let version = Version::parse(VERSION).map_err(|error| error.to_string())?;
    Ok(Report {
        text: changes.to_markdown(&version),
        changelog: with_draft(root, &changes, world)?,
    })
}

/// The changelog with a draft of these changes, unless that is what it says already.
fn with_draft(
    root: &Path,
    changes: &Changes,
    world: &dyn World,
) -> Result<Option<(String, String)>, String> {
    let old = read(&root.join(CHANGELOG))?;
    let draft = changes.changelog_draft();
    let new = if draft.is_empty() {
        // A draft that was committed is of changes before this one; any other is of changes taken back.
        match world.committed(CHANGELOG)? {
            Some(committed) => changelog::with_draft(&old, changelog::draft(&committed))?,
            None => old.clone(),
        }
    } else {
        changelog::with_draft(&old, Some(&draft))?
    };
    Ok((new != old).then(|| (CHANGELOG.to_owned(), new)))
}
