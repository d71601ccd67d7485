//! Everything that finds or sums rows of the ledger: `derived.db` and the key index, kept on a
//! thread of their own.
//!
//! The writer hands over each committed batch; the thread folds what has queued into one sorted
//! transaction. Reads tell the watermark that they saw, so that the caller can lay the entries
//! above it over them.
//!
//! Invariant: all of it is a function of `ledger.db` up to the watermark; what does not match is
//! deleted and rebuilt.
//! Invariant: the watermark never runs ahead of the tables, nor the key index's own mark ahead of
//! its runs.
//! Not here: the newest entries, which the writer's memory has.

mod compare;
mod day;
mod error;
mod file;
mod flush;
mod fold;
mod head;
mod keeper;
mod places;
mod read;
mod resources;
mod segment;
mod start;
#[cfg(test)]
mod tests;
mod totals;

pub(crate) use error::DerivedError;

use crate::{
    key_index::KeyReader,
    names::Names,
    readers::Pool,
    row::{CommittedBatch, Seq},
};
use keeper::{Keeper, News, Progress};
use novacore_ledger::Policy;
use novacore_store::{error::StoreError, observe::Observer};
use parking_lot::Mutex;
use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering, mpsc},
    thread::JoinHandle,
    time::Duration,
};

/// Most rows that derived files may lag behind the ledger; then the writer waits.
pub(crate) const LAG_ROWS_MAX: u64 = 50_000;
/// How long a report over all accounts waits for the last rows.
const CATCH_UP_MAX: Duration = Duration::from_secs(5);
/// The file of tables within the folder of derived files.
const TABLES_FILE: &str = "derived.db";
/// The folder of the key index within it.
const KEYS_DIR: &str = "keys";
/// A file that says that damage has shown, which the next start would not see by itself.
const DAMAGE_FILE: &str = "damaged";

/// How to open derived files.
#[derive(Clone, Debug)]
pub(crate) struct DerivedOptions {
    /// Their folder; made if missing.
    pub(crate) dir: PathBuf,
    /// The ledger that they are derived from.
    pub(crate) ledger_path: PathBuf,
    /// What tells this ledger from every other.
    pub(crate) ledger_uuid: [u8; 16],
    /// Names of resources.
    pub(crate) names: Names,
    /// Kinds of resources.
    pub(crate) policy: Arc<Policy>,
    /// Is told the lag.
    pub(crate) observer: Arc<dyn Observer>,
    /// How many bytes the filters of the key index may take.
    pub(crate) key_filter_bytes_max: u64,
}

impl DerivedOptions {
    /// Sees to it that the next start builds everything anew, if that may help.
    fn note_damage(&self, error: &DerivedError) {
        if error.calls_for_rebuild() {
            let why = error.chain();
            tracing::error!("derived files are built anew at the next start: {why}");
            if let Err(error) = std::fs::write(self.dir.join(DAMAGE_FILE), why) {
                tracing::error!("which could not be noted: {error}");
            }
        }
    }
}

/// Derived files, open and kept up to date. Dropping it writes what has queued and ends the thread.
#[derive(Debug)]
pub(crate) struct Derived {
    options: DerivedOptions,
    progress: Arc<Progress>,
    keys: KeyReader,
    news: Mutex<Option<mpsc::Sender<News>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    tables: Pool,
    ledger: Pool,
}

impl Derived {
    /// Opens derived files and catches up with the ledger; rebuilds them if they do not belong to
    /// it.
    pub(crate) fn open(options: DerivedOptions) -> Result<Derived, DerivedError> {
        let started = start::start(&options)?;
        let progress = Arc::new(Progress::new(
            started.flusher.mark().watermark,
            started.keys.watermark().through,
        ));
        let keys = started.keys.reader();
        let (news, queue) = mpsc::channel();
        let keeper = Keeper::new(started, progress.clone(), options.clone());
        let thread = std::thread::Builder::new()
            .name("derived".into())
            .spawn(move || keeper.run(&queue))
            .map_err(|error| DerivedError::Io(options.dir.clone(), error))?;
        Ok(Derived {
            tables: Pool::new(options.dir.join(TABLES_FILE)),
            ledger: Pool::new(options.ledger_path.clone()),
            options,
            progress,
            keys,
            news: Mutex::new(Some(news)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Hands over a committed batch, and waits while the lag is above [`LAG_ROWS_MAX`].
    pub(crate) fn feed(&self, batch: CommittedBatch) -> Result<(), DerivedError> {
        let fed = batch.last_seq;
        self.progress.fed.store(fed, Ordering::Relaxed);
        self.tell(News::Batch(batch))?;
        self.progress.wait_for(fed.saturating_sub(LAG_ROWS_MAX))
    }

    fn tell(&self, news: News) -> Result<(), DerivedError> {
        let sent = self.news.lock().as_ref().map(|thread| thread.send(news).is_ok());
        match sent {
            Some(true) => Ok(()),
            Some(false) | None => Err(DerivedError::Stopped(self.progress.why_stopped())),
        }
    }

    /// Waits until the tables account for a row, for a report over all accounts that cannot lay
    /// what is missing over it. Gives up while derived files cannot be written.
    pub(crate) fn catch_up_to(&self, seq: Seq) -> Result<(), StoreError> {
        if self.watermark() < seq {
            self.tell(News::Hurry)?;
        }
        match self.progress.wait_briefly_for(seq, CATCH_UP_MAX)? {
            true => Ok(()),
            false => Err(StoreError::Overloaded),
        }
    }

    /// Whether the disk has no room for derived files.
    pub(crate) fn is_full(&self) -> bool {
        self.progress.full.load(Ordering::Acquire)
    }

    /// The last row that the tables account for.
    pub(crate) fn watermark(&self) -> Seq {
        self.progress.watermark.load(Ordering::Acquire)
    }

    /// The last row whose key the key index would find.
    pub(crate) fn keys_covered_through(&self) -> Seq {
        self.progress.keys_through.load(Ordering::Acquire)
    }

    /// The rows that may carry a key of this hash, and the row up to which that is complete.
    pub(crate) fn find_key(&self, hash: u64) -> Result<(Vec<Seq>, Seq), StoreError> {
        let found = self.keys.find(hash).map_err(DerivedError::Keys);
        let found = found.inspect_err(|error| self.options.note_damage(error))?;
        Ok((found.seqs, found.covered_through))
    }
}

impl Drop for Derived {
    fn drop(&mut self) {
        *self.news.lock() = None;
        if let Some(thread) = self.thread.lock().take() {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}
