//! The catalog: the runs that make up the index, on disk and as readers see them.
//!
//! Invariants: the manifest is on disk before readers see its runs, and before files it no longer
//! names are removed; runs are ordered by the rows they cover and do not overlap; a change that
//! fails leaves the catalog as it was.
//! Not here: what is in a run (`run`), and when runs are merged (`compaction`).

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::{
    KeyEntry, KeyIndexError, Watermark,
    filter::Block,
    layout::{RunHeader, page_checksum},
    manifest::{MANIFEST, MANIFEST_NEW, Manifest, RunName, run_path},
    run::Run,
    run_writer::RunWriter,
};

/// Rows that keyless appends may run ahead of the stored watermark; a restart reads them again.
pub(super) const WATERMARK_LAG_ROWS_MAX: u64 = 16_384;

pub(super) struct Catalog {
    dir: PathBuf,
    ledger: [u8; 16],
    filter_memory_bytes_max: u64,
    state: Mutex<State>,
    snapshot: ArcSwap<Snapshot>,
    written_bytes: AtomicU64,
}

struct State {
    next_number: u64,
    /// At or ahead of the stored watermark; no row between the two carries a key.
    accepted: Watermark,
}

/// One consistent view: these runs hold every key of every row up to the watermark.
pub(super) struct Snapshot {
    pub(super) runs: Vec<HeldRun>,
    pub(super) durable: Watermark,
}

#[derive(Clone)]
pub(super) struct HeldRun {
    pub(super) run: Arc<Run>,
    /// The filter, if memory was granted for it.
    pub(super) filter: Option<Arc<[Block]>>,
}

impl Catalog {
    pub(super) fn open(
        dir: &Path,
        ledger: [u8; 16],
        filter_memory_bytes_max: u64,
    ) -> Result<Self, KeyIndexError> {
        fs::create_dir_all(dir).map_err(KeyIndexError::at(dir))?;
        let manifest = match Manifest::read(dir)? {
            Some(found) => found,
            None => found_empty(dir, ledger)?,
        };
        if manifest.ledger != ledger {
            let file = dir.join(MANIFEST);
            return Err(KeyIndexError::ForeignLedger { file, found: manifest.ledger });
        }
        let runs = open_runs(dir, &manifest)?;
        remove_orphans(dir, &runs)?;
        let runs = hold_filters(runs, &[], filter_memory_bytes_max)?;
        let durable = manifest.durable;
        Ok(Self {
            dir: dir.to_owned(),
            ledger,
            filter_memory_bytes_max,
            state: Mutex::new(State { next_number: manifest.next_number, accepted: durable }),
            snapshot: ArcSwap::from_pointee(Snapshot { runs, durable }),
            written_bytes: AtomicU64::new(0),
        })
    }

    pub(super) fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// Bytes of runs written since `open`, merges included.
    pub(super) fn written_bytes(&self) -> u64 {
        self.written_bytes.load(Ordering::Relaxed)
    }

    /// A file name nothing has had before.
    pub(super) fn new_run_path(&self) -> (u64, PathBuf) {
        let mut state = self.state.lock();
        let number = state.next_number;
        state.next_number += 1;
        (number, run_path(&self.dir, number))
    }

    /// Writes sorted entries as a run and makes it the newest.
    pub(super) fn append(
        &self,
        entries: &[KeyEntry],
        mark: Watermark,
    ) -> Result<(), KeyIndexError> {
        let accepted = self.state.lock().accepted;
        let rows = accepted.through + 1..=mark.through;
        assert!(entries.iter().all(|e| rows.contains(&e.seq)), "keys come in the order of rows");
        let (number, path) = self.new_run_path();
        let header = RunHeader {
            ledger: self.ledger,
            number,
            first_seq: accepted.through + 1,
            last_seq: mark.through,
            count: entries.len() as u64,
            pages_sum: 0,
            blocks_sum: 0,
        };
        let mut writer = RunWriter::create(path, header)?;
        for entry in entries {
            writer.push(*entry)?;
        }
        self.install(&[], writer.finish()?, Some(mark))
    }

    /// Notes that no row after the last accepted one, up to the mark, carries a key.
    pub(super) fn advance(&self, mark: Watermark) -> Result<(), KeyIndexError> {
        let mut state = self.state.lock();
        assert!(state.accepted.through <= mark.through, "the watermark only rises");
        let stored = self.snapshot.load().durable.through;
        if mark.through - stored >= WATERMARK_LAG_ROWS_MAX {
            let runs = self.snapshot.load().runs.clone();
            return self.publish(&mut state, runs, mark);
        }
        state.accepted = mark;
        Ok(())
    }

    /// Stores the accepted watermark if the stored one lags.
    pub(super) fn flush(&self) -> Result<(), KeyIndexError> {
        let mut state = self.state.lock();
        let (now, mark) = (self.snapshot.load_full(), state.accepted);
        if now.durable == mark {
            return Ok(());
        }
        self.publish(&mut state, now.runs.clone(), mark)
    }

    /// Puts a merged run in the place of its inputs, whose files go away.
    pub(super) fn replace(&self, inputs: &[Arc<Run>], output: Run) -> Result<(), KeyIndexError> {
        self.install(inputs, output, None)?;
        for input in inputs {
            // Should this fail, the next `open` removes the file: the manifest names it no more.
            let _ = fs::remove_file(input.path());
        }
        Ok(())
    }

