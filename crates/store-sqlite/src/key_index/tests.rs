//! The index against a model, over reopening, merging, crashes and damage.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use proptest::prelude::*;
use tempfile::TempDir;

use super::{catalog::WATERMARK_LAG_ROWS_MAX, *};

const LEDGER: [u8; 16] = [7; 16];
const STEPPED: KeyIndexOptions = KeyIndexOptions {
    filter_memory_bytes_max: 1 << 20,
    fanout: 2,
    step_entries_max: 100,
    compaction: CompactionMode::Stepped,
};

/// A hash that looks random.
pub(super) fn hash_of(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ (n >> 31)
}

fn mark(through: u64) -> Watermark {
    Watermark { through, tag: [through as u8; 32] }
}

fn open(dir: &Path, options: KeyIndexOptions) -> KeyIndex {
    KeyIndex::open(dir, LEDGER, options).expect("the index opens")
}

/// Appends a run for the rows `from..=through`, each with the key of its number.
fn append(index: &mut KeyIndex, from: u64, through: u64) {
    let mut entries: Vec<KeyEntry> =
        (from..=through).map(|seq| KeyEntry { hash: hash_of(seq), seq }).collect();
    index.append_run(&mut entries, mark(through)).expect("the run is appended");
}

fn compact(index: &KeyIndex) {
    while index.compact_step().expect("the step works") == Progress::Merging {}
}

fn copy_of(dir: &Path) -> TempDir {
    let copy = TempDir::new().unwrap();
    for file in files_in(dir) {
        fs::copy(&file, copy.path().join(file.file_name().unwrap())).unwrap();
    }
    copy
}

fn files_in(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files
}

fn runs_in(dir: &Path) -> Vec<PathBuf> {
    files_in(dir).into_iter().filter(|f| f.extension().is_some_and(|e| e == "run")).collect()
}

#[derive(Debug, Clone)]
enum Act {
    Append { keys: u64, gap: u64, few_hashes: bool },
    Skip(u64),
    Flush,
    Compact(u8),
    Reopen { memory: u64 },
}

fn an_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => (1..1200u64, 0..3u64, any::<bool>())
            .prop_map(|(keys, gap, few_hashes)| Act::Append { keys, gap, few_hashes }),
        2 => (0..20_000u64).prop_map(Act::Skip),
        1 => Just(Act::Flush),
        4 => any::<u8>().prop_map(Act::Compact),
        1 => prop_oneof![Just(0), Just(1500u64), Just(1 << 20)]
            .prop_map(|memory| Act::Reopen { memory }),
    ]
}

/// Rows by hash, and where the ledger stands.
#[derive(Default)]
struct Model {
    rows: BTreeMap<u64, Vec<u64>>,
    accepted: u64,
    /// The last row that carries a key.
    keyed: u64,
}

impl Model {
    fn entries(&mut self, keys: u64, gap: u64, few_hashes: bool) -> Vec<KeyEntry> {
        let seqs = (1..=keys).map(|n| self.accepted + n * (gap + 1));
        let hash = |seq| match few_hashes {
            true => hash_of(seq % 900) >> 40,
            false => hash_of(seq),
        };
        let entries: Vec<_> = seqs.map(|seq| KeyEntry { hash: hash(seq), seq }).collect();
        for entry in &entries {
            self.rows.entry(entry.hash).or_default().push(entry.seq);
        }
        self.keyed = self.accepted + keys * (gap + 1);
        entries
    }

    /// Exactly the model's rows are found, and absent hashes are not; `samples` of each or so.
    fn check(&self, index: &KeyIndex, samples: usize) {
        assert!((self.keyed..=self.accepted).contains(&index.watermark().through));
        let reader = index.reader();
        for (hash, seqs) in self.rows.iter().step_by(self.rows.len() / samples + 1) {
            let found = reader.find(*hash).unwrap();
            assert_eq!((&found.seqs, found.covered_through), (seqs, index.watermark().through));
        }
        for n in 0..samples as u64 {
            let absent = hash_of(n + (1 << 50));
            assert!(reader.find(absent).unwrap().seqs.is_empty(), "hash {absent}");
        }
    }
}

