//! A user's memories beside what is kept of them: columns, digests, head, and the level that they
//! charge.
//!
//! Invariant: in memory is a page of rows, which ends with the row with which its bytes reach a
//! bound, whatever the number of memories and their sizes.
//! Invariant: a page costs what it returns, wherever among a user's rows it begins.

use super::{FINDINGS_MAX, VerifyReport, Wrong};
use crate::{
    ledger::place::Place,
    memories::row::{
        HEAD_COLUMNS, MEMORY_COLUMNS, MEMORY_COLUMNS_COUNT, TRACE_COLUMNS, read_head, read_memory,
        read_trace,
    },
    pool::Client,
};
use novacore_ledger::AccountState;
use novacore_memory::{Dims, Embedding, Quantised};
use novacore_store::memories::{MEMORY_SCAN_BYTES_MAX, MemoryHead, Trace, memory_storage};
use novacore_vocab::{MemoryId, Source, UserId};
use std::sync::LazyLock;
use tokio_postgres::{Row, types::ToSql};
use uuid::Uuid;

/// Rows that are read at once, each with its texts and its embedding.
const PAGE_ROWS: i64 = 100;

/// A memory, what was noted of it, its digest and its embedding. Texts and embeddings are looked up
/// by their keys: a join of all that is the user's would be made anew for every page.
static PAGE: LazyLock<String> = LazyLock::new(|| {
    let noted: Vec<String> =
        TRACE_COLUMNS.split(", ").map(|column| format!("m.{column}")).collect();
    format!(
        "SELECT {MEMORY_COLUMNS}, {}, m.change_no, m.model, m.embedded_dims, m.digest, e.model, \
         e.dims, e.embedding FROM (SELECT p.*, \
         sum(size_bytes) OVER (ORDER BY id) - size_bytes AS bytes_before FROM \
         (SELECT * FROM memory WHERE bucket = $1 AND user_id = $2 AND id > $3 \
         ORDER BY id LIMIT $4) AS p) AS m \
         LEFT JOIN LATERAL (SELECT * FROM memory_text \
         WHERE bucket = $1 AND user_id = $2 AND id = m.id LIMIT 1) AS t ON true \
         LEFT JOIN LATERAL (SELECT * FROM memory_embedding \
         WHERE bucket = $1 AND user_id = $2 AND id = m.id LIMIT 1) AS e ON true \
         WHERE m.bytes_before < {MEMORY_SCAN_BYTES_MAX} ORDER BY m.id",
        noted.join(", ")
    )
});
const LEFT_BEHIND: &str = "SELECT (SELECT count(*) FROM memory_text t \
     WHERE t.bucket = $1 AND t.user_id = $2 AND NOT EXISTS (SELECT 1 FROM memory m \
     WHERE m.bucket = $1 AND m.user_id = $2 AND m.id = t.id)) + \
     (SELECT count(*) FROM memory_embedding e \
     WHERE e.bucket = $1 AND e.user_id = $2 AND NOT EXISTS (SELECT 1 FROM memory m \
     WHERE m.bucket = $1 AND m.user_id = $2 AND m.id = e.id))";
static HEAD: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {HEAD_COLUMNS} FROM memory_head h WHERE bucket = $1 AND user_id = $2")
});
const STRAYS: &str = "SELECT DISTINCT m.user_id FROM (SELECT bucket, user_id FROM memory \
     UNION ALL SELECT bucket, user_id FROM memory_head) AS m WHERE NOT EXISTS \
     (SELECT 1 FROM account a WHERE a.bucket = m.bucket AND a.user_id = m.user_id) LIMIT $1";

/// What a count of a user's memories came to.
struct Counted {
    head: MemoryHead,
    /// Where the next page begins.
    after: Uuid,
}

