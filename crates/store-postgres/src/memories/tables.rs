//! What changes of memories write, table by table.
//!
//! Invariant: how often and when a memory was read is written with its first row and by
//! [`Reads`] only, so that a change of what it says keeps the reads that were noted meanwhile.
//! Invariant: a memory has one row at most in each of these tables of one batch.

use super::row::{count_no, dims_no, head_values, kind_no, outcome_no, tags_text, term_no};
use crate::{
    column::At,
    columns::{Sql, table},
    distribution::{Distribution, Given},
    ledger::place::Place,
};
use novacore_memory::{Memory, Metadata, Quantised, SessionName, Text};
use novacore_store::memories::{
    Embedded, MemoryChange, MemoryHead, MemoryWrite, NewReads, NextEmbedding, Trace,
};
use novacore_vocab::MemoryId;
use uuid::Uuid;

const KEY: &[&str] = &["bucket", "user_id", "id"];
/// What a change leaves as it is.
const READS: &[&str] = &["access_count", "accessed_at"];

/// Sets every column that is no key to what `from` has, but for those in `but`.
fn sets(given: Given<'_>, from: &str, but: &[&str]) -> String {
    let names = given.columns.iter().map(|(name, _)| *name);
    let set = names.filter(|name| !KEY.contains(name) && !but.contains(name)).map(|name| {
        let cast = if name == "tags" && from == "n" { "::text[]" } else { "" };
        format!("{name} = {from}.{name}{cast}")
    });
    set.collect::<Vec<_>>().join(", ")
}

/// Inserts rows of memories, or puts them in the place of what is there.
fn upsert(given: Given<'_>, table: &str, but: &[&str]) -> String {
    let key = if table == "memory_head" { "bucket, user_id" } else { "bucket, user_id, id" };
    let tail = format!("ON CONFLICT ({key}) DO UPDATE SET {}", sets(given, "excluded", but));
    given.insert(table, &[("tags", "text[]")], &tail)
}

fn update(given: Given<'_>, table: &str) -> String {
    let key = given.looked_up(table, &["id"]);
    format!("UPDATE {table} SET {} FROM {} WHERE {key}", sets(given, "n", &[]), given.rows())
}

fn delete(given: Given<'_>, table: &str) -> String {
    let key = given.looked_up(table, &["id"]);
    format!("DELETE FROM {table} USING {} WHERE {key}", given.rows())
}

table! {
    /// Memories that come, and those whose embedding changes with them.
    Written {
        bucket: i32, user_id: Uuid, id: Uuid, change_no: i64, revision: i64, created_at: At,
        changed_at: At, expires_at: Option<At>, size_bytes: i64, text_bytes: i64,
        promoted_at: Option<At>, emotional_weight: Option<f64>, confidence: Option<f64>,
        promoted_from: Option<i16>, term: i16, kind: i16, outcome: Option<i16>, dims: i16,
        session: Option<String>, tags: String, access_count: i64, accessed_at: Option<At>,
        model: Option<String>, embedded_dims: Option<i16>, digest: Option<Vec<u8>>,
    }
    |given| upsert(given, "memory", READS)
}

table! {
    /// Memories that change and keep their embedding.
    Kept {
        bucket: i32, user_id: Uuid, id: Uuid, change_no: i64, revision: i64, created_at: At,
        changed_at: At, expires_at: Option<At>, size_bytes: i64, text_bytes: i64,
        promoted_at: Option<At>, emotional_weight: Option<f64>, confidence: Option<f64>,
        promoted_from: Option<i16>, term: i16, kind: i16, outcome: Option<i16>, dims: i16,
        session: Option<String>, tags: String,
    }
    |given| update(given, "memory")
}

table! {
    /// What they say.
    Texts {
        bucket: i32, user_id: Uuid, id: Uuid, input: String, output: Option<String>,
        metadata: Option<String>,
    }
    |given| upsert(given, "memory_text", &[])
}

table! {
    /// Embeddings, whose vectors have to be made anew.
    Embeddings {
        bucket: i32, user_id: Uuid, id: Uuid, model: String, dims: i16, embedding: Vec<u8>,
    }
    |given| format!("{}, near_made = false", upsert(given, "memory_embedding", &[]))
}

table! {
    /// Memories that go.
    Removed { bucket: i32, user_id: Uuid, id: Uuid }
    |given| delete(given, "memory")
}

table! {
    /// Texts that go.
    RemovedTexts { bucket: i32, user_id: Uuid, id: Uuid }
    |given| delete(given, "memory_text")
}

table! {
    /// Embeddings that go, if they are there.
    RemovedEmbeddings { bucket: i32, user_id: Uuid, id: Uuid }
    |given| delete(given, "memory_embedding")
}

table! {
    /// Memories that get an embedding and do not change otherwise.
    Computed {
        bucket: i32, user_id: Uuid, id: Uuid, change_no: i64, model: String, embedded_dims: i16,
        digest: Vec<u8>,
    }
    |given| update(given, "memory")
}

