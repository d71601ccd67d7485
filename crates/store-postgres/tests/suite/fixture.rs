//! A node on a database of its own, under a clock set by hand.

use novacore_postgres_fixture::Server;
use novacore_store::{directory::Directory, ledger::Ledger, memories::Memories};
use novacore_store_postgres::{Distribution, Options, PostgresStore, migrate};
use novacore_store_suite::{
    ledger::{Harness, START},
    memories::MemoryHarness,
    memory::HandClock,
};
use std::{sync::Arc, time::Duration};
use tokio::{runtime::Handle, task::block_in_place};

pub(crate) struct Fixture {
    store: Option<Arc<PostgresStore>>,
    clock: Arc<HandClock>,
    url: String,
    distribution: Distribution,
}

impl Fixture {
    /// A fresh database with its schema, and a node on it.
    pub(crate) fn new() -> Fixture {
        Fixture::through(|url| url)
    }

    /// As [`Fixture::new`], but the node goes by another address.
    pub(crate) fn through(lead: impl Fn(String) -> String) -> Fixture {
        Fixture::on(Server::shared(), lead)
    }

    /// As [`Fixture::new`], but the node works as on the shards of a cluster. The tables all lie on
    /// one server, which answers the same statements.
    pub(crate) fn as_on_shards() -> Fixture {
        Fixture::open(Server::shared(), |url| url, Distribution::Citus)
    }

    /// As [`Fixture::through`], on a server of the test's own.
    pub(crate) fn on(server: &Server, lead: impl Fn(String) -> String) -> Fixture {
        Fixture::open(server, lead, Distribution::None)
    }

    fn open(
        server: &Server,
        lead: impl Fn(String) -> String,
        distribution: Distribution,
    ) -> Fixture {
        let url = server.fresh_database();
        let clock = Arc::new(HandClock::at(START.parse().expect("a time")));
        let store = now(async {
            migrate(&url).await.expect("the schema");
            open(Options { distribution, ..options(&lead(url.clone()), &clock) }).await
        });
        Fixture { store: Some(store), clock, url, distribution }
    }

    pub(crate) fn store(&self) -> &Arc<PostgresStore> {
        self.store.as_ref().expect("the store is open")
    }

    /// The clock, to open something else by it.
    pub(crate) fn hand_clock(&self) -> &Arc<HandClock> {
        &self.clock
    }

    /// The address of the database itself.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Another node on the same database, under the same clock, by the straight way.
    pub(crate) fn another_node(&self) -> Arc<PostgresStore> {
        let distribution = self.distribution;
        // With lanes that differ: how many a node has is its own affair.
        now(open(Options { distribution, lanes: 3, ..options(&self.url, &self.clock) }))
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
        let closed = self.store.take().and_then(Arc::into_inner);
        now(closed.expect("nobody else holds the store").close());
        self.store = Some(self.another_node());
    }
}

impl MemoryHarness for Fixture {
    fn memories(&self) -> Arc<dyn Memories> {
        self.store().clone()
    }
}

/// How a test opens a node: nothing of it looks at the real time.
pub(crate) fn options(url: &str, clock: &Arc<HandClock>) -> Options {
    Options {
        clock_offset_max: None,
        connections_max: 4,
        tick: Duration::from_secs(86_400),
        ..Options::new(url.to_owned(), clock.clone())
    }
}

async fn open(options: Options) -> Arc<PostgresStore> {
    Arc::new(PostgresStore::open(options).await.expect("the store opens"))
}

/// Waits within a function of the suite that is not async; the tests have threads to spare.
fn now<T>(work: impl Future<Output = T>) -> T {
    block_in_place(|| Handle::current().block_on(work))
}
