//! The end of the ledger: where the next batch is appended, and its hash.
//!
//! Invariant: rows are numbered without gaps; every row belongs to exactly one row of `batch`.

use crate::{
    chain,
    names::Names,
    row::{self, CommittedBatch, Row, Seq, UserNo},
};
use novacore_ledger::KeyRecord;
use novacore_store::book::Posting;
use novacore_vocab::{IdempotencyKey, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::sync::Arc;

/// The last batch, as the next one must follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) last_seq: Seq,
    pub(crate) chain: [u8; 32],
    pub(crate) committed_at: Timestamp,
}

/// A batch ready to be inserted.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) batch: CommittedBatch,
    pub(crate) head: Head,
    /// What each row has besides.
    extras: Vec<Extra>,
}

/// What is known of a row while it is being written, and not kept with it.
#[derive(Debug)]
struct Extra {
    user: UserId,
    resource_no: i64,
    /// On the first row of a command, its key.
    key: Option<Arc<KeyRecord>>,
}

impl Head {
    /// Before the first batch.
    pub(crate) const EMPTY: Head =
        Head { last_seq: 0, chain: chain::GENESIS, committed_at: Timestamp::MIN };

    /// Reads the last batch of a ledger.
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Head> {
        let last = connection
            .query_row(
                "SELECT last_seq, chain, committed_at FROM batch ORDER BY last_seq DESC LIMIT 1",
                [],
                Head::of_row,
            )
            .optional()?;
        Ok(last.unwrap_or(Head::EMPTY))
    }

    /// Reads a row of `batch` that begins with `last_seq, chain, committed_at`.
    pub(crate) fn of_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Head> {
        Ok(Head {
            last_seq: row.get::<_, i64>(0)? as Seq,
            chain: row.get(1)?,
            committed_at: Timestamp::from_micros(row.get(2)?),
        })
    }

    /// Numbers and hashes the rows of postings. New resource names are stored at once, before the
    /// batch.
    pub(crate) fn prepare(
        &self,
        connection: &Connection,
        names: &Names,
        postings: Vec<Posting>,
        user_no: impl Fn(UserId) -> UserNo,
    ) -> rusqlite::Result<Prepared> {
        let mut rows = Vec::with_capacity(postings.len());
        let mut extras = Vec::with_capacity(postings.len());
        let mut committed_at = self.committed_at;
        for posting in postings {
            let (user, mut key) = (posting.user, posting.key);
            let number = user_no(user);
            for entry in posting.entries {
                committed_at = committed_at.max(entry.recorded_at);
                let resource_no = names.intern(connection, &entry.resource)?;
                rows.push(Row {
                    seq: self.last_seq + rows.len() as Seq + 1,
                    user_no: number,
                    key_hash: key.as_ref().map(|key| row::key_hash(user, key.key.as_str())),
                    entry: Arc::new(entry),
                });
                extras.push(Extra { user, resource_no, key: key.take() });
            }
        }
        let keys = extras.iter().map(|extra| extra.key.as_deref());
        let chain = chain::next(&self.chain, rows.iter().zip(keys));
        let last_seq = self.last_seq + rows.len() as Seq;
        let batch = CommittedBatch { last_seq, chain, rows };
        Ok(Prepared { batch, head: Head { last_seq, chain, committed_at }, extras })
    }
}

impl Prepared {
    /// The keys of the batch, with the rows that carry them.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (Seq, UserId, &IdempotencyKey)> {
        let rows = self.batch.rows.iter().zip(&self.extras);
        rows.filter_map(|(row, extra)| Some((row.seq, extra.user, &extra.key.as_ref()?.key)))
    }

    /// The rows by account, each account's in order.
    pub(crate) fn rows_by_user(&self) -> Vec<(UserId, &Row)> {
        let users = self.extras.iter().map(|extra| extra.user);
        let mut rows: Vec<_> = users.zip(&self.batch.rows).collect();
        rows.sort_unstable_by_key(|(_, row)| (row.user_no, row.seq));
        rows
    }

    /// Inserts the rows and the batch that seals them.
    pub(crate) fn insert(&self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        let Some(first) = self.batch.rows.first() else { return Ok(()) };
        let mut insert = tx.prepare_cached(row::INSERT)?;
        for (row, extra) in self.batch.rows.iter().zip(&self.extras) {
            row::insert(&mut insert, row, extra.resource_no, extra.key.as_deref())?;
        }
        tx.prepare_cached(
            "INSERT INTO batch (last_seq, first_seq, committed_at, chain) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            self.head.last_seq as i64,
            first.seq as i64,
            self.head.committed_at.micros(),
            self.head.chain,
        ])?;
        Ok(())
    }
}
