//! Connections: how they are made, and how many.
//!
//! Invariant: nobody waits for a connection without bound.

use crate::{address::Address, failure, open::OpenError};
use deadpool_postgres::{
    HookError, Manager, ManagerConfig, Object, Pool as Deadpool, PoolError, RecyclingMethod,
    Runtime,
};
use novacore_store::error::StoreError;
use std::time::Duration;

/// How long a caller waits for a free connection.
const WAIT: Duration = Duration::from_secs(5);
/// How long making a connection may take.
pub(crate) const CONNECT: Duration = Duration::from_secs(5);

/// When an answer that has not come will not come: a server that lives ends statements before.
pub(crate) const ANSWER: Duration = Duration::from_secs(15);

/// A connection on loan.
pub(crate) type Client = Object;

/// The connections of a node.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    connections: Deadpool,
}

impl Pool {
    /// A pool of at most `connections_max` connections; none is made yet.
    pub(crate) fn new(address: Address, connections_max: usize) -> Result<Pool, StoreError> {
        let recycling_method = RecyclingMethod::Fast;
        let manager_config = ManagerConfig { recycling_method };
        let manager = Manager::from_config(address.config, address.tls, manager_config);
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

    /// A connection that is lost while it is made is made once more; a server that is not there
    /// says so at once.
    async fn try_get(&self) -> Result<Client, PoolError> {
        let mut got = self.connections.get().await;
        if let Err(PoolError::Backend(error)) = &got
            && failure::is_disconnect(error)
        {
            got = self.connections.get().await;
        }
        if let Err(PoolError::Backend(error)) = &got
            && failure::is_tls(error)
        {
            tracing::error!("no TLS to the database: {}", failure::cause(error));
        }
        got
    }

    /// A connection, within bounded time.
    pub(crate) async fn get(&self) -> Result<Client, StoreError> {
        self.try_get().await.map_err(|error| told(&error))
    }

    /// The first connection, whose failure an operator waits for: he hears why a certificate does
    /// not do.
    pub(crate) async fn first(&self) -> Result<Client, OpenError> {
        self.try_get().await.map_err(|error| match &error {
            PoolError::Backend(cause) if failure::is_tls(cause) => {
                OpenError::Tls(failure::cause(cause))
            }
            _ => OpenError::Store(told(&error)),
        })
    }

    /// Gives a connection up that may be in any state.
    pub(crate) fn discard(client: Client) {
        drop(Object::take(client));
    }
}

fn told(error: &PoolError) -> StoreError {
    tracing::debug!("no connection: {error}");
    match error {
        PoolError::Backend(error) => failure::told(error),
        PoolError::PostCreateHook(HookError::Backend(error)) => failure::told(error),
        _ => StoreError::Unavailable,
    }
}
