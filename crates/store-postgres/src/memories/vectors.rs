//! Searches by the database itself, where it has pgvector.
//!
//! A vector is an embedding in pgvector's form beside the bytes, which stay the authority. It is
//! made behind the writes, by whichever node finds that it is missing.
//!
//! Invariant: a search rests on every memory that has an embedding by the model, or on nothing: if
//! a vector is still missing there is no answer, and the caller looks himself.
//! Invariant: whoever replaces an embedding says in the same statement that its vector is not made.
//! Invariant: whoever makes vectors waits for nobody: rows that others have locked are passed over.
//! Invariant: a search computes every distance of the user's rows, whatever index there is.

use super::{
    background::other_models,
    list::{Conditions, MATCHES},
    row::{dims_no, read_dims, read_embedding},
};
use crate::{
    address::BY_KEY,
    column::At,
    directory::work::{Failed, Work, commit},
    distribution::Distribution,
    ledger::{Node, place::Place, reads::query},
    migrate::HAS_VECTORS,
    pool::Pool,
};
use async_trait::async_trait;
use novacore_memory::{Embedding, Hit, Score};
use novacore_store::{
    error::StoreError,
    memories::{Nearest, NearestQuery},
};
use novacore_vocab::{MemoryId, ModelId, Timestamp};
use std::{
    fmt::Write,
    sync::{LazyLock, atomic::Ordering},
};
use tokio_postgres::{Row, Transaction, types::ToSql};
use uuid::Uuid;

/// Most vectors that are made in one transaction.
const ROWS_MAX: i64 = 1_000;
/// Most transactions of one look for what is missing: who looks has holds to expire as well.
const PAGES_MAX: usize = 4;

/// Without a filter one table is enough, and the memories of the nearest alone are looked up, those
/// that have expired too. The query is parsed once, and the sum keeps an index of neighbours from
/// being used.
const OF_ALL: &str = "SELECT m.id, m.created_at, m.expires_at, e.distance FROM (SELECT id, \
     CASE WHEN near_made THEN (near <=> (SELECT $5::text::vector)) + 0 END AS distance \
     FROM memory_embedding \
     WHERE bucket = $1 AND user_id = $2 AND model = $3 AND dims = $4 \
     ORDER BY distance NULLS FIRST LIMIT $6) AS e \
     CROSS JOIN LATERAL (SELECT * FROM memory \
     WHERE bucket = $1 AND user_id = $2 AND id = e.id LIMIT 1) AS m";

/// With one, the memories that it matches and that have not expired, and their vectors.
static OF_MATCHING: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT m.id, m.created_at, m.expires_at, \
         CASE WHEN e.near_made THEN (e.near <=> (SELECT $14::text::vector)) + 0 END AS distance \
         FROM memory m \
         CROSS JOIN LATERAL (SELECT * FROM memory_embedding WHERE bucket = $1 AND user_id = $2 \
         AND id = m.id AND model = $12 AND dims = $13 LIMIT 1) AS e \
         WHERE {MATCHES} AND ($4::int2 IS NULL OR m.term = $4) \
         ORDER BY distance NULLS FIRST LIMIT $15"
    )
});

const IS_ANY_MISSING: &str = "SELECT EXISTS (SELECT FROM memory_embedding \
     WHERE bucket = $1 AND user_id = $2 AND NOT near_made)";
const UNEMBEDDED: &str = "SELECT count(*) FROM memory \
     WHERE model IS NULL AND uuid_send(user_id) = uuid_send($1)";
const BY_MODEL: &str = "SELECT count(*) FROM memory \
     WHERE model = $2 AND uuid_send(user_id) = uuid_send($1)";

const MISSING: &str = "SELECT bucket, user_id, id, dims, embedding FROM memory_embedding \
     WHERE NOT near_made LIMIT $1 FOR UPDATE SKIP LOCKED";
static MAKE: LazyLock<String> = LazyLock::new(|| {
    let columns = &[("bucket", "int4"), ("user_id", "uuid"), ("id", "uuid"), ("near", "text")];
    let given = Distribution::None.keys(columns);
    format!(
        "UPDATE memory_embedding SET near = n.near::vector, near_made = true FROM {} WHERE {}",
        given.rows(),
        given.looked_up("memory_embedding", &["id"])
    )
});

