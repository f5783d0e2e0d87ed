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
use run::Skipped;

/// Maintainers' commands.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Fail instead of skipping what needs something that this machine lacks.
    #[arg(long, global = true)]
    required: bool,
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
    },
    /// Test the server against the API descriptions, with requests that schemathesis generates. Needs Python and a
    /// package index; skipped with a message without them.
    ContractTest {
        /// Maximum number of generated requests for each operation.
        #[arg(long, default_value_t = 30)]
        cases: u32,
    },
    /// Run the SDK's tests that need a server against the server binary, with a process for each test.
    BinaryTest,
    /// Test the server with the official web packages, in a headless Chromium. Needs Node, npm, openssl and Chromium;
    /// skipped with a message without them.
    BrowserTest {
        /// Run only scenarios whose name contains this.
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
    },
    /// Test the server with the official client libraries for Python, Node and Rust. Needs Python, Node, npm, openssl and
    /// their registries; skipped with a message without them.
    ClientTest,
}

fn main() -> ExitCode {
    let Cli { command, required } = Cli::parse();
    let done = match command {
        Command::Ci(choice) => ci::run(&choice, required),
        Command::Tidy => tidy::run(Cli::command()),
        Command::Semver { against, package } => semver::run(against, package),
        Command::Regen { arguments } => run::regen(&arguments),
        Command::BinaryTest => binary_test::run(),
        Command::Fuzz { seconds } => fuzz::run(seconds),
        Command::ContractTest { cases } => suites::contract(cases),
        Command::BrowserTest { only } => suites::browser(&only.unwrap_or_default()),
        Command::ClientTest => suites::clients(),
    };
    let Err(error) = done else {
        return ExitCode::SUCCESS;
    };
    if error.is::<Skipped>() && !required {
        println!("SKIPPED: {error}");
        return ExitCode::SUCCESS;
    }
    // An empty message means that enough was said.
    let message = error.to_string();
    if !message.is_empty() {
        eprintln!("error: {message}");
    }
    ExitCode::FAILURE
}
