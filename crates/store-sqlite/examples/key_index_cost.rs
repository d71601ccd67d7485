//! What the key index costs: `cargo run --release --example key_index_cost [keys] [keys per run]`.
//!
//! First appends random keys as fast as it can while merges run in the background; then as a
//! server does, with merging given a tenth of one core at 100,000 keys a second, and looks up keys
//! that are there and keys that are not, with the filters in memory, partly, and not at all.

use std::{
    env,
    error::Error,
    path::Path,
    time::{Duration, Instant},
};

use novacore_store_sqlite::key_index::{
    CompactionMode, KeyEntry, KeyIndex, KeyIndexOptions, KeyReader, Watermark,
};

const LEDGER: [u8; 16] = [1; 16];
const LOOKUPS: u64 = 400_000;
const MIB: u64 = 1024 * 1024;
/// Steps of merging per append: some 10 entries moved per key of an append of 50,000.
const PACED_STEPS: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let keys: u64 = arguments.next().as_deref().unwrap_or("5000000").parse()?;
    let run_keys: u64 = arguments.next().as_deref().unwrap_or("50000").parse()?;
    println!("{keys} keys in {} appends of {run_keys}", keys.div_ceil(run_keys));
    let burst = tempfile::tempdir()?;
    build(burst.path(), keys, run_keys, CompactionMode::Background)?;
    burst.close()?;
    let paced = tempfile::tempdir()?;
    build(paced.path(), keys, run_keys, CompactionMode::Stepped)?;
    for memory in [u64::MAX, 16 * MIB, 0] {
        measure_lookups(paced.path(), keys, memory)?;
    }
    Ok(())
}

fn build(
    dir: &Path,
    keys: u64,
    run_keys: u64,
    compaction: CompactionMode,
) -> Result<(), Box<dyn Error>> {
    let options = KeyIndexOptions { compaction, ..KeyIndexOptions::default() };
    let mut index = KeyIndex::open(dir, LEDGER, options)?;
    let (mut slowest, mut runs_max, mut runs_sum) = (Duration::ZERO, 0, 0);
    let started = Instant::now();
    for first in (1..=keys).step_by(run_keys as usize) {
        let last = (first + run_keys - 1).min(keys);
        let mut entries: Vec<_> =
            (first..=last).map(|seq| KeyEntry { hash: hash_of(seq), seq }).collect();
        let appending = Instant::now();
        index.append_run(&mut entries, Watermark { through: last, tag: [0; 32] })?;
        slowest = slowest.max(appending.elapsed());
        if compaction == CompactionMode::Stepped {
            for _ in 0..PACED_STEPS {
                index.compact_step()?;
            }
        }
        runs_max = runs_max.max(index.stats().runs);
        runs_sum += index.stats().runs as u64;
    }
    let took = started.elapsed();
    let stats = index.stats();
    println!("{compaction:?} merging");
    println!(
        "  {:.0} keys/s in {took:.1?}, slowest append {slowest:.1?}",
        keys as f64 / took.as_secs_f64()
    );
    println!(
        "  runs: {runs_max} at most, {:.1} on average, {} at the end",
        ratio(runs_sum, keys.div_ceil(run_keys)),
        stats.runs
    );
    println!(
        "  on disk {:.2} bytes/key, written {:.1} bytes/key (amplification {:.2})",
        ratio(stats.file_bytes, keys),
        ratio(stats.written_bytes, keys),
        ratio(stats.written_bytes, stats.file_bytes)
    );
    let verifying = Instant::now();
    index.verify()?;
    println!("  verified in {:.1?}", verifying.elapsed());
    Ok(())
}

fn measure_lookups(dir: &Path, keys: u64, memory: u64) -> Result<(), Box<dyn Error>> {
    let options = KeyIndexOptions {
        filter_memory_bytes_max: memory,
        compaction: CompactionMode::Stepped,
        ..KeyIndexOptions::default()
    };
    let opening = Instant::now();
    let index = KeyIndex::open(dir, LEDGER, options)?;
    let opened = opening.elapsed();
    let reader = index.reader();
    let (absent, none) = look_up(&reader, (0..LOOKUPS).map(|n| keys + 1 + n))?;
    let (present, all) = look_up(&reader, (0..LOOKUPS).map(|n| hash_of(!n) % keys + 1))?;
    assert!(none == 0 && all >= LOOKUPS, "found {none} absent and {all} present keys");
    println!(
        "  lookups, {:.1} MiB of filters in memory: absent {absent:.0} ns, present {present:.0} ns, \
         opened in {opened:.1?}",
        ratio(index.stats().filter_memory_bytes, MIB),
    );
    Ok(())
}

/// Nanoseconds per lookup, and rows found.
fn look_up(
    reader: &KeyReader,
    seqs: impl Iterator<Item = u64>,
) -> Result<(f64, u64), Box<dyn Error>> {
    let (mut found, mut lookups) = (0, 0);
    let started = Instant::now();
    for seq in seqs {
        found += reader.find(hash_of(seq))?.seqs.len() as u64;
        lookups += 1;
    }
    Ok((started.elapsed().as_nanos() as f64 / lookups as f64, found))
}

fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b as f64
}

/// A hash that looks random.
fn hash_of(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ (n >> 31)
}
