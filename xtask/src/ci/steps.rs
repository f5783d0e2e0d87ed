//! What must hold, in the order in which it is checked.

use std::ffi::OsString;

use super::sdk;
use crate::run::{Outcome, gated, regen, succeed};
use crate::tools::{self, DENY};
use crate::{binary_test, browser_test, client_test, contract_test, fuzz, tidy};

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
    pub(super) run: fn(Depth) -> Result<Outcome, String>,
}

const fn step(
    name: &'static str,
    what: &'static str,
    run: fn(Depth) -> Result<Outcome, String>,
) -> Step {
    let long = false;
    Step {
        name,
        what,
        long,
        run,
    }
}

const fn long(
    name: &'static str,
    what: &'static str,
    run: fn(Depth) -> Result<Outcome, String>,
) -> Step {
    let long = true;
    Step {
        name,
        what,
        long,
        run,
    }
}

/// Quick ones first. The tests are last, so that their results end the output.
pub(super) const STEPS: [Step; 20] = [
    step("format", "all code is formatted", |_| {
        gate(&["fmt", "--all", "--check"])
    }),
    step(
        "tidy",
        "layers, file lengths, and links and commands in documents are correct",
        |_| tidy::run(crate::command()).map(|()| Outcome::Done),
    ),
    step(
        "deny",
        "licences, sources and bans of dependencies comply with deny.toml",
        |_| deny(&["bans", "licenses", "sources"]),
    ),
    step(
        "advisories",
        "no dependency has a known vulnerability, if RustSec's database is available",
        |_| advisories(),
    ),
    step(
        "lint",
        "clippy reports no warnings with all features",
        |_| {
            let what = ["clippy", "--workspace", "--all-targets", "--all-features"];
            gate(&[what.as_slice(), &["--", "-D", "warnings"]].concat())
        },
    ),
    step(
        "lint-default",
        "clippy reports no warnings with the default features",
        |_| {
            let what = ["clippy", "--package", "passage-identity", "--lib"];
            gate(&[what.as_slice(), &["--", "-D", "warnings"]].concat())
        },
    ),
    step(
        "features",
        "the SDK compiles with each feature alone",
        |_| sdk::each_feature(),
    ),
    long(
        "powerset",
        "the SDK compiles with each pair of features, and with none",
        |_| sdk::powerset(),
    ),
    step(
        "msrv",
        "the SDK compiles with its minimum Rust version, if that is installed",
        |_| sdk::oldest_compiler(),
    ),
    long(
        "minimal-versions",
        "the SDK compiles with the oldest dependencies that it allows",
        |_| sdk::oldest_dependencies(),
    ),
    step("docs", "rustdoc reports no warnings", |_| {
        let mut doc = gated(&["doc", "--workspace", "--all-features", "--no-deps"]);
        succeed(doc.env("RUSTDOCFLAGS", "-D warnings")).map(|()| Outcome::Done)
    }),
    step(
        "regen",
        "vendored documents, effective documents and pinned shapes agree",
        |_| regen(&[OsString::from("--check")]).map(|()| Outcome::Done),
    ),
    step("quickstart", "the first example runs", |_| {
        gate(&["run", "--quiet", "--example", "quickstart"])
    }),
    step(
        "fuzz",
        "fuzzing finds nothing: ten seconds for each target, with --full two minutes",
        |depth| fuzz::run(depth.of(10, 120), false),
    ),
    step(
        "contract",
        "the server conforms to the API descriptions, if schemathesis can be installed",
        |depth| contract_test::run(depth.of(30, 200), false),
    ),
    step(
        "browser",
        "the official web packages work with the server, if Chromium is available",
        |_| browser_test::run(None, false),
    ),
    step(
        "clients",
        "the official client libraries work with the server, if they can be installed",
        |_| client_test::run(false),
    ),
    step(
        "binary",
        "the SDK's tests also pass against the server binary",
        |_| binary_test::run(),
    ),
    long(
        "crash",
        "200 kills and half a minute of 64 writers lose no write",
        |_| {
            let what = ["test", "--package", "passage-server", "--test", "crash"];
            let how = ["--", "--ignored", "--nocapture", "--test-threads", "1"];
            gate(&[what.as_slice(), &how].concat())
        },
    ),
    step("test", "all tests pass, and no snapshot differs", |_| {
        gate(&["test", "--workspace"])
    }),
];

fn gate(arguments: &[&str]) -> Result<Outcome, String> {
    succeed(&mut gated(arguments)).map(|()| Outcome::Done)
}

/// `cargo deny` for these of its checks.
fn deny(checks: &[&str]) -> Result<Outcome, String> {
    if let Err(why) = DENY.install() {
        return Ok(Outcome::Skipped(why));
    }
    let mut command = tools::cargo_with_tools()?;
    command.args(["deny", "--log-level", "warn", "check"]);
    succeed(command.args(checks)).map(|()| Outcome::Done)
}

fn advisories() -> Result<Outcome, String> {
    if let Err(why) = DENY.install() {
        return Ok(Outcome::Skipped(why));
    }
    let fetched = succeed(tools::cargo_with_tools()?.args(["deny", "fetch", "db"]));
    if fetched.is_err() {
        let why = "RustSec's database is not available here, see above: nothing was checked";
        return Ok(Outcome::Skipped(why.to_owned()));
    }
    deny(&["advisories"])
}