table! {
    /// What users' memories add up to.
    Heads {
        bucket: i32, user_id: Uuid, stm_rows: i64, stm_size_bytes: i64, stm_text_bytes: i64,
        itm_rows: i64, itm_size_bytes: i64, itm_text_bytes: i64, ltm_rows: i64,
        ltm_size_bytes: i64, ltm_text_bytes: i64, stm_revision: i64, change_no: i64, removals: i64,
    }
    |given| upsert(given, "memory_head", &[])
}

table! {
    /// Reads to be added to what is stored, which stops at the end of its type.
    Reads {
        bucket: i32, user_id: Uuid, id: Uuid, access_count: i64, accessed_at: Option<At>,
    }
    |given| format!(
        "UPDATE memory SET access_count = CASE \
         WHEN memory.access_count > 9223372036854775807 - n.access_count \
         THEN 9223372036854775807 ELSE memory.access_count + n.access_count END, \
         accessed_at = greatest(memory.accessed_at, n.accessed_at) FROM {} WHERE {}",
        given.rows(), given.looked_up("memory", &["id"])
    )
}

/// Everything that changes of memories write.
#[derive(Default)]
pub(crate) struct MemoryTables {
    written: Written,
    kept: Kept,
    texts: Texts,
    embeddings: Embeddings,
    removed: Removed,
    removed_texts: RemovedTexts,
    removed_embeddings: RemovedEmbeddings,
    computed: Computed,
    heads: Heads,
    reads: Reads,
}

impl MemoryTables {
    /// Adds a write of a user whose rows had the numbers up to `change_no` before.
    pub(crate) fn add_write(&mut self, place: Place, write: &MemoryWrite, change_no: u64) {
        let mut change_no = change_no;
        for change in write.changes() {
            change_no += u64::from(change.after().is_some());
            match change {
                MemoryChange::Insert { memory, embedded } => {
                    self.write(place, change_no, memory, embedded.as_ref());
                }
                MemoryChange::Replace { memory, embedded: NextEmbedding::Keep, .. } => {
                    self.kept.push(kept_row(place, change_no, memory));
                    self.texts.push(text_row(place, memory));
                }
                MemoryChange::Replace { memory, embedded: NextEmbedding::Set(next), .. } => {
                    self.write(place, change_no, memory, next.as_ref());
                    if next.is_none() {
                        self.removed_embeddings.push((place.bucket, place.user.0, memory.id.0));
                    }
                }
                MemoryChange::Remove { before } => self.remove(place, before.id),
            }
        }
    }

    fn write(&mut self, place: Place, no: u64, memory: &Memory, embedded: Option<&Embedded>) {
        let kept = kept_row(place, no, memory);
        self.written.push(written_row(kept, memory, embedded));
        self.texts.push(text_row(place, memory));
        if let Some(embedded) = embedded {
            self.add_embedding(place, memory.id, embedded);
        }
    }

    fn remove(&mut self, place: Place, id: MemoryId) {
        let row = (place.bucket, place.user.0, id.0);
        self.removed.push(row);
        self.removed_texts.push(row);
        self.removed_embeddings.push(row);
    }

    fn add_embedding(&mut self, place: Place, id: MemoryId, embedded: &Embedded) {
        let Embedded { model, embedding } = embedded;
        let (model, dims) = (model.as_str().to_owned(), dims_no(embedding.dims()));
        let row = (place.bucket, place.user.0, id.0, model, dims, embedding.to_bytes());
        self.embeddings.push(row);
    }

    /// Adds an embedding of a memory that stays as it is, but for its number.
    pub(super) fn add_computed(&mut self, place: Place, id: MemoryId, no: u64, new: &Embedded) {
        let Embedded { model, embedding } = new;
        let (model, dims) = (model.as_str().to_owned(), dims_no(embedding.dims()));
        let digest = Quantised::of(embedding).to_bytes();
        let no = count_no(no);
        self.computed.push((place.bucket, place.user.0, id.0, no, model, dims, digest));
        self.add_embedding(place, id, new);
    }

    /// Adds what a user's memories add up to afterwards.
    pub(crate) fn add_head(&mut self, place: Place, head: &MemoryHead) {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = head_values(head);
        self.heads.push((place.bucket, place.user.0, a, b, c, d, e, f, g, h, i, j, k, l));
    }

    /// Adds reads of a memory.
    pub(super) fn add_reads(&mut self, place: Place, reads: &NewReads) {
        let (count, last_at) = (count_no(reads.access.count), reads.access.last_at.map(At));
        self.reads.push((place.bucket, place.user.0, reads.place.id.0, count, last_at));
    }

    /// The statements, none for a table without rows.
    pub(crate) fn statements(&self, distribution: Distribution) -> Vec<Sql<'_>> {
        let all = [
            self.written.sql(distribution),
            self.kept.sql(distribution),
            self.texts.sql(distribution),
            self.embeddings.sql(distribution),
            self.removed.sql(distribution),
            self.removed_texts.sql(distribution),
            self.removed_embeddings.sql(distribution),
            self.computed.sql(distribution),
            self.heads.sql(distribution),
            self.reads.sql(distribution),
        ];
        all.into_iter().flatten().collect()
    }
}

