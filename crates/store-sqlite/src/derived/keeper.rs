//! The thread that keeps derived files.
//!
//! Invariant: a full disk is waited out; any other failure stops the thread, and with it the
//! writer.

use super::{
    DerivedOptions, LAG_ROWS_MAX, error::DerivedError, file::Mark, flush::Flusher, start::Started,
};
use crate::{
    key_index::{KeyEntry, KeyIndex, Watermark},
    row::{CommittedBatch, Row, Seq},
};
use parking_lot::{Condvar, Mutex};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

/// Rows of a flush, if as many have queued. Accounts of a flush share the pages it writes, so many
/// rows cost a third less each than half as many do, and still fit within the lag allowed.
const FLUSH_ROWS: usize = 40_000;
const _: () = assert!((FLUSH_ROWS as u64) < LAG_ROWS_MAX);

/// Keys of a run; the writer keeps as many in memory.
const RUN_KEYS: usize = 32_768;
/// Rows after which a run is written however few keys they carry.
const RUN_ROWS: u64 = 100_000;
/// How long rows may wait for others to be flushed with. Long enough that the accounts of a busy
/// second are written a few times and not with every batch; short enough that memory, which shows
/// what is not flushed yet, stays small.
const GATHER_FOR: Duration = Duration::from_millis(100);
/// How long a full disk is waited out before the next try.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What the thread is told.
#[derive(Debug)]
pub(crate) enum News {
    /// A batch was committed.
    Batch(CommittedBatch),
    /// Somebody waits for what was committed so far.
    Hurry,
}

/// How far the thread is.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) watermark: AtomicU64,
    /// The last row handed over.
    pub(crate) fed: AtomicU64,
    pub(crate) keys_through: AtomicU64,
    /// Whether the disk has no room for derived files.
    pub(crate) full: AtomicBool,
    /// Why the thread has stopped, if it has.
    stopped: Mutex<Option<String>>,
    moved: Condvar,
}

impl Progress {
    pub(crate) fn new(watermark: Seq, keys_through: Seq) -> Progress {
        Progress {
            watermark: AtomicU64::new(watermark),
            fed: AtomicU64::new(watermark),
            keys_through: AtomicU64::new(keys_through),
            full: AtomicBool::new(false),
            stopped: Mutex::new(None),
            moved: Condvar::new(),
        }
    }

    /// Waits until the watermark reaches a row, or the thread stops; not while the disk is full,
    /// which the writer then says to its callers.
    pub(crate) fn wait_for(&self, seq: Seq) -> Result<(), DerivedError> {
        let mut stopped = self.stopped.lock();
        loop {
            if let Some(why) = stopped.as_ref() {
                return Err(DerivedError::Stopped(why.clone()));
            }
            if self.watermark.load(Ordering::Acquire) >= seq || self.full.load(Ordering::Acquire) {
                return Ok(());
            }
            self.moved.wait(&mut stopped);
        }
    }

    /// As [`Progress::wait_for`], but gives up after `patience`; whether the row was reached.
    pub(crate) fn wait_briefly_for(
        &self,
        seq: Seq,
        patience: Duration,
    ) -> Result<bool, DerivedError> {
        let give_up_at = Instant::now() + patience;
        let mut stopped = self.stopped.lock();
        loop {
            if let Some(why) = stopped.as_ref() {
                return Err(DerivedError::Stopped(why.clone()));
            }
            if self.watermark.load(Ordering::Acquire) >= seq {
                return Ok(true);
            }
            if self.moved.wait_until(&mut stopped, give_up_at).timed_out() {
                return Ok(false);
            }
        }
    }

    pub(crate) fn why_stopped(&self) -> String {
        self.stopped.lock().clone().unwrap_or_else(|| "the thread is gone".into())
    }

    fn stop(&self, why: String) {
        *self.stopped.lock() = Some(why);
        self.moved.notify_all();
    }

    fn set_full(&self, full: bool) {
        self.full.store(full, Ordering::Release);
        let _stopped = self.stopped.lock();
        self.moved.notify_all();
    }

    fn move_to(&self, watermark: Seq) {
        self.watermark.store(watermark, Ordering::Release);
        // The lock makes sure that a waiter either sees the new mark or is woken.
        let _stopped = self.stopped.lock();
        self.moved.notify_all();
    }
}

/// The thread's own.
pub(crate) struct Keeper {
    flusher: Flusher,
    keys: KeyIndex,
    pending_keys: Vec<KeyEntry>,
    progress: Arc<Progress>,
    options: DerivedOptions,
    /// Rows that wait to be flushed.
    rows: Vec<Row>,
    /// Where these rows end.
    end: Mark,
}

