//! Moves the write-ahead log into the ledger file beside the writer's back.
//!
//! A passive checkpoint on another thread copies nearly all pages; the writer then finishes the few
//! that are left between two batches, so that the log starts over instead of growing for ever.

use rusqlite::Connection;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};

/// How many rows are appended between two checkpoints: some 16 MiB of log.
const ROWS_BETWEEN: usize = 60_000;

/// The checkpoint thread, seen from the writer.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    nudge: Option<mpsc::SyncSender<()>>,
    copied: Arc<AtomicBool>,
    rows: usize,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(crate) fn start(ledger: &Path) -> Checkpointer {
        let (nudge, nudges) = mpsc::sync_channel(1);
        let copied = Arc::new(AtomicBool::new(false));
        let (path, flag) = (ledger.to_owned(), copied.clone());
        let thread = std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn(move || serve(&path, &nudges, &flag))
            .ok();
        Checkpointer { nudge: Some(nudge), copied, rows: 0, thread }
    }

    /// Counts appended rows; called by the writer between two batches.
    pub(crate) fn note_rows(&mut self, writer: &Connection, rows: usize) {
        self.rows += rows;
        if self.copied.swap(false, Ordering::AcqRel) {
            checkpoint(writer);
        }
        if self.rows >= ROWS_BETWEEN {
            self.rows = 0;
            // A nudge that finds one waiting is one too many.
            let _ = self.nudge.as_ref().map(|nudge| nudge.try_send(()));
        }
    }

    /// Ends the thread and empties the log.
    pub(crate) fn finish(mut self, writer: &Connection) {
        self.nudge = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        checkpoint(writer);
    }
}

fn serve(path: &PathBuf, nudges: &mpsc::Receiver<()>, copied: &AtomicBool) {
    let connection = Connection::open(path).and_then(|connection| {
        connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(connection)
    });
    let connection = match connection {
        Ok(connection) => connection,
        Err(error) => return tracing::error!("no checkpoints: {error}"),
    };
    while nudges.recv().is_ok() {
        checkpoint(&connection);
        copied.store(true, Ordering::Release);
    }
}

/// A failed checkpoint loses nothing: the log is kept, and the next one tries again.
fn checkpoint(connection: &Connection) {
    let done = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    if let Err(error) = done {
        tracing::warn!("checkpoint failed: {error}");
    }
}
