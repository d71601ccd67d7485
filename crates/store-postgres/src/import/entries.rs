//! Entries and the keys that they were sent under.

use super::{
    ImportError, Moved,
    copy::{Json, Target, Value, copy},
};
use crate::{
    bucket::bucket_of,
    column::At,
    ledger::{
        entry::{flag_bits, kind_no, source_no, version_no},
        text::answer_text,
    },
    pool::Client,
};
use novacore_ledger::KeyRecord;
use novacore_store::{moving::MovedEntry, stored::crossing_text};
use novacore_vocab::EntryId;
use tokio_postgres::types::Type;

const ENTRIES: Target = Target {
    into: "usage_ledger (bucket, user_id, version, counted_at, timestamp, occurred_at, \
           expires_at, amount, held, hold_id, corrects, id, kind, source, flags, resource_type, \
           idempotency_key, crossing, metadata)",
    types: &[
        Type::INT4,
        Type::UUID,
        Type::INT8,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::UUID,
        Type::INT2,
        Type::INT2,
        Type::INT2,
        Type::TEXT,
        Type::TEXT,
        Type::JSON,
        Type::JSON,
    ],
};
const KEYS: Target = Target {
    into: "idempotency (bucket, user_id, key, fingerprint, answer, recorded_at)",
    types: &[Type::INT4, Type::UUID, Type::TEXT, Type::BYTEA, Type::JSON, Type::TIMESTAMPTZ],
};

pub(super) async fn write(
    client: &Client,
    rows: &[MovedEntry],
    moved: &mut Moved,
) -> Result<(), ImportError> {
    let entries: Vec<_> = rows.iter().map(entry_row).collect();
    moved.entries += copy(client, &ENTRIES, &entries).await?;
    let keyed = rows.iter().filter_map(|moved| moved.key.as_ref().map(|key| (moved, key)));
    let keys: Vec<_> = keyed.map(|(moved, key)| key_row(moved, key)).collect();
    moved.keys += copy(client, &KEYS, &keys).await?;
    Ok(())
}

fn entry_row(moved: &MovedEntry) -> Vec<Value<'_>> {
    let (entry, account) = (&moved.entry, moved.account);
    let id = EntryId::of(account.user, entry.version, entry.recorded_at);
    vec![
        Box::new(bucket_of(account.org)),
        Box::new(account.user.0),
        Box::new(version_no(entry.version)),
        Box::new(At(entry.counted_at)),
        Box::new(At(entry.recorded_at)),
        Box::new(At(entry.occurred_at)),
        Box::new(entry.expires_at.map(At)),
        Box::new(entry.amount),
        Box::new(entry.held),
        Box::new(entry.hold.map(version_no)),
        Box::new(entry.corrects.map(version_no)),
        Box::new(id.0),
        Box::new(kind_no(entry.kind)),
        Box::new(source_no(entry.source)),
        Box::new(flag_bits(entry.flags)),
        Box::new(entry.resource.as_str()),
        Box::new(moved.key.as_ref().map(|key| key.key.as_str())),
        Box::new(entry.crossing.as_ref().map(|crossing| Json(crossing_text(crossing)))),
        Box::new(entry.metadata.as_deref().map(|text| Json(text.to_owned()))),
    ]
}

fn key_row<'a>(moved: &'a MovedEntry, key: &'a KeyRecord) -> Vec<Value<'a>> {
    vec![
        Box::new(bucket_of(moved.account.org)),
        Box::new(moved.account.user.0),
        Box::new(key.key.as_str()),
        Box::new(key.fingerprint.to_be_bytes().to_vec()),
        Box::new(Json(answer_text(&key.answer))),
        Box::new(At(key.answer.recorded_at)),
    ]
}
