//! A store on a disk that forgets, and copies of it as a power loss leaves them.

use novacore_access::{Role, User};
use novacore_ledger::Policy;
use novacore_power_loss::{Disk, register_default};
use novacore_store::{directory::Users, observe::Unobserved};
use novacore_store_sqlite::{OnFatal, Options, SqliteStore};
use novacore_store_suite::memory::HandClock;
use novacore_vocab::{OrgId, TierName, UserId};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
};
use tempfile::TempDir;
use uuid::Uuid;

/// The file whose sync acknowledges.
pub(crate) const LOG: &str = "ledger.db-wal";
/// How many users share the load.
pub(crate) const USERS: u128 = 6;

pub(crate) struct Rig {
    store: Option<Arc<SqliteStore>>,
    pub(crate) disk: Disk,
    pub(crate) clock: Arc<HandClock>,
    /// What `on_fatal` was told.
    pub(crate) fatal: mpsc::Receiver<String>,
    tell_fatal: mpsc::Sender<String>,
    folder: TempDir,
}

impl Rig {
    /// A fresh store with all users, in the tier with a cap of 1,000 tokens per day.
    pub(crate) async fn new() -> Rig {
        register_default();
        let folder = TempDir::new().expect("a temporary folder");
        let disk = Disk::at(&folder.path().join("live")).expect("a disk");
        let start = "2026-11-24T08:00:00Z".parse().expect("a time");
        let (tell_fatal, fatal) = mpsc::channel();
        let clock = Arc::new(HandClock::at(start));
        let mut rig = Rig { store: None, disk, clock, fatal, tell_fatal, folder };
        rig.open();
        for number in 0..USERS {
            rig.make_user(number).await;
        }
        rig
    }

    async fn make_user(&self, number: u128) {
        let id = user(number);
        let tier = TierName::parse("free_trial").expect("a tier's name");
        let created_at = "2026-11-24T08:00:00Z".parse().expect("a time");
        let (role, org) = (Role::Student, OrgId(id.0));
        let (email, trial_ends_at) = (None, None);
        let user = User { id, org, email, role, tier, disabled: false, trial_ends_at, created_at };
        self.store().ensure_user(&user).await.expect("a user");
    }

    pub(crate) fn store(&self) -> &Arc<SqliteStore> {
        self.store.as_ref().expect("the store is open")
    }

    pub(crate) fn live(&self) -> PathBuf {
        self.folder.path().join("live")
    }

    /// A path for a copy that is not there yet.
    pub(crate) fn copy(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn close(&mut self) {
        let store = self.store.take().and_then(Arc::into_inner);
        drop(store.expect("nobody else holds the store"));
    }

    pub(crate) fn open(&mut self) {
        let tell = self.tell_fatal.clone();
        let on_fatal = OnFatal(Arc::new(move |why| {
            // The test may be over.
            let _ = tell.send(why.to_owned());
        }));
        let options = Options { on_fatal, ..options(&self.live(), &self.clock) };
        self.store = Some(Arc::new(SqliteStore::open(options).expect("the store opens")));
    }
}

/// Options of a store that must meet nothing fatal.
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

pub(crate) fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 | number))
}
