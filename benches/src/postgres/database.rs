//! The private server and what it tells about itself.
//!
//! Invariant: fsync, full pages and synchronous commit are on; only memory and the room for the log
//! are larger than in tests.

use anyhow::{Context, ensure};
use novacore_postgres_fixture::Server;
use std::{collections::HashMap, path::Path, time::Duration};
use tokio_postgres::{Client, NoTls};

/// What a small production server would be given.
const SETTINGS: &[(&str, &str)] = &[
    ("shared_buffers", "512MB"),
    ("max_wal_size", "4GB"),
    ("checkpoint_timeout", "5min"),
    ("work_mem", "16MB"),
];

/// A running server with one database for all rows.
#[derive(Debug)]
pub(crate) struct Database {
    server: Server,
    pub(crate) url: String,
}

impl Database {
    /// Starts a server and makes the schema.
    pub(crate) async fn start() -> anyhow::Result<Database> {
        Database::start_with(&[]).await
    }

    /// The same with settings beside ours.
    pub(super) async fn start_with(more: &[(&str, &str)]) -> anyhow::Result<Database> {
        let settings = [SETTINGS, more].concat();
        Database::on(Server::start_with(&settings)).await
    }

    async fn on(server: Server) -> anyhow::Result<Database> {
        let url = server.fresh_database();
        novacore_store_postgres::migrate(&url).await?;
        let version = server.psql(&url, "SHOW server_version")?;
        println!("PostgreSQL {version}");
        Ok(Database { server, url })
    }

    /// A server of another version that has pgvector, with a column of vectors.
    pub(crate) async fn start_with_vectors() -> anyhow::Result<Database> {
        let database = Database::on(Server::start_with_vectors(SETTINGS)).await?;
        database.server.psql(&database.url, "CREATE EXTENSION vector")?;
        novacore_store_postgres::add_vectors(&database.url).await?;
        Ok(database)
    }

    /// How many embeddings have no vector yet.
    pub(crate) fn vectors_missing(&self) -> anyhow::Result<u64> {
        const MISSING: &str = "SELECT count(*) FROM memory_embedding WHERE NOT near_made";
        Ok(self.server.psql(&self.url, MISSING)?.parse()?)
    }

    /// A session of our own; it ends when the client is dropped.
    pub(super) async fn connect(&self) -> anyhow::Result<Client> {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// How many transactions have written, or begun to, since the server was made: it numbers them.
    /// Its statistics count those that only read as well, but sessions are late to report them.
    pub(super) fn transactions(&self) -> anyhow::Result<i64> {
        const NEXT: &str = "SELECT pg_snapshot_xmax(pg_current_snapshot())";
        Ok(self.server.psql(&self.url, NEXT)?.parse()?)
    }

    /// The processor time of each process of the server, by its number.
    pub(super) fn cpu_by_process(&self) -> anyhow::Result<HashMap<String, Duration>> {
        let mut spent = HashMap::new();
        for process in std::fs::read_dir("/proc")? {
            let process = process?.path();
            // Those of others may not be looked at, and any may end meanwhile.
            let is_ours = |cwd: &Path| cwd.starts_with(self.server.folder());
            let cwd = std::fs::read_link(process.join("cwd"));
            let schedule = std::fs::read_to_string(process.join("schedstat"));
            if let (Ok(cwd), Ok(schedule)) = (cwd, schedule)
                && is_ours(&cwd)
            {
                let nanos = schedule.split(' ').next().context("schedstat")?.parse()?;
                let name = process.display().to_string();
                spent.insert(name, Duration::from_nanos(nanos));
            }
        }
        ensure!(!spent.is_empty(), "the server's processes are not to be seen");
        Ok(spent)
    }

    /// What they have spent since; a process that has ended meanwhile is not counted.
    pub(super) fn cpu_since(&self, before: &HashMap<String, Duration>) -> anyhow::Result<Duration> {
        let since = |(name, now): (String, Duration)| {
            now.saturating_sub(before.get(&name).copied().unwrap_or_default())
        };
        Ok(self.cpu_by_process()?.into_iter().map(since).sum())
    }
}
