//! What all users use, where they are so many that counting is dear.

use crate::{
    ask::{command, is_applied, record, tokens, user},
    fixture::Fixture,
};
use novacore_postgres_fixture::Server;
use novacore_store::{
    clock::Clock,
    ledger::{DayRange, Ledger, Totals},
};
use novacore_store_postgres::PostgresStore;
use novacore_store_suite::ledger::{Harness, START};
use novacore_vocab::{Timestamp, UserId};
use std::{sync::Arc, time::Duration};
use tokio_postgres::NoTls;

/// More than those of whom every question is counted afresh.
const USERS: usize = 1_001;
const PATIENCE: Duration = Duration::from_secs(60);

/// Counting waits behind a lock for as long as the clock says; what it answers is then given again
/// for twenty times that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_many_users_use_is_counted_once_in_a_while() {
    let fixture = Fixture::new();
    let users = many(&fixture).await;
    let store = fixture.store();
    let begun = fixture.clock().now();
    let counted = slowly(&fixture, 5).await;
    assert_eq!((counted.counted_at, used(&counted)), (begun, (1_001, 1_001, 2)));
    one_each(store, &users[..1]).await;
    pass(&fixture, 99);
    assert_eq!(overview(store).await, counted);
    assert_eq!(used(&overview(&fixture.another_node()).await), (1_002, 1_001, 2));
    pass(&fixture, 1);
    let again = overview(store).await;
    assert_eq!((again.counted_at, used(&again)), (fixture.clock().now(), (1_002, 1_001, 2)));
    // That took no time by this clock.
    one_each(store, &users[..1]).await;
    assert_eq!(used(&overview(store).await), (1_003, 1_001, 2));
}

async fn many(fixture: &Fixture) -> Vec<UserId> {
    let mut users = Vec::new();
    for number in 1..=USERS {
        users.push(user(fixture, number as u128, "pro").await);
    }
    one_each(fixture.store(), &users).await;
    users
}

async fn one_each(store: &PostgresStore, users: &[UserId]) {
    for some in users.chunks(500) {
        let commands = some.iter().map(|user| (*user, command(record(1)))).collect();
        let outcomes = store.submit_all(commands).await;
        assert!(outcomes.iter().all(is_applied), "{outcomes:?}");
    }
}

fn pass(fixture: &Fixture, seconds: i64) {
    fixture.clock().set(fixture.clock().now().plus_seconds(seconds));
}

async fn overview(store: &PostgresStore) -> Totals {
    let start: Timestamp = START.parse().expect("a time");
    store.totals(DayRange::last_days(1, start), 2).await.expect("what all use")
}

/// An overview that takes so many seconds.
async fn slowly(fixture: &Fixture, seconds: i64) -> Totals {
    let (client, connection) = tokio_postgres::connect(fixture.url(), NoTls).await.expect("asks");
    tokio::spawn(connection);
    let lock = "BEGIN; LOCK TABLE usage_day IN ACCESS EXCLUSIVE MODE";
    client.batch_execute(lock).await.expect("a lock");
    let store: Arc<PostgresStore> = fixture.store().clone();
    let counting = tokio::spawn(async move { overview(&store).await });
    let waits = "SELECT count(*) > 0 FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let waiting = tokio::time::timeout(PATIENCE, async {
        while Server::shared().psql(fixture.url(), waits).expect("an answer") != "t" {
            tokio::task::yield_now().await;
        }
    });
    waiting.await.expect("counting waits for the days that are locked");
    pass(fixture, seconds);
    client.batch_execute("COMMIT").await.expect("an end");
    counting.await.expect("an overview")
}

/// What is used of tokens, by how many users, and how many of them are named.
fn used(totals: &Totals) -> (i64, u64, usize) {
    let found = totals.resources.iter().find(|one| one.resource == tokens());
    let one = found.expect("tokens are a resource");
    (one.amount, one.users, one.top.len())
}
