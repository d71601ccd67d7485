//! A merge: adjacent runs read side by side and written as one.
//!
//! Invariants: memory is one small buffer per input; the output covers exactly the rows of its
//! inputs; dropped before the end, it leaves nothing behind.
//! Not here: when to merge what (`compaction`).

use std::{path::PathBuf, sync::Arc};

use super::{
    KeyIndexError,
    layout::RunHeader,
    run::{Cursor, Run},
    run_writer::RunWriter,
};

pub(super) struct Merge {
    runs: Vec<Arc<Run>>,
    inputs: Vec<Cursor>,
    output: RunWriter,
}

impl Merge {
    /// Prepares to merge neighbours, oldest first, into run `number`.
    pub(super) fn start(
        runs: Vec<Arc<Run>>,
        number: u64,
        path: PathBuf,
    ) -> Result<Self, KeyIndexError> {
        let first = runs.first().expect("a merge has inputs").header();
        let last = runs.last().expect("a merge has inputs").header();
        let header = RunHeader {
            ledger: first.ledger,
            number,
            first_seq: first.first_seq,
            last_seq: last.last_seq,
            count: runs.iter().map(|run| run.header().count).sum(),
            pages_sum: 0,
            blocks_sum: 0,
        };
        let inputs = runs.iter().cloned().map(Cursor::open).collect::<Result<_, _>>()?;
        Ok(Self { output: RunWriter::create(path, header)?, runs, inputs })
    }

    pub(super) fn runs(&self) -> &[Arc<Run>] {
        &self.runs
    }

    /// Moves up to so many entries and says whether all are moved.
    pub(super) fn step(&mut self, entries_max: u64) -> Result<bool, KeyIndexError> {
        for _ in 0..entries_max {
            let least = self
                .inputs
                .iter_mut()
                .filter_map(|input| input.head().map(|entry| (entry, input)))
                .min_by_key(|(entry, _)| *entry);
            let Some((entry, input)) = least else {
                return Ok(true);
            };
            self.output.push(entry)?;
            input.advance()?;
        }
        Ok(self.inputs.iter().all(|input| input.head().is_none()))
    }

    /// Completes the output and waits until it is on disk.
    pub(super) fn finish(self) -> Result<(Vec<Arc<Run>>, Run), KeyIndexError> {
        Ok((self.runs, self.output.finish()?))
    }
}