fn play(act: &Act, dir: &Path, index: KeyIndex, model: &mut Model) -> KeyIndex {
    let mut index = index;
    match *act {
        Act::Append { keys, gap, few_hashes } => {
            let mut entries = model.entries(keys, gap, few_hashes);
            model.accepted = model.keyed + gap;
            index.append_run(&mut entries, mark(model.accepted)).unwrap();
        }
        Act::Skip(rows) => {
            model.accepted += rows;
            index.append_run(&mut [], mark(model.accepted)).unwrap();
            let lag = model.accepted - index.watermark().through;
            assert!(lag < WATERMARK_LAG_ROWS_MAX, "the watermark trails by {lag}");
        }
        Act::Flush => {
            index.flush().unwrap();
            assert_eq!(index.watermark().through, model.accepted);
        }
        Act::Compact(steps) => {
            for _ in 0..steps {
                index.compact_step().unwrap();
            }
        }
        Act::Reopen { memory } => {
            let before = index.watermark();
            drop(index);
            index = open(dir, KeyIndexOptions { filter_memory_bytes_max: memory, ..STEPPED });
            assert_eq!(index.watermark(), before);
            assert!(index.stats().filter_memory_bytes <= memory);
            model.accepted = before.through;
        }
    }
    index
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn exactly_the_appended_keys_are_found(acts in prop::collection::vec(an_act(), 1..25)) {
        let dir = TempDir::new().unwrap();
        let mut index = open(dir.path(), STEPPED);
        let mut model = Model::default();
        for act in &acts {
            index = play(act, dir.path(), index, &mut model);
            model.check(&index, 200);
        }
        index.verify().unwrap();
        compact(&index);
        let keys: usize = model.rows.values().map(Vec::len).sum();
        prop_assert_eq!(index.stats().keys, keys as u64);
        model.check(&index, 3000);
        index.verify().unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_crash_at_any_moment_loses_nothing_covered(
        acts in prop::collection::vec(an_act(), 1..15),
    ) {
        let dir = TempDir::new().unwrap();
        let mut index = open(dir.path(), STEPPED);
        let mut model = Model::default();
        for act in &acts {
            index = play(act, dir.path(), index, &mut model);
            let copy = copy_of(dir.path());
            let survivor = open(copy.path(), STEPPED);
            prop_assert_eq!(survivor.watermark(), index.watermark());
            model.check(&survivor, 500);
            survivor.verify().unwrap();
            let named = survivor.stats().runs;
            prop_assert_eq!(runs_in(copy.path()).len(), named, "half-made runs are gone");
        }
    }
}

#[test]
fn an_append_cut_short_before_the_manifest_leaves_the_old_index() {
    let dir = TempDir::new().unwrap();
    let mut index = open(dir.path(), STEPPED);
    append(&mut index, 1, 500);
    let old_manifest = fs::read(dir.path().join(MANIFEST)).unwrap();
    append(&mut index, 501, 900);
    drop(index);
    fs::rename(dir.path().join(MANIFEST), dir.path().join("manifest.new")).unwrap();
    fs::write(dir.path().join(MANIFEST), old_manifest).unwrap();
    fs::write(dir.path().join("keep.txt"), "not ours").unwrap();

    let mut index = open(dir.path(), STEPPED);
    assert_eq!(index.watermark(), mark(500));
    assert!(index.reader().find(hash_of(600)).unwrap().seqs.is_empty());
    let names: Vec<_> =
        files_in(dir.path()).iter().map(|file| file.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["000000000001.run", "keep.txt", "manifest"]);
    append(&mut index, 501, 900);
    assert_eq!(index.reader().find(hash_of(600)).unwrap().seqs, [600]);
}

#[test]
fn a_failed_append_changes_nothing_and_can_be_repeated() {
    let dir = TempDir::new().unwrap();
    let mut index = open(dir.path(), STEPPED);
    append(&mut index, 1, 100);
    // The manifest cannot be replaced while a directory is in the way of its new version.
    let obstacle = dir.path().join("manifest.new");
    fs::create_dir(&obstacle).unwrap();
    let mut entries: Vec<_> = (101..=300).map(|seq| KeyEntry { hash: hash_of(seq), seq }).collect();
    let failed = index.append_run(&mut entries, mark(300));
    assert!(matches!(failed, Err(KeyIndexError::Io { .. })), "{failed:?}");
    assert_eq!((index.watermark(), index.stats().runs), (mark(100), 1));
    assert_eq!(runs_in(dir.path()).len(), 1);
    fs::remove_dir(&obstacle).unwrap();
    index.append_run(&mut entries, mark(300)).unwrap();
    assert_eq!(index.reader().find(hash_of(200)).unwrap().seqs, [200]);
}

#[test]
fn a_merge_that_fails_leaves_the_index_as_it_was() {
    let dir = TempDir::new().unwrap();
    let mut index = open(dir.path(), STEPPED);
    append(&mut index, 1, 300);
    append(&mut index, 301, 600);
    drop(index);
    let mut file = fs::read(runs_in(dir.path()).first().unwrap()).unwrap();
    let sound = file.clone();
    file[5000] ^= 1;
    fs::write(runs_in(dir.path()).first().unwrap(), &file).unwrap();

    let index = open(dir.path(), KeyIndexOptions { filter_memory_bytes_max: 0, ..STEPPED });
    assert!(matches!(index.compact_step(), Err(KeyIndexError::Damaged { .. })));
    assert_eq!((index.stats().runs, runs_in(dir.path()).len()), (2, 2));
    fs::write(runs_in(dir.path()).first().unwrap(), &sound).unwrap();
    compact(&index);
    assert_eq!((index.stats().runs, index.stats().keys), (1, 600));
    index.verify().unwrap();
}

#[test]
fn what_goes_wrong_in_the_background_is_told_by_an_append() {
    let dir = TempDir::new().unwrap();
    let mut index = open(dir.path(), STEPPED);
    append(&mut index, 1, 300);
    append(&mut index, 301, 600);
    drop(index);
    let path = runs_in(dir.path()).remove(0);
    let mut file = fs::read(&path).unwrap();
    file[5000] ^= 1;
    fs::write(&path, &file).unwrap();

    let mut index =
        open(dir.path(), KeyIndexOptions { compaction: CompactionMode::Background, ..STEPPED });
    let mut told = Ok(());
    for _ in 0..10_000_000 {
        told = index.append_run(&mut [], mark(600));
        if told.is_err() {
            break;
        }
        thread::yield_now();
    }
    assert!(matches!(&told, Err(KeyIndexError::Damaged { file, .. }) if *file == path), "{told:?}");
    index.append_run(&mut [], mark(600)).expect("it is told once");
}

#[test]
fn truncated_and_missing_files_are_found_on_opening() {
    let dir = TempDir::new().unwrap();
    let mut index = open(dir.path(), STEPPED);
    append(&mut index, 1, 700);
    append(&mut index, 701, 1000);
    drop(index);
    for file in files_in(dir.path()) {
        let whole = fs::read(&file).unwrap();
        for length in [0, 1, 87, whole.len() / 2, whole.len() - 64, whole.len() - 1] {
            fs::write(&file, &whole[..length]).unwrap();
            let found = KeyIndex::open(dir.path(), LEDGER, STEPPED).err();
            let at = matches!(&found, Some(KeyIndexError::Damaged { file: at, .. }) if *at == file);
            assert!(at, "{file:?} cut to {length}: {found:?}");
        }
        fs::write(&file, whole).unwrap();
    }
    fs::remove_file(runs_in(dir.path()).first().unwrap()).unwrap();
    let found = KeyIndex::open(dir.path(), LEDGER, STEPPED).err();
    assert!(matches!(found, Some(KeyIndexError::Damaged { why: "it is missing", .. })));
}

#[test]
fn any_flipped_bit_is_found_by_verify_and_hides_no_key() {
    let dir = TempDir::new().unwrap();
    let mut index = open(dir.path(), STEPPED);
    append(&mut index, 1, 700);
    drop(index);
    let path = runs_in(dir.path()).remove(0);
    let whole = fs::read(&path).unwrap();
    for at in (4096..whole.len()).step_by(97) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&path, &flipped).unwrap();
        let unheld = KeyIndexOptions { filter_memory_bytes_max: 0, ..STEPPED };
        let index = open(dir.path(), unheld);
        assert!(matches!(index.verify(), Err(KeyIndexError::Damaged { .. })), "byte {at}");
        let reader = index.reader();
        for seq in 1..=700 {
            let found = reader.find(hash_of(seq));
            assert!(
                found.is_err() || found.is_ok_and(|f| f.seqs == [seq]),
                "byte {at} hides {seq}"
            );
        }
    }
}

