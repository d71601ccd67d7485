//! One run of the server's main process.
//!
//! Invariant: the server is ready when its log says so, not when some time has passed.

use crate::{
    failure::{Failure, cannot},
    processes,
};
use parking_lot::Mutex;
use rustix::process::{Pid, Signal};
use std::{
    collections::VecDeque,
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    process::{Child, ChildStderr, Command, Stdio},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

/// Also after a crash, when the log is replayed first.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// Of a standby they are "read-only connections".
const READY: &str = "database system is ready to accept ";
/// Lines of the log that a failure shows.
const LINES_KEPT: usize = 50;

/// A running postmaster.
#[derive(Debug)]
pub(crate) struct Postmaster {
    child: Child,
    log: Arc<Mutex<VecDeque<String>>>,
}

impl Postmaster {
    /// Starts it and waits until it accepts connections.
    pub(crate) fn start(mut command: Command) -> Result<Postmaster, Failure> {
        // In a group of its own, so that an interrupt from the terminal does not shut it down.
        command.process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(cannot("start postgres"))?;
        let log = Arc::new(Mutex::new(VecDeque::new()));
        let (tell, ready) = mpsc::channel();
        let stderr = child.stderr.take().expect("the log is piped");
        let mut postmaster = Postmaster { child, log: log.clone() };
        thread::spawn(move || follow(stderr, &log, &tell));
        match ready.recv_timeout(READY_WITHIN) {
            Ok(()) => Ok(postmaster),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                postmaster.child.wait().map_err(cannot("wait for postgres"))?;
                Err(Failure::Program { what: "postgres", said: postmaster.said() })
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                postmaster.stop(Signal::QUIT)?;
                Err(Failure::NotReady { said: postmaster.said() })
            }
        }
    }

    /// Ends it with INT (sessions are told) or QUIT (as a crash would) and waits for its end.
    ///
    /// PostgreSQL bounds the wait itself: what does not heed QUIT is killed after five seconds.
    pub(crate) fn stop(&mut self, how: Signal) -> Result<(), Failure> {
        // What is frozen cannot end.
        self.thaw()?;
        processes::signal(self.pid(), how)?;
        self.child.wait().map(drop).map_err(cannot("wait for postgres"))
    }

    pub(crate) fn freeze(&self) -> Result<(), Failure> {
        processes::freeze(self.pid())
    }

    pub(crate) fn thaw(&self) -> Result<(), Failure> {
        processes::thaw(self.pid())
    }

    /// Ours as long as it is not waited for, whether it runs or not.
    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The end of the log.
    fn said(&self) -> String {
        self.log.lock().iter().map(|line| format!("{line}\n")).collect()
    }
}

/// Keeps the end of the log and tells whenever the server is ready. When the log ends, so does the
/// sender.
fn follow(stderr: ChildStderr, log: &Mutex<VecDeque<String>>, tell: &mpsc::Sender<()>) {
    for line in BufReader::new(stderr).split(b'\n') {
        let Ok(line) = line else { return };
        let line = String::from_utf8_lossy(&line).into_owned();
        let is_ready = line.contains(READY);
        let mut log = log.lock();
        if log.len() == LINES_KEPT {
            log.pop_front();
        }
        log.push_back(line);
        drop(log);
        if is_ready {
            // Nobody listens any more after the first time.
            let _ = tell.send(());
        }
    }
}
