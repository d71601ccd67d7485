//! Opening the store: what is checked before the first command.
//!
//! Invariant: a database that may lose what it has acknowledged is refused.

use crate::{
    address::{Address, UrlError},
    distribution::Distribution,
    ledger::{self, Started},
    migrate,
    pool::Pool,
    retention::{self, Retain, RetainError},
};
use novacore_ledger::{Policy, Tier};
use novacore_store::{
    clock::Clock,
    error::StoreError,
    observe::{Observer, Unobserved},
};
use novacore_vocab::ResourceSpec;
use std::{fmt, sync::Arc, time::Duration};
use thiserror::Error;
use tokio_postgres::Client;

/// The oldest server that is supported, as the server writes it.
const SERVER_VERSION_MIN: i32 = 150_000;

/// How to open a store.
#[derive(Clone)]
pub struct Options {
    /// Where the database is. Holds a password: never logged.
    pub url: String,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How far the clock may be off the database's before writes are refused; `None` does not look,
    /// for tests that drive the clock by hand.
    pub clock_offset_max: Option<Duration>,
    /// Who measures.
    pub observer: Arc<dyn Observer>,
    /// Configured resources.
    pub resources: Vec<ResourceSpec>,
    /// Configured tiers; those that an operator has edited stay as he left them.
    pub tiers: Vec<Tier>,
    /// Most connections of this node, besides one for each lane, one for what takes long and one
    /// that listens.
    pub connections_max: usize,
    /// Lanes of this node: the most batches that it has in flight at once. One is used as long as
    /// its commands are few.
    pub lanes: usize,
    /// How the tables lie, as they were migrated.
    pub distribution: Distribution,
    /// How many months stay in the ledger; `None` keeps them all.
    pub retain: Option<Retain>,
    /// How often the node looks for holds that have run out, and at the database's clock.
    pub tick: Duration,
}

/// How far a node's clock may be off the database's.
pub const CLOCK_OFFSET_MAX: Duration = Duration::from_millis(250);

impl Options {
    /// The usual options for a database, under the built-in policy.
    pub fn new(url: String, clock: Arc<dyn Clock>) -> Options {
        let builtin = Policy::builtin();
        Options {
            url,
            clock,
            clock_offset_max: Some(CLOCK_OFFSET_MAX),
            observer: Arc::new(Unobserved),
            resources: builtin.resources().cloned().collect(),
            tiers: builtin.tiers().into_iter().cloned().collect(),
            connections_max: 16,
            lanes: 1,
            distribution: Distribution::None,
            retain: None,
            tick: Duration::from_secs(1),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address holds a password.
        let mut shown = f.debug_struct("Options");
        shown.field("connections_max", &self.connections_max).finish_non_exhaustive()
    }
}

/// Why a store could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The address cannot be used.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The connection cannot be protected as the address asks.
    #[error("TLS to the database: {0}")]
    Tls(String),
    /// The server is too old.
    #[error("PostgreSQL 15 or later is needed, the server is {0}")]
    ServerOld(String),
    /// The server would lose what it has acknowledged.
    #[error("the server runs with {setting}={value} and could lose what it has acknowledged")]
    NotDurable {
        /// The setting.
        setting: &'static str,
        /// What it is set to.
        value: String,
    },
    /// The server is a standby.
    #[error("the server is a standby and takes no writes")]
    Standby,
    /// The schema is older than this version.
    #[error("the schema is at version {found} and must be at {needed}: run `novacore migrate`")]
    SchemaOld {
        /// What was found; 0 is an empty database.
        found: i32,
        /// What this version needs.
        needed: i32,
    },
    /// The schema is newer than this version.
    #[error("the schema is at version {found}, this version knows {known}")]
    SchemaUnknown {
        /// What was found.
        found: i32,
        /// The newest that this version knows.
        known: i32,
    },
    /// The tables are to be spread over shards, and the database has none.
    #[error("the database has no Citus: run `CREATE EXTENSION citus` and add its workers")]
    CitusMissing,
    /// Months cannot be detached as asked.
    #[error(transparent)]
    Retain(RetainError),
    /// The database did not answer as it should.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The store on PostgreSQL.
#[derive(Debug)]
pub struct PostgresStore {
    pub(crate) pool: Pool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ledger: Started,
}

impl PostgresStore {
    /// Opens a node on a database that [`migrate()`](crate::migrate()) has brought up to date.
    pub async fn open(options: Options) -> Result<PostgresStore, OpenError> {
        if options.retain.is_some() {
            retention::check(options.distribution)?;
        }
        let address = Address::parse(&options.url)?;
        let pool = Pool::new(address.for_reads(), options.connections_max)?;
        let client = pool.first().await?;
        check_server(&client).await?;
        migrate::check(&client).await?;
        drop(client);
        let clock = options.clock.clone();
        let ledger = ledger::start(options, address, pool.clone()).await?;
        Ok(PostgresStore { pool, clock, ledger })
    }

    /// Stops the node: what is queued is committed, and told to other nodes. Dropping it instead
    /// waits for neither.
    pub async fn close(self) {
        self.ledger.end().await;
    }
}

/// Refuses a server that is too old, a standby, or one that could lose what it acknowledges.
pub(crate) async fn check_server(client: &Client) -> Result<(), OpenError> {
    let found = client
        .query_one(
            "SELECT current_setting('server_version_num')::integer, \
             current_setting('server_version'), pg_is_in_recovery(), current_setting('fsync'), \
             current_setting('full_page_writes'), current_setting('synchronous_commit')",
            &[],
        )
        .await?;
    if found.get::<_, i32>(0) < SERVER_VERSION_MIN {
        return Err(OpenError::ServerOld(found.get(1)));
    }
    if found.get(2) {
        return Err(OpenError::Standby);
    }
    let settings = ["fsync", "full_page_writes", "synchronous_commit"];
    for (setting, column) in settings.into_iter().zip(3..) {
        let value: String = found.get(column);
        if value == "off" {
            return Err(OpenError::NotDurable { setting, value });
        }
    }
    Ok(())
}
