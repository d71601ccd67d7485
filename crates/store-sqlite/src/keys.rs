//! From an idempotency key to what is stored under it.

use crate::{
    derived::Derived,
    failure,
    row::{self, Seq, UserNo},
};
use novacore_ledger::KeyRecord;
use novacore_store::error::StoreError;
use novacore_vocab::{IdempotencyKey, UserId};
use rusqlite::{Connection, OptionalExtension};

/// The rows that may carry a key; almost always none.
pub(crate) fn candidates(
    derived: &Derived,
    user: UserId,
    key: &IdempotencyKey,
) -> Result<(Vec<Seq>, Seq), StoreError> {
    derived.find_key(row::key_hash(user, key.as_str()))
}

/// Reads the row that carries a key, if one of the candidates does.
pub(crate) fn read(
    connection: &Connection,
    user_no: UserNo,
    key: &IdempotencyKey,
    candidates: &[Seq],
) -> Result<Option<KeyRecord>, StoreError> {
    for seq in candidates {
        let record = connection
            .prepare_cached(
                "SELECT user_no, idem_key, fingerprint, answer FROM entry WHERE seq = ?1",
            )
            .and_then(|mut select| {
                let read = |sql: &rusqlite::Row<'_>| row::read_key(sql, user_no, key);
                select.query_row([*seq as i64], read).optional()
            })
            .map_err(failure::of_read)?;
        if let Some(Some(record)) = record {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// Looks a key up in the index and the ledger, on this thread.
pub(crate) fn find(
    derived: &Derived,
    connection: &Connection,
    user_no: UserNo,
    user: UserId,
    key: &IdempotencyKey,
) -> Result<Option<KeyRecord>, StoreError> {
    let (seqs, _) = candidates(derived, user, key)?;
    read(connection, user_no, key, &seqs)
}

/// Calls back with every key that was stored after a row.
pub(crate) fn since(
    connection: &Connection,
    after: Seq,
    mut found: impl FnMut(Seq, UserId, KeyRecord),
) -> Result<(), StoreError> {
    let sql = format!("{} WHERE entry.seq > ?1 AND entry.idem_key IS NOT NULL", row::SELECT_KEYED);
    let mut read = |connection: &Connection| -> rusqlite::Result<()> {
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query([after as i64])?;
        while let Some(sql) = rows.next()? {
            if let Some(record) = row::read_own_key(sql)? {
                found(sql.get::<_, i64>(0)? as Seq, row::user_id(sql, row::USER_COLUMN)?, record);
            }
        }
        Ok(())
    };
    read(connection).map_err(failure::of_read)
}
