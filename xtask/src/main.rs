//! Maintainers' commands.

#[path = "../../build/mod.rs"]
mod codegen;
mod normalise;
mod overlay;
mod regen;
mod yaml;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Maintainers' commands.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make openapi/effective from the vendored documents and the overlay, then update the snapshots.
    Regen {
        /// Change nothing; fail and name each file that is out of date.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Regen { check: false } => regen::update(),
        Command::Regen { check: true } => regen::check(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
