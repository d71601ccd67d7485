//! Compaction: keeps the runs few by merging neighbours, in small steps.
//!
//! Runs are merged as soon as an older one is no larger than all newer ones together divided by
//! `fanout - 1`; with a fanout of 2 sizes at least double from run to run, so there are never
//! more than log2 of all keys over those of one append. Large merges take minutes, small ones
//! milliseconds: the runs newer than an unfinished merge are merged among themselves, and the
//! newest merge always goes first, so a large one does not let small runs pile up.
//! Invariants: unfinished merges cover disjoint, ever newer stretches of runs; one thread steps at
//! a time; a failed merge is forgotten, its inputs stay in the index.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
};

use parking_lot::{Condvar, Mutex};

use super::{
    KeyIndexError, Progress,
    catalog::{Catalog, Snapshot},
    layout::RUN_ENTRIES_MAX,
    merge::Merge,
    run::Run,
};

/// More runs than this make an append work on merges itself before it returns.
const RUNS_MAX: usize = 64;

pub(super) struct Compaction {
    catalog: Arc<Catalog>,
    fanout: u64,
    step_entries_max: u64,
    /// Oldest first; the last one is the one being worked on.
    merges: Mutex<Vec<Merge>>,
    signal: Mutex<Signal>,
    signalled: Condvar,
}

#[derive(Default)]
struct Signal {
    is_awake: bool,
    is_stopping: bool,
    failure: Option<KeyIndexError>,
}

impl Compaction {
    pub(super) fn new(catalog: Arc<Catalog>, fanout: u64, step_entries_max: u64) -> Self {
        assert!(fanout >= 2 && step_entries_max > 0, "compaction makes progress");
        Self {
            catalog,
            fanout,
            step_entries_max,
            merges: Mutex::default(),
            signal: Mutex::default(),
            signalled: Condvar::new(),
        }
    }

    /// Does a bounded piece of the most urgent merge.
    pub(super) fn step(&self) -> Result<Progress, KeyIndexError> {
        let mut merges = self.merges.lock();
        let snapshot = Arc::clone(&self.catalog.snapshot());
        if let Some(runs) = self.next_runs(&snapshot, merges.last()) {
            let (number, path) = self.catalog.new_run_path();
            merges.push(Merge::start(runs, number, path)?);
        }
        // Taken out while it is worked on: should that fail, it is dropped and its output with it.
        let Some(mut merge) = merges.pop() else {
            return Ok(Progress::Idle);
        };
        if merge.step(self.step_entries_max)? {
            let (inputs, output) = merge.finish()?;
            self.catalog.replace(&inputs, output)?;
        } else {
            merges.push(merge);
        }
        Ok(Progress::Merging)
    }

    fn next_runs(&self, snapshot: &Snapshot, newest: Option<&Merge>) -> Option<Vec<Arc<Run>>> {
        let busy_through = newest.and_then(|merge| merge.runs().last());
        let free: Vec<&Arc<Run>> = snapshot
            .runs
            .iter()
            .map(|held| &held.run)
            .filter(|run| busy_through.is_none_or(|b| run.header().first_seq > b.header().last_seq))
            .collect();
        let counts: Vec<u64> = free.iter().map(|run| run.header().count).collect();
        let first = first_to_merge(&counts, self.fanout)?;
        Some(free[first..].iter().map(|run| Arc::clone(run)).collect())
    }

    /// Works on merges until there are few enough runs. A failure is for the next append to tell,
    /// since the one that calls this has succeeded.
    pub(super) fn relieve(&self) {
        while self.catalog.snapshot().runs.len() > RUNS_MAX {
            match self.step() {
                Ok(Progress::Merging) => {}
                Ok(Progress::Idle) => return,
                Err(failure) => {
                    self.signal.lock().failure = Some(failure);
                    return;
                }
            }
        }
    }

    /// What the background thread, or `relieve`, ran into since the last call.
    pub(super) fn take_failure(&self) -> Option<KeyIndexError> {
        self.signal.lock().failure.take()
    }

    pub(super) fn wake(&self) {
        self.signal.lock().is_awake = true;
        self.signalled.notify_one();
    }

    pub(super) fn stop(&self) {
        self.signal.lock().is_stopping = true;
        self.signalled.notify_one();
    }

    /// Merges in the background until stopped; after a failure, not before the next append.
    pub(super) fn spawn(self: &Arc<Self>) -> std::io::Result<JoinHandle<()>> {
        let compaction = Arc::clone(self);
        let name = "key-index".to_owned();
        thread::Builder::new().name(name).spawn(move || while compaction.run_until_idle() {})
    }

    /// Merges, waits for a wake-up, and says whether to go on.
    fn run_until_idle(&self) -> bool {
        let mut failure = None;
        while !self.signal.lock().is_stopping {
            match self.step() {
                Ok(Progress::Merging) => {}
                Ok(Progress::Idle) => break,
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        let mut signal = self.signal.lock();
        signal.failure = failure.or(signal.failure.take());
        while !signal.is_awake && !signal.is_stopping {
            self.signalled.wait(&mut signal);
        }
        signal.is_awake = false;
        !signal.is_stopping
    }
}

/// Where the runs to merge begin, given the entries of each, oldest first; they reach to the
/// newest. Of several possible beginnings the oldest is taken, so nothing is merged twice in a row.
fn first_to_merge(counts: &[u64], fanout: u64) -> Option<usize> {
    let mut found = None;
    let mut newer: u64 = 0;
    for (at, &count) in counts.iter().enumerate().rev() {
        if newer + count > RUN_ENTRIES_MAX {
            break;
        }
        if newer > 0 && count * (fanout - 1) <= newer {
            found = Some(at);
        }
        newer += count;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_merged_when_the_newer_ones_weigh_as_much() {
        let check = |counts: &[u64], fanout, wanted| {
            assert_eq!(first_to_merge(counts, fanout), wanted, "{counts:?} with fanout {fanout}");
        };
        check(&[], 2, None);
        check(&[5], 2, None);
        check(&[5, 4], 2, None);
        check(&[5, 5], 2, Some(0));
        check(&[9, 5, 5], 2, Some(0));
        check(&[11, 5, 5], 2, Some(1));
        check(&[8, 4, 2, 1, 1], 2, Some(0));
        check(&[1, 1, 1], 4, None);
        check(&[1, 1, 1, 1], 4, Some(0));
        check(&[4, 1, 1, 1, 1], 4, Some(1));
        check(&[4, 4, 4, 1, 1, 1, 1], 4, Some(0));
        check(&[RUN_ENTRIES_MAX, 7, 7], 2, Some(1));
        check(&[RUN_ENTRIES_MAX - 7, 7], 2, None);
    }

    #[test]
    fn a_hundred_million_keys_take_at_most_ten_runs_and_six_writes_each() {
        const APPEND: u64 = 50_000;
        const KEYS: u64 = 100_000_000;
        let (mut runs, mut runs_max, mut written) = (Vec::new(), 0, 0);
        for _ in 0..KEYS / APPEND {
            runs.push(APPEND);
            written += APPEND;
            if let Some(first) = first_to_merge(&runs, 2) {
                let merged = runs.split_off(first).iter().sum();
                written += merged;
                runs.push(merged);
            }
            runs_max = runs_max.max(runs.len());
        }
        assert!(runs_max <= 10, "{runs_max} runs");
        assert!(written <= KEYS * 61 / 10, "{written} entries written");
    }
}
