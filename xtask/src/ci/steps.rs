//! What must hold, in the order in which it is checked.

use std::ffi::OsString;

use super::sdk;
use crate::run::{Outcome, gated, regen, succeed};
use crate::tools::{self, DENY};
use crate::{binary_test, browser_test, client_test, contract_test, fuzz, tidy};

/// How much is asked for.
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

/// Something that must hold before a change lands.
pub(super) struct Step {
    pub(super) name: &'static str,
    /// For people.
    pub(super) what: &'static str,
    /// Whether it is left to `--full`.
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

/// Quick ones first. The tests are last, so that what the gate prints ends with what they say.
pub(super) const STEPS: [Step; 20] = [
    step("format", "all code is formatted", |_| {
        gate(&["fmt", "--all", "--check"])
    }),
    step(
        "tidy",
        "layers, lengths, links and commands in documents are right",
        |_| tidy::run(crate::command()).map(|()| Outcome::Done),
    ),
    step(
        "deny",
        "licences, sources and bans of dependencies are as deny.toml has them",
        |_| deny(&["bans", "licenses", "sources"]),
    ),
    step(
        "advisories",
        "no dependency has a known weakness, if RustSec's database can be had",
        |_| advisories(),
    ),
    step(
        "lint",
        "clippy has nothing to say, with all features",
        |_| {
            let what = ["clippy", "--workspace", "--all-targets", "--all-features"];
            gate(&[what.as_slice(), &["--", "-D", "warnings"]].concat())
        },
    ),
    step("lint-default", "nor with the default features", |_| {
        let what = ["clippy", "--package", "passage-identity", "--lib"];
        gate(&[what.as_slice(), &["--", "-D", "warnings"]].concat())
    }),
    step(
        "features",
        "the SDK compiles with each feature alone",
        |_| sdk::each_feature(),
    ),
    long(
        "powerset",
        "and with each two of them, and with none",
        |_| sdk::powerset(),
    ),
    step(
        "msrv",
        "the SDK compiles with its oldest compiler, if that is installed",
        |_| sdk::oldest_compiler(),
    ),
    long(
        "minimal-versions",
        "the SDK compiles with the oldest dependencies that it admits",
        |_| sdk::oldest_dependencies(),
    ),
    step("docs", "rustdoc has nothing to say", |_| {
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
        "the server keeps to the API descriptions, if schemathesis can be installed",
        |depth| contract_test::run(depth.of(30, 200), false),
    ),
    step(
        "browser",
        "the official web packages work with the server, if Chromium is at hand",
        |_| browser_test::run(None, false),
    ),
    step(
        "clients",
        "the official client libraries work with the server, if they can be installed",
        |_| client_test::run(false),
    ),
    step(
        "binary",
        "the SDK's tests pass against the server binary, too",
        |_| binary_test::run(),
    ),
    long(
        "crash",
        "200 kills and half a minute of 64 writers lose no write",
        |_| {
            let what = ["test", "--package", "passage-server", "--test", "it"];
            let how = ["--ignored", "--nocapture", "--test-threads", "1"];
            gate(&[&what[..], &["crash::", "--"], &how].concat())
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
        let why = "RustSec's database cannot be had here, see above: nothing was checked";
        return Ok(Outcome::Skipped(why.to_owned()));
    }
    deny(&["advisories"])
}
