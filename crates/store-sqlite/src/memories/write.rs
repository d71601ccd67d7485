//! Changes of rows, within the transaction of their entry.
//!
//! Invariant: what does not find the rows as they were claimed fails the transaction.
//! Not here: whether a change may be made; claims and the ledger have said so.

use super::{
    head, model,
    row::{kind_no, outcome_no, place, tags_text, user_bytes},
};
use crate::{directory::append_audit, row::UserNo};
use novacore_memory::{
    Confidence, EmotionalWeight, Memory, Metadata, Quantised, SessionName, Text,
};
use novacore_store::memories::{Embedded, MemoryChange, MemoryWrite, NextEmbedding, Trace};
use novacore_vocab::{MemoryId, Timestamp, UserId};
use rusqlite::{Connection, Error, named_params, params};

/// Whose rows change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub(crate) user: UserId,
    pub(crate) user_no: UserNo,
}

/// Makes the changes of a write that was applied, and moves its user's head on.
///
/// The head is read here and not when the write was claimed: embeddings that are stored by the same
/// transaction have taken numbers meanwhile.
pub(crate) fn apply(
    connection: &Connection,
    owner: Owner,
    write: &MemoryWrite,
) -> rusqlite::Result<()> {
    let before = head::read(connection, owner.user_no)?;
    let after = before.after(write).map_err(|error| {
        // No error of SQLite, so that it counts as damage: claims let nothing through that fails.
        Error::ToSqlConversionFailure(Box::new(error))
    })?;
    let mut change_no = before.change_no;
    for change in write.changes() {
        if change.after().is_some() {
            change_no += 1;
        }
        let place = place(owner.user_no, change_no);
        match change {
            MemoryChange::Insert { memory, embedded } => {
                insert(connection, owner, place, memory, embedded.as_ref())?;
            }
            MemoryChange::Replace { memory, embedded, .. } => {
                let text_place = replace(connection, owner, place, memory)?;
                if let NextEmbedding::Set(embedded) = embedded {
                    embed(connection, place, text_place, embedded.as_ref())?;
                }
            }
            MemoryChange::Remove { before } => remove(connection, owner, before.id)?,
        }
    }
    if let Some(audit) = write.audit() {
        append_audit(connection, audit)?;
    }
    head::write(connection, owner.user_no, &after)
}

/// The parameters that a row takes from its memory, and more.
macro_rules! facts {
    ($owner:ident, $place:ident, $memory:ident $(, $name:literal: $value:expr)* $(,)?) => {
        named_params! {
            ":place": $place,
            ":user": user_bytes($owner.user),
            ":id": $memory.id.0.as_bytes(),
            ":term": $memory.term as u8,
            ":kind": kind_no($memory.content.kind),
            ":created_at": $memory.created_at.micros(),
            ":expires_at": $memory.expires_at.map(Timestamp::micros),
            ":confidence": $memory.content.confidence.map(Confidence::get),
            ":tags": tags_text(&$memory.content.tags),
            ":session": $memory.content.session.as_ref().map(SessionName::as_str),
            ":revision": count($memory.revision),
            ":size_bytes": Trace::of($memory).size_bytes,
            ":text_bytes": Trace::of($memory).text_bytes,
            ":dims": $memory.dims.get(),
            ":changed_at": $memory.changed_at.micros(),
            ":outcome": $memory.content.outcome.map(outcome_no),
            ":emotional_weight": $memory.content.emotional_weight.map(EmotionalWeight::get),
            ":promoted_from": $memory.promoted.map(|promoted| promoted.from as u8),
            ":promoted_at": $memory.promoted.map(|promoted| promoted.at.micros()),
            $($name: $value,)*
        }
    };
}