/// Counts a user's memories, and compares with what is kept of them and with his level.
pub(super) async fn compare(
    client: &Client,
    place: Place,
    state: &AccountState,
    report: &mut VerifyReport,
) -> Result<(), Wrong> {
    let key: [&(dyn ToSql + Sync); 2] = [&place.bucket, &place.user.0];
    let page = client.prepare_cached(&PAGE).await?;
    let mut counted = Counted { head: MemoryHead::default(), after: Uuid::nil() };
    loop {
        let after = counted.after;
        let rows = client.query(&page, &[key[0], key[1], &after, &PAGE_ROWS]).await?;
        if rows.is_empty() {
            break;
        }
        report.memories += rows.len() as u64;
        for row in &rows {
            if let Err(why) = counted.add(row) {
                let id = MemoryId(counted.after);
                report.note(format!("{} memory {id}: {why}", place.user));
            }
        }
    }
    let mut differ = |what: &str| report.note(format!("{}: {what}", place.user));
    let rows = client.query(&client.prepare_cached(&HEAD).await?, &key).await?;
    let stored = rows.first().map_or(Ok(MemoryHead::default()), |row| read_head(row, 0))?;
    if stored.tallies != counted.head.tallies {
        differ("its memories do not add up to what is kept of them");
    }
    if stored.change_no < counted.head.change_no {
        differ("a memory has a later number than the last that was given");
    }
    let storage = memory_storage();
    // Who never had a memory here may have a level all the same, which commands alone have stated;
    // a head, once it is there, stays.
    let has_memories = !rows.is_empty() || counted.head.change_no > 0;
    if has_memories && state.part(&storage, Source::Memory) != counted.head.charged_bytes() {
        differ("its level of memory_storage is not what its memories charge");
    }
    let rows = client.query(&client.prepare_cached(LEFT_BEHIND).await?, &key).await?;
    if rows.first().is_none_or(|row| row.get::<_, i64>(0) != 0) {
        differ("texts or embeddings of memories that are gone were left behind");
    }
    Ok(())
}

/// Memories of users who have no account.
pub(super) async fn find_strays(client: &Client, report: &mut VerifyReport) -> Result<(), Wrong> {
    for row in client.query(STRAYS, &[&(FINDINGS_MAX as i64)]).await? {
        report.note(format!("{} has memories and no account", UserId(row.get(0))));
    }
    Ok(())
}

impl Counted {
    /// Counts a row, or says what is wrong with it.
    fn add(&mut self, row: &Row) -> Result<(), String> {
        let said = |why: novacore_store::error::StoreError| why.to_string();
        self.after = row.get(0);
        let memory = read_memory(row, 0).map_err(said)?;
        let noted = read_trace(row, MEMORY_COLUMNS_COUNT).map_err(said)?;
        let rest = MEMORY_COLUMNS_COUNT + TRACE_COLUMNS.split(", ").count();
        let change_no: i64 = row.get(rest);
        self.head.add(&noted, 1);
        self.head.change_no = self.head.change_no.max(change_no.cast_unsigned());
        if noted != Trace::of(&memory) {
            return Err("its sizes are not those of what it says".to_owned());
        }
        check_digest(row, rest + 1)
    }
}

/// The digest is that of the stored embedding, and there are both or none.
fn check_digest(row: &Row, first: usize) -> Result<(), String> {
    type Stored<'r> = (Option<&'r str>, Option<i16>, Option<&'r [u8]>);
    let stored =
        |first: usize| -> Stored<'_> { (row.get(first), row.get(first + 1), row.get(first + 2)) };
    let (model, dims, digest) = stored(first);
    let (by, of_dims, embedding) = stored(first + 3);
    if (model, dims) != (by, of_dims) {
        return Err("its digest is not of the embedding that it has".to_owned());
    }
    let (Some(dims), Some(embedding)) = (dims, embedding) else {
        let is_none = digest.is_none();
        return is_none.then_some(()).ok_or_else(|| "it has a digest of nothing".to_owned());
    };
    let dims = Dims::new(dims.cast_unsigned()).map_err(|why| why.to_string())?;
    let embedding = Embedding::from_bytes(embedding, dims).map_err(|why| why.to_string())?;
    let expected = Quantised::of(&embedding).to_bytes();
    let is_same = digest == Some(&expected[..]);
    is_same.then_some(()).ok_or_else(|| "its digest is not that of its embedding".to_owned())
}
