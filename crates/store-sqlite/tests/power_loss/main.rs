//! The store on a disk that loses what was not synced.
//!
//! Not here: power losses while key index runs are written, which SQLite does not do; they are
//! copied as they are.

mod load;
mod memories;
mod proof;
mod rig;

use load::{Asked, Caller, Choices, Log, tokens};
use novacore_ledger::{Command, Expect, Outcome, Verb};
use novacore_power_loss::{Disk, Loss};
use novacore_store::{error::StoreError, ledger::Ledger};
use novacore_store_sqlite::{SqliteStore, verify};
use proof::{histories, prove};
use rig::{LOG, Rig, options, user};
use rusqlite::Connection;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

const CALLERS: u64 = 12;
/// Longest wait for a loss, in steps of the disk.
const STEPS: u64 = 160;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_any_loss() {
    rounds(0..16).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "soak"]
async fn what_was_acknowledged_survives_any_loss_for_long() {
    for first in (1_000..3_000).step_by(40) {
        rounds(first..first + 40).await;
    }
}

/// A loss in each round, a day apart, under load; in every third round while the store is opened
/// again.
async fn rounds(seeds: std::ops::Range<u64>) {
    let mut rig = Rig::new().await;
    let log = Log::default();
    let (mut unsynced, mut twice) = (0, 0);
    for seed in seeds {
        let mut choices = Choices(seed);
        let loss = ComingLoss::new(&rig, &log, choices.below(STEPS), seed);
        if seed % 3 == 2 {
            rig.close();
            rig.open();
        }
        under_load(&rig, &log, &loss, seed).await;
        let done = loss.happened();
        unsynced += done.lost + done.torn;
        let live = histories(rig.store()).await;
        let before = loss.log_then();
        let again = lose_again(&loss.copy, &rig, choices.below(20), seed);
        twice += again.iter().count();
        for copy in again.iter().chain([&loss.copy]) {
            prove(copy, &rig.clock, &before, &log.now(), &live).await;
            std::fs::remove_dir_all(copy).expect("a copy is removed");
        }
        rig.clock.advance_s(86_400);
    }
    assert!(unsynced > 0 && twice > 0, "{unsynced} writes undone, {twice} losses while opening");
}

/// A loss that will happen, and what had been acknowledged when it did.
struct ComingLoss {
    copy: PathBuf,
    log: Arc<Mutex<Vec<Asked>>>,
    stop: Arc<AtomicBool>,
    told: std::sync::mpsc::Receiver<std::io::Result<Loss>>,
}

