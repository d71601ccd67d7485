//! Memories: their rows, texts and embeddings, and what they add up to per user.
//!
//! Nothing is computed anew but digests, which follow from embeddings by arithmetic.
//! Invariant: a row has the columns that a live change would give it, numbers of changes and reads
//! among them.

use super::{
    ImportError, Moved,
    copy::{Target, Value, copy},
};
use crate::{
    bucket::bucket_of,
    column::At,
    memories::row::{count_no, dims_no, head_values, kind_no, outcome_no, term_no},
    pool::Client,
};
use novacore_memory::{Metadata, Quantised, SessionName, Tag, Text};
use novacore_store::{
    memories::{Embedded, MemoryHead, Trace},
    moving::{MovedMemory, Person},
};
use novacore_vocab::Timestamp;
use tokio_postgres::types::Type;

const ROWS: Target = Target {
    into: "memory (bucket, user_id, id, change_no, revision, created_at, changed_at, expires_at, \
           size_bytes, text_bytes, access_count, accessed_at, promoted_at, emotional_weight, \
           confidence, promoted_from, term, kind, outcome, dims, embedded_dims, session, tags, \
           model, digest)",
    types: &[
        Type::INT4,
        Type::UUID,
        Type::UUID,
        Type::INT8,
        Type::INT8,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::FLOAT8,
        Type::FLOAT8,
        Type::INT2,
        Type::INT2,
        Type::INT2,
        Type::INT2,
        Type::INT2,
        Type::INT2,
        Type::TEXT,
        Type::TEXT_ARRAY,
        Type::TEXT,
        Type::BYTEA,
    ],
};
const TEXTS: Target = Target {
    into: "memory_text (bucket, user_id, id, input, output, metadata)",
    types: &[Type::INT4, Type::UUID, Type::UUID, Type::TEXT, Type::TEXT, Type::TEXT],
};
const EMBEDDINGS: Target = Target {
    into: "memory_embedding (bucket, user_id, id, model, dims, embedding)",
    types: &[Type::INT4, Type::UUID, Type::UUID, Type::TEXT, Type::INT2, Type::BYTEA],
};
const HEADS: Target = Target {
    into: "memory_head (bucket, user_id, stm_rows, stm_size_bytes, stm_text_bytes, itm_rows, \
           itm_size_bytes, itm_text_bytes, ltm_rows, ltm_size_bytes, ltm_text_bytes, \
           stm_revision, change_no, removals)",
    types: &[
        Type::INT4,
        Type::UUID,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::INT8,
    ],
};

/// Who has memories and no entry, since short-term memory costs nothing, has an account all the
/// same: its row is the lock of whoever changes them. So it was made by his first change, with the
/// time of nothing.
const ACCOUNTS: &str = "INSERT INTO account (bucket, user_id, version, last_at, open_holds, head) \
     SELECT h.bucket, h.user_id, 0, $1, 0, '{}'::json FROM memory_head h WHERE NOT EXISTS \
     (SELECT 1 FROM account a WHERE a.bucket = h.bucket AND a.user_id = h.user_id)";

pub(super) async fn write(
    client: &Client,
    memories: &[MovedMemory],
    moved: &mut Moved,
) -> Result<(), ImportError> {
    let rows: Vec<_> = memories.iter().map(memory_row).collect();
    moved.memories += copy(client, &ROWS, &rows).await?;
    let texts: Vec<_> = memories.iter().map(text_row).collect();
    copy(client, &TEXTS, &texts).await?;
    let embedded = memories.iter().filter_map(|one| Some((one, one.embedded.as_ref()?)));
    let embeddings: Vec<_> = embedded.map(|(one, by)| embedding_row(one, by)).collect();
    moved.embeddings += copy(client, &EMBEDDINGS, &embeddings).await?;
    Ok(())
}

/// The heads of those who have some.
pub(super) async fn write_heads(client: &Client, people: &[Person]) -> Result<(), ImportError> {
    let heads = people.iter().filter_map(|person| Some((person, person.memories.as_ref()?)));
    let heads: Vec<_> = heads.map(|(person, head)| head_row(person, head)).collect();
    copy(client, &HEADS, &heads).await?;
    Ok(())
}

/// Makes the accounts that no entry has made; how many.
pub(super) async fn make_accounts(client: &Client) -> Result<u64, ImportError> {
    Ok(client.execute(ACCOUNTS, &[&At(Timestamp::MIN)]).await?)
}

fn key(moved: &MovedMemory) -> Vec<Value<'_>> {
    let account = moved.account;
    vec![Box::new(bucket_of(account.org)), Box::new(account.user.0), Box::new(moved.memory.id.0)]
}

fn memory_row(moved: &MovedMemory) -> Vec<Value<'_>> {
    let memory = &moved.memory;
    let (content, trace) = (&memory.content, Trace::of(memory));
    let embedded = moved.embedded.as_ref();
    let tags: Vec<&str> = content.tags.as_slice().iter().map(Tag::as_str).collect();
    let rest: Vec<Value<'_>> = vec![
        Box::new(count_no(moved.change_no)),
        Box::new(count_no(memory.revision)),
        Box::new(At(memory.created_at)),
        Box::new(At(memory.changed_at)),
        Box::new(memory.expires_at.map(At)),
        Box::new(trace.size_bytes),
        Box::new(trace.text_bytes),
        Box::new(count_no(memory.access.count)),
        Box::new(memory.access.last_at.map(At)),
        Box::new(memory.promoted.map(|promotion| At(promotion.at))),
        Box::new(content.emotional_weight.map(|weight| weight.get())),
        Box::new(content.confidence.map(|confidence| confidence.get())),
        Box::new(memory.promoted.map(|promotion| term_no(promotion.from))),
        Box::new(term_no(memory.term)),
        Box::new(kind_no(content.kind)),
        Box::new(content.outcome.map(outcome_no)),
        Box::new(dims_no(memory.dims)),
        Box::new(embedded.map(|one| dims_no(one.embedding.dims()))),
        Box::new(content.session.as_ref().map(SessionName::as_str)),
        Box::new(tags),
        Box::new(embedded.map(|one| one.model.as_str())),
        Box::new(embedded.map(|one| Quantised::of(&one.embedding).to_bytes())),
    ];
    let mut row = key(moved);
    row.extend(rest);
    row
}

fn text_row(moved: &MovedMemory) -> Vec<Value<'_>> {
    let content = &moved.memory.content;
    let mut row = key(moved);
    row.push(Box::new(content.input.as_str()));
    row.push(Box::new(content.output.as_ref().map(Text::as_str)));
    row.push(Box::new(content.metadata.as_ref().map(Metadata::as_str)));
    row
}

fn embedding_row<'a>(moved: &'a MovedMemory, embedded: &'a Embedded) -> Vec<Value<'a>> {
    let mut row = key(moved);
    row.push(Box::new(embedded.model.as_str()));
    row.push(Box::new(dims_no(embedded.embedding.dims())));
    row.push(Box::new(embedded.embedding.to_bytes()));
    row
}

fn head_row<'a>(person: &'a Person, head: &MemoryHead) -> Vec<Value<'a>> {
    let user = &person.credentials.user;
    let mut row: Vec<Value<'_>> = vec![Box::new(bucket_of(user.org)), Box::new(user.id.0)];
    row.extend(head_values(head).map(|value| Box::new(value) as Value<'_>));
    row
}
