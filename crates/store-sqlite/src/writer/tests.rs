//! What the suite cannot reach from outside: a batch that is not committed, a sweep that nobody
//! asks for.

mod memories;

use super::{OnFatal, Touch};
use crate::{Options, SqliteStore};
use novacore_access::{Role, User};
use novacore_ledger::{
    AccountState, Command, Decided, EntryKind, Expect, Invalid, KeyRecord, OnExpiry, Outcome,
    Policy, Record, Refusal, Reserve, Verb, decide,
};
use novacore_store::{directory::Users, error::StoreError, ledger::Ledger, observe::Unobserved};
use novacore_store_suite::memory::HandClock;
use novacore_vocab::{
    Amount, OrgId, ResourceName, Source, TierName, Timestamp, UserId, Version, Window,
};
use std::{
    path::Path,
    sync::{Arc, mpsc},
};

fn open(dir: &Path, clock: &Arc<HandClock>) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(options(dir, clock)).unwrap())
}

fn options(dir: &Path, clock: &Arc<HandClock>) -> Options {
    let policy = Policy::builtin();
    Options {
        dir: dir.to_owned(),
        resources: policy.resources().cloned().collect(),
        tiers: policy.tiers().into_iter().cloned().collect(),
        clock: clock.clone(),
        observer: Arc::new(Unobserved),
        accounts_max: 1_000,
        free_bytes_min: 0,
        key_filter_bytes_max: 1 << 20,
        on_fatal: OnFatal(Arc::new(|why| panic!("{why}"))),
    }
}

fn clock() -> Arc<HandClock> {
    Arc::new(HandClock::at(Timestamp::from_seconds(1_800_000_000)))
}

fn user(number: u128) -> User {
    let id = uuid::Uuid::from_u128(number);
    User {
        id: UserId(id),
        org: OrgId(id),
        email: None,
        role: Role::Student,
        tier: TierName::parse("basic").unwrap(),
        disabled: false,
        trial_ends_at: None,
        created_at: Timestamp::from_seconds(1),
    }
}

fn tokens() -> ResourceName {
    ResourceName::parse("llm_tokens").unwrap()
}

fn record(amount: i64, corrects: Option<u64>) -> Command {
    let record = Record {
        resource: tokens(),
        amount: Amount::new(amount).unwrap(),
        source: Source::Api,
        expect: Expect::Fact,
        corrects: corrects.map(Version),
        occurred_at: None,
        metadata: None,
    };
    Command { key: None, fingerprint: 0, verb: Verb::Record(record) }
}

fn reserve() -> Command {
    let reserve = Reserve {
        amounts: vec![(tokens(), Amount::new(5).unwrap())],
        ttl_s: 60,
        on_expiry: OnExpiry::Release,
        metadata: None,
    };
    Command { key: None, fingerprint: 0, verb: Verb::Reserve(reserve) }
}

async fn used(store: &SqliteStore, user: UserId) -> (u64, i64) {
    let state = store.account(user).await.unwrap().state;
    (state.version.0, state.totals(&tokens(), Window::Lifetime, state.last_at).0)
}

/// Keeps the writer busy until the sender is used or dropped.
fn occupy(store: &Arc<SqliteStore>) -> mpsc::Sender<()> {
    let (begun, has_begun) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let store = store.clone();
    tokio::spawn(async move {
        let wait = move |_: &rusqlite::Connection| {
            begun.send(()).unwrap();
            // A sender that is gone releases too.
            let _ = released.recv();
            Ok(((), Touch::Nothing))
        };
        store.control(wait).await
    });
    has_begun.recv().unwrap();
    release
}

async fn queued(store: &SqliteStore, jobs: usize) {
    while store.jobs.depth() < jobs {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_not_committed_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &clock());
    let (ada, bob) = (user(1), user(2));
    store.ensure_user(&ada).await.unwrap();
    for command in [record(700, None), record(-300, Some(1))] {
        let outcome = store.submit(ada.id, command).await.unwrap();
        assert!(matches!(outcome, Outcome::Applied(_)));
    }
    let release = occupy(&store);
    let spawn_submit = |command| {
        let (store, user) = (store.clone(), ada.id);
        tokio::spawn(async move { store.submit(user, command).await.map(|_| ()) })
    };
    let mut tasks = vec![spawn_submit(record(100, None)), spawn_submit(record(-100, Some(1)))];
    queued(&store, 2).await;
    let full = store.clone();
    tasks.push(tokio::spawn(async move {
        full.control(|_| Err::<((), Touch), _>(StoreError::StorageFull)).await
    }));
    queued(&store, 3).await;
    let behind = store.clone();
    let bob_id = bob.id;
    tasks.push(tokio::spawn(async move { behind.ensure_user(&bob).await.map(|_| ()) }));
    queued(&store, 4).await;
    release.send(()).unwrap();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Err(StoreError::StorageFull));
    }

    assert_eq!(used(&store, ada.id).await, (2, 400));
    assert_eq!(store.find_user(bob_id).await, Ok(None));
    let too_much = store.submit(ada.id, record(-401, Some(1))).await;
    let refused = Refusal::Invalid(Invalid::CorrectsTooMuch { left: 400 });
    assert_eq!(too_much, Ok(Outcome::Refused(refused)));
    store.submit(ada.id, record(-400, Some(1))).await.unwrap();
    assert_eq!(used(&store, ada.id).await, (3, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_that_runs_out_is_swept_though_nobody_looks() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let mut store = open(dir.path(), &clock);
    store.ensure_user(&user(1)).await.unwrap();
    for restart in [false, true] {
        store.submit(user(1).id, reserve()).await.unwrap();
        if restart {
            drop(store);
            store = open(dir.path(), &clock);
        }
        let mut posted = store.subscribe(user(1).id);
        clock.advance_s(60);
        // A sweeper that sleeps must fail this test, not stop it.
        let patience = std::time::Duration::from_secs(20);
        let heard = tokio::time::timeout(patience, posted.recv()).await;
        let expiry = heard.expect("somebody sweeps").unwrap();
        assert_eq!(expiry.entries[0].kind, EntryKind::Expire);
    }
}

/// Panics on 13, once its entries would have been written.
fn superstitious(
    state: &AccountState,
    policy: &Policy,
    command: &Command,
    seen: Option<&KeyRecord>,
    now: Timestamp,
) -> Decided {
    let decided = decide(state, policy, command, seen, now);
    assert!(decided.entries.iter().all(|entry| entry.amount != 13), "thirteen");
    decided
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_panics_spoils_no_other_of_its_batch() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open_judged_by(options(dir.path(), &clock()), superstitious).unwrap();
    let (ada, bob) = (user(1).id, user(2).id);
    for number in [1, 2] {
        store.ensure_user(&user(number)).await.unwrap();
    }
    store.submit(ada, record(100, None)).await.unwrap();
    let commands = vec![
        (ada, record(1, None)),
        (ada, record(13, None)),
        (bob, record(2, None)),
        (ada, record(-100, Some(1))),
        (bob, record(13, None)),
        (ada, record(-1, Some(1))),
    ];
    let outcomes = store.submit_all(commands).await;
    let told = outcomes.iter().map(|outcome| match outcome {
        Ok(Outcome::Applied(_)) => "applied",
        Ok(Outcome::Refused(_)) => "refused",
        Err(StoreError::Internal(_)) => "panicked",
        Ok(Outcome::Replayed(_)) | Err(_) => "something else",
    });
    let expected = ["applied", "panicked", "applied", "applied", "panicked", "refused"];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    assert_eq!(used(&store, ada).await, (3, 1));
    assert_eq!(used(&store, bob).await, (1, 2));
}
