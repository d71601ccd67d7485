//! Does the ledger still say what was written? The chain of batches is recomputed.

use crate::{
    chain,
    journal::Head,
    names::Names,
    row::{self, Row, Seq},
};
use novacore_ledger::KeyRecord;
use rusqlite::{Connection, OptionalExtension};

/// How many batches are checked at every start.
const LAST_BATCHES: usize = 16;

/// A row of `batch`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchRow {
    pub(crate) first_seq: Seq,
    pub(crate) head: Head,
}

/// A row of `entry` and the key that it carries.
pub(crate) type KeyedRow = (Row, Option<KeyRecord>);

/// Checks the last batches, up to the head; says what is wrong.
pub(crate) fn last_batches(
    connection: &Connection,
    names: &Names,
    head: &Head,
) -> rusqlite::Result<Option<String>> {
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
            "SELECT last_seq, chain, committed_at, first_seq FROM batch \
             ORDER BY last_seq DESC LIMIT ?1",
        )?
        .query_map([LAST_BATCHES as i64 + 1], read_batch)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    batches.reverse();
    // The oldest of them is only where the check begins, unless it is the very first.
    let whole = batches.len() <= LAST_BATCHES;
    let mut before = if whole { Head::EMPTY } else { batches.remove(0).head };
    for batch in batches {
        if let Some(why) = batch.gap_after(&before) {
            return Ok(Some(why));
        }
        if let Some(why) = batch.alteration(&before, &batch.rows(connection, names)?) {
            return Ok(Some(why));
        }
        before = batch.head;
    }
    Ok(None)
}

fn read_batch(row: &rusqlite::Row<'_>) -> rusqlite::Result<BatchRow> {
    Ok(BatchRow { head: Head::of_row(row)?, first_seq: row.get::<_, i64>(3)? as Seq })
}

/// The batch that follows another.
pub(crate) fn batch_after(
    connection: &Connection,
    last_seq: Seq,
) -> rusqlite::Result<Option<BatchRow>> {
    connection
        .prepare_cached(
            "SELECT last_seq, chain, committed_at, first_seq FROM batch \
             WHERE last_seq > ?1 ORDER BY last_seq LIMIT 1",
        )?
        .query_row([last_seq as i64], read_batch)
        .optional()
}

impl BatchRow {
    /// Says so if this batch does not begin where the one before ends.
    pub(crate) fn gap_after(&self, before: &Head) -> Option<String> {
        (self.first_seq != before.last_seq + 1).then(|| {
            format!(
                "batch {} begins at {}, the one before ends at {}",
                self.head.last_seq, self.first_seq, before.last_seq
            )
        })
    }

    /// The rows of this batch.
    pub(crate) fn rows(
        &self,
        connection: &Connection,
        names: &Names,
    ) -> rusqlite::Result<Vec<KeyedRow>> {
        let from = row::SELECT_KEYED;
        let sql = format!("{from} WHERE entry.seq BETWEEN ?1 AND ?2 ORDER BY entry.seq");
        let mut statement = connection.prepare_cached(&sql)?;
        statement
            .query_map([self.first_seq as i64, self.head.last_seq as i64], |sql| {
                Ok((row::read(sql, names)?, row::read_own_key(sql)?))
            })?
            .collect()
    }

    /// Recomputes the hash of this batch, which follows another, from its rows; says what is wrong.
    pub(crate) fn alteration(&self, before: &Head, rows: &[KeyedRow]) -> Option<String> {
        let last_seq = self.head.last_seq;
        let (expected, found) = (last_seq + 1 - self.first_seq, rows.len());
        if found as Seq != expected {
            return Some(format!("batch {last_seq} has {found} of its {expected} entries"));
        }
        let chain = chain::next(&before.chain, rows.iter().map(|(row, key)| (row, key.as_ref())));
        (chain != self.head.chain).then(|| format!("batch {last_seq} was altered"))
    }
}
