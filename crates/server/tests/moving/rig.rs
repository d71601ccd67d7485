//! A store that lies in a folder until it is moved into a database.

use crate::looks::{looks, texts};
use novacore_ledger::Policy;
use novacore_postgres_fixture::Server;
use novacore_store::{
    directory::Directory, ledger::Ledger, memories::Memories, observe::Unobserved,
};
use novacore_store_postgres::{
    self as postgres, Distribution, Import, ImportError, Moved, PostgresStore,
};
use novacore_store_sqlite::{self as embedded, OnFatal, Source, SqliteStore};
use novacore_store_suite::{
    ledger::{Harness, START},
    memories::MemoryHarness,
    memory::HandClock,
};
use std::{path::Path, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{runtime::Handle, task::block_in_place};

enum Store {
    Embedded(Arc<SqliteStore>),
    Moved(Arc<PostgresStore>),
    /// Between two of them.
    Closed,
}

/// A store that is moved when it is opened again.
pub(crate) struct Rig {
    store: Store,
    pub(crate) clock: Arc<HandClock>,
    dir: TempDir,
    url: String,
    distribution: Distribution,
    /// How often it is opened again before it is moved.
    stays: u32,
}

impl Rig {
    pub(crate) fn new() -> Rig {
        Rig::on(Server::shared())
    }

    pub(crate) fn on(server: &Server) -> Rig {
        let dir = TempDir::new().expect("a temporary folder");
        let clock = Arc::new(HandClock::at(START.parse().expect("a time")));
        let store = Store::Embedded(Arc::new(open(dir.path(), &clock)));
        let url = server.fresh_database();
        now(postgres::migrate(&url)).expect("the schema");
        Rig { store, clock, dir, url, distribution: Distribution::None, stays: 0 }
    }

    /// As [`Rig::new`], but it is opened again so often before it is moved.
    pub(crate) fn that_stays(stays: u32) -> Rig {
        Rig { stays, ..Rig::new() }
    }

    /// As [`Rig::new`], but it is moved as onto the shards of a cluster.
    pub(crate) fn to_shards() -> Rig {
        Rig { distribution: Distribution::Citus, ..Rig::new() }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn options(&self) -> postgres::Options {
        postgres::Options {
            clock_offset_max: None,
            connections_max: 4,
            tick: Duration::from_secs(86_400),
            distribution: self.distribution,
            ..postgres::Options::new(self.url.clone(), self.clock.clone())
        }
    }

    /// Closes what is open: nobody else may have it in his hands.
    pub(crate) fn close(&mut self) {
        match std::mem::replace(&mut self.store, Store::Closed) {
            Store::Embedded(store) => {
                drop(Arc::into_inner(store).expect("nobody else holds the store"));
            }
            Store::Moved(store) => {
                let store = Arc::into_inner(store).expect("nobody else holds the store");
                now(store.close());
            }
            Store::Closed => {}
        }
    }

    /// Moves what was closed, and opens a node on it.
    fn move_over(&mut self) {
        now(import(self.dir(), &self.options())).expect("it is moved");
        self.open_node();
    }

    fn open_node(&mut self) {
        let store = now(PostgresStore::open(self.options())).expect("a node");
        self.store = Store::Moved(Arc::new(store));
    }
}

impl Harness for Rig {
    fn ledger(&self) -> Arc<dyn Ledger> {
        match &self.store {
            Store::Embedded(store) => store.clone(),
            Store::Moved(store) => store.clone(),
            Store::Closed => panic!("the store is closed"),
        }
    }

    fn directory(&self) -> Arc<dyn Directory> {
        match &self.store {
            Store::Embedded(store) => store.clone(),
            Store::Moved(store) => store.clone(),
            Store::Closed => panic!("the store is closed"),
        }
    }

    fn clock(&self) -> &HandClock {
        &self.clock
    }

    /// The first time that it does not stay it is moved, and what both stores show compared.
    fn reopen(&mut self) {
        let was_moved = matches!(self.store, Store::Moved(_));
        if was_moved {
            self.close();
            self.open_node();
        } else if self.stays > 0 {
            self.stays -= 1;
            self.close();
            self.store = Store::Embedded(Arc::new(open(self.dir.path(), &self.clock)));
        } else {
            let before = now(looks(self));
            self.close();
            let exported = exported(self.dir());
            self.move_over();
            assert_eq!(now(looks(self)), before);
            assert_eq!(now(exported_from(&self.url)), exported);
        }
    }
}

impl MemoryHarness for Rig {
    fn memories(&self) -> Arc<dyn Memories> {
        match &self.store {
            Store::Embedded(store) => store.clone(),
            Store::Moved(store) => store.clone(),
            Store::Closed => panic!("the store is closed"),
        }
    }
}

/// What the command does.
pub(crate) async fn import(dir: &Path, to: &postgres::Options) -> Result<Moved, ImportError> {
    let mut source = Source::open(dir).expect("a source");
    let mut import = Import::begin(to, source.inventory()).await?;
    while let Some(page) = source.next_page().expect("a page") {
        import.write(&page).await?;
    }
    import.finish().await
}

/// Every entry as text, account by account, each in order.
fn exported(dir: &Path) -> Vec<String> {
    let mut entries = Vec::new();
    let each = |user, entry: &novacore_ledger::Entry| {
        entries.push((user, entry.clone()));
        Ok(())
    };
    embedded::export(dir, each).expect("an export");
    texts(entries)
}

async fn exported_from(url: &str) -> Vec<String> {
    let mut entries = Vec::new();
    let each = |user, entry: &novacore_ledger::Entry| {
        entries.push((user, entry.clone()));
        Ok(())
    };
    postgres::export(url, each).await.expect("an export");
    texts(entries)
}

fn open(dir: &Path, clock: &Arc<HandClock>) -> SqliteStore {
    SqliteStore::open(embedded_options(dir, clock)).expect("the store opens")
}

pub(crate) fn embedded_options(dir: &Path, clock: &Arc<HandClock>) -> embedded::Options {
    let policy = Policy::builtin();
    embedded::Options {
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

/// Waits within a function of the suite that is not async; the tests have threads to spare.
fn now<T>(work: impl Future<Output = T>) -> T {
    block_in_place(|| Handle::current().block_on(work))
}
