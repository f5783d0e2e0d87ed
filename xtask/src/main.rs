//! Maintainers' commands.

mod fuzz;
mod run;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
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
    /// Bring everything that follows from the API descriptions up to date; `regen --help` says how.
    #[command(disable_help_flag = true)]
    Regen {
        /// What `regen` itself understands.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Run every fuzz target. Needs a nightly compiler and cargo-fuzz; says so and does nothing without.
    Fuzz {
        /// How long each of the four targets runs.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Fail if a tool is missing.
        #[arg(long)]
        required: bool,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Regen { arguments } => run::regen(&arguments),
        Command::Fuzz { seconds, required } => fuzz::run(seconds, required),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the project.
fn root() -> Result<PathBuf, String> {
    let manifest = env::var("CARGO_MANIFEST_DIR")
        .map_err(|_| "run this as `cargo xtask`: CARGO_MANIFEST_DIR is not set".to_owned())?;
    Path::new(&manifest)
        .parent()
        .map(Path::to_path_buf)
        .ok_or_else(|| format!("{manifest} has no parent"))
}
