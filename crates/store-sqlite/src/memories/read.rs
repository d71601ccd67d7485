//! Reads by id and by number of change.

use super::{
    model::{self, Models},
    row::{
        CHANGE_NO_MAX, COLUMNS, DIGEST_COLUMNS, FROM, change_no, dims, number, place, read,
        read_digest, user_bytes,
    },
};
use crate::{
    directory,
    row::{UserNo, malformed},
};
use novacore_memory::{Dims, Embedding, Memory};
use novacore_store::memories::{Digest, MEMORY_SCAN_BYTES_MAX, MemoryWrite, Numbered};
use novacore_vocab::{MemoryId, ModelId, UserId};
use rusqlite::{Connection, OptionalExtension, params};
use std::{collections::HashMap, ops::RangeInclusive};

/// Those of `ids` that are there, in their order.
pub(super) fn find(
    connection: &Connection,
    user: UserId,
    ids: &[MemoryId],
) -> rusqlite::Result<Vec<Memory>> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE user_id = ?1 AND memory_id = ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let user = user_bytes(user);
    let found =
        ids.iter().map(|id| statement.query_row(params![user, id.0.as_bytes()], read).optional());
    found.filter_map(Result::transpose).collect()
}

/// The memory whose row has a key, which is known to be there.
pub(super) fn at_place(connection: &Connection, place: i64) -> rusqlite::Result<Memory> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE memory.place = ?1");
    connection.prepare_cached(&sql)?.query_row([place], read)
}

/// Embeddings by one model and of one dimension, in the order of `ids`.
pub(super) fn find_embeddings(
    connection: &Connection,
    user: UserId,
    ids: &[MemoryId],
    (model, wanted): (&ModelId, Dims),
) -> rusqlite::Result<Vec<(MemoryId, Embedding)>> {
    let Some(model_no) = model::find(connection, model)? else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(
        "SELECT vector FROM memory LEFT JOIN memory_vector \
         ON memory_vector.place = memory.text_place \
         WHERE user_id = ?1 AND memory_id = ?2 AND model_no = ?3",
    )?;
    let user = user_bytes(user);
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let embedding = statement
            .query_row(params![user, id.0.as_bytes(), model_no], |row| {
                let bytes = row.get_ref(0)?.as_blob().map_err(|_| malformed(0))?;
                let dims = dims(bytes.len() / 4).ok_or_else(|| malformed(0))?;
                Embedding::from_bytes(bytes, dims).map_err(|_| malformed(0))
            })
            .optional()?;
        found.extend(
            embedding.filter(|embedding| embedding.dims() == wanted).map(|found| (*id, found)),
        );
    }
    Ok(found)
}

/// The keys of a user's rows that changed after a number, if one can be larger.
fn places_after(user_no: UserNo, after: u64) -> Option<RangeInclusive<i64>> {
    let first = after.checked_add(1).filter(|first| *first <= CHANGE_NO_MAX)?;
    Some(place(user_no, first)..=place(user_no, CHANGE_NO_MAX))
}

fn changed_after(
    connection: &Connection,
    user: UserId,
    after: u64,
) -> rusqlite::Result<Option<RangeInclusive<i64>>> {
    let user_no = directory::user_no(connection, user)?;
    Ok(user_no.and_then(|user_no| places_after(user_no, after)))
}

pub(super) fn scan(
    connection: &Connection,
    user: UserId,
    after: u64,
    rows_max: usize,
) -> rusqlite::Result<Vec<Numbered>> {
    let Some(places) = changed_after(connection, user, after)? else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE memory.place BETWEEN ?1 AND ?2 \
         ORDER BY memory.place LIMIT ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![places.start(), places.end(), rows_max as i64])?;
    let (mut page, mut bytes) = (Vec::new(), 0);
    while bytes < MEMORY_SCAN_BYTES_MAX
        && let Some(row) = rows.next()?
    {
        let memory = read(row)?;
        bytes += memory.size_bytes();
        page.push(Numbered { change_no: change_no(row.get(0)?), memory });
    }
    Ok(page)
}

pub(super) fn scan_digests(
    connection: &Connection,
    user: UserId,
    after: u64,
    rows_max: usize,
) -> rusqlite::Result<Vec<Digest>> {
    let Some(places) = changed_after(connection, user, after)? else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT {DIGEST_COLUMNS} FROM memory WHERE place BETWEEN ?1 AND ?2 \
         ORDER BY place LIMIT ?3"
    );
    let mut models = Models::new(connection);
    connection
        .prepare_cached(&sql)?
        .query_map(params![places.start(), places.end(), rows_max as i64], |row| {
            read_digest(row, |number| models.name(number))
        })?
        .collect()
}

/// The stored revisions of the rows that a write names.
pub(crate) fn revisions(
    connection: &Connection,
    user: UserId,
    write: &MemoryWrite,
) -> rusqlite::Result<HashMap<MemoryId, u64>> {
    let mut statement = connection
        .prepare_cached("SELECT revision FROM memory WHERE user_id = ?1 AND memory_id = ?2")?;
    let user = user_bytes(user);
    let mut known = HashMap::with_capacity(write.changes().len());
    for change in write.changes() {
        let id = change.id();
        let found =
            statement.query_row(params![user, id.0.as_bytes()], |row| number(row, 0)).optional()?;
        known.extend(found.map(|revision| (id, revision)));
    }
    Ok(known)
}
