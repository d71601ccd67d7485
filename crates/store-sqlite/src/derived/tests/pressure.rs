//! The writer and the thread: who waits for whom, and what happens when one is gone.

use super::fixture::{Ledger, user_id};
use crate::{
    derived::{DerivedError, LAG_ROWS_MAX},
    row::CommittedBatch,
};
use novacore_ledger::{AccountState, Command, Expect, Profile, Record, Verb};
use novacore_store::{
    book::{Book, Item, Posting},
    error::StoreError,
};
use novacore_store_suite::ops;
use novacore_vocab::{Account, Amount, ResourceName, Source, Timestamp};

/// Records of accounts 1 to `users`, neighbours far apart, `times` over.
pub(super) fn postings(book: &mut Book, users: i64, times: usize, at: Timestamp) -> Vec<Posting> {
    let mut record = Record {
        resource: ResourceName::parse("free").unwrap(),
        amount: Amount::new(3).unwrap(),
        source: Source::Api,
        expect: Expect::Fact,
        corrects: None,
        occurred_at: None,
        metadata: None,
    };
    let mut postings = Vec::new();
    let names = ["free", "images", "messages", "minutes", "tokens"];
    for index in 0..users * times as i64 {
        let user = user_id(index * 7_919 % users + 1);
        record.resource = ResourceName::parse(names[(index / users % 5) as usize]).unwrap();
        if book.state(user).is_none() {
            let tier = novacore_vocab::TierName::parse("open").unwrap();
            let profile = Profile { tier, overrides: Vec::new() };
            book.load(AccountState::new(Account::personal(user), profile));
        }
        let verb = Verb::Record(record.clone());
        let command = Command { key: None, fingerprint: 0, verb };
        let item = Item { user, command, seen: None };
        postings.extend(book.run(&[item], at).postings);
        book.accept();
    }
    postings
}

#[test]
fn the_lag_is_bounded() {
    let mut ledger = Ledger::new(ops::policy(), 50);
    let mut book = Book::new(ledger.policy.clone());
    let derived = ledger.open().unwrap();
    let at = Timestamp::from_seconds(1_800_000_000);
    let batches: Vec<CommittedBatch> =
        (0..8).map(|_| ledger.append(postings(&mut book, 50, 400, at))).collect();
    for batch in batches {
        let fed = batch.last_seq;
        derived.feed(batch).unwrap();
        assert!(fed - derived.watermark() <= LAG_ROWS_MAX);
    }
    derived.catch_up_to(ledger.head.last_seq).unwrap();
}

#[test]
fn a_thread_that_cannot_go_on_stops_the_writer() {
    let mut ledger = Ledger::new(ops::policy(), 1);
    let mut book = Book::new(ledger.policy.clone());
    let derived = ledger.open().unwrap();
    let at = Timestamp::from_seconds(1_800_000_000);
    let first = ledger.append(postings(&mut book, 1, 2, at));
    let second = ledger.append(postings(&mut book, 1, 2, at));
    // The first batch never arrives.
    // The thread may have stopped before this returns.
    let _ = derived.feed(second);
    assert_eq!(derived.catch_up_to(4), Err(StoreError::Unavailable));
    let refused = derived.feed(first);
    assert!(matches!(refused, Err(DerivedError::Stopped(_))), "{refused:?}");
    drop(derived);
    assert_eq!(ledger.open().unwrap().watermark(), 4);
}
