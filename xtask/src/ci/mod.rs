//! `cargo xtask ci`: the gate, step by step. `.ci/run` prepares a bare machine and calls this.

mod sdk;
mod steps;

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::run::{self, Skipped};
use steps::{Depth, STEPS, Step};

/// Which steps to run.
#[derive(clap::Args)]
pub(crate) struct Choice {
    /// List the steps without running them.
    #[arg(long)]
    list: bool,
    /// Run the long steps as well, and run fuzzing and schemathesis for longer.
    #[arg(long)]
    full: bool,
    /// Run only this step. Can be repeated.
    #[arg(long, value_name = "STEP", value_parser = names())]
    only: Vec<String>,
    /// Run this step and those after it.
    #[arg(long, value_name = "STEP", value_parser = names(), conflicts_with = "only")]
    from: Option<String>,
}

fn names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

/// Runs the steps in order until one fails, or is skipped though all are `required`.
pub(crate) fn run(choice: &Choice, required: bool) -> run::Result {
    if choice.list {
        for step in &STEPS {
            let long = if step.long { " (--full)" } else { "" };
            println!("{:<16} {}{long}", step.name, step.what);
        }
        return Ok(());
    }
    let depth = if choice.full {
        Depth::Full
    } else {
        Depth::Usual
    };
    let started = Instant::now();
    let mut taken = Vec::new();
    let chosen = chosen(&STEPS, choice);
    for (index, step) in chosen.iter().enumerate() {
        // The table is printed before the last step, whose output must end that of the gate.
        if index > 0 && index + 1 == chosen.len() {
            println!("\n{}", table(&taken));
        }
        println!(
            "\n=== {}: {} (at {})",
            step.name,
            step.what,
            seconds(started.elapsed())
        );
        flush();
        let begun = Instant::now();
        let outcome = (step.run)(depth);
        let outcome = outcome.map_err(|why| {
            if required {
                why.to_string().into()
            } else {
                why
            }
        });
        let why = outcome.as_ref().err().map(ToString::to_string);
        let failed = outcome.as_ref().is_err_and(|why| !why.is::<Skipped>());
        taken.push((step.name, begun.elapsed(), outcome));
        match why {
            Some(why) if failed => return Err(failure(&taken, step.name, &why, depth).into()),
            Some(why) => println!("SKIPPED: {}: {why}", step.name),
            None => {}
        }
    }
    Ok(())
}

fn chosen<'a>(steps: &'a [Step], choice: &Choice) -> Vec<&'a Step> {
    let from = choice.from.as_deref();
    let steps = steps
        .iter()
        .skip_while(|step| from.is_some_and(|from| from != step.name));
    let only = &choice.only;
    // A long step that is named explicitly is run.
    let wanted = |step: &&Step| match only.is_empty() {
        true => choice.full || !step.long || from == Some(step.name),
        false => only.iter().any(|name| name == step.name),
    };
    steps.filter(wanted).collect()
}

type Taken = (&'static str, Duration, run::Result);

/// The time of each step, and then what was not checked.
fn table(taken: &[Taken]) -> String {
    let mut lines = vec!["Steps so far:".to_owned()];
    let mut skipped = Vec::new();
    for (name, time, outcome) in taken {
        let how = match outcome {
            Ok(()) => "ok",
            Err(why) if why.is::<Skipped>() => {
                skipped.push(format!("SKIPPED: {name}: {why}"));
                "SKIPPED"
            }
            Err(_) => "FAILED",
        };
        lines.push(format!("  {name:<16} {:>9}  {how}", seconds(*time)));
    }
    if !skipped.is_empty() {
        lines.push(format!("\nNot checked on this machine: {}", skipped.len()));
        lines.append(&mut skipped);
    }
    lines.join("\n")
}

/// The message at the end when a step failed. Nothing follows the output of the tests.
fn failure(taken: &[Taken], step: &str, why: &str, depth: Depth) -> String {
    if Some(step) == STEPS.last().map(|step| step.name) {
        return String::new();
    }
    let full = if depth == Depth::Full { "--full " } else { "" };
    format!(
        "{why}\n\n{}\n\nOnce mended, go on with `cargo xtask ci {full}--from {step}`.",
        table(taken)
    )
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// So that the output of a step follows ours.
fn flush() {
    // If the pipe is closed, nobody reads either.
    let _ = io::stdout().flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(full: bool, only: &[&str], from: Option<&str>) -> Vec<&'static str> {
        let choice = Choice {
            list: false,
            full,
            only: only.iter().map(|name| (*name).to_owned()).collect(),
            from: from.map(str::to_owned),
        };
        chosen(&STEPS, &choice)
            .iter()
            .map(|step| step.name)
            .collect()
    }

    #[test]
    fn steps_can_be_chosen() {
        assert_eq!(choice(true, &[], None), names());
        assert_eq!(choice(false, &["docs", "tidy"], None), ["tidy", "docs"]);
        let from = choice(false, &[], Some("browser"));
        assert_eq!(from, ["browser", "clients", "binary", "test"]);
    }

    #[test]
    fn long_steps_are_taken_when_asked_for() {
        let usual = choice(false, &[], None);
        let long = ["powerset", "minimal-versions", "crash"];
        for step in names() {
            assert_eq!(usual.contains(&step), !long.contains(&step), "{step}");
        }
        assert_eq!(choice(false, &["crash"], None), ["crash"]);
        let from = choice(false, &[], Some("crash"));
        assert_eq!(from, ["crash", "test"]);
    }

    #[test]
    fn the_tests_are_the_last_step() {
        assert_eq!(names().last(), Some(&"test"));
        assert_eq!(failure(&[], "test", "it failed", Depth::Usual), "");
    }

    #[test]
    fn the_table_tells_what_was_skipped_and_what_failed() {
        let skipped = Err(Skipped("no tool".to_owned()).into());
        let taken: [Taken; 3] = [
            ("format", Duration::from_millis(1250), Ok(())),
            ("fuzz", Duration::ZERO, skipped),
            ("docs", Duration::from_secs(100), Err("it failed".into())),
        ];
        let text = "Steps so far:\n  format               1.2 s  ok\n  fuzz                 0.0 s  SKIPPED\n  \
                    docs               100.0 s  FAILED\n\nNot checked on this machine: 1\nSKIPPED: fuzz: no tool";
        assert_eq!(table(&taken), text);
        for (depth, command) in [(Depth::Usual, "ci"), (Depth::Full, "ci --full")] {
            assert_eq!(
                failure(&taken, "docs", "it failed", depth),
                format!(
                    "it failed\n\n{text}\n\nOnce mended, go on with `cargo xtask {command} --from docs`."
                )
            );
        }
    }
}
