//! Maintainers' commands.

mod binary_test;
mod ci;
mod fuzz;
mod run;
mod semver;
mod suites;
mod tidy;
mod tools;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use run::Outcome;

/// Maintainers' commands.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Take every step that must pass before a change lands.
    Ci(ci::Choice),
    /// Look for what no compiler sees: imports between layers, lengths, links and commands in documents.
    Tidy,
    /// Bring everything that follows from the API descriptions up to date; `regen --help` says how.
    #[command(disable_help_flag = true)]
    Regen {
        /// What `regen` itself understands.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Compare the public API with that of an older revision. Needs cargo-semver-checks.
    Semver {
        /// The older revision; the last tag, unless given.
        #[arg(long, value_name = "REV")]
        against: Option<String>,
        /// A package to compare; all published ones, unless given.
        #[arg(long, short, value_name = "NAME")]
        package: Vec<String>,
    },
    /// Run every fuzz target. Installs cargo-fuzz below the target folder; says so and does nothing where it cannot be had.
    Fuzz {
        /// How long each of the four targets runs.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Fail if a tool is missing.
        #[arg(long)]
        required: bool,
    },
    /// Hold the server to the API descriptions, with requests that schemathesis makes up. Needs Python and a package
    /// index; says so and does nothing without.
    ContractTest {
        /// Generated requests for each operation, at most.
        #[arg(long, default_value_t = 30)]
        cases: u32,
        /// Fail if a tool is missing.
        #[arg(long)]
        required: bool,
    },
    /// Run the SDK's tests that need a server against the server binary, each test with a process of its own.
    BinaryTest,
    /// Let the official web packages use the server, in a headless Chromium. Needs Node, npm, openssl and Chromium; says
    /// so and does nothing without.
    BrowserTest {
        /// Run only scenarios whose name has this in it.
        #[arg(
            long,
            value_name = "TEXT",
            default_value = "",
            hide_default_value = true
        )]
        only: String,
        /// Fail if a tool is missing.
        #[arg(long)]
        required: bool,
    },
    /// Let the official client libraries for Python, Node and Rust use the server. Needs Python, Node, npm, openssl and
    /// their registries; says so and does nothing without.
    ClientTest {
        /// Fail if a tool is missing.
        #[arg(long)]
        required: bool,
    },
}

fn main() -> ExitCode {
    // Whether to fail where something cannot be done here.
    let mut all = false;
    let done = match Cli::parse().command {
        Command::Ci(choice) => ci::run(&choice).map(done),
        Command::Tidy => tidy::run(command()).map(done),
        Command::Semver { against, package } => semver::run(against, package).map(done),
        Command::Regen { arguments } => run::regen(&arguments).map(done),
        Command::BinaryTest => binary_test::run().map(done),
        Command::Fuzz { seconds, required } => {
            all = required;
            fuzz::run(seconds)
        }
        Command::ContractTest { cases, required } => {
            all = required;
            suites::contract(cases)
        }
        Command::BrowserTest { only, required } => {
            all = required;
            suites::browser(&only)
        }
        Command::ClientTest { required } => {
            all = required;
            suites::clients()
        }
    };
    match done {
        Ok(Outcome::Skipped(why)) if !all => println!("SKIPPED: {why}"),
        Ok(Outcome::Done) => {}
        Ok(Outcome::Skipped(message)) => return failed(&message),
        Err(error) => return failed(&error.to_string()),
    }
    ExitCode::SUCCESS
}

/// An empty message means that enough was said.
fn failed(message: &str) -> ExitCode {
    if !message.is_empty() {
        eprintln!("error: {message}");
    }
    ExitCode::FAILURE
}

fn done((): ()) -> Outcome {
    Outcome::Done
}

/// How this program is called.
fn command() -> clap::Command {
    Cli::command()
}
