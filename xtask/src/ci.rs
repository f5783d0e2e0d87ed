//! `cargo xtask ci`: the gate, step by step. `.ci/run` gets a bare machine ready and calls this.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::run::{Outcome, cargo, metadata, regen, root, succeed};
use crate::{binary_test, browser_test, contract_test, fuzz, tidy};

/// Something that must hold before a change lands.
struct Step {
    name: &'static str,
    /// For people.
    what: &'static str,
    run: fn() -> Result<Outcome, String>,
}

/// Quick ones first. The tests are last, so that what the gate prints ends with what they say.
const STEPS: [Step; 13] = [
    Step {
        name: "format",
        what: "all code is formatted",
        run: || gate(&["fmt", "--all", "--check"]),
    },
    Step {
        name: "tidy",
        what: "imports between layers, lengths, links and commands in documents are right",
        run: || tidy::run(crate::command()).map(done),
    },
    Step {
        name: "lint",
        what: "clippy has nothing to say, with all features",
        run: || {
            gate(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--all-features",
                "--",
                "-D",
                "warnings",
            ])
        },
    },
    Step {
        name: "lint-default",
        what: "nor with the default features",
        run: || {
            gate(&[
                "clippy",
                "--package",
                "passage-identity",
                "--lib",
                "--",
                "-D",
                "warnings",
            ])
        },
    },
    Step {
        name: "features",
        what: "the SDK compiles with each feature alone",
        run: each_feature,
    },
    Step {
        name: "docs",
        what: "rustdoc has nothing to say",
        run: || {
            let mut doc = gated(&["doc", "--workspace", "--all-features", "--no-deps"]);
            succeed(doc.env("RUSTDOCFLAGS", "-D warnings")).map(done)
        },
    },
    Step {
        name: "regen",
        what: "vendored documents, effective documents and pinned shapes agree",
        run: || regen(&[OsString::from("--check")]).map(done),
    },
    Step {
        name: "quickstart",
        what: "the first example runs",
        run: || gate(&["run", "--quiet", "--example", "quickstart"]),
    },
    Step {
        name: "fuzz",
        what: "every fuzz target runs for ten seconds, if a nightly compiler is at hand",
        run: || fuzz::run(10, false),
    },
    Step {
        name: "contract",
        what: "the server keeps to the API descriptions, if schemathesis can be installed",
        run: || contract_test::run(30, false),
    },
    Step {
        name: "browser",
        what: "the official web packages work with the server, if Chromium is at hand",
        run: || browser_test::run(None, false),
    },
    Step {
        name: "binary",
        what: "the SDK's tests pass against the server binary, too",
        run: binary_test::run,
    },
    Step {
        name: "test",
        what: "all tests pass, and no snapshot differs",
        run: || gate(&["test", "--workspace"]),
    },
];

/// Which steps to take.
#[derive(clap::Args)]
pub(crate) struct Choice {
    /// Name the steps, take none.
    #[arg(long)]
    list: bool,
    /// Take this step alone. May be given more than once.
    #[arg(long, value_name = "STEP", value_parser = names())]
    only: Vec<String>,
    /// Take this step and those after it.
    #[arg(long, value_name = "STEP", value_parser = names(), conflicts_with = "only")]
    from: Option<String>,
}

fn names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

