//! What keeping derived files costs. Run by hand, in release:
//! `cargo test --release -p novacore-store-sqlite derived_cost -- --ignored --nocapture`.

use super::{fixture::Ledger, pressure::postings};
use novacore_store::book::Book;
use novacore_store_suite::ops;
use novacore_vocab::Timestamp;
use std::time::Instant;

const USERS: i64 = 100_000;

/// Rows per second of the thread on uniform use, as the table grows.
#[test]
#[ignore = "takes minutes and measures the machine"]
fn derived_cost() {
    let mut ledger = Ledger::new(ops::policy(), USERS as usize);
    let mut book = Book::new(ledger.policy.clone());
    let derived = ledger.open().unwrap();
    let start = Timestamp::from_seconds(1_800_000_000);
    for round in 0..8_i64 {
        // Each account in turn, neighbours far apart: a page is hardly touched twice in a flush.
        let rows = postings(&mut book, USERS, 5, start.plus_seconds(round * 7_200));
        let mut rows = rows.into_iter();
        let batches: Vec<_> = std::iter::from_fn(|| {
            let batch: Vec<_> = rows.by_ref().take(1_000).collect();
            (!batch.is_empty()).then(|| ledger.append(batch))
        })
        .collect();
        let started = Instant::now();
        for batch in batches {
            derived.feed(batch).unwrap();
        }
        derived.catch_up_to(ledger.head.last_seq).unwrap();
        let rate = (5 * USERS) as f64 / started.elapsed().as_secs_f64();
        println!("{} rows: {rate:.0} rows/s", ledger.head.last_seq);
    }
    let bytes = std::fs::metadata(ledger.derived_dir().join("derived.db")).unwrap().len();
    println!("{bytes} bytes in {} rows", ledger.head.last_seq);
    drop(derived);
    let started = Instant::now();
    drop(ledger.open().unwrap());
    println!("opened in {:?}", started.elapsed());
}
