//! A process and its children, frozen and thawed.
//!
//! PostgreSQL makes every backend the leader of a session of its own, so a signal to the
//! postmaster's group would reach the postmaster alone. The children are looked up in `/proc`,
//! hence on Linux only.

use crate::failure::{Failure, cannot};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs, io,
    thread::yield_now,
    time::{Duration, Instant},
};

/// A signal takes effect at once, or when a call into the kernel has ended.
const FREEZES_WITHIN: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    pid: Pid,
    parent: i32,
    is_stopped: bool,
}

/// Stops a process and its children; returns when none of them runs any more.
pub(crate) fn freeze(root: Pid) -> Result<(), Failure> {
    let deadline = Instant::now() + FREEZES_WITHIN;
    loop {
        // Until the root stands still it may have further children.
        let running: Vec<Pid> = family(root)?
            .into_iter()
            .filter(|process| !process.is_stopped)
            .map(|process| process.pid)
            .collect();
        if running.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(cannot("stop the server")(io::ErrorKind::TimedOut.into()));
        }
        for pid in running {
            signal(pid, Signal::STOP)?;
        }
        yield_now();
    }
}

/// Lets a process and its children go on.
pub(crate) fn thaw(root: Pid) -> Result<(), Failure> {
    for process in family(root)? {
        signal(process.pid, Signal::CONT)?;
    }
    Ok(())
}

/// Sends a signal; one that comes too late is none.
pub(crate) fn signal(pid: Pid, signal: Signal) -> Result<(), Failure> {
    match kill_process(pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(cannot("signal the server")(error.into())),
    }
}

/// The root first.
fn family(root: Pid) -> Result<Vec<Process>, Failure> {
    let mut family = Vec::new();
    for entry in fs::read_dir("/proc").map_err(cannot("list the processes"))?.flatten() {
        // Whatever is no process, or has just ended, has no such file.
        let Ok(text) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some(process) = parse(&text) else { continue };
        if process.pid == root {
            family.insert(0, process);
        } else if process.parent == root.as_raw_nonzero().get() {
            family.push(process);
        }
    }
    Ok(family)
}

/// Reads a line of `/proc/<pid>/stat`: `pid (name) state parent ..`; the name may hold anything.
fn parse(text: &str) -> Option<Process> {
    let (pid, rest) = text.split_once(' ')?;
    let (_, rest) = rest.rsplit_once(") ")?;
    let mut words = rest.split(' ');
    let state = words.next()?;
    Some(Process {
        pid: Pid::from_raw(pid.parse().ok()?)?,
        parent: words.next()?.parse().ok()?,
        // T: stopped. Z and X: no process any more, so none that runs.
        is_stopped: matches!(state, "T" | "t" | "Z" | "X"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_the_rest() {
        let process = |pid, parent, is_stopped| {
            Some(Process { pid: Pid::from_raw(pid).unwrap(), parent, is_stopped })
        };
        assert_eq!(parse("12 (postgres) S 7 12 12 0"), process(12, 7, false));
        assert_eq!(parse("12 (a) T 1 (b)) T 7 12 12 0"), process(12, 7, true));
        for bad in ["", "12", "12 (x) S", "x (x) S 7 1", "0 (x) S 7 1"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
