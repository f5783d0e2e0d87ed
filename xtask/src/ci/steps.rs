//! What must hold, in the order in which it is checked.

use std::ffi::OsString;
use std::fmt;

use clap::{CommandFactory, ValueEnum};
use xshell::cmd;

use super::sdk;
use crate::run::{Result, Skipped, gated, regen, shell};
use crate::tools::DENY;
use crate::{binary_test, fuzz, suites, tidy};

/// A check that must pass before a change lands. Quick ones first. The tests are last, so that what the gate prints ends
/// with what they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Step {
    /// all code is formatted
    Format,
    /// layers, file lengths, and links and commands in documents are correct
    Tidy,
    /// licences, sources and bans of dependencies comply with deny.toml
    Deny,
    /// no dependency has a known vulnerability, if RustSec's database is available
    Advisories,
    /// clippy reports no warnings with all features
    Lint,
    /// clippy reports no warnings with the default features
    LintDefault,
    /// the SDK compiles with each feature alone
    Features,
    /// the SDK compiles with each pair of features, and with none
    Powerset,
    /// the SDK compiles with its minimum Rust version, if that can be installed
    Msrv,
    /// the SDK compiles with the oldest dependencies that it allows
    MinimalVersions,
    /// rustdoc reports no warnings
    Docs,
    /// vendored documents, effective documents and pinned shapes agree
    Regen,
    /// the first example runs
    Quickstart,
    /// fuzzing finds nothing: ten seconds for each target, with --full two minutes
    Fuzz,
    /// the server conforms to the API descriptions, if schemathesis can be installed
    Contract,
    /// the official web packages work with the server, if Chromium is available
    Browser,
    /// the official client libraries work with the server, if they can be installed
    Clients,
    /// the SDK's tests also pass against the server binary
    Binary,
    /// 200 kills and half a minute of 64 writers lose no write
    Crash,
    /// all tests pass, and no snapshot differs
    Test,
}

impl Step {
    pub(super) const LAST: Self = Self::Test;

    /// The description for people.
    pub(super) fn what(self) -> String {
        let help = self.to_possible_value();
        let help = help.and_then(|value| value.get_help().map(ToString::to_string));
        help.unwrap_or_default()
    }

    /// Whether it runs only with `--full`, with which the gate may take an hour and a half instead of half an hour.
    pub(super) fn is_long(self) -> bool {
        matches!(self, Self::Powerset | Self::MinimalVersions | Self::Crash)
    }

    pub(super) fn run(self, full: bool) -> Result {
        let (fuzzing, requests) = if full { (120, 200) } else { (10, 30) };
        let crash = "--test it crash:: -- --ignored --nocapture --test-threads 1";
        match self {
            Self::Format => gate("fmt --all --check"),
            Self::Tidy => tidy::run(crate::Cli::command()),
            Self::Deny => deny("bans licenses sources"),
            Self::Advisories => advisories(),
            Self::Lint => gate("clippy --workspace --all-targets --all-features -- -D warnings"),
            Self::LintDefault => gate("clippy --package passage-identity --lib -- -D warnings"),
            Self::Features => sdk::each_feature(),
            Self::Powerset => sdk::powerset(),
            Self::Msrv => sdk::oldest_compiler(),
            Self::MinimalVersions => sdk::oldest_dependencies(),
            Self::Docs => docs(),
            Self::Regen => regen(&[OsString::from("--check")]),
            Self::Quickstart => gate("run --quiet --example quickstart"),
            Self::Fuzz => fuzz::run(fuzzing),
            Self::Contract => suites::contract(requests),
            Self::Browser => suites::browser(""),
            Self::Clients => suites::clients(),
            Self::Binary => binary_test::run(),
            Self::Crash => gate(&format!("test --package passage-server {crash}")),
            Self::Test => gate("test --workspace"),
        }
    }
}

/// As on the command line.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.pad(value.as_ref().map_or("", |value| value.get_name()))
    }
}

/// Cargo with these words.
fn gate(words: &str) -> Result {
    Ok(gated(&shell()?, words).run()?)
}

fn docs() -> Result {
    let sh = shell()?;
    let doc = gated(&sh, "doc --workspace --all-features --no-deps");
    Ok(doc.env("RUSTDOCFLAGS", "-D warnings").run()?)
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
