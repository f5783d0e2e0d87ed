//! `cargo xtask regen`: what is made is written, reported and pinned, or only compared.

use std::fs;
use std::path::{Path, PathBuf};

use crate::make::{Made, Sources, make, read};
use crate::orphans::orphans;
use crate::report;
use crate::world::{Mode, Run, World};

/// Of the tests of `passage-shapes`.
const SNAPSHOTS: &str = "tests/shapes/snapshots";

/// What becomes of what is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Replace snapshots that differ, and delete those that no test asks for.
    pub accept: bool,
    /// The file for the change report as Markdown.
    pub report: PathBuf,
}

/// Makes everything that follows from `sources`, writes it, says what changed, and pins it.
///
/// Snapshots that differ are no failure: without [`Options::accept`] the new ones are left for review.
///
/// # Errors
/// A text for people: what is wrong with which document, in which case nothing was written; or that
/// the snapshots could not be compared.
pub fn update(sources: &Sources, options: &Options, world: &dyn World) -> Result<(), String> {
    let made = make(sources)?;
    for note in &made.notes {
        world.say(note);
    }
    let report = report::report(&sources.root, &made, world)?;
    let mut files = differing(&sources.root, &made)?;
    if let Some(changelog) = report.changelog {
        files.push(changelog);
    }
    write(&options.report, &report.text)?;
    world.say(&report.text);
    // All are in git, and a second run writes what a first one could not.
    for (name, text) in &files {
        write(&sources.root.join(name), text)?;
        world.say(&format!("wrote {name}"));
    }
    pin(&sources.root, options.accept, world)
}

/// Changes nothing.
///
/// # Errors
/// Names each file that does not follow from the vendored documents of the project in `root`.
pub fn check(root: &Path, world: &dyn World) -> Result<(), String> {
    let made = make(&Sources {
        root: root.to_owned(),
        ..Sources::default()
    })?;
    let mut drifted: Vec<String> = differing(root, &made)?
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let run = passed(world.pin(Mode::Look)?)?;
    drifted.extend(run.differing);
    for path in orphans(&root.join(SNAPSHOTS), &run.referenced)? {
        drifted.push(format!("{} (no test asks for it)", name(root, &path)));
    }
    if drifted.is_empty() {
        return Ok(());
    }
    Err(format!(
        "out of date, run `cargo xtask regen --accept` and review the difference:\n  {}",
        drifted.join("\n  ")
    ))
}

/// The files that are not yet as they were made. An untouched file causes no rebuild.
fn differing(root: &Path, made: &Made) -> Result<Vec<(String, String)>, String> {
    let mut files = Vec::new();
    for (name, text) in &made.files {
        let path = root.join(name);
        if !path.exists() || read(&path)? != *text {
            files.push((name.clone(), text.clone()));
        }
    }
    Ok(files)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = folder.and_then(|()| fs::write(path, text));
    written.map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

fn pin(root: &Path, accept: bool, world: &dyn World) -> Result<(), String> {
    world.say("comparing the snapshots ..");
    let mode = if accept { Mode::Accept } else { Mode::Leave };
    let run = passed(world.pin(mode)?)?;
    let orphans = orphans(&root.join(SNAPSHOTS), &run.referenced)?;
    for path in &orphans {
        let name = name(root, path);
        if accept {
            fs::remove_file(path).map_err(|error| format!("{name}: {error}"))?;
            world.say(&format!("deleted {name}, which no test asks for any more"));
        } else {
            world.say(&format!("{name} is asked for by no test any more"));
        }
    }
    for name in &run.differing {
        world.say(&format!("{name} differs"));
    }
    world.say(&match (accept, run.differing.len() + orphans.len()) {
        (true, _) => "the snapshots are up to date; review them with `git diff`".to_owned(),
        (false, 0) => "all snapshots are as before".to_owned(),
        (false, count) => format!(
            "{count} snapshots to review: `cargo insta review`, or `cargo xtask regen --accept` and `git diff`"
        ),
    });
    Ok(())
}

fn passed(run: Run) -> Result<Run, String> {
    if run.passed {
        return Ok(run);
    }
    Err(format!(
        "{}\nthe snapshots could not be compared: `cargo test --package passage-shapes` fails, see above",
        run.output.trim_end()
    ))
}

/// `path` as seen from the project.
fn name(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .display()
        .to_string()
}
