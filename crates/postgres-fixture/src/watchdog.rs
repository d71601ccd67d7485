//! A process that outlives ours by a moment, to clean up behind it.
//!
//! Its input is a pipe whose only writer we are, so the end of our process is the end of its input,
//! whatever ends us. The kernel's own signal at a parent's death would come with the end of the
//! thread that started the server, and a test may start it on any thread.

use crate::failure::{Failure, cannot};
use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
};

const SCRIPT: &str = include_str!("watchdog.sh");

/// Ends the server whose data are in `data` below a folder, and removes the folder, when it is
/// dropped or when our process is gone.
#[derive(Debug)]
pub(crate) struct Watchdog(Child);

impl Watchdog {
    pub(crate) fn start(folder: &Path) -> Result<Watchdog, Failure> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "watchdog"]).arg(folder);
        // In a group of its own, so that what is sent to ours does not reach it.
        command.process_group(0).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map(Watchdog).map_err(cannot("start the watchdog"))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // If it cannot be waited for, it does its work nevertheless.
        let _ = self.0.wait();
    }
}
