//! Connections: how they are made, how many, and what every session is told.
//!
//! Invariant: a session never waits without bound; a node that stands still in a transaction loses
//! it, so that its locks cannot outlive it.
//! Invariant: nothing is logged of the address but host, port and database.

use crate::failure;
use deadpool_postgres::{
    HookError, Manager, ManagerConfig, Object, Pool as Deadpool, PoolError, RecyclingMethod,
    Runtime,
};
use novacore_store::error::StoreError;
use std::{str::FromStr, time::Duration};
use tokio_postgres::{Config, NoTls, config::SslMode};

/// What a session is told when it begins. Times end statements that wait for a lock as well. Pages
/// of an account's entries come from its index in order: a planner that takes every account for a
/// small one would rather read all of them and sort.
const SESSION: &str = "-c statement_timeout=10s -c lock_timeout=5s \
     -c idle_in_transaction_session_timeout=5s -c default_transaction_isolation=read\\ committed \
     -c timezone=UTC -c jit=off -c plan_cache_mode=force_generic_plan \
     -c enable_sort=off -c client_min_messages=warning";

/// What the session of a lane is told besides: its statements find every row by its key, whatever
/// the statistics of a table that was empty a minute ago say.
const LANE: &str = " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off";

/// How long a caller waits for a free connection.
const WAIT: Duration = Duration::from_secs(5);
/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// When a peer that says nothing is gone.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// When an answer that has not come will not come: a server that lives ends statements before.
pub(crate) const ANSWER: Duration = Duration::from_secs(15);

/// A connection on loan.
pub(crate) type Client = Object;

/// The connections of a node.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    connections: Deadpool,
}

/// An address that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not the address of a database.
    #[error("the database URL is not valid: {0}")]
    Malformed(String),
    /// It asks for TLS.
    #[error("the database URL asks for TLS, which this build does not speak to PostgreSQL")]
    Tls,
}

/// Reads an address, and adds what every session is told.
pub(crate) fn configuration(url: &str) -> Result<Config, UrlError> {
    let mut config =
        Config::from_str(url).map_err(|error| UrlError::Malformed(error.to_string()))?;
    match config.get_ssl_mode() {
        // Never plain text where TLS was asked for.
        SslMode::Disable | SslMode::Prefer => {}
        _ => return Err(UrlError::Tls),
    }
    let own = config.get_options().unwrap_or_default();
    let options = format!("{own} {SESSION}");
    config
        .options(options.trim())
        .application_name("novacore")
        .connect_timeout(CONNECT)
        .keepalives_idle(KEEPALIVE)
        .keepalives_interval(KEEPALIVE)
        .keepalives_retries(3)
        .tcp_user_timeout(ANSWER);
    Ok(config)
}

/// The configuration for a lane's connections.
pub(crate) fn for_lanes(config: &Config) -> Config {
    let mut config = config.clone();
    let options = format!("{}{LANE}", config.get_options().unwrap_or_default());
    config.options(options);
    config
}

impl Pool {
    /// A pool of at most `connections_max` connections; none is made yet.
    pub(crate) fn new(config: Config, connections_max: usize) -> Result<Pool, StoreError> {
        let recycling_method = RecyclingMethod::Fast;
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method });
        let connections = Deadpool::builder(manager)
            .max_size(connections_max)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(CONNECT))
            .recycle_timeout(Some(CONNECT))
            .build()
            .map_err(|error| StoreError::Internal(error.to_string()))?;
        Ok(Pool { connections })
    }

    /// A connection, within bounded time. One that is lost while it is made is made once more; a
    /// server that is not there says so at once.
    pub(crate) async fn get(&self) -> Result<Client, StoreError> {
        let mut got = self.connections.get().await;
        if let Err(PoolError::Backend(error)) = &got
            && failure::is_disconnect(error)
        {
            got = self.connections.get().await;
        }
        got.map_err(|error| {
            tracing::debug!("no connection: {error}");
            match error {
                PoolError::Backend(error) => failure::told(&error),
                PoolError::PostCreateHook(HookError::Backend(error)) => failure::told(&error),
                _ => StoreError::Unavailable,
            }
        })
    }

    /// Gives a connection up that may be in any state.
    pub(crate) fn discard(client: Client) {
        drop(Object::take(client));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_asks_for_tls_is_refused_not_downgraded() {
        let read = |url: &str| configuration(url).map(|_| ());
        assert_eq!(read("postgres://u@127.0.0.1/db"), Ok(()));
        assert_eq!(read("postgres://u@127.0.0.1/db?sslmode=disable"), Ok(()));
        assert_eq!(read("postgres://u@127.0.0.1/db?sslmode=require"), Err(UrlError::Tls));
        assert!(matches!(read("mysql://u@127.0.0.1/db"), Err(UrlError::Malformed(_))));
    }

    #[test]
    fn own_options_of_an_address_are_kept() {
        let url = "postgres://u@127.0.0.1/db?options=-c%20work_mem%3D8MB";
        let config = configuration(url).unwrap();
        let options = config.get_options().unwrap();
        assert!(options.starts_with("-c work_mem=8MB -c statement_timeout="), "{options}");
    }
}
