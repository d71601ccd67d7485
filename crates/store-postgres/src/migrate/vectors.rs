//! Vectors of pgvector beside embeddings, in a database that has the extension.
//!
//! No step of the schema, since it may be made at any time: nodes look for it by themselves.

use crate::{address::Address, open::OpenError, pool::Pool};
use tokio_postgres::Client;

const MAKE: &str = include_str!("../../migrations/vectors.sql");
/// Where sessions find its type: it may be in a schema that they do not look into.
const HAS_EXTENSION: &str = "SELECT to_regtype('vector') IS NOT NULL";

/// Whether a database has the column of vectors.
pub(crate) const HAS_VECTORS: &str = "SELECT EXISTS (SELECT FROM pg_attribute \
     WHERE attrelid = to_regclass('memory_embedding') AND attname = 'near' AND NOT attisdropped)";

/// Whether searches may be made by the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vectors {
    /// The database does not have pgvector, and searches do without.
    NoExtension,
    /// They can be.
    Ready,
    /// They can be from now on; nodes that run fill in the vectors.
    Added,
}

/// Makes the column of vectors in a database that [`migrate()`](crate::migrate()) has brought up to
/// date, if it has pgvector (`CREATE EXTENSION vector`). Not for a database on shards.
pub async fn add_vectors(url: &str) -> Result<Vectors, OpenError> {
    let pool = Pool::new(Address::parse(url)?, 1)?;
    let mut client = pool.first().await?;
    let done = run(&mut client).await;
    // It may hold a transaction that failed.
    Pool::discard(client);
    done
}

async fn run(client: &mut Client) -> Result<Vectors, OpenError> {
    super::check(client).await?;
    client.batch_execute("SET statement_timeout = 0; SET lock_timeout = '60s'").await?;
    let tx = client.transaction().await?;
    tx.execute("SELECT pg_advisory_xact_lock($1)", &[&super::LOCK]).await?;
    if tx.query_one(HAS_VECTORS, &[]).await?.get(0) {
        return Ok(Vectors::Ready);
    }
    if !tx.query_one(HAS_EXTENSION, &[]).await?.get::<_, bool>(0) {
        return Ok(Vectors::NoExtension);
    }
    tx.batch_execute(MAKE).await?;
    tx.commit().await?;
    Ok(Vectors::Added)
}
