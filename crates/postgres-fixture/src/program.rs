//! Running PostgreSQL's programs.
//!
//! Invariant: a program sees nothing of our environment, such as `PGHOST` or a language.

use crate::{
    binaries::Binaries,
    failure::{Failure, cannot},
};
use std::{path::Path, process::Command};

/// A program that works in a folder.
pub(crate) fn program(binaries: &Binaries, name: &str, folder: &Path) -> Command {
    let mut command = Command::new(binaries.program(name));
    command.env_clear().env("LC_ALL", "C").current_dir(folder);
    command
}

/// What a program wrote, if it succeeded.
pub(crate) fn run(what: &'static str, mut command: Command) -> Result<String, Failure> {
    let output = command.output().map_err(cannot("run a program of PostgreSQL"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(Failure::Program { what, said: text(&output.stdout) + &text(&output.stderr) })
    }
}
