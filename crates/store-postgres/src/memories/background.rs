//! What the work behind all users reads: what has expired, and what waits for an embedding.
//!
//! Invariant: a page costs what it returns, however many memories there are.
//! Not here: writes; what has expired is removed by the changes of its owners' memories.

use super::{
    row::{TRACE_COLUMNS, read_memory, read_model, read_trace},
    texts::Texts,
};
use crate::{
    column::At,
    distribution::Distribution,
    ledger::{Node, reads::query},
    pool::Pool,
};
use novacore_memory::Memory;
use novacore_store::{
    error::StoreError,
    memories::{MEMORY_PAGE_ROWS_MAX, MemoryPlace, ModelRows, Trace},
};
use novacore_vocab::{ModelId, Timestamp, UserId};
use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};
use tokio_postgres::Row;
use uuid::Uuid;

static EXPIRED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT user_id, {TRACE_COLUMNS} FROM memory WHERE expires_at <= $1 \
         ORDER BY expires_at, user_id, id LIMIT $2"
    )
});
/// The first model behind another in the order of their names; few statements find all.
const NEXT_MODEL: &str = "SELECT min(model) FROM memory WHERE model > $1";
const OF_MODEL: &str = "SELECT user_id, id, bucket FROM memory WHERE model = $1 \
     AND (uuid_send(user_id), uuid_send(id)) > (uuid_send($2), uuid_send($3)) \
     ORDER BY uuid_send(user_id), uuid_send(id) LIMIT $4";
const OF_NONE: &str = "SELECT user_id, id, bucket FROM memory WHERE model IS NULL \
     AND (uuid_send(user_id), uuid_send(id)) > (uuid_send($1), uuid_send($2)) \
     ORDER BY uuid_send(user_id), uuid_send(id) LIMIT $3";
const COUNTS: &str = "SELECT model, count(*) FROM memory GROUP BY model";

/// Memories that have expired by `now`, those first that expired first.
pub(super) async fn expired(
    pool: &Pool,
    now: Timestamp,
    rows_max: usize,
) -> Result<Vec<(UserId, Trace)>, StoreError> {
    let rows_max = rows_max.min(MEMORY_PAGE_ROWS_MAX) as i64;
    let rows = query(pool, &EXPIRED, &[&At(now), &rows_max]).await?;
    rows.iter().map(|row| Ok((UserId(row.get(0)), read_trace(row, 1)?))).collect()
}

/// Memories without an embedding by `model`, in the order of their places.
///
/// What waits lies by the model that it has. So each other model's first places are read, and of
/// all these the first; then the memories there, unless they have gone or been embedded meanwhile.
pub(super) async fn to_embed(
    node: &Node,
    model: &ModelId,
    after: Option<MemoryPlace>,
    rows_max: usize,
) -> Result<Vec<(UserId, Memory)>, StoreError> {
    let (pool, rows_max) = (&node.pool, rows_max.min(MEMORY_PAGE_ROWS_MAX));
    // No id is nil.
    let mut after = after.map_or((Uuid::nil(), Uuid::nil()), |at| (at.user.0, at.id.0));
    loop {
        let limit = rows_max as i64;
        let mut rows = query(pool, OF_NONE, &[&after.0, &after.1, &limit]).await?;
        for other in other_models(pool, model).await? {
            rows.extend(query(pool, OF_MODEL, &[&other, &after.0, &after.1, &limit]).await?);
        }
        let mut places: Vec<(Uuid, Uuid, i32)> =
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
        places.sort_unstable();
        places.truncate(rows_max);
        let Some((user, id, _)) = places.last().copied() else { return Ok(Vec::new()) };
        let found = read_places(node, model, &places).await?;
        // An empty page would tell that nothing waits any more.
        if !found.is_empty() {
            return Ok(found);
        }
        after = (user, id);
    }
}

/// The models by which there are embeddings, but for one.
pub(super) async fn other_models(pool: &Pool, but: &ModelId) -> Result<Vec<String>, StoreError> {
    let (mut models, mut last) = (Vec::new(), String::new());
    loop {
        let next = query(pool, NEXT_MODEL, &[&last]).await?;
        match next.first().and_then(|row| row.get::<_, Option<String>>(0)) {
            Some(next) => last.clone_from(&next),
            None => return Ok(models),
        }
        if last != but.as_str() {
            models.push(last.clone());
        }
    }
}

/// The memories at places, in their order, unless they have an embedding by `model` by now.
async fn read_places(
    node: &Node,
    model: &ModelId,
    places: &[(Uuid, Uuid, i32)],
) -> Result<Vec<(UserId, Memory)>, StoreError> {
    let mut split: BTreeMap<i32, [Vec<Uuid>; 2]> = BTreeMap::new();
    for (user, id, bucket) in places {
        let [users, ids] = split.entry(*bucket).or_default();
        users.push(*user);
        ids.push(*id);
    }
    let mut found: HashMap<(Uuid, Uuid), Memory> = HashMap::with_capacity(places.len());
    let sql = &Texts::of(node.distribution).waiting;
    for (buckets, [users, ids]) in statements(node.distribution, split) {
        let model = model.as_str();
        let buckets = node.distribution.buckets(&buckets);
        let rows = query(&node.pool, sql, &[buckets, &users, &ids, &model]).await?;
        for row in &rows {
            let memory = read_memory(row, 1)?;
            found.insert((row.get(0), memory.id.0), memory);
        }
    }
    let in_order = places.iter().map(|(user, id, _)| (*user, *id));
    Ok(in_order.filter_map(|at| Some((UserId(at.0), found.remove(&at)?))).collect())
}

/// All in one statement, or on shards one for each bucket.
fn statements(
    distribution: Distribution,
    split: BTreeMap<i32, [Vec<Uuid>; 2]>,
) -> Vec<(Vec<i32>, [Vec<Uuid>; 2])> {
    let of_bucket = |(bucket, keys): (i32, [Vec<Uuid>; 2])| (vec![bucket; keys[0].len()], keys);
    let each = split.into_iter().map(of_bucket);
    match distribution {
        Distribution::Citus => each.collect(),
        Distribution::None => {
            let all = each.reduce(|mut all, (buckets, [users, ids])| {
                all.0.extend(buckets);
                all.1[0].extend(users);
                all.1[1].extend(ids);
                all
            });
            all.into_iter().collect()
        }
    }
}

/// How many memories have an embedding of which model.
pub(super) async fn counts(pool: &Pool) -> Result<Vec<ModelRows>, StoreError> {
    let read = |row: &Row| {
        let model = row.get::<_, Option<&str>>(0).map(read_model).transpose()?;
        Ok(ModelRows { model, rows: row.get::<_, i64>(1).cast_unsigned() })
    };
    query(pool, COUNTS, &[]).await?.iter().map(read).collect()
}