fn insert(
    connection: &Connection,
    owner: Owner,
    place: i64,
    memory: &Memory,
    embedded: Option<&Embedded>,
) -> rusqlite::Result<()> {
    let model_no = embedded.map(|one| model::intern(connection, &one.model)).transpose()?;
    connection
        .prepare_cached(
            "INSERT INTO memory (place, text_place, user_id, memory_id, term, kind, created_at, \
             expires_at, confidence, tags, session, revision, size_bytes, text_bytes, dims, \
             changed_at, outcome, emotional_weight, promoted_from, promoted_at, access_count, \
             last_access_at, model_no, quantised) VALUES (:place, :place, :user, :id, :term, \
             :kind, :created_at, :expires_at, :confidence, :tags, :session, :revision, \
             :size_bytes, :text_bytes, :dims, :changed_at, :outcome, :emotional_weight, \
             :promoted_from, :promoted_at, :access_count, :last_access_at, :model_no, :quantised)",
        )?
        .execute(facts! { owner, place, memory,
            ":access_count": count(memory.access.count),
            ":last_access_at": memory.access.last_at.map(Timestamp::micros),
            ":model_no": model_no,
            ":quantised": embedded.map(quantised_bytes),
        })?;
    let content = &memory.content;
    connection
        .prepare_cached(
            "INSERT INTO memory_text (place, input, output, metadata) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            place,
            content.input.as_str(),
            content.output.as_ref().map(Text::as_str),
            content.metadata.as_ref().map(Metadata::as_str),
        ])?;
    match embedded {
        Some(embedded) => put_vector(connection, place, embedded),
        None => Ok(()),
    }
}

/// All but reads and embedding; the key of its texts. What is read meanwhile stays counted.
fn replace(
    connection: &Connection,
    owner: Owner,
    place: i64,
    memory: &Memory,
) -> rusqlite::Result<i64> {
    let text_place = connection
        .prepare_cached(
            "UPDATE memory SET place = :place, term = :term, kind = :kind, \
             created_at = :created_at, expires_at = :expires_at, confidence = :confidence, \
             tags = :tags, session = :session, revision = :revision, size_bytes = :size_bytes, \
             text_bytes = :text_bytes, dims = :dims, changed_at = :changed_at, \
             outcome = :outcome, emotional_weight = :emotional_weight, \
             promoted_from = :promoted_from, promoted_at = :promoted_at \
             WHERE user_id = :user AND memory_id = :id RETURNING text_place",
        )?
        .query_row(facts! { owner, place, memory }, |row| row.get(0))?;
    let content = &memory.content;
    // A promotion leaves them as they are, and they may be large.
    connection
        .prepare_cached(
            "UPDATE memory_text SET input = ?2, output = ?3, metadata = ?4 WHERE place = ?1 \
             AND (input IS NOT ?2 OR output IS NOT ?3 OR metadata IS NOT ?4)",
        )?
        .execute(params![
            text_place,
            content.input.as_str(),
            content.output.as_ref().map(Text::as_str),
            content.metadata.as_ref().map(Metadata::as_str),
        ])?;
    Ok(text_place)
}

fn remove(connection: &Connection, owner: Owner, id: MemoryId) -> rusqlite::Result<()> {
    let text_place: i64 = connection
        .prepare_cached(
            "DELETE FROM memory WHERE user_id = ?1 AND memory_id = ?2 RETURNING text_place",
        )?
        .query_row(params![user_bytes(owner.user), id.0.as_bytes()], |row| row.get(0))?;
    connection.prepare_cached("DELETE FROM memory_text WHERE place = ?1")?.execute([text_place])?;
    delete_vector(connection, text_place)
}

/// Puts another embedding beside the row at `place`, or none.
pub(super) fn embed(
    connection: &Connection,
    place: i64,
    text_place: i64,
    embedded: Option<&Embedded>,
) -> rusqlite::Result<()> {
    let model_no = embedded.map(|one| model::intern(connection, &one.model)).transpose()?;
    connection
        .prepare_cached("UPDATE memory SET model_no = ?2, quantised = ?3 WHERE place = ?1")?
        .execute(params![place, model_no, embedded.map(quantised_bytes)])?;
    match embedded {
        Some(embedded) => put_vector(connection, text_place, embedded),
        None => delete_vector(connection, text_place),
    }
}

fn quantised_bytes(embedded: &Embedded) -> Vec<u8> {
    Quantised::of(&embedded.embedding).to_bytes()
}

fn put_vector(connection: &Connection, place: i64, embedded: &Embedded) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO memory_vector (place, vector) VALUES (?1, ?2)")?
        .execute(params![place, embedded.embedding.to_bytes()])
        .map(drop)
}

fn delete_vector(connection: &Connection, place: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM memory_vector WHERE place = ?1")?
        .execute([place])
        .map(drop)
}

/// As many as fit a column.
pub(super) fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