type KeptRow = (
    i32,
    Uuid,
    Uuid,
    i64,
    i64,
    At,
    At,
    Option<At>,
    i64,
    i64,
    Option<At>,
    Option<f64>,
    Option<f64>,
    Option<i16>,
    i16,
    i16,
    Option<i16>,
    i16,
    Option<String>,
    String,
);

fn kept_row(place: Place, change_no: u64, memory: &Memory) -> KeptRow {
    let (content, trace) = (&memory.content, Trace::of(memory));
    (
        place.bucket,
        place.user.0,
        memory.id.0,
        count_no(change_no),
        count_no(memory.revision),
        At(memory.created_at),
        At(memory.changed_at),
        memory.expires_at.map(At),
        trace.size_bytes,
        trace.text_bytes,
        memory.promoted.map(|promotion| At(promotion.at)),
        content.emotional_weight.map(|weight| weight.get()),
        content.confidence.map(|confidence| confidence.get()),
        memory.promoted.map(|promotion| term_no(promotion.from)),
        term_no(memory.term),
        kind_no(content.kind),
        content.outcome.map(outcome_no),
        dims_no(memory.dims),
        content.session.as_ref().map(SessionName::as_str).map(str::to_owned),
        tags_text(&content.tags),
    )
}

type WrittenRow = (
    i32,
    Uuid,
    Uuid,
    i64,
    i64,
    At,
    At,
    Option<At>,
    i64,
    i64,
    Option<At>,
    Option<f64>,
    Option<f64>,
    Option<i16>,
    i16,
    i16,
    Option<i16>,
    i16,
    Option<String>,
    String,
    i64,
    Option<At>,
    Option<String>,
    Option<i16>,
    Option<Vec<u8>>,
);

fn written_row(kept: KeptRow, memory: &Memory, embedded: Option<&Embedded>) -> WrittenRow {
    let (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t) = kept;
    let (count, last_at) = (count_no(memory.access.count), memory.access.last_at.map(At));
    let model = embedded.map(|one| one.model.as_str().to_owned());
    let dims = embedded.map(|one| dims_no(one.embedding.dims()));
    let digest = embedded.map(|one| Quantised::of(&one.embedding).to_bytes());
    (
        a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, count, last_at, model, dims,
        digest,
    )
}

fn text_row(
    place: Place,
    memory: &Memory,
) -> (i32, Uuid, Uuid, String, Option<String>, Option<String>) {
    let content = &memory.content;
    (
        place.bucket,
        place.user.0,
        memory.id.0,
        content.input.as_str().to_owned(),
        content.output.as_ref().map(Text::as_str).map(str::to_owned),
        content.metadata.as_ref().map(Metadata::as_str).map(str::to_owned),
    )
}

/// The statements that join a table, with the parameters behind bucket, user and id.
#[cfg(test)]
pub(crate) fn joined() -> [(&'static str, &'static str); 6] {
    let kept = ", ARRAY[1], ARRAY[1], ARRAY[now()], ARRAY[now()], ARRAY[now()], ARRAY[1], \
         ARRAY[1], ARRAY[now()], ARRAY[1.0], ARRAY[1.0], ARRAY[1::int2], ARRAY[1::int2], \
         ARRAY[1::int2], ARRAY[1::int2], ARRAY[1::int2], ARRAY[''], ARRAY['{}']";
    let lie = Distribution::None;
    [
        (Kept::text(lie), kept),
        (Removed::text(lie), ""),
        (RemovedTexts::text(lie), ""),
        (RemovedEmbeddings::text(lie), ""),
        (Computed::text(lie), ", ARRAY[1], ARRAY[''], ARRAY[1::int2], ARRAY[''::bytea]"),
        (Reads::text(lie), ", ARRAY[1], ARRAY[now()]"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_shards_every_statement_says_its_bucket() {
        let lie = Distribution::Citus;
        let texts = [
            Written::text(lie),
            Kept::text(lie),
            Texts::text(lie),
            Embeddings::text(lie),
            Removed::text(lie),
            RemovedTexts::text(lie),
            RemovedEmbeddings::text(lie),
            Computed::text(lie),
            Heads::text(lie),
            Reads::text(lie),
        ];
        for text in texts {
            let inserts = text.contains("(bucket, ") && text.contains("SELECT $1::int4, ");
            assert!(inserts || text.contains(".bucket = $1 AND "), "{text}");
            assert!(!text.contains("n.bucket"), "{text}");
        }
    }

    #[test]
    fn a_change_leaves_the_reads_alone() {
        for text in [Written::text(Distribution::None), Kept::text(Distribution::None)] {
            assert!(!text.contains("access_count ="), "{text}");
        }
    }
}
