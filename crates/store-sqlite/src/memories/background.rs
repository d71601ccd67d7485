//! What nobody waits for: expiry, embeddings that come later, reads.
//!
//! Invariant: an embedding that is stored is a change of its row and none of the memory; reads are
//! neither.

use super::{
    head,
    model::{self, Models},
    read::at_place,
    row::{
        CHANGE_NO_MAX, TRACE_COLUMNS, access, damage, id, number, of_read, place, read_trace,
        user_bytes,
    },
    write::{count, embed},
};
use crate::{directory, failure, row::user_id};
use novacore_memory::Memory;
use novacore_store::{
    error::StoreError,
    memories::{MemoryPlace, ModelRows, NewEmbedding, NewReads, Trace},
};
use novacore_vocab::{ModelId, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, params};

/// Read from the index `memory_by_expiry`.
pub(super) fn expired(
    connection: &Connection,
    now: Timestamp,
    rows_max: usize,
) -> rusqlite::Result<Vec<(UserId, Trace)>> {
    let sql = format!(
        "SELECT {TRACE_COLUMNS}, user_id FROM memory WHERE expires_at <= ?1 \
         ORDER BY expires_at, user_id, memory_id LIMIT ?2"
    );
    connection
        .prepare_cached(&sql)?
        .query_map(params![now.micros(), rows_max as i64], |row| {
            Ok((user_id(row, 5)?, read_trace(row)?))
        })?
        .collect()
}

/// Those of no model and of each other model, from the index `memory_by_model`; then the first of
/// them all.
pub(super) fn to_embed(
    connection: &Connection,
    model: &ModelId,
    after: Option<MemoryPlace>,
    rows_max: usize,
) -> rusqlite::Result<Vec<(UserId, Memory)>> {
    let others = model::others(connection, model::find(connection, model)?)?;
    // Shorter than every id, so before them all.
    let (user, memory) = after.as_ref().map_or((&[][..], &[][..]), |after| {
        (&after.user.0.as_bytes()[..], &after.id.0.as_bytes()[..])
    });
    let mut waiting: Vec<(MemoryPlace, i64)> = Vec::new();
    for model_no in std::iter::once(None).chain(others.into_iter().map(Some)) {
        let mut statement = connection.prepare_cached(
            "SELECT user_id, memory_id, place FROM memory \
             WHERE model_no IS ?1 AND (user_id, memory_id) > (?2, ?3) \
             ORDER BY user_id, memory_id LIMIT ?4",
        )?;
        let rows = statement
            .query_map(params![model_no, user, memory, rows_max as i64], |row| {
                Ok((MemoryPlace { user: user_id(row, 0)?, id: id(row, 1)? }, row.get(2)?))
            })?;
        for row in rows {
            waiting.push(row?);
        }
    }
    waiting.sort_unstable();
    waiting.truncate(rows_max);
    let read = |(at, place): (MemoryPlace, i64)| Ok((at.user, at_place(connection, place)?));
    waiting.into_iter().map(read).collect()
}

pub(super) fn embedding_counts(connection: &Connection) -> rusqlite::Result<Vec<ModelRows>> {
    let mut models = Models::new(connection);
    connection
        .prepare_cached("SELECT model_no, count(*) FROM memory GROUP BY model_no")?
        .query_map([], |row| {
            let model: Option<i64> = row.get(0)?;
            let model = model.map(|number| models.name(number)).transpose()?;
            Ok(ModelRows { model, rows: number(row, 1)? })
        })?
        .collect()
}

/// Stores those whose memory is still as it was read; how many.
pub(super) fn store_embeddings(
    connection: &Connection,
    new: &[NewEmbedding],
) -> Result<usize, StoreError> {
    let mut stored = 0;
    for one in new {
        stored += usize::from(store_embedding(connection, one)?);
    }
    Ok(stored)
}

fn store_embedding(connection: &Connection, new: &NewEmbedding) -> Result<bool, StoreError> {
    let (user, id) = (new.place.user, new.place.id);
    let found = connection
        .prepare_cached(
            "SELECT place, text_place, revision FROM memory \
             WHERE user_id = ?1 AND memory_id = ?2",
        )
        .and_then(|mut statement| {
            statement
                .query_row(params![user_bytes(user), id.0.as_bytes()], |row| {
                    Ok((row.get(0)?, row.get(1)?, number(row, 2)?))
                })
                .optional()
        });
    let found: Option<(i64, i64, u64)> = found.map_err(of_read)?;
    let Some((from, text_place, _)) = found.filter(|(_, _, revision)| *revision == new.revision)
    else {
        return Ok(false);
    };
    let user_no = directory::user_no(connection, user).map_err(failure::in_write)?;
    let user_no = user_no.ok_or_else(|| damage("a memory's user is unknown"))?;
    let change_no = head::next_change_no(connection, user_no).map_err(failure::in_write)?;
    let change_no = change_no.ok_or_else(|| damage("a user has memories and no head"))?;
    if change_no > CHANGE_NO_MAX {
        return Err(StoreError::Internal("a user's memories have changed too often".to_owned()));
    }
    let to = place(user_no, change_no);
    let moved = connection
        .prepare_cached("UPDATE memory SET place = ?2 WHERE place = ?1")
        .and_then(|mut statement| statement.execute([from, to]))
        .and_then(|_| embed(connection, to, text_place, Some(&new.embedded)));
    moved.map_err(failure::in_write)?;
    Ok(true)
}

/// Adds reads to what is stored of them.
pub(super) fn note_reads(connection: &Connection, reads: &[NewReads]) -> Result<(), StoreError> {
    for one in reads {
        note_read(connection, one).map_err(failure::in_write)?;
    }
    Ok(())
}

fn note_read(connection: &Connection, new: &NewReads) -> rusqlite::Result<()> {
    let (user, id) = (user_bytes(new.place.user), new.place.id.0.as_bytes());
    let stored = connection
        .prepare_cached(
            "SELECT access_count, last_access_at, place FROM memory \
             WHERE user_id = ?1 AND memory_id = ?2",
        )?
        .query_row(params![user, id], |row| Ok((access(row, 0)?, row.get::<_, i64>(2)?)))
        .optional()?;
    let Some((stored, place)) = stored else { return Ok(()) };
    let after = stored.plus(new.access);
    connection
        .prepare_cached(
            "UPDATE memory SET access_count = ?2, last_access_at = ?3 WHERE place = ?1",
        )?
        .execute(params![place, count(after.count), after.last_at.map(Timestamp::micros)])?;
    Ok(())
}
