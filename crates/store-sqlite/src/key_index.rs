//! The key index: which ledger row first carried an idempotency key, for the life of the ledger.
//!
//! Keys are random, so any tree over them writes a page per key once it outgrows memory. Here
//! they are appended as sorted, immutable runs, each with a filter that answers "not in here"
//! with one 64-byte look, and neighbouring runs are merged in the background. An entry is the
//! high half of a 128-bit fingerprint and the row; what is found is a candidate, which the caller
//! compares with the ledger row itself.
//!
//! Invariants: every key of every row up to the watermark is found, or the lookup fails; it is
//! never silently missed. The watermark given out is on disk. Memory is bounded by the budget for
//! filters and a few small buffers, whatever the number of keys.
//! Not here: the keys above the watermark, which the writer keeps in memory, and what to do about
//! a damaged index: it is derived from the ledger, so its owner destroys and rebuilds it.

use std::{fs, io, path::Path, sync::Arc, thread::JoinHandle};

use self::{catalog::Catalog, compaction::Compaction, manifest::MANIFEST};

pub use self::error::KeyIndexError;

mod catalog;
mod checksum;
mod compaction;
mod error;
mod filter;
mod layout;
mod manifest;
mod merge;
mod run;
mod run_writer;
#[cfg(test)]
mod tests;

/// A key and the row that carries it. Ordered by hash, then row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyEntry {
    /// The high half of the fingerprint of account and key; uniformly distributed.
    pub hash: u64,
    /// The row's primary key in the ledger, from 1 to 2^48 - 1.
    pub seq: u64,
}

/// How far the index reaches: every key of the rows up to `through` is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Watermark {
    /// The last row covered; 0 for none.
    pub through: u64,
    /// Whatever ties that row to its ledger, such as the ledger's chain hash there; not read here.
    pub tag: [u8; 32],
}

/// What a lookup found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidates {
    /// Rows whose key has the hash, in ascending order; nearly always none or one.
    pub seqs: Vec<u64>,
    /// The lookup spoke for the rows up to this one.
    pub covered_through: u64,
}

/// How an index uses memory and time. The order of fields is no promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyIndexOptions {
    /// Memory for filters; one takes 1.6 bytes per key of its run, smaller runs come first. A
    /// filter that is not in memory costs a lookup one small read.
    pub filter_memory_bytes_max: u64,
    /// How many runs of one size become one; 2 or more. More runs cost lookups, fewer cost merges.
    pub fanout: u64,
    /// Entries a step of a merge moves at most: what stopping, and `compact_step`, may have to
    /// wait for.
    pub step_entries_max: u64,
    /// Who merges.
    pub compaction: CompactionMode,
}

impl Default for KeyIndexOptions {
    /// At 100 million keys in appends of 50,000: at most 10 runs, 5.4 on average, each key written
    /// 6 times. A fanout of 4 would save a quarter of the writing and cost 15 and 7.9 runs.
    fn default() -> Self {
        Self {
            filter_memory_bytes_max: 16 * 1024 * 1024,
            fanout: 2,
            step_entries_max: 65_536,
            compaction: CompactionMode::Background,
        }
    }
}

/// Who merges runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompactionMode {
    /// A thread of the index.
    Background,
    /// Whoever calls `KeyIndex::compact_step`.
    Stepped,
}

/// What a step of compaction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It worked on a merge; there may be more to do.
    Merging,
    /// There was nothing to merge.
    Idle,
}

/// Sizes, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyIndexStats {
    /// Runs a lookup asks.
    pub runs: usize,
    /// Entries in all runs.
    pub keys: u64,
    /// Bytes of all run files.
    pub file_bytes: u64,
    /// Bytes of filters in memory.
    pub filter_memory_bytes: u64,
    /// Bytes of run files written since the index was opened, merges included.
    pub written_bytes: u64,
}

/// The index, as its one owner sees it. Dropping it stops its thread; the files stay.
pub struct KeyIndex {
    catalog: Arc<Catalog>,
    compaction: Arc<Compaction>,
    thread: Option<JoinHandle<()>>,
}

impl KeyIndex {
    /// Opens the index in `dir`, or starts an empty one, and removes what a crash left behind.
    /// Reads the manifest, the run headers and the filters there is memory for; for all else see
    /// [`KeyIndex::verify`].
    ///
    /// # Errors
    /// `ForeignLedger` and `Damaged` call for [`KeyIndex::destroy`] and a rebuild.
    pub fn open(
        dir: &Path,
        ledger: [u8; 16],
        options: KeyIndexOptions,
    ) -> Result<Self, KeyIndexError> {
        let catalog = Arc::new(Catalog::open(dir, ledger, options.filter_memory_bytes_max)?);
        let compaction = Arc::new(Compaction::new(
            Arc::clone(&catalog),
            options.fanout,
            options.step_entries_max,
        ));
        let thread = match options.compaction {
            CompactionMode::Background => Some(compaction.spawn().map_err(KeyIndexError::at(dir))?),
            CompactionMode::Stepped => None,
        };
        Ok(Self { catalog, compaction, thread })
    }