/// The nearest, unless the database cannot tell.
pub(super) async fn nearest(
    node: &Node,
    place: Place,
    asked: &NearestQuery,
) -> Result<Option<Nearest>, StoreError> {
    if !node.has_vectors() {
        return Ok(None);
    }
    match search(&node.pool, place, asked).await {
        Ok(found) => Ok(found),
        // The extension may have been dropped since the last look.
        Err(StoreError::Internal(why)) => {
            tracing::warn!("the database does not search embeddings: {why}");
            node.note_vectors(false);
            Ok(None)
        }
        // It took too long; page by page it does not. If the database is away, the pages tell.
        Err(StoreError::Unavailable) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn search(
    pool: &Pool,
    place: Place,
    asked: &NearestQuery,
) -> Result<Option<Nearest>, StoreError> {
    let missing = query(pool, IS_ANY_MISSING, &[&place.bucket, &place.user.0]).await?;
    if missing.first().is_none_or(|row| row.get(0)) {
        return Ok(None);
    }
    let (model, dims) = (asked.model.as_str(), dims_no(asked.embedding.dims()));
    let (vector, rows_max) = (text(&asked.embedding), asked.rows_max as i64);
    let near: [&(dyn ToSql + Sync); 4] = [&model, &dims, &vector, &rows_max];
    let all: [&(dyn ToSql + Sync); 2] = [&place.bucket, &place.user.0];
    let conditions = Conditions::of(place, &asked.filter, asked.live_at);
    let of_all = [&all[..], &near].concat();
    let of_matching = [&conditions.params()[..], &near].concat();
    let mut rows = match asked.filter.is_everything() {
        true => query(pool, OF_ALL, &of_all).await?,
        false => query(pool, &OF_MATCHING, &of_matching).await?,
    };
    let has_expired =
        |row: &Row| row.get::<_, Option<At>>(2).is_some_and(|end| end.0 <= asked.live_at);
    // Others may be behind those that have expired.
    if rows.len() == asked.rows_max && rows.iter().any(has_expired) {
        rows = query(pool, &OF_MATCHING, &of_matching).await?;
    }
    let mut hits = Vec::with_capacity(rows.len());
    for row in rows.iter().filter(|row| !has_expired(row)) {
        // Those without a vector come first: one that was just replaced, or is damaged.
        let Some(distance) = row.get::<_, Option<f64>>(3) else { return Ok(None) };
        if let Some(score) = Score::new(1.0 - distance) {
            let created_at: Timestamp = row.get::<_, At>(1).0;
            hits.push(Hit { score, created_at, id: MemoryId(row.get(0)) });
        }
    }
    hits.sort_unstable();
    let unembedded = unembedded(pool, place, &asked.model).await?;
    Ok(Some(Nearest { hits, unembedded }))
}

/// How many of a user's memories have no embedding by a model.
async fn unembedded(pool: &Pool, place: Place, model: &ModelId) -> Result<u64, StoreError> {
    let count = |rows: Vec<Row>| rows.first().map_or(0, |row| row.get::<_, i64>(0));
    let mut all = count(query(pool, UNEMBEDDED, &[&place.user.0]).await?);
    for other in other_models(pool, model).await? {
        all += count(query(pool, BY_MODEL, &[&place.user.0, &other]).await?);
    }
    Ok(all.cast_unsigned())
}

/// As pgvector reads it; every number is what it was.
fn text(embedding: &Embedding) -> String {
    let mut text = String::with_capacity(12 * embedding.as_slice().len());
    for (at, number) in embedding.as_slice().iter().enumerate() {
        text.push(if at == 0 { '[' } else { ',' });
        // A string takes all that is written.
        let _ = write!(text, "{number}");
    }
    text.push(']');
    text
}

/// Looks whether there is a column of vectors, and makes those that are missing, up to a bound.
pub(crate) async fn make_missing(node: &Node) -> Result<(), StoreError> {
    look(node).await?;
    if !node.has_vectors() {
        return Ok(());
    }
    for _ in 0..PAGES_MAX {
        if commit(&node.pool, &MakeMissing).await? < ROWS_MAX as usize {
            break;
        }
    }
    Ok(())
}

/// Looks whether there is a column of vectors. On shards it is not used.
pub(crate) async fn look(node: &Node) -> Result<(), StoreError> {
    if node.distribution == Distribution::None {
        let rows = query(&node.pool, HAS_VECTORS, &[]).await?;
        node.note_vectors(rows.first().is_some_and(|row| row.get(0)));
    }
    Ok(())
}

struct MakeMissing;

#[async_trait]
impl Work for MakeMissing {
    /// How many were looked at.
    type Done = usize;

    async fn run(&self, tx: &Transaction<'_>) -> Result<usize, Failed> {
        tx.batch_execute(BY_KEY).await?;
        let rows = tx.query(MISSING, &[&ROWS_MAX]).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let (mut buckets, mut users, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        let mut vectors = Vec::with_capacity(rows.len());
        for row in &rows {
            let (user, id) = (row.get::<_, Uuid>(1), row.get::<_, Uuid>(2));
            let read = read_dims(row.get(3)).and_then(|dims| read_embedding(row.get(4), dims));
            // One that is damaged has none, and its user's searches do without the database's.
            if let Err(error) = &read {
                tracing::warn!("no vector of memory {id} of user {user}: {error}");
            }
            buckets.push(row.get::<_, i32>(0));
            users.push(user);
            ids.push(id);
            vectors.push(read.ok().as_ref().map(text));
        }
        let params: [&(dyn ToSql + Sync); 4] = [&buckets, &users, &ids, &vectors];
        tx.execute(MAKE.as_str(), &params).await?;
        Ok(rows.len())
    }
}

impl Node {
    fn has_vectors(&self) -> bool {
        self.vectors.load(Ordering::Relaxed)
    }

    fn note_vectors(&self, are_there: bool) {
        let before = self.vectors.swap(are_there, Ordering::Relaxed);
        if are_there && !before {
            tracing::info!("the database searches embeddings itself, by pgvector");
        }
    }
}
