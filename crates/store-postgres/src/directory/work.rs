//! One transaction that is no batch: of the directory, and of the work behind memories.
//!
//! Invariant: nothing is acknowledged before its commit; a failure leaves nothing behind, but for a
//! commit whose answer is lost, which is told as such.

use crate::{failure, pool::Pool};
use async_trait::async_trait;
use novacore_store::error::StoreError;
use tokio_postgres::{Error, Transaction};

/// How often a transaction that met others is tried.
const ATTEMPTS_MAX: usize = 5;

/// Why a transaction ends without its commit.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The database could not do it.
    Database(Error),
    /// It could, and the port has a word for why it must not be.
    Refused(StoreError),
}

impl Failed {
    fn told(self) -> StoreError {
        match self {
            Failed::Database(error) => failure::told(&error),
            Failed::Refused(refused) => refused,
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Failed {
        Failed::Database(error)
    }
}

impl From<StoreError> for Failed {
    fn from(refused: StoreError) -> Failed {
        Failed::Refused(refused)
    }
}

impl From<Failed> for StoreError {
    fn from(failed: Failed) -> StoreError {
        failed.told()
    }
}

/// What a method does in its transaction; may run more than once, and only the last run counts.
#[async_trait]
pub(crate) trait Work: Sync {
    /// What the method answers.
    type Done: Send;

    /// Does it; the commit is not its own.
    async fn run(&self, tx: &Transaction<'_>) -> Result<Self::Done, Failed>;
}

/// Runs work and commits it. What met others (a deadlock, a serialisation failure) runs again.
pub(crate) async fn commit<W: Work>(pool: &Pool, work: &W) -> Result<W::Done, StoreError> {
    for _ in 1..ATTEMPTS_MAX {
        match attempt(pool, work).await {
            Err(Failed::Database(error)) if failure::is_conflict(&error) => {
                tracing::debug!("a transaction met another and runs again");
            }
            ended => return ended.map_err(Failed::told),
        }
    }
    attempt(pool, work).await.map_err(Failed::told)
}

async fn attempt<W: Work>(pool: &Pool, work: &W) -> Result<W::Done, Failed> {
    let mut client = pool.get().await?;
    // The pool's transaction is the driver's with a cache; the driver's is enough here.
    let client: &mut tokio_postgres::Client = &mut client;
    let tx = client.transaction().await?;
    let done = work.run(&tx).await?;
    tx.commit().await?;
    Ok(done)
}