    fn install(
        &self,
        inputs: &[Arc<Run>],
        output: Run,
        mark: Option<Watermark>,
    ) -> Result<(), KeyIndexError> {
        let output = Arc::new(output);
        self.written_bytes.fetch_add(output.header().file_bytes(), Ordering::Relaxed);
        let mut state = self.state.lock();
        let mut runs = self.snapshot.load().runs.clone();
        let at = match inputs.first() {
            Some(first) => position_of(&runs, first),
            None => runs.len(),
        };
        let new = HeldRun { run: Arc::clone(&output), filter: None };
        runs.splice(at..at + inputs.len(), [new]);
        let mark = mark.unwrap_or(state.accepted);
        self.publish(&mut state, runs, mark).inspect_err(|_| {
            // If the manifest did reach the disk, it names a file which is gone: the index will
            // be found damaged and rebuilt. That beats keeping a file nobody accounts for.
            let _ = fs::remove_file(output.path());
        })
    }

    /// Makes these runs the index: manifest first, readers second.
    fn publish(
        &self,
        state: &mut State,
        runs: Vec<HeldRun>,
        mark: Watermark,
    ) -> Result<(), KeyIndexError> {
        let held = self.snapshot.load_full();
        let runs = runs.into_iter().map(|held| held.run).collect();
        let runs = hold_filters(runs, &held.runs, self.filter_memory_bytes_max)?;
        let manifest = Manifest {
            ledger: self.ledger,
            next_number: state.next_number,
            durable: mark,
            runs: runs.iter().map(|held| name_of(&held.run)).collect(),
        };
        manifest.write(&self.dir)?;
        state.accepted = mark;
        self.snapshot.store(Arc::new(Snapshot { runs, durable: mark }));
        Ok(())
    }
}

fn position_of(runs: &[HeldRun], wanted: &Arc<Run>) -> usize {
    runs.iter()
        .position(|held| Arc::ptr_eq(&held.run, wanted))
        .expect("only the merge which reads a run takes it out of the index")
}

fn name_of(run: &Run) -> RunName {
    let header = run.header();
    RunName { number: header.number, header_sum: page_checksum(&header.encode()) }
}

/// Binds an empty index to its ledger before it holds anything.
fn found_empty(dir: &Path, ledger: [u8; 16]) -> Result<Manifest, KeyIndexError> {
    let manifest =
        Manifest { ledger, next_number: 1, durable: Watermark::default(), runs: Vec::new() };
    manifest.write(dir)?;
    Ok(manifest)
}

fn open_runs(dir: &Path, manifest: &Manifest) -> Result<Vec<Arc<Run>>, KeyIndexError> {
    let mut runs = Vec::with_capacity(manifest.runs.len());
    let mut covered = 0;
    for name in &manifest.runs {
        let path = run_path(dir, name.number);
        let run = Run::open(path.clone())?;
        let header = run.header();
        if name_of(&run) != *name || header.ledger != manifest.ledger {
            return Err(KeyIndexError::damaged(&path, "it is not the run the manifest names"));
        }
        if header.first_seq <= covered || header.last_seq < header.first_seq {
            return Err(KeyIndexError::damaged(&path, "its rows overlap those of another run"));
        }
        covered = header.last_seq;
        runs.push(Arc::new(run));
    }
    if covered > manifest.durable.through {
        let path = dir.join(MANIFEST);
        return Err(KeyIndexError::damaged(&path, "its runs reach beyond its watermark"));
    }
    Ok(runs)
}

/// Removes what a crash left behind: files named like ours which the manifest does not name.
fn remove_orphans(dir: &Path, runs: &[Arc<Run>]) -> Result<(), KeyIndexError> {
    let named: HashSet<&Path> = runs.iter().map(|run| run.path()).collect();
    for found in fs::read_dir(dir).map_err(KeyIndexError::at(dir))? {
        let path = found.map_err(KeyIndexError::at(dir))?.path();
        let is_run = path.extension().is_some_and(|extension| extension == "run");
        let is_new = path.file_name().is_some_and(|name| name == MANIFEST_NEW);
        if is_new || is_run && !named.contains(path.as_path()) {
            remove_if_there(&path)?;
        }
    }
    Ok(())
}

pub(super) fn remove_if_there(path: &Path) -> Result<(), KeyIndexError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(KeyIndexError::at(path)(error))
        }
        _ => Ok(()),
    }
}

/// Grants memory to filters, smallest first: each run is asked once per lookup whatever its
/// size, so a small filter saves as many reads as a large one.
fn hold_filters(
    runs: Vec<Arc<Run>>,
    held: &[HeldRun],
    bytes_max: u64,
) -> Result<Vec<HeldRun>, KeyIndexError> {
    let mut smallest_first: Vec<usize> = (0..runs.len()).collect();
    smallest_first.sort_by_key(|&at| runs[at].header().filter_bytes());
    let mut result: Vec<HeldRun> =
        runs.into_iter().map(|run| HeldRun { run, filter: None }).collect();
    let mut bytes = 0;
    for at in smallest_first {
        bytes += result[at].run.header().filter_bytes();
        if bytes > bytes_max {
            break;
        }
        result[at].filter = Some(filter_of(&result[at].run, held)?);
    }
    Ok(result)
}

fn filter_of(run: &Arc<Run>, held: &[HeldRun]) -> Result<Arc<[Block]>, KeyIndexError> {
    let known = held.iter().find(|held| Arc::ptr_eq(&held.run, run));
    match known.and_then(|held| held.filter.clone()) {
        Some(filter) => Ok(filter),
        None => run.load_filter(),
    }
}