impl ComingLoss {
    fn new(rig: &Rig, log: &Log, steps: u64, seed: u64) -> ComingLoss {
        let copy = rig.copy(&format!("copy-{seed}"));
        let (then, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (log, noted, stopping) = (log.clone(), then.clone(), stop.clone());
        let told = rig.disk.power_loss_after(steps, &copy, seed, move || {
            *noted.lock().expect("nobody panics with it") = log.now();
            stopping.store(true, Ordering::SeqCst);
        });
        ComingLoss { copy, log: then, stop, told }
    }

    fn happened(&self) -> Loss {
        self.told.recv().expect("callers stop after it").expect("a copy is made")
    }

    fn log_then(&self) -> Vec<Asked> {
        self.log.lock().expect("nobody panics with it").clone()
    }
}

/// Callers at work, and checkpoints beside them, until the loss has happened.
async fn under_load(rig: &Rig, log: &Log, loss: &ComingLoss, seed: u64) {
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..CALLERS {
        let caller = Caller::new(number, seed);
        callers.spawn(caller.work(rig.store().clone(), log.clone(), loss.stop.clone()));
    }
    let (ledger, stop) = (rig.live().join("ledger.db"), loss.stop.clone());
    callers.spawn_blocking(move || checkpoint_until(&ledger, &stop));
    while let Some(done) = callers.join_next().await {
        done.expect("a caller is content");
    }
}

/// As the store's own thread does every 60,000 rows, which no test writes.
fn checkpoint_until(ledger: &Path, stop: &AtomicBool) {
    let connection = Connection::open(ledger).expect("another connection");
    connection.pragma_update(None, "synchronous", "FULL").expect("a setting");
    while !stop.load(Ordering::SeqCst) {
        checkpoint(&connection);
        std::thread::yield_now();
    }
}

fn checkpoint(connection: &Connection) {
    let done = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    done.expect("a checkpoint");
}

/// Opens a copy of the copy and loses power in the midst of that, if it takes so many steps.
fn lose_again(first: &Path, rig: &Rig, steps: u64, seed: u64) -> Option<PathBuf> {
    let (opened, lost) = (rig.copy(&format!("opened-{seed}")), rig.copy(&format!("again-{seed}")));
    Disk::at(first).and_then(|disk| disk.power_loss(&opened, seed)).expect("a copy");
    let disk = Disk::at(&opened).expect("a disk");
    let told = disk.power_loss_after(steps, &lost, seed, || {});
    drop(SqliteStore::open(options(&opened, &rig.clock)).expect("it opens without repair"));
    told.try_recv().ok().map(|loss| {
        loss.expect("a copy");
        lost
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_told_or_shown_while_its_sync_is_under_way() {
    let rig = Rig::new().await;
    let log = Log::default();
    log.ask(rig.store(), user(0), tokens("first", 10)).await;
    let before = (log.now(), rig.store().account(user(0)).await);
    let pause = rig.disk.pause_syncs(LOG);
    let (store, asking) = (rig.store().clone(), log.clone());
    let mut caller =
        tokio::spawn(async move { asking.ask(&store, user(0), tokens("second", 20)).await });
    let (waits, waiting) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        pause.wait_for_sync();
        waits.send(pause)
    });
    let pause = tokio::select! {
        pause = waiting => pause.expect("a sync waits"),
        told = &mut caller => panic!("{told:?} before a sync"),
    };
    assert_eq!(rig.store().account(user(0)).await, before.1, "nobody sees what may be lost");
    for seed in 0..30 {
        rig.disk.power_loss(&rig.copy(&format!("copy-{seed}")), seed).expect("a copy");
    }
    let then = log.now();
    assert!(!caller.is_finished() && then.len() == 2 && then[1].told.is_none());
    drop(pause);
    assert!(matches!(caller.await, Ok(Outcome::Applied(_))));
    let live = histories(rig.store()).await;
    for seed in 0..30 {
        let copy = rig.copy(&format!("copy-{seed}"));
        prove(&copy, &rig.clock, &then, &log.now(), &live).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failed_sync_nothing_is_acknowledged_and_nothing_lost() {
    let mut rig = Rig::new().await;
    let log = Log::default();
    for number in 1..=5 {
        log.ask(rig.store(), user(0), tokens(&format!("k{number}"), number)).await;
    }
    let (known, live) = (log.now(), histories(rig.store()).await);
    rig.disk.fail_next_sync(LOG);
    for key in ["hit", "later"] {
        let told = rig.store().submit(user(0), tokens(key, 7)).await;
        assert_eq!(told, Err(StoreError::Unavailable), "{key}");
    }
    let why = rig.fatal.recv().expect("on_fatal is called");
    assert!(why.contains("I/O"), "{why}");
    assert!(!rig.store().health().writable);
    assert!(rig.store().account(user(0)).await.is_ok(), "reads go on");
    rig.close();
    for seed in 0..30 {
        let copy = rig.copy(&format!("copy-{seed}"));
        rig.disk.power_loss(&copy, seed).expect("a copy");
        let store = SqliteStore::open(options(&copy, &rig.clock)).expect("it opens without repair");
        let left = histories(&store).await;
        assert!(left[&user(0)].starts_with(&live[&user(0)]), "what was acknowledged is there");
        for asked in &known {
            let told = store.submit(asked.user, asked.command.clone()).await;
            let answer = asked.answer().expect("it was applied").clone();
            assert_eq!(told, Ok(Outcome::Replayed(answer)));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_that_cannot_be_synced_stops_the_writer_and_loses_nothing() {
    let mut rig = Rig::new().await;
    let log = Log::default();
    log.ask(rig.store(), user(0), tokens("first", 10)).await;
    let facts = || (0..1_000).map(|_| (user(1), fact())).collect::<Vec<_>>();
    // A part of the log is copied, which nobody syncs as long as somebody reads.
    let reader = Connection::open(rig.live().join("ledger.db")).expect("another connection");
    let told = rig.store().submit_all(facts()).await;
    assert!(told.iter().all(Result::is_ok), "{told:?}");
    reader.execute_batch("BEGIN; SELECT count(*) FROM meta").expect("a read that goes on");
    let told = rig.store().submit_all(facts()).await;
    assert!(told.iter().all(Result::is_ok), "{told:?}");
    checkpoint(&Connection::open(rig.live().join("ledger.db")).expect("another connection"));
    reader.execute_batch("COMMIT").expect("it has read");
    drop(reader);
    rig.disk.fail_next_sync("ledger.db");
    let mut calls = 2;
    let refused = loop {
        let outcomes = rig.store().submit_all(facts()).await;
        let refused = outcomes.iter().find_map(|outcome| outcome.as_ref().err());
        if let Some(error) = refused {
            break error.clone();
        }
        calls += 1;
        assert!(calls < 200, "so many rows are never without a checkpoint");
    };
    assert_eq!(refused, StoreError::Unavailable);
    let why = rig.fatal.recv().expect("on_fatal is called");
    assert!(why.contains("checkpoint") && why.contains("I/O"), "{why}");
    let acknowledged = 1_000 * calls;
    rig.close();
    for seed in 0..5 {
        let copy = rig.copy(&format!("copy-{seed}"));
        rig.disk.power_loss(&copy, seed).expect("a copy");
        let store = SqliteStore::open(options(&copy, &rig.clock)).expect("it opens without repair");
        let version = store.account(user(1)).await.expect("a view").state.version.0;
        assert!(version >= acknowledged, "{version} of {acknowledged}");
        drop(store);
        let report = verify(&options(&copy, &rig.clock)).expect("it can be verified");
        assert_eq!(report.findings, Vec::<String>::new());
    }
}

/// A record that no cap stops.
fn fact() -> Command {
    let mut command = Command { key: None, ..tokens("none", 1) };
    if let Verb::Record(record) = &mut command.verb {
        record.expect = Expect::Fact;
    }
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_until_there_is_room() {
    let rig = Rig::new().await;
    let log = Log::default();
    log.ask(rig.store(), user(0), tokens("before", 10)).await;
    for free_bytes in [0, 30, 5_000] {
        let view = rig.store().account(user(0)).await;
        rig.disk.fill_after(free_bytes);
        for key in ["full", "still full"] {
            let told = rig.store().submit(user(0), tokens(key, 20)).await;
            assert_eq!(told, Err(StoreError::StorageFull), "{key}, {free_bytes} bytes left");
        }
        assert_eq!(
            rig.store().account(user(0)).await,
            view,
            "reads go on, and nothing has changed"
        );
        rig.disk.make_room();
        let again = tokens(&format!("room {free_bytes}"), 30);
        // Derived files look again after a moment; until then the writer waits for them.
        while rig.store().submit(user(0), again.clone()).await == Err(StoreError::StorageFull) {
            tokio::task::yield_now().await;
        }
        log.ask(rig.store(), user(0), again).await;
    }
    assert!(rig.fatal.try_recv().is_err(), "a full disk is not fatal");
    rig.disk.audit().expect("nothing writes past the VFS");
    let (known, live) = (log.now(), histories(rig.store()).await);
    for seed in 0..10 {
        let copy = rig.copy(&format!("copy-{seed}"));
        rig.disk.power_loss(&copy, seed).expect("a copy");
        prove(&copy, &rig.clock, &known, &known, &live).await;
    }
}