    /// Removes the index in `dir`, if there is one.
    ///
    /// # Errors
    /// `Io` if a file cannot be removed; what is left is not taken for a sound index.
    pub fn destroy(dir: &Path) -> Result<(), KeyIndexError> {
        // The manifest first, so that a crash in between leaves nothing that looks whole.
        catalog::remove_if_there(&dir.join(MANIFEST))?;
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(KeyIndexError::at(dir)(error))
            }
            _ => Ok(()),
        }
    }

    /// How far the index on disk reaches.
    pub fn watermark(&self) -> Watermark {
        self.catalog.snapshot().durable
    }

    /// Adds the keys of the rows after the last mark accepted, up to `mark`; sorts `entries`. When
    /// this returns, they are on disk and found, unless there were none: then the watermark may
    /// trail by up to 16,384 rows, until the next keys or [`KeyIndex::flush`].
    ///
    /// Costs four syncs whatever the number of keys, so a caller with few of them does well
    /// to gather some thousands first, and a rebuild to append a million at a time.
    ///
    /// # Errors
    /// Nothing was added, and the same keys may be appended again; `Damaged` is final. What went
    /// wrong in the background is told here too, once.
    ///
    /// # Panics
    /// If the mark is below an accepted one, or a row is not between the two marks.
    pub fn append_run(
        &mut self,
        entries: &mut [KeyEntry],
        mark: Watermark,
    ) -> Result<(), KeyIndexError> {
        if let Some(failure) = self.compaction.take_failure() {
            return Err(failure);
        }
        if entries.is_empty() {
            return self.catalog.advance(mark);
        }
        assert!(mark.through <= layout::SEQ_MAX, "row numbers fit 48 bits");
        assert!(entries.len() as u64 <= layout::RUN_ENTRIES_MAX, "a run has a bounded size");
        entries.sort_unstable();
        self.catalog.append(entries, mark)?;
        self.compaction.wake();
        self.compaction.relieve();
        Ok(())
    }

    /// Stores the last mark accepted.
    ///
    /// # Errors
    /// `Io`: the watermark is as it was.
    pub fn flush(&mut self) -> Result<(), KeyIndexError> {
        self.catalog.flush()
    }

    /// Does a bounded piece of merging on the caller's thread.
    ///
    /// # Errors
    /// The merge is given up, the index is as it was.
    pub fn compact_step(&self) -> Result<Progress, KeyIndexError> {
        self.compaction.step()
    }

    /// Reads every byte of the index and checks it, while lookups and appends go on.
    ///
    /// # Errors
    /// `Damaged` with the first fault found.
    pub fn verify(&self) -> Result<(), KeyIndexError> {
        let snapshot = Arc::clone(&self.catalog.snapshot());
        snapshot.runs.iter().try_for_each(|held| held.run.verify())
    }

    /// Sizes, as of now.
    pub fn stats(&self) -> KeyIndexStats {
        let snapshot = self.catalog.snapshot();
        let headers = || snapshot.runs.iter().map(|held| held.run.header());
        let filters = snapshot.runs.iter().filter_map(|held| held.filter.as_ref());
        KeyIndexStats {
            runs: snapshot.runs.len(),
            keys: headers().map(|header| header.count).sum(),
            file_bytes: headers().map(|header| header.file_bytes()).sum(),
            filter_memory_bytes: filters.map(|blocks| size_of_val(&**blocks) as u64).sum(),
            written_bytes: self.catalog.written_bytes(),
        }
    }

    /// A handle for lookups from any thread, which sees every later append.
    pub fn reader(&self) -> KeyReader {
        KeyReader { catalog: Arc::clone(&self.catalog) }
    }
}

impl Drop for KeyIndex {
    fn drop(&mut self) {
        self.compaction.stop();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has told so on its own; its half-made run is an orphan.
            let _ = thread.join();
        }
    }
}

/// Looks keys up, without locks, while the index is appended to and merged.
#[derive(Clone)]
pub struct KeyReader {
    catalog: Arc<Catalog>,
}

impl std::fmt::Debug for KeyReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyReader")
    }
}

impl KeyReader {
    /// The rows whose key may be the one with this hash, and how far that answer reaches.
    ///
    /// # Errors
    /// `Io` and `Damaged`: the answer is not known.
    pub fn find(&self, hash: u64) -> Result<Candidates, KeyIndexError> {
        let snapshot = self.catalog.snapshot();
        let mut seqs = Vec::new();
        for held in &snapshot.runs {
            held.run.find(held.filter.as_deref(), hash, &mut seqs)?;
        }
        Ok(Candidates { seqs, covered_through: snapshot.durable.through })
    }
}
