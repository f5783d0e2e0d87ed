//! Maintainers' commands.

mod binary_test;
mod browser_test;
mod ci;
mod client_test;
mod contract_test;
mod fuzz;
mod packages;
mod run;
mod semver;
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
    /// Run every step that must pass before a change lands.
    Ci(ci::Choice),
    /// Check what no compiler checks: imports between layers, file lengths, links and commands in documents.
    Tidy,
    /// Update everything that is generated from the API descriptions; see `regen --help`.
    #[command(disable_help_flag = true)]
    Regen {
        /// Arguments of `regen`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Compare the public API with an older revision. Needs cargo-semver-checks.
    Semver {
        /// The older revision [default: the last tag]
        #[arg(long, value_name = "REV")]
        against: Option<String>,
        /// A package to compare [default: all published ones]
        #[arg(long, short, value_name = "NAME")]
        package: Vec<String>,
    },
    /// Run every fuzz target. Installs cargo-fuzz below the target folder; skipped with a message if that fails.
    Fuzz {
        /// Seconds that each of the four targets runs.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Fail if a tool is missing.
        #[arg(long)]
        required: bool,
    },
    /// Test the server against the API descriptions, with requests that schemathesis generates. Needs Python and a
    /// package index; skipped with a message without them.
    ContractTest {
        /// Maximum number of generated requests for each operation.
        #[arg(long, default_value_t = 30)]
        cases: u32,
        /// Fail if a tool is missing.
        #[arg(long)]
        required: bool,
    },
    /// Run the SDK's tests that need a server against the server binary, with a process for each test.
    BinaryTest,
    /// Test the server with the official web packages, in a headless Chromium. Needs Node, npm, openssl and Chromium;
    /// skipped with a message without them.
    BrowserTest {
        /// Run only scenarios whose name contains this.
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
        /// Fail if a tool is missing.
        #[arg(long)]
        required: bool,
    },
    /// Test the server with the official client libraries for Python, Node and Rust. Needs Python, Node, npm, openssl and
    /// their registries; skipped with a message without them.
    ClientTest {
        /// Fail if a tool is missing.
        #[arg(long)]
        required: bool,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Ci(choice) => ci::run(&choice).map(done),
        Command::Tidy => tidy::run(command()).map(done),
        Command::Semver { against, package } => semver::run(against.as_deref(), &package),
        Command::Regen { arguments } => run::regen(&arguments).map(done),
        Command::Fuzz { seconds, required } => fuzz::run(seconds, required),
        Command::ContractTest { cases, required } => contract_test::run(cases, required),
        Command::BinaryTest => binary_test::run(),
        Command::BrowserTest { only, required } => browser_test::run(only.as_deref(), required),
        Command::ClientTest { required } => client_test::run(required),
    };
    match done {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Skipped(why)) => {
            println!("SKIPPED: {why}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            if !message.is_empty() {
                eprintln!("error: {message}");
            }
            ExitCode::FAILURE
        }
    }
}

fn done((): ()) -> Outcome {
    Outcome::Done
}

/// The command that runs this program.
fn command() -> clap::Command {
    Cli::command()
}
