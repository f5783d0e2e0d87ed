//! `cargo xtask ci`: the gate, step by step. `.ci/run` prepares a bare machine and calls this.

mod sdk;
mod steps;

use std::io::{self, Write};
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::run::{self, Skipped};
use steps::Step;

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
    #[arg(long, value_name = "STEP")]
    only: Vec<Step>,
    /// Run this step and those after it.
    #[arg(long, value_name = "STEP", conflicts_with = "only")]
    from: Option<Step>,
}

/// Runs the steps in order until one fails, or is skipped though all are `required`.
pub(crate) fn run(choice: &Choice, required: bool) -> run::Result {
    if choice.list {
        for step in Step::value_variants() {
            let long = if step.is_long() { " (--full)" } else { "" };
            println!("{step:<16} {}{long}", step.what());
        }
        return Ok(());
    }
    let started = Instant::now();
    let mut taken = Vec::new();
    let chosen = choice.steps();
    for (index, &step) in chosen.iter().enumerate() {
        // The table is printed before the last step, whose output must end that of the gate.
        if index > 0 && index + 1 == chosen.len() {
            println!("\n{}", table(&taken));
        }
        let at = seconds(started.elapsed());
        println!("\n=== {step}: {} (at {at})", step.what());
        // So that the output of a step follows ours. If the pipe is closed, nobody reads either.
        let _ = io::stdout().flush();
        let begun = Instant::now();
        let outcome = step.run(choice.full);
        let outcome = outcome.map_err(|why| {
            if required {
                why.to_string().into()
            } else {
                why
            }
        });
        let why = outcome.as_ref().err().map(ToString::to_string);
        let failed = outcome.as_ref().is_err_and(|why| !why.is::<Skipped>());
        taken.push((step, begun.elapsed(), outcome));
        match why {
            Some(why) if failed => return Err(failure(&taken, step, &why, choice.full).into()),
            Some(why) => println!("SKIPPED: {step}: {why}"),
            None => {}
        }
    }
    Ok(())
}

impl Choice {
    fn steps(&self) -> Vec<Step> {
        let steps = Step::value_variants().iter().copied();
        let steps = steps.skip_while(|step| self.from.is_some_and(|from| from != *step));
        // A long step that is named explicitly is run.
        let wanted = |step: &Step| match self.only.is_empty() {
            true => self.full || !step.is_long() || self.from == Some(*step),
            false => self.only.contains(step),
        };
        steps.filter(wanted).collect()
    }
}

type Taken = (Step, Duration, run::Result);

/// The time of each step, and then what was not checked.
fn table(taken: &[Taken]) -> String {
    let mut lines = vec!["Steps so far:".to_owned()];
    let mut skipped = Vec::new();
    for (step, time, outcome) in taken {
        let how = match outcome {
            Ok(()) => "ok",
            Err(why) if why.is::<Skipped>() => {
                skipped.push(format!("SKIPPED: {step}: {why}"));
                "SKIPPED"
            }
            Err(_) => "FAILED",
        };
        lines.push(format!("  {step:<16} {:>9}  {how}", seconds(*time)));
    }
    if !skipped.is_empty() {
        lines.push(format!("\nNot checked on this machine: {}", skipped.len()));
        lines.append(&mut skipped);
    }
    lines.join("\n")
}

/// The message at the end when a step failed. Nothing follows the output of the tests.
fn failure(taken: &[Taken], step: Step, why: &str, full: bool) -> String {
    if step == Step::LAST {
        return String::new();
    }
    let (table, full) = (table(taken), if full { "--full " } else { "" });
    format!("{why}\n\n{table}\n\nOnce mended, go on with `cargo xtask ci {full}--from {step}`.")
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use clap::{Args, Command, FromArgMatches};

    use super::*;
    use Step::{Binary, Browser, Clients, Crash, Docs, Format, Fuzz, Powerset, Test, Tidy};

    fn choose(words: &str) -> Vec<Step> {
        let command = Choice::augment_args(Command::new("ci").no_binary_name(true));
        let matches = command.get_matches_from(words.split_whitespace());
        Choice::from_arg_matches(&matches).unwrap().steps()
    }

    #[test]
    fn steps_can_be_chosen() {
        assert_eq!(choose("--full"), Step::value_variants());
        assert_eq!(choose("--only docs --only tidy"), [Tidy, Docs]);
        assert_eq!(choose("--from browser"), [Browser, Clients, Binary, Test]);
    }

    #[test]
    fn long_steps_are_taken_when_asked_for() {
        let (usual, long) = (choose(""), [Powerset, Step::MinimalVersions, Crash]);
        for step in Step::value_variants() {
            assert_eq!(usual.contains(step), !long.contains(step), "{step}");
        }
        assert_eq!(choose("--only crash"), [Crash]);
        assert_eq!(choose("--from crash"), [Crash, Test]);
    }

    #[test]
    fn the_tests_are_the_last_step() {
        assert_eq!(Step::value_variants().last(), Some(&Test));
        assert_eq!(failure(&[], Test, "it failed", false), "");
        assert_eq!(Test.what(), "all tests pass, and no snapshot differs");
    }

    #[test]
    fn the_table_tells_what_was_skipped_and_what_failed() {
        let skipped = Err(Skipped("no tool".to_owned()).into());
        let taken: [Taken; 3] = [
            (Format, Duration::from_millis(1250), Ok(())),
            (Fuzz, Duration::ZERO, skipped),
            (Docs, Duration::from_secs(100), Err("it failed".into())),
        ];
        let text = "Steps so far:\n  format               1.2 s  ok\n  fuzz                 0.0 s  SKIPPED\n  \
                    docs               100.0 s  FAILED\n\nNot checked on this machine: 1\nSKIPPED: fuzz: no tool";
        assert_eq!(table(&taken), text);
        for (full, command) in [(false, "ci"), (true, "ci --full")] {
            let how = format!("Once mended, go on with `cargo xtask {command} --from docs`.");
            let failed = failure(&taken, Docs, "it failed", full);
            assert_eq!(failed, format!("it failed\n\n{text}\n\n{how}"));
        }
    }
}