impl Keeper {
    pub(crate) fn new(
        started: Started,
        progress: Arc<Progress>,
        options: DerivedOptions,
    ) -> Keeper {
        Keeper {
            end: started.flusher.mark(),
            flusher: started.flusher,
            keys: started.keys,
            pending_keys: started.pending_keys,
            progress,
            options,
            rows: Vec::new(),
        }
    }

    /// Works until the writer is gone.
    pub(crate) fn run(mut self, news: &Receiver<News>) {
        while let Ok(first) = news.recv() {
            self.gather(first, news);
            if let Err(error) = self.flush_all(news) {
                let why = error.chain();
                tracing::error!("derived data are no longer kept: {why}");
                self.options.note_damage(&error);
                return self.progress.stop(why);
            }
        }
        self.finish();
    }

    /// Takes what comes within [`GATHER_FOR`], unless somebody is in a hurry.
    fn gather(&mut self, first: News, news: &Receiver<News>) {
        let until = Instant::now() + GATHER_FOR;
        let mut next = Ok(first);
        while let Ok(News::Batch(batch)) = next {
            self.take(batch);
            if self.rows.len() >= FLUSH_ROWS {
                return;
            }
            next = news.recv_timeout(until.saturating_duration_since(Instant::now()));
        }
    }

    fn take(&mut self, batch: CommittedBatch) {
        self.end = Mark { watermark: batch.last_seq, chain: batch.chain };
        self.rows.extend(batch.rows);
    }

    /// Flushes what is in hand together with what has queued, trying again while the disk is full.
    fn flush_all(&mut self, news: &Receiver<News>) -> Result<(), DerivedError> {
        loop {
            while self.rows.len() < FLUSH_ROWS {
                match news.try_recv() {
                    Ok(News::Batch(batch)) => self.take(batch),
                    // All that this one waits for is in hand.
                    Ok(News::Hurry) => {}
                    Err(_) => break,
                }
            }
            match self.flush() {
                Ok(()) => {
                    self.progress.set_full(false);
                    return self.append_keys(false);
                }
                Err(error) if is_full(&error) => {
                    tracing::warn!("the disk is full: derived data wait");
                    self.progress.set_full(true);
                    match news.recv_timeout(RETRY_AFTER) {
                        Ok(News::Batch(batch)) => self.take(batch),
                        Ok(News::Hurry) | Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Disconnected) => return Err(error),
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn flush(&mut self) -> Result<(), DerivedError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        // The flush sorts the rows; a try after a failed one finds them sorted by account, so they
        // are put back first.
        self.rows.sort_unstable_by_key(|row| row.seq);
        self.flusher.flush(&mut self.rows, self.end)?;
        let keyed = self.rows.iter().filter_map(|row| Some((row.key_hash?, row.seq)));
        self.pending_keys.extend(keyed.map(|(hash, seq)| KeyEntry { hash, seq }));
        self.rows.clear();
        self.progress.move_to(self.end.watermark);
        let fed = self.progress.fed.load(Ordering::Relaxed);
        self.options.observer.derived_lag(fed.saturating_sub(self.end.watermark));
        Ok(())
    }

    /// Writes a run of keys if there are enough of them, or at the end.
    fn append_keys(&mut self, last: bool) -> Result<(), DerivedError> {
        let mark = self.flusher.mark();
        let lag = mark.watermark - self.keys.watermark().through.min(mark.watermark);
        if lag == 0 || !(last || self.pending_keys.len() >= RUN_KEYS || lag >= RUN_ROWS) {
            return Ok(());
        }
        let through = Watermark { through: mark.watermark, tag: mark.chain };
        match self.keys.append_run(&mut self.pending_keys, through) {
            Ok(()) => self.pending_keys.clear(),
            // Nothing was added; the writer keeps the keys in memory until a later run holds them.
            Err(crate::key_index::KeyIndexError::Io { .. }) if !last => {
                tracing::warn!("a run of keys could not be written and is tried again later");
            }
            Err(error) => return Err(error.into()),
        }
        self.progress.keys_through.store(self.keys.watermark().through, Ordering::Release);
        Ok(())
    }

    fn finish(mut self) {
        let ended = self.append_keys(true);
        let ended = ended.and_then(|()| Ok(self.keys.flush()?));
        if let Err(error) = ended.and_then(|()| self.flusher.checkpoint()) {
            tracing::warn!("derived data will be caught up at the next start: {}", error.chain());
        }
    }
}

fn is_full(error: &DerivedError) -> bool {
    match error {
        DerivedError::File(error) => {
            error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
        }
        DerivedError::Ledger(_)
        | DerivedError::Contradiction(_)
        | DerivedError::Damaged(_)
        | DerivedError::Keys(_)
        | DerivedError::Io(..)
        | DerivedError::Stopped(_) => false,
    }
}