#[test]
fn a_run_of_the_same_name_but_another_content_is_refused() {
    let (dir, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    append(&mut open(dir.path(), STEPPED), 1, 700);
    let mut entries: Vec<_> = (1..=700).map(|seq| KeyEntry { hash: hash_of(!seq), seq }).collect();
    open(other.path(), STEPPED).append_run(&mut entries, mark(700)).unwrap();
    fs::copy(runs_in(other.path()).remove(0), runs_in(dir.path()).remove(0)).unwrap();
    let found = KeyIndex::open(dir.path(), LEDGER, STEPPED).err();
    assert!(matches!(found, Some(KeyIndexError::Damaged { .. })), "{found:?}");
}

#[test]
fn an_index_of_another_ledger_is_refused_until_it_is_destroyed() {
    let dir = TempDir::new().unwrap();
    append(&mut open(dir.path(), STEPPED), 1, 50);
    let found = KeyIndex::open(dir.path(), [8; 16], STEPPED).err();
    let Some(KeyIndexError::ForeignLedger { found, .. }) = found else {
        panic!("{found:?}");
    };
    assert_eq!(found, LEDGER);
    KeyIndex::destroy(dir.path()).unwrap();
    KeyIndex::destroy(dir.path()).unwrap();
    let index = KeyIndex::open(dir.path(), [8; 16], STEPPED).unwrap();
    assert_eq!(index.watermark(), Watermark::default());
    assert!(index.reader().find(hash_of(1)).unwrap().seqs.is_empty());
}

#[test]
fn filters_are_held_smallest_first_within_the_budget() {
    let dir = TempDir::new().unwrap();
    let mut index = open(dir.path(), STEPPED);
    append(&mut index, 1, 4000);
    append(&mut index, 4001, 5000);
    append(&mut index, 5001, 5400);
    assert_eq!(index.stats().filter_memory_bytes, 64 * (100 + 25 + 10));
    drop(index);
    for (memory, held) in [(64 * 9, 0), (64 * 34, 64 * 10), (64 * 134, 64 * 35)] {
        let options = KeyIndexOptions { filter_memory_bytes_max: memory, ..STEPPED };
        assert_eq!(open(dir.path(), options).stats().filter_memory_bytes, held);
    }
}

#[test]
fn appends_go_on_and_small_runs_are_merged_while_a_large_merge_is_under_way() {
    let dir = TempDir::new().unwrap();
    let mut index = open(dir.path(), STEPPED);
    append(&mut index, 1, 20_000);
    append(&mut index, 20_001, 40_000);
    assert_eq!(index.compact_step().unwrap(), Progress::Merging);
    // The two large runs take 400 steps; meanwhile 50 small ones arrive and do not pile up.
    for n in 0..100 {
        append(&mut index, 40_001 + n * 100, 40_100 + n * 100);
        for _ in 0..8 {
            index.compact_step().unwrap();
        }
        assert!(index.stats().runs <= 16, "{} runs", index.stats().runs);
    }
    compact(&index);
    assert_eq!((index.stats().runs, index.stats().keys), (4, 50_000));
    assert_eq!(runs_in(dir.path()).len(), 4);
    index.verify().unwrap();
}

#[test]
fn an_owner_who_never_compacts_is_made_to() {
    let dir = TempDir::new().unwrap();
    let mut index = open(dir.path(), STEPPED);
    for seq in 1..=200 {
        append(&mut index, seq, seq);
        assert!(index.stats().runs <= 64);
    }
    assert!((1..=200).all(|seq| index.reader().find(hash_of(seq)).unwrap().seqs == [seq]));
}

#[test]
fn lookups_from_other_threads_miss_nothing_while_runs_come_and_go() {
    const APPENDS: u64 = 150;
    const ROWS: u64 = 400;
    let dir = TempDir::new().unwrap();
    let mut index = open(
        dir.path(),
        KeyIndexOptions {
            filter_memory_bytes_max: 8 * 1024,
            compaction: CompactionMode::Background,
            ..STEPPED
        },
    );
    let (through, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for salt in 0..2 {
            let (reader, through, is_over) = (index.reader(), &through, &is_over);
            scope.spawn(move || {
                let mut covered = 0;
                for n in 0.. {
                    if is_over.load(Ordering::Acquire) {
                        break;
                    }
                    let known = through.load(Ordering::Acquire);
                    let seq = hash_of(n << 1 | salt) % known.max(1) + 1;
                    let found = reader.find(hash_of(seq)).unwrap();
                    assert!(found.covered_through >= known.max(covered));
                    covered = found.covered_through;
                    assert!(seq > covered || found.seqs == [seq], "row {seq} of {covered}");
                    assert!(reader.find(hash_of(seq | 1 << 47)).unwrap().seqs.is_empty());
                }
            });
        }
        for n in 0..APPENDS {
            append(&mut index, n * ROWS + 1, (n + 1) * ROWS);
            through.store((n + 1) * ROWS, Ordering::Release);
        }
        is_over.store(true, Ordering::Release);
    });
    compact(&index);
    index.verify().unwrap();
    assert_eq!(index.stats().keys, APPENDS * ROWS);
    drop(index);
    let index = open(dir.path(), STEPPED);
    assert_eq!(runs_in(dir.path()).len(), index.stats().runs);
    assert!(index.stats().written_bytes == 0 && index.stats().runs <= 9);
}

#[test]
#[should_panic = "keys come in the order of rows"]
fn a_key_of_a_row_already_covered_is_a_mistake_of_the_caller() {
    let dir = TempDir::new().unwrap();
    let mut index = open(dir.path(), STEPPED);
    append(&mut index, 1, 10);
    let _ = index.append_run(&mut [KeyEntry { hash: 1, seq: 10 }], mark(11));
}
