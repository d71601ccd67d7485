//! What a node refuses to start on, and what it does by itself once started.

use crate::{
    ask::{at_once, command, is_applied, record, reserve, used_and_held, user},
    fixture::{Fixture, options},
};
use novacore_ledger::EntryKind;
use novacore_postgres_fixture::Server;
use novacore_store::{error::StoreError, ledger::Ledger};
use novacore_store_postgres::{Migrated, OpenError, Options, PostgresStore, migrate};
use novacore_store_suite::{
    ledger::{Harness, START},
    memory::HandClock,
};
use novacore_vocab::Timestamp;
use std::{fs, sync::Arc, time::Duration};

const PATIENCE: Duration = Duration::from_secs(60);

fn hand_clock() -> Arc<HandClock> {
    Arc::new(HandClock::at(START.parse().expect("a time")))
}

async fn refused(url: &str) -> OpenError {
    let opened = PostgresStore::open(options(url, &hand_clock())).await;
    opened.expect_err("it is refused")
}

#[tokio::test]
async fn a_server_that_could_lose_what_it_acknowledged_is_refused() {
    for setting in ["fsync", "full_page_writes"] {
        let server = Server::start_with(&[(setting, "off")]);
        let url = server.fresh_database();
        migrate(&url).await.expect("the schema");
        let expected = OpenError::NotDurable { setting, value: "off".into() };
        assert_eq!(refused(&url).await, expected);
    }
    let url = Server::shared().fresh_database();
    migrate(&url).await.expect("the schema");
    let lax = format!("{url}?options=-c%20synchronous_commit%3Doff");
    let expected = OpenError::NotDurable { setting: "synchronous_commit", value: "off".into() };
    assert_eq!(refused(&lax).await, expected);
}

#[tokio::test]
async fn a_schema_that_is_not_ours_is_refused() {
    let server = Server::shared();
    let url = server.fresh_database();
    let old = refused(&url).await;
    assert!(matches!(old, OpenError::SchemaOld { found: 0, .. }), "{old:?}");
    let (one, other) = tokio::join!(migrate(&url), migrate(&url));
    let moved: Vec<Migrated> = [one, other].into_iter().map(|moved| moved.unwrap()).collect();
    let (from, to) = (moved[0].from.min(moved[1].from), moved[0].to);
    assert_eq!((from, moved[1].to), (0, to));
    assert_eq!(migrate(&url).await, Ok(Migrated { from: to, to }));
    drop(PostgresStore::open(options(&url, &hand_clock())).await.expect("it opens"));
    let newer = |readable_from: i32| {
        let version = to + 1;
        let sql = format!(
            "INSERT INTO schema_step (version, name, readable_from) \
             VALUES ({version}, 'to come', {readable_from}) \
             ON CONFLICT (version) DO UPDATE SET readable_from = excluded.readable_from"
        );
        server.psql(&url, &sql).expect("a step");
    };
    newer(to);
    drop(PostgresStore::open(options(&url, &hand_clock())).await.expect("it opens"));
    newer(to + 1);
    let unknown = OpenError::SchemaUnknown { found: to + 1, known: to };
    assert_eq!(refused(&url).await, unknown);
    assert_eq!(migrate(&url).await, Err(unknown));
}

/// The database's clock, read past the store.
fn database_now(url: &str) -> Timestamp {
    let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    let micros = Server::shared().psql(url, sql).expect("the time");
    Timestamp::from_micros(micros.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_clock_is_off_writes_nothing() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "pro").await;
    // Wide enough that a slow machine is not taken for a wrong clock.
    let with_clock = Options {
        clock_offset_max: Some(Duration::from_secs(600)),
        ..options(fixture.url(), fixture.hand_clock())
    };
    let node = PostgresStore::open(with_clock).await.expect("it opens");
    for (offset_s, expected) in [(0, true), (1_000, false), (-1_000, false), (0, true)] {
        fixture.clock().set(database_now(fixture.url()).plus_seconds(offset_s));
        let outcome = node.submit(user, command(record(1))).await;
        match expected {
            true => assert!(is_applied(&outcome), "{offset_s} s: {outcome:?}"),
            false => assert_eq!(outcome, Err(StoreError::ClockBehind), "{offset_s} s"),
        }
        assert_eq!(node.health().writable, expected, "{offset_s} s");
    }
    assert_eq!(node.account(user).await.expect("an account").state.version.0, 2);
}

/// Nobody asks for an account whose holds run out; two nodes sweep it, and each hold ends once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holds_that_run_out_are_swept_by_any_node_once() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "free_trial").await;
    let sweeping =
        Options { tick: Duration::from_millis(5), ..options(fixture.url(), fixture.hand_clock()) };
    let one = PostgresStore::open(sweeping.clone()).await.expect("it opens");
    let other = PostgresStore::open(sweeping).await.expect("it opens");
    let (mut heard, mut also_heard) = (one.subscribe(user), other.subscribe(user));
    let commands = (0..20).map(|_| (user, command(reserve(50, 60))));
    assert!(at_once(&[fixture.ledger()], commands).await.iter().all(is_applied));
    fixture.clock().advance_s(61);
    let mut expired = 0;
    let all = tokio::time::timeout(PATIENCE, async {
        while expired < 20 {
            let posted = tokio::select! {
                posted = heard.recv() => posted,
                posted = also_heard.recv() => posted,
            };
            let is_expiry = |kind| kind == EntryKind::Expire;
            let entries = posted.expect("the store is there").entries;
            expired =
                expired.max(entries.last().map_or(0, |entry| {
                    if is_expiry(entry.kind) { entry.version.0 - 20 } else { 0 }
                }));
        }
    });
    all.await.expect("they are swept");
    assert_eq!(used_and_held(&fixture, user).await, (0, 0));
    let view = fixture.store().account(user).await.expect("an account");
    assert_eq!((view.state.version.0, view.open_holds), (40, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_refused() {
    let server = Server::start();
    let url = server.fresh_database();
    migrate(&url).await.expect("the schema");
    server.stop_fast();
    let data = fs::read_dir(server.folder())
        .expect("the folder")
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.join("PG_VERSION").exists())
        .expect("the data");
    fs::write(data.join("standby.signal"), "").expect("a file");
    server.start_again();
    assert_eq!(refused(&url).await, OpenError::Standby);
}

/// A node says what it has written itself, whatever it hears of others and whatever was there when
/// it started: nothing is counted twice, and nothing has to be walked through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_counts_its_own_entries() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "pro").await;
    let one = fixture.store();
    assert!(is_applied(&one.submit(user, command(record(1))).await));
    let other = fixture.another_node();
    let mut heard = other.subscribe(user);
    assert!(is_applied(&one.submit(user, command(record(2))).await));
    let posted = tokio::time::timeout(PATIENCE, heard.recv()).await.expect("it is heard in time");
    assert_eq!(posted.expect("the store is there").entries.len(), 1);
    assert!(is_applied(&other.submit(user, command(record(3))).await));
    assert_eq!((one.health().entries, other.health().entries), (2, 1));
}
