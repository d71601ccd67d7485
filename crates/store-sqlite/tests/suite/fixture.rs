//! An embedded store in a temporary folder, under a clock set by hand.

use novacore_ledger::Policy;
use novacore_store::{
    directory::Directory, ledger::Ledger, memories::Memories, observe::Unobserved,
};
use novacore_store_sqlite::{OnFatal, Options, SqliteStore};
use novacore_store_suite::{
    ledger::{Harness, START},
    memories::MemoryHarness,
    memory::HandClock,
};
use std::{path::Path, sync::Arc};
use tempfile::TempDir;

pub(crate) struct Fixture {
    store: Option<Arc<SqliteStore>>,
    clock: Arc<HandClock>,
    dir: TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Fixture {
        let dir = TempDir::new().expect("a temporary folder");
        let start = START.parse().expect("a time");
        let clock = Arc::new(HandClock::at(start));
        let store = Some(Arc::new(open(dir.path(), &clock)));
        Fixture { store, clock, dir }
    }

    pub(crate) fn store(&self) -> &Arc<SqliteStore> {
        self.store.as_ref().expect("the store is open")
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn arc_clock(&self) -> &Arc<HandClock> {
        &self.clock
    }

    pub(crate) fn close(&mut self) {
        let closed = self.store.take().and_then(Arc::into_inner);
        drop(closed.expect("nobody else holds the store"));
    }

    pub(crate) fn open_again(&mut self) {
        self.store = Some(Arc::new(open(self.dir.path(), &self.clock)));
    }
}

impl Harness for Fixture {
    fn ledger(&self) -> Arc<dyn Ledger> {
        self.store().clone()
    }

    fn directory(&self) -> Arc<dyn Directory> {
        self.store().clone()
    }

    fn clock(&self) -> &HandClock {
        &self.clock
    }

    fn reopen(&mut self) {
        // One process per directory: the old store lets go before the new one opens.
        self.close();
        self.open_again();
    }
}

impl MemoryHarness for Fixture {
    fn memories(&self) -> Arc<dyn Memories> {
        self.store().clone()
    }
}

fn open(dir: &Path, clock: &Arc<HandClock>) -> SqliteStore {
    SqliteStore::open(options(dir, clock)).expect("the store opens")
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
