//! An embedded store in a temporary folder, under a clock set by hand.
#![allow(dead_code, clippy::unwrap_used, reason = "each test binary uses a part of it")]

use novacore_access::{Role, User};
use novacore_ledger::Policy;
use novacore_store::{directory::Users, observe::Unobserved};
use novacore_store_sqlite::{OnFatal, Options, SqliteStore};
use novacore_store_suite::memory::HandClock;
use novacore_vocab::{OrgId, TierName, Timestamp, UserId};
use std::{path::Path, sync::Arc};
use tempfile::TempDir;

pub(crate) struct Fixture {
    store: Option<SqliteStore>,
    pub(crate) clock: Arc<HandClock>,
    dir: TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Fixture {
        let dir = TempDir::new().unwrap();
        let clock = Arc::new(HandClock::at("2026-11-24T08:00:00Z".parse().unwrap()));
        let store = Some(SqliteStore::open(options(dir.path(), &clock)).unwrap());
        Fixture { store, clock, dir }
    }

    pub(crate) fn store(&self) -> &SqliteStore {
        self.store.as_ref().unwrap()
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn close(&mut self) {
        self.store = None;
    }

    pub(crate) fn open(&mut self) {
        self.store = Some(SqliteStore::open(options(self.dir.path(), &self.clock)).unwrap());
    }

    pub(crate) fn reopen(&mut self) {
        self.close();
        self.open();
    }

    /// A user of the tier `free_trial`.
    pub(crate) async fn user(&self, number: u128) -> UserId {
        let user = user(number);
        self.store().ensure_user(&user).await.unwrap();
        user.id
    }
}

pub(crate) fn options(dir: &Path, clock: &Arc<HandClock>) -> Options {
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

pub(crate) fn user(number: u128) -> User {
    let id = uuid::Uuid::from_u128(0x1000 + number);
    User {
        id: UserId(id),
        org: OrgId(id),
        email: None,
        role: Role::Student,
        tier: TierName::parse("free_trial").unwrap(),
        disabled: false,
        trial_ends_at: None,
        created_at: Timestamp::from_seconds(1),
    }
}
