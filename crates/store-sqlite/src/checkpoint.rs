//! Moves the write-ahead log into the ledger file beside the writer's back.
//!
//! A passive checkpoint on another thread copies nearly all pages; the writer then finishes the few
//! that are left between two batches, so that the log starts over instead of growing for ever.
//!
//! Invariant: a checkpoint that fails loses nothing, for the log is kept; but after an I/O error
//! nobody knows what is on disk, and the writer stops. There is no other checkpoint before the next
//! start, which copies the whole log again: not even when the file is closed.

use crate::{
    failure::{self, WriteFailure},
    schema,
};
use rusqlite::Connection;
use std::{
    path::{Path, PathBuf},
    sync::mpsc,
    thread::JoinHandle,
};

/// How many rows are appended between two checkpoints: some 16 MiB of log.
const ROWS_BETWEEN: usize = 60_000;

/// Copies what it can while others work.
const PASSIVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
/// Copies all and empties the log, so that the ledger's file stands alone; less while somebody
/// reads.
const TRUNCATE: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// The checkpoint thread, seen from the writer.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    nudge: Option<mpsc::SyncSender<()>>,
    /// What became of each nudge.
    copied: mpsc::Receiver<Result<(), String>>,
    rows: usize,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(crate) fn start(ledger: &Path) -> Checkpointer {
        let (nudge, nudges) = mpsc::sync_channel(1);
        let (tell, copied) = mpsc::channel();
        let path = ledger.to_owned();
        let thread = std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn(move || serve(&path, &nudges, &tell))
            .ok();
        Checkpointer { nudge: Some(nudge), copied, rows: 0, thread }
    }

    /// Counts appended rows; called by the writer between two batches. Fails if a checkpoint met
    /// an I/O error.
    pub(crate) fn note_rows(&mut self, writer: &Connection, rows: usize) -> Result<(), String> {
        self.rows += rows;
        if let Ok(copied) = self.copied.try_recv() {
            copied?;
            checkpoint(writer, PASSIVE)?;
        }
        if self.rows >= ROWS_BETWEEN {
            self.rows = 0;
            // A nudge that finds one waiting is one too many.
            let _ = self.nudge.as_ref().map(|nudge| nudge.try_send(()));
        }
        Ok(())
    }

    /// Ends the thread and empties the log.
    pub(crate) fn finish(mut self, writer: &Connection) {
        self.nudge = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let copied = self.copied.try_iter().collect::<Result<(), String>>();
        if let Err(why) = copied.and_then(|()| checkpoint(writer, TRUNCATE)) {
            tracing::error!("the log is moved into the ledger at the next start: {why}");
        }
    }
}

fn serve(path: &PathBuf, nudges: &mpsc::Receiver<()>, tell: &mpsc::Sender<Result<(), String>>) {
    let connection = Connection::open(path).and_then(|connection| {
        connection.pragma_update(None, "synchronous", "FULL")?;
        schema::keep_log_on_close(&connection)?;
        Ok(connection)
    });
    let connection = match connection {
        Ok(connection) => connection,
        Err(error) => return tracing::error!("no checkpoints: {error}"),
    };
    while nudges.recv().is_ok() {
        if tell.send(checkpoint(&connection, PASSIVE)).is_err() {
            return;
        }
    }
}

/// One that finds the disk full is tried again by the next.
fn checkpoint(connection: &Connection, how: &str) -> Result<(), String> {
    let done = connection.query_row(how, [], |_| Ok(()));
    match done.map_err(|error| failure::of_write(&error)) {
        Ok(()) => Ok(()),
        Err(WriteFailure::Fatal(why)) => Err(format!("a checkpoint failed: {why}")),
        Err(error @ (WriteFailure::Full | WriteFailure::Refused(_))) => {
            tracing::warn!("a checkpoint is tried again later: {error:?}");
            Ok(())
        }
    }
}
