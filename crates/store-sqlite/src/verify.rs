//! Does the ledger still say what was written? The chain of batches is recomputed.

use crate::{
    chain,
    journal::Head,
    names::Names,
    row::{self, Row, Seq},
};
use novacore_ledger::KeyRecord;
use novacore_vocab::Timestamp;
use rusqlite::{Connection, OptionalExtension};

/// How many batches are checked at every start.
const LAST_BATCHES: usize = 16;

/// A row of `batch`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchRow {
    pub(crate) first_seq: Seq,
    pub(crate) head: Head,
}

/// Checks the last batches; says what is wrong.
pub(crate) fn last_batches(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let names = Names::load(connection)?;
    let head = Head::read(connection)?;
    let last_entry: i64 =
        connection.query_row("SELECT coalesce(max(seq), 0) FROM entry", [], |row| row.get(0))?;
    if last_entry as Seq != head.last_seq {
        return Ok(Some(format!(
            "the last entry is {last_entry}, the last batch ends at {}",
            head.last_seq
        )));
    }
    let mut batches = connection
        .prepare(
            "SELECT first_seq, last_seq, chain, committed_at FROM batch \
             ORDER BY last_seq DESC LIMIT ?1",
        )?
        .query_map([LAST_BATCHES as i64 + 1], read_batch)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    batches.reverse();
    // The oldest of them is only where the check begins, unless it is the very first.
    let whole = batches.len() <= LAST_BATCHES;
    let mut before = if whole { Head::EMPTY } else { batches.remove(0).head };
    for batch in batches {
        if let Some(why) = check_batch(connection, &names, &before, &batch)? {
            return Ok(Some(why));
        }
        before = batch.head;
    }
    Ok(None)
}

fn read_batch(row: &rusqlite::Row<'_>) -> rusqlite::Result<BatchRow> {
    Ok(BatchRow {
        first_seq: row.get::<_, i64>(0)? as Seq,
        head: Head {
            last_seq: row.get::<_, i64>(1)? as Seq,
            chain: row.get(2)?,
            committed_at: Timestamp::from_micros(row.get(3)?),
        },
    })
}

/// The batch that follows another.
pub(crate) fn batch_after(
    connection: &Connection,
    last_seq: Seq,
) -> rusqlite::Result<Option<BatchRow>> {
    connection
        .prepare_cached(
            "SELECT first_seq, last_seq, chain, committed_at FROM batch \
             WHERE last_seq > ?1 ORDER BY last_seq LIMIT 1",
        )?
        .query_row([last_seq as i64], read_batch)
        .optional()
}

/// Recomputes the hash of a batch from its rows; says what is wrong.
pub(crate) fn check_batch(
    connection: &Connection,
    names: &Names,
    before: &Head,
    batch: &BatchRow,
) -> rusqlite::Result<Option<String>> {
    if batch.first_seq != before.last_seq + 1 {
        return Ok(Some(format!(
            "batch {} begins at {}, the one before ends at {}",
            batch.head.last_seq, batch.first_seq, before.last_seq
        )));
    }
    let rows = rows_with_keys(connection, names, batch.first_seq, batch.head.last_seq)?;
    let expected = batch.head.last_seq + 1 - batch.first_seq;
    if rows.len() as Seq != expected {
        return Ok(Some(format!(
            "batch {} has {} of its {expected} entries",
            batch.head.last_seq,
            rows.len()
        )));
    }
    let chain = chain::next(&before.chain, rows.iter().map(|(row, key)| (row, key.as_ref())));
    let sound = chain == batch.head.chain;
    Ok((!sound).then(|| format!("batch {} was altered", batch.head.last_seq)))
}

/// The rows of a stretch of the ledger with the keys that they carry.
pub(crate) fn rows_with_keys(
    connection: &Connection,
    names: &Names,
    first: Seq,
    last: Seq,
) -> rusqlite::Result<Vec<(Row, Option<KeyRecord>)>> {
    let sql = format!("{} WHERE entry.seq BETWEEN ?1 AND ?2 ORDER BY entry.seq", row::SELECT_KEYED);
    let mut statement = connection.prepare_cached(&sql)?;
    statement
        .query_map([first as i64, last as i64], |sql| {
            Ok((row::read(sql, names)?, row::read_own_key(sql)?))
        })?
        .collect()
}
