//! What is read of one user's memories: each one statement on committed rows, so one snapshot.
//!
//! Invariant: texts are read of the rows that are returned and of no others; embeddings only where
//! they are asked for.
//! Invariant: joined rows are looked up by their key, and so are rows by their ids, one by one: of
//! an array of ids the planner may make a walk through all of a user's rows, whatever it believes
//! of a table.
//! What walks along a user's rows names him in the form of its indexes, `uuid_send`.

use super::row::{
    DIGEST_COLUMNS, HEAD_COLUMNS, MEMORY_COLUMNS, MEMORY_COLUMNS_COUNT, read_digest,
    read_embedding, read_head, read_memory,
};
use crate::{
    ledger::{place::Place, reads::query},
    pool::Pool,
};
use novacore_memory::{Dims, Embedding, Memory};
use novacore_store::{
    error::StoreError,
    memories::{
        DIGEST_PAGE_ROWS_MAX, Digest, MEMORY_IDS_MAX, MEMORY_PAGE_ROWS_MAX, MEMORY_SCAN_BYTES_MAX,
        MemoryHead, Numbered,
    },
};
use novacore_vocab::{MemoryId, ModelId};
use std::{collections::HashMap, sync::LazyLock};
use uuid::Uuid;

/// The text of row `m`, as `t`; nulls if it is missing.
pub(super) const WITH_TEXT: &str = "LEFT JOIN LATERAL (SELECT * FROM memory_text \
     WHERE bucket = $1 AND user_id = $2 AND id = m.id LIMIT 1) AS t ON true";

static HEAD: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {HEAD_COLUMNS} FROM memory_head h WHERE bucket = $1 AND user_id = $2")
});
static FIND: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {MEMORY_COLUMNS} FROM unnest($3::uuid[]) AS n (id) CROSS JOIN LATERAL \
         (SELECT * FROM memory WHERE bucket = $1 AND user_id = $2 AND id = n.id LIMIT 1) AS m \
         {WITH_TEXT}"
    )
});
const EMBEDDINGS: &str = "SELECT e.id, e.embedding FROM unnest($3::uuid[]) AS n (id) \
     CROSS JOIN LATERAL (SELECT * FROM memory_embedding \
     WHERE bucket = $1 AND user_id = $2 AND id = n.id LIMIT 1) AS e \
     WHERE e.model = $4 AND e.dims = $5";
static SCAN: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {MEMORY_COLUMNS}, m.change_no FROM (SELECT p.*, \
         sum(size_bytes) OVER (ORDER BY change_no) - size_bytes AS bytes_before FROM \
         (SELECT * FROM memory WHERE bucket = $1 AND uuid_send(user_id) = uuid_send($2) \
         AND change_no > $3 ORDER BY change_no LIMIT $4) AS p) AS m {WITH_TEXT} \
         WHERE m.bytes_before < {MEMORY_SCAN_BYTES_MAX} ORDER BY m.change_no"
    )
});
static DIGESTS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {DIGEST_COLUMNS} FROM memory WHERE bucket = $1 \
         AND uuid_send(user_id) = uuid_send($2) AND change_no > $3 ORDER BY change_no LIMIT $4"
    )
});

/// What a user's memories add up to.
pub(super) async fn head(pool: &Pool, place: Place) -> Result<MemoryHead, StoreError> {
    let rows = query(pool, &HEAD, &[&place.bucket, &place.user.0]).await?;
    rows.first().map_or(Ok(MemoryHead::default()), |row| read_head(row, 0))
}

/// Those of `ids` that are there, in their order.
pub(super) async fn find(
    pool: &Pool,
    place: Place,
    ids: &[MemoryId],
) -> Result<Vec<Memory>, StoreError> {
    let rows = query(pool, &FIND, &[&place.bucket, &place.user.0, &asked(ids)]).await?;
    let found = rows.iter().map(|row| read_memory(row, 0)).collect::<Result<Vec<_>, _>>()?;
    let found: HashMap<MemoryId, Memory> = found.into_iter().map(|one| (one.id, one)).collect();
    let in_order = ids.iter().take(MEMORY_IDS_MAX);
    Ok(in_order.filter_map(|id| found.get(id).cloned()).collect())
}

/// Embeddings of those of `ids` that have one of this kind, in their order.
pub(super) async fn embeddings(
    pool: &Pool,
    place: Place,
    ids: &[MemoryId],
    model: &ModelId,
    dims: Dims,
) -> Result<Vec<(MemoryId, Embedding)>, StoreError> {
    let of_dims = super::row::dims_no(dims);
    let model = model.as_str();
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
        [&place.bucket, &place.user.0, &asked(ids), &model, &of_dims];
    let rows = query(pool, EMBEDDINGS, &params).await?;
    let read =
        |row: &tokio_postgres::Row| Ok((MemoryId(row.get(0)), read_embedding(row.get(1), dims)?));
    let found: HashMap<_, _> = rows.iter().map(read).collect::<Result<_, StoreError>>()?;
    let in_order = ids.iter().take(MEMORY_IDS_MAX);
    Ok(in_order.filter_map(|id| Some((*id, found.get(id)?.clone()))).collect())
}

/// Rows that changed after a number, by number.
pub(super) async fn scan(
    pool: &Pool,
    place: Place,
    after: u64,
    rows_max: usize,
) -> Result<Vec<Numbered>, StoreError> {
    let Ok(after) = i64::try_from(after) else { return Ok(Vec::new()) };
    let rows_max = rows_max.min(MEMORY_PAGE_ROWS_MAX) as i64;
    let rows = query(pool, &SCAN, &[&place.bucket, &place.user.0, &after, &rows_max]).await?;
    let read = |row: &tokio_postgres::Row| {
        let change_no = row.get::<_, i64>(MEMORY_COLUMNS_COUNT).cast_unsigned();
        Ok(Numbered { change_no, memory: read_memory(row, 0)? })
    };
    rows.iter().map(read).collect()
}

/// As [`scan`], without texts.
pub(super) async fn digests(
    pool: &Pool,
    place: Place,
    after: u64,
    rows_max: usize,
) -> Result<Vec<Digest>, StoreError> {
    let Ok(after) = i64::try_from(after) else { return Ok(Vec::new()) };
    let rows_max = rows_max.min(DIGEST_PAGE_ROWS_MAX) as i64;
    let rows = query(pool, &DIGESTS, &[&place.bucket, &place.user.0, &after, &rows_max]).await?;
    rows.iter().map(read_digest).collect()
}

fn asked(ids: &[MemoryId]) -> Vec<Uuid> {
    ids.iter().take(MEMORY_IDS_MAX).map(|id| id.0).collect()
}

/// The statements that read by ids, with the parameters behind bucket, user and ids.
#[cfg(test)]
pub(crate) fn by_ids() -> [(&'static str, &'static str); 2] {
    [(FIND.as_str(), ""), (EMBEDDINGS, ", '', 1::int2")]
}