/// Takes one step after the other until one fails.
pub(crate) fn run(choice: &Choice) -> Result<(), String> {
    if choice.list {
        for step in &STEPS {
            println!("{:<13} {}", step.name, step.what);
        }
        return Ok(());
    }
    let started = Instant::now();
    let mut taken = Vec::new();
    let chosen = chosen(&STEPS, choice);
    for (index, step) in chosen.iter().enumerate() {
        // The table stands before the last step, whose output ends that of the gate.
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
        let outcome = (step.run)();
        if let Ok(Outcome::Skipped(why)) = &outcome {
            println!("SKIPPED: {why}");
        }
        let failed = outcome.as_ref().err().cloned();
        taken.push((step.name, begun.elapsed(), outcome));
        if let Some(why) = failed {
            return Err(failure(&taken, step.name, &why));
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
    let wanted = |step: &&Step| only.is_empty() || only.iter().any(|name| name == step.name);
    steps.filter(wanted).collect()
}

type Taken = (&'static str, Duration, Result<Outcome, String>);

/// What took how long.
fn table(taken: &[Taken]) -> String {
    let mut lines = vec!["Steps so far:".to_owned()];
    for (name, time, outcome) in taken {
        let how = match outcome {
            Ok(Outcome::Done) => "ok",
            Ok(Outcome::Skipped(_)) => "SKIPPED",
            Err(_) => "FAILED",
        };
        lines.push(format!("  {name:<13} {:>9}  {how}", seconds(*time)));
    }
    lines.join("\n")
}

/// What is said at the end when a step failed. Nothing is put behind what the tests print.
fn failure(taken: &[Taken], step: &str, why: &str) -> String {
    if Some(step) == STEPS.last().map(|step| step.name) {
        return String::new();
    }
    format!(
        "{why}\n\n{}\n\nOnce mended, go on with `cargo xtask ci --from {step}`.",
        table(taken)
    )
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Cargo in the root, where a snapshot that differs fails and is never written.
fn gated(arguments: &[&str]) -> Command {
    let mut command = cargo();
    command
        .args(arguments)
        .env("INSTA_UPDATE", "no")
        .env("CI", "true");
    if let Ok(root) = root() {
        command.current_dir(root);
    }
    command
}

fn gate(arguments: &[&str]) -> Result<Outcome, String> {
    succeed(&mut gated(arguments)).map(done)
}

fn done((): ()) -> Outcome {
    Outcome::Done
}

fn each_feature() -> Result<Outcome, String> {
    let packages = metadata(&root()?)?.packages;
    let sdk = packages
        .into_iter()
        .find(|package| package.name == "passage-identity");
    for feature in sdk.ok_or("there is no package passage-identity")?.features {
        println!("feature {feature}");
        flush();
        let package = ["check", "--quiet", "--package", "passage-identity", "--lib"];
        let feature = ["--no-default-features", "--features", &feature];
        gate(&[package.as_slice(), &feature].concat())?;
    }
    Ok(Outcome::Done)
}

/// So that what a step prints comes after what we print.
fn flush() {
    // Whoever closed the pipe reads neither.
    let _ = io::stdout().flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(only: &[&str], from: Option<&str>) -> Vec<&'static str> {
        let choice = Choice {
            list: false,
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
        assert_eq!(choice(&[], None), names());
        assert_eq!(choice(&["docs", "tidy"], None), ["tidy", "docs"]);
        assert_eq!(choice(&[], Some("browser")), ["browser", "binary", "test"]);
    }

    #[test]
    fn the_tests_are_the_last_step() {
        assert_eq!(names().last(), Some(&"test"));
        assert_eq!(failure(&[], "test", "it failed"), "");
    }

    #[test]
    fn the_table_tells_what_was_skipped_and_what_failed() {
        let taken: [Taken; 3] = [
            ("format", Duration::from_millis(1250), Ok(Outcome::Done)),
            (
                "fuzz",
                Duration::ZERO,
                Ok(Outcome::Skipped("no tool".to_owned())),
            ),
            (
                "docs",
                Duration::from_secs(100),
                Err("it failed".to_owned()),
            ),
        ];
        let text = "Steps so far:\n  format            1.2 s  ok\n  fuzz              0.0 s  SKIPPED\n  docs            100.0 s  FAILED";
        assert_eq!(table(&taken), text);
        let failure = failure(&taken, "docs", "it failed");
        assert!(
            failure.starts_with("it failed\n\nSteps so far:"),
            "{failure}"
        );
        assert!(
            failure.ends_with("`cargo xtask ci --from docs`."),
            "{failure}"
        );
    }
}
