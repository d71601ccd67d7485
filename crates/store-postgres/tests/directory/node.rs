//! A database of a test, the nodes on it, and a session beside them that stands in their way.

use novacore_postgres_fixture::Server;
use novacore_store_postgres::{Options, PostgresStore, migrate};
use novacore_store_suite::memory::HandClock;
use std::{
    ops::Deref,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// Nothing here takes as long; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A fresh database with its schema.
pub(crate) struct Database {
    url: String,
}

impl Database {
    /// On the server that all tests share.
    pub(crate) async fn fresh() -> Database {
        Database::of(Server::shared()).await
    }

    pub(crate) async fn of(server: &Server) -> Database {
        let url = server.fresh_database();
        migrate(&url).await.expect("the schema");
        Database { url }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn node(&self) -> Node {
        Node::open(&self.url).await
    }

    /// A session that has run `sql` in a transaction that is still open.
    pub(crate) async fn obstacle(&self, sql: &str) -> Session {
        let session = self.session().await;
        session.0.batch_execute(&format!("BEGIN; {sql}")).await.expect("a lock");
        session
    }

    pub(crate) async fn session(&self) -> Session {
        let (client, connection) =
            tokio_postgres::connect(&self.url, NoTls).await.expect("a session");
        tokio::spawn(connection);
        Session(client)
    }
}

/// A node.
#[derive(Clone)]
pub(crate) struct Node {
    store: Arc<PostgresStore>,
    clock: Arc<HandClock>,
}

impl Node {
    pub(crate) async fn open(url: &str) -> Node {
        let clock = Arc::new(HandClock::at(novacore_vocab::Timestamp::from_seconds(1_800_000_000)));
        let options = Options {
            clock_offset_max: None,
            connections_max: 4,
            tick: Duration::from_secs(86_400),
            ..Options::new(url.to_owned(), clock.clone())
        };
        let store = PostgresStore::open(options).await.expect("the store opens");
        Node { store: Arc::new(store), clock }
    }

    pub(crate) fn clock(&self) -> &HandClock {
        &self.clock
    }
}

impl Deref for Node {
    type Target = PostgresStore;
    fn deref(&self) -> &PostgresStore {
        &self.store
    }
}

/// A session beside the nodes'.
pub(crate) struct Session(Client);

impl Session {
    /// Waits until so many of the nodes' transactions wait for a lock, then ends its own.
    pub(crate) async fn give_way_to(&self, waiting: i64, end: &str) {
        const WAITING: &str = "SELECT count(*) FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let deadline = Instant::now() + PATIENCE;
        while self.number(WAITING).await != waiting {
            assert!(Instant::now() < deadline, "{waiting} wait in time");
            // Within a transaction the server shows the same picture again and again.
            self.0.batch_execute("SELECT pg_stat_clear_snapshot()").await.expect("a fresh picture");
        }
        self.0.batch_execute(end).await.expect("the transaction ends");
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.0.query_one(sql, &[]).await.expect("a number").get(0)
    }

    pub(crate) async fn ids(&self, sql: &str) -> Vec<Uuid> {
        self.0.query_one(sql, &[]).await.expect("ids").get(0)
    }
}
