//! Memories with all that lies beside them, for whoever takes a ledger elsewhere.
//!
//! Invariant: a page ends with the row with which its bytes reach a bound, so that in memory is a
//! page of bounded size and one row, however large memories are.
//! Not here: whether rows are sound; that was looked at before (`check`).

use super::{
    model::Models,
    row::{
        COLUMNS, COLUMNS_COUNT, EMBEDDED_COLUMNS, EMBEDDED_COLUMNS_COUNT, FROM, WITH_VECTORS,
        change_no, read, read_embedded,
    },
};
use crate::row::{malformed, user_id};
use novacore_store::memories::{Embedded, MEMORY_SCAN_BYTES_MAX};
use novacore_store::moving::MovedMemory;
use novacore_vocab::{Account, OrgId};
use rusqlite::{Connection, params};

/// The key of a row, by which the next page goes on.
pub(crate) type Place = i64;

/// Before every row.
pub(crate) const FIRST_PLACE: Place = i64::MIN;

/// The next memories behind a row in the order of their keys, and where to go on.
pub(crate) fn page(
    connection: &Connection,
    after: Place,
    rows_max: usize,
) -> rusqlite::Result<(Vec<MovedMemory>, Place)> {
    let sql = format!(
        "SELECT {COLUMNS}, {EMBEDDED_COLUMNS}, user_id, \
         (SELECT org_id FROM user WHERE user_no = memory.place >> 32) \
         FROM {FROM} {WITH_VECTORS} WHERE memory.place > ?1 ORDER BY memory.place LIMIT ?2"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![after, rows_max as i64])?;
    let mut models = Models::new(connection);
    let (mut page, mut bytes, mut last) = (Vec::new(), 0, after);
    while bytes < MEMORY_SCAN_BYTES_MAX
        && let Some(row) = rows.next()?
    {
        last = row.get(0)?;
        let owner = COLUMNS_COUNT + EMBEDDED_COLUMNS_COUNT;
        let account =
            Account { user: user_id(row, owner)?, org: OrgId(user_id(row, owner + 1)?.0) };
        let memory = read(row)?;
        let embedded = read_embedded(row, COLUMNS_COUNT, &mut models)?;
        let embedded = embedded.map_err(|_| malformed(COLUMNS_COUNT))?;
        bytes += memory.size_bytes() + embedded.as_ref().map_or(0, embedding_bytes);
        page.push(MovedMemory { account, change_no: change_no(last), memory, embedded });
    }
    Ok((page, last))
}

/// A memory's own size counts the dimensions that were configured when it came, of which its
/// embedding may have others by now.
fn embedding_bytes(embedded: &Embedded) -> i64 {
    4 * i64::from(embedded.embedding.dims().get())
}
