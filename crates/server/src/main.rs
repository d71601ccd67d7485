//! NovaCore: usage ledger and quota gate in one binary.
//!
//! Exit codes: 0 done; 1 failed, said on one line of standard error; 2 the command line is wrong;
//! 70 the ledger could not go on, and must be looked at before serving again.

mod clock;
mod commands;
mod compose;
mod config;
mod embedder;
mod logging;
mod secrets;
mod serve;
mod site;

use clap::Parser;
use std::{io, process::ExitCode};

// What a caller's thread allocates the writer frees, and the other way round: the system's
// allocator spends a third of the processor on that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit code after which the ledger must be looked at before serving again.
const EXIT_FATAL: u8 = 70;

fn main() -> ExitCode {
    let command = commands::Cli::parse();
    match commands::run(command) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has seen enough: `novacore ledger export | head`.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("novacore: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// An error and its causes on one line. A cause that the error before has told already is left out.
fn told(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line
}
