//! Months that do not go.

use super::{Story, applied, at, detach, month, verified};
use crate::{
    ask::{command, is_applied, record, reserve, user},
    fixture::{Fixture, options},
};
use novacore_postgres_fixture::Server;
use novacore_store::ledger::Ledger;
use novacore_store_postgres::{
    DetachError, Distribution, OpenError, Options, PostgresStore, Retain, RetainError,
    detach_before, detachable,
};
use novacore_store_suite::ledger::Harness;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_possible_is_said() {
    let fixture = Fixture::new();
    let by = options(fixture.url(), fixture.hand_clock());
    // It is November 2026.
    let early = detachable(&by, month("2025-09")).await;
    assert_eq!(early, Err(DetachError::TooLate(month("2025-08"))));
    let on_shards = Options { distribution: Distribution::Citus, ..by };
    let refused = detach_before(&on_shards, month("2025-08"), |_| {}).await;
    assert_eq!(refused, Err(DetachError::Retain(RetainError::Citus)));
    let retaining = Options { retain: Some(Retain::months(15).expect("enough")), ..on_shards };
    let refused = PostgresStore::open(retaining).await.expect_err("it is refused");
    assert_eq!(refused, OpenError::Retain(RetainError::Citus));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_with_an_open_hold_stays_until_it_has_ended() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "pro").await;
    applied(&fixture, user, reserve(5, 60)).await;
    fixture.clock().set(at(super::LATER));
    let refused = detach(&fixture, "2026-12").await;
    assert_eq!(refused, Err(DetachError::OpenHold(month("2026-11"))));
    // Expires it.
    applied(&fixture, user, record(1)).await;
    assert_eq!(detach(&fixture, "2026-12").await.expect("it goes").len(), 1);
    assert_eq!(verified(&fixture).await, (2, 1));
}

/// What does not follow from its entries is not sealed, and the month stays as it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_that_does_not_add_up_stays() {
    let story = Story::tell().await;
    let last = "DELETE FROM usage_ledger WHERE version = 2";
    story.psql(last);
    let refused = detach(&story.fixture, "2026-12").await;
    assert!(matches!(&refused, Err(DetachError::Broken { .. })), "{refused:?}");
    assert_eq!(story.psql("SELECT count(*) FROM opening"), "0");
    assert_eq!(story.psql("SELECT string_agg(month::text, '') FROM detached_month"), "202610");
}

/// Who is in the way is not disturbed, and commands wait for him no longer than for the try: one
/// who reads the ledger for long, a batch that stands between its reads and its commit, and another
/// who makes or detaches months.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_stays_while_somebody_is_in_the_way() {
    let story = Story::tell().await;
    detach(&story.fixture, "2026-11").await.expect("it goes");
    let in_use = DetachError::InUse;
    let other = story.user;
    let row = format!("SELECT 1 FROM account WHERE user_id <> '{other}' LIMIT 1 FOR UPDATE");
    for (what, expected) in [
        ("SELECT count(*) FROM usage_ledger", in_use.clone()),
        (row.as_str(), in_use),
        ("SELECT pg_advisory_xact_lock(x'70617274'::bigint)", DetachError::Busy),
    ] {
        let (url, sql) = (story.fixture.url().to_owned(), format!("BEGIN; {what}; {SLEEP}"));
        let standing = tokio::task::spawn_blocking(move || Server::shared().psql(&url, &sql));
        while story.psql(&format!("SELECT count(*) {ASLEEP}")) == "0" {
            tokio::task::yield_now().await;
        }
        let refused = detach(&story.fixture, "2026-12").await;
        let outcome = story.fixture.store().submit(story.user, command(record(1))).await;
        story.psql(&format!("SELECT count(pg_terminate_backend(pid)) {ASLEEP}"));
        assert!(standing.await.expect("it ends").is_err());
        assert_eq!(refused, Err(expected), "{what}");
        assert!(is_applied(&outcome), "{what}: {outcome:?}");
    }
    assert_eq!(detach(&story.fixture, "2026-12").await.expect("it goes").len(), 1);
    story.verified().await;
}

const SLEEP: &str = "SELECT pg_sleep(3600)";
const ASLEEP: &str = "FROM pg_stat_activity WHERE wait_event = 'PgSleep' \
     AND datname = current_database()";
