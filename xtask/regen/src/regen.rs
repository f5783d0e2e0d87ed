//! `cargo xtask regen`: what is made is written, reported and pinned, or only compared.

use std::fs;
use std::path::Path;

use crate::make::{Made, Sources, make, read};
use crate::orphans::{name_in, orphans};
use crate::report;
use crate::world::{Mode, World};

/// Of the tests of `passage-shapes`.
const SNAPSHOTS: &str = "tests/shapes/snapshots";

/// Makes everything that follows from `sources`, writes it, says what changed, and pins it.
///
/// Snapshots that differ are no failure: without [`Sources::accept`] the new ones are left for review.
///
/// # Errors
/// A text for people: what is wrong with which document, in which case nothing was written; or that
/// the snapshots could not be compared.
pub fn update(sources: &Sources, world: &dyn World) -> Result<(), String> {
    let made = make(sources)?;
    for note in &made.notes {
        world.say(note);
    }
    let report = report::report(&sources.root, &made, world)?;
    let mut files = differing(&sources.root, &made);
    files.extend(report.changelog);
    write(&sources.report, &report.text)?;
    world.say(&report.text);
    // All are in git, and a second run writes what a first one could not.
    for (name, text) in &files {
        write(&sources.root.join(name), text)?;
        world.say(&format!("wrote {name}"));
    }
    pin(&sources.root, sources.accept, world)
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
    let files = differing(root, &made).into_iter();
    let mut drifted: Vec<String> = files.map(|(name, _)| name).collect();
    let (differing, orphans) = snapshots(root, Mode::Look, world)?;
    let orphans = orphans.into_iter();
    drifted.extend(differing);
    drifted.extend(orphans.map(|name| format!("{name} (no test asks for it)")));
    if drifted.is_empty() {
        return Ok(());
    }
    Err(format!(
        "out of date, run `cargo xtask regen --accept` and review the difference:\n  {}",
        drifted.join("\n  ")
    ))
}

/// The files that are not yet as they were made. An untouched file causes no rebuild.
fn differing(root: &Path, made: &Made) -> Vec<(String, String)> {
    let mut files = made.files.clone();
    files.retain(|(name, text)| read(&root.join(name)).ok().as_ref() != Some(text));
    files
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = folder.and_then(|()| fs::write(path, text));
    written.map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

fn pin(root: &Path, accept: bool, world: &dyn World) -> Result<(), String> {
    world.say("comparing the snapshots ..");
    let mode = if accept { Mode::Accept } else { Mode::Leave };
    let (differing, orphans) = snapshots(root, mode, world)?;
    for name in &orphans {
        if accept {
            fs::remove_file(root.join(name)).map_err(|error| format!("{name}: {error}"))?;
            world.say(&format!("deleted {name}, which no test asks for any more"));
        } else {
            world.say(&format!("{name} is asked for by no test any more"));
        }
    }
    for name in &differing {
        world.say(&format!("{name} differs"));
    }
    world.say(&match (accept, differing.len() + orphans.len()) {
        (true, _) => "the snapshots are up to date; review them with `git diff`".to_owned(),
        (false, 0) => "all snapshots are as before".to_owned(),
        (false, count) => format!(
            "{count} snapshots to review: `cargo insta review`, or `cargo xtask regen --accept` and `git diff`"
        ),
    });
    Ok(())
}

/// The names of the snapshots that differ, and of those that no test asks for.
fn snapshots(
    root: &Path,
    mode: Mode,
    world: &dyn World,
) -> Result<(Vec<String>, Vec<String>), String> {
    let run = world.pin(mode).map_err(|output| {
        let command = "cargo test --package passage-shapes";
        let output = output.trim_end();
        format!("{output}\nthe snapshots could not be compared: `{command}` fails, see above")
    })?;
    let orphans = orphans(&root.join(SNAPSHOTS), &run.referenced)?.into_iter();
    let orphans = orphans.map(|path| name_in(root, &path));
    Ok((run.differing, orphans.collect()))
}
