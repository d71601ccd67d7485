//! An embedded store in a temporary folder, under a clock set by hand.

use novacore_ledger::Policy;
use novacore_store::{directory::Directory, ledger::Ledger, observe::Unobserved};
use novacore_store_sqlite::{OnFatal, Options, SqliteStore};
use novacore_store_suite::{ledger::Harness, memory::HandClock};
use std::{path::Path, sync::Arc};
use tempfile::TempDir;

pub(crate) struct Fixture {
    store: Option<SqliteStore>,
    clock: Arc<HandClock>,
    dir: TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Fixture {
        let dir = TempDir::new().expect("a temporary folder");
        let start = "2026-11-24T08:00:00Z".parse().expect("a time");
        let clock = Arc::new(HandClock::at(start));
        let store = Some(open(dir.path(), &clock));
        Fixture { store, clock, dir }
    }

    pub(crate) fn store(&self) -> &SqliteStore {
        self.store.as_ref().expect("the store is open")
    }
}

impl Harness for Fixture {
    fn ledger(&self) -> &dyn Ledger {
        self.store()
    }

    fn directory(&self) -> &dyn Directory {
        self.store()
    }

    fn clock(&self) -> &HandClock {
        &self.clock
    }

    fn reopen(&mut self) {
        // One process per directory: the old store lets go before the new one opens.
        self.store = None;
        self.store = Some(open(self.dir.path(), &self.clock));
    }
}

fn open(dir: &Path, clock: &Arc<HandClock>) -> SqliteStore {
    SqliteStore::open(options(dir, clock)).expect("the store opens")
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
