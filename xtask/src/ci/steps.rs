//! What must hold, in the order in which it is checked.

use std::ffi::OsString;

use xshell::cmd;

use super::sdk;
use crate::run::{Result, Skipped, gated, regen, shell};
use crate::tools::DENY;
use crate::{binary_test, fuzz, suites, tidy};

/// How thorough the checks are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// What every change must pass, in less than half an hour.
    Usual,
    /// With the long suites, in less than an hour and a half.
    Full,
}

impl Depth {
    /// The first of two numbers, or the second for a full run.
    fn of(self, usual: u32, full: u32) -> u32 {
        match self {
            Self::Usual => usual,
            Self::Full => full,
        }
    }
}

/// A check that must pass before a change lands.
pub(super) struct Step {
    pub(super) name: &'static str,
    /// The description for people.
    pub(super) what: &'static str,
    /// Whether it runs only with `--full`.
    pub(super) long: bool,
    pub(super) run: Run,
}

type Run = fn(Depth) -> Result;

impl Step {
    const fn new(name: &'static str, what: &'static str, run: Run) -> Self {
        let long = false;
        Self {
            name,
            what,
            long,
            run,
        }
    }

    const fn long(name: &'static str, what: &'static str, run: Run) -> Self {
        let long = true;
        Self {
            name,
            what,
            long,
            run,
        }
    }
}

/// Quick ones first. The tests are last, so that what the gate prints ends with what they say.
pub(super) const STEPS: [Step; 20] = [
    Step::new("format", "all code is formatted", |_| {
        gate("fmt --all --check")
    }),
    Step::new(
        "tidy",
        "layers, file lengths, and links and commands in documents are correct",
        |_| tidy::run(crate::command()),
    ),
    Step::new(
        "deny",
        "licences, sources and bans of dependencies comply with deny.toml",
        |_| deny("bans licenses sources"),
    ),
    Step::new(
        "advisories",
        "no dependency has a known vulnerability, if RustSec's database is available",
        |_| advisories(),
    ),
    Step::new(
        "lint",
        "clippy reports no warnings with all features",
        |_| gate("clippy --workspace --all-targets --all-features -- -D warnings"),
    ),
    Step::new(
        "lint-default",
        "clippy reports no warnings with the default features",
        |_| gate("clippy --package passage-identity --lib -- -D warnings"),
    ),
    Step::new(
        "features",
        "the SDK compiles with each feature alone",
        |_| sdk::each_feature(),
    ),
    Step::long(
        "powerset",
        "the SDK compiles with each pair of features, and with none",
        |_| sdk::powerset(),
    ),
    Step::new(
        "msrv",
        "the SDK compiles with its minimum Rust version, if that is installed",
        |_| sdk::oldest_compiler(),
    ),
    Step::long(
        "minimal-versions",
        "the SDK compiles with the oldest dependencies that it allows",
        |_| sdk::oldest_dependencies(),
    ),
    Step::new("docs", "rustdoc reports no warnings", |_| {
        let sh = shell()?;
        let doc = gated(&sh, "doc --workspace --all-features --no-deps");
        Ok(doc.env("RUSTDOCFLAGS", "-D warnings").run()?)
    }),
    Step::new(
        "regen",
        "vendored documents, effective documents and pinned shapes agree",
        |_| regen(&[OsString::from("--check")]),
    ),
    Step::new("quickstart", "the first example runs", |_| {
        gate("run --quiet --example quickstart")
    }),
    Step::new(
        "fuzz",
        "fuzzing finds nothing: ten seconds for each target, with --full two minutes",
        |depth| fuzz::run(depth.of(10, 120)),
    ),
    Step::new(
        "contract",
        "the server conforms to the API descriptions, if schemathesis can be installed",
        |depth| suites::contract(depth.of(30, 200)),
    ),
    Step::new(
        "browser",
        "the official web packages work with the server, if Chromium is available",
        |_| suites::browser(""),
    ),
    Step::new(
        "clients",
        "the official client libraries work with the server, if they can be installed",
        |_| suites::clients(),
    ),
    Step::new(
        "binary",
        "the SDK's tests also pass against the server binary",
        |_| binary_test::run(),
    ),
    Step::long(
        "crash",
        "200 kills and half a minute of 64 writers lose no write",
        |_| {
            gate(
                "test --package passage-server --test it crash:: -- --ignored --nocapture --test-threads 1",
            )
        },
    ),
    Step::new("test", "all tests pass, and no snapshot differs", |_| {
        gate("test --workspace")
    }),
];

/// Cargo with these words.
fn gate(words: &str) -> Result {
    Ok(gated(&shell()?, words).run()?)
}

/// `cargo deny` for these of its checks.
fn deny(checks: &str) -> Result {
    DENY.with(|sh| {
        let checks = checks.split(' ');
        Ok(cmd!(sh, "cargo deny --log-level warn check {checks...}").run()?)
    })
}

fn advisories() -> Result {
    DENY.with(|sh| match cmd!(sh, "cargo deny fetch db").run() {
        Ok(()) => deny("advisories"),
        Err(_) => {
            let why = "RustSec's database is not available here, see above: nothing was checked";
            Err(Skipped(why.to_owned()).into())
        }
    })
}
