//! NovaCore: usage ledger and quota gate in one binary.

mod clock;
mod commands;
mod compose;
mod config;
mod logging;
mod secrets;
mod serve;

use clap::Parser;
use std::process::ExitCode;

/// Exit code after which the ledger must be looked at before serving again.
const EXIT_FATAL: u8 = 70;

fn main() -> ExitCode {
    let command = commands::Cli::parse();
    match commands::run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("novacore: {error:#}");
            ExitCode::FAILURE
        }
    }
}
