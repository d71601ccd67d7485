//! Rows of `memory` and what lies beside them: how a memory is stored and read back.
//!
//! Invariant: stored discriminants are positions in the `ALL` arrays of the domain and are only
//! appended to; fractions are kept as the f64 that they are, texts as they came.
//! Invariant: what makes no sense is told as damage and never panics.

use super::model::Models;
use crate::{
    failure,
    row::{UserNo, malformed, pick},
};
use novacore_memory::{
    Access, Confidence, Content, Dims, Embedding, EmotionalWeight, Field, Invalid, Kind, Memory,
    Metadata, Outcome, Promotion, Quantised, SessionName, Tag, Tags, Term, Text,
};
use novacore_store::{
    error::StoreError,
    memories::{Digest, Embedded, Trace},
};
use novacore_vocab::{MemoryId, ModelId, Timestamp, UserId};
use rusqlite::{
    Error, Row as SqlRow,
    types::{Type, ValueRef},
};
use uuid::Uuid;

/// How much of a key is the number of a change.
const CHANGE_BITS: u32 = 32;
/// The largest number of a change that has a key.
pub(super) const CHANGE_NO_MAX: u64 = u32::MAX as u64;

/// The key of the row of a user that changed last under this number, which is at most
/// [`CHANGE_NO_MAX`].
pub(super) fn place(user_no: UserNo, change_no: u64) -> i64 {
    debug_assert!(change_no <= CHANGE_NO_MAX, "claims see to that");
    (user_no << CHANGE_BITS) | change_no as i64
}

/// The number of the last change of the row with this key.
pub(super) fn change_no(place: i64) -> u64 {
    place.cast_unsigned() & CHANGE_NO_MAX
}

/// The number of the user whose row has this key.
pub(super) fn user_no(place: i64) -> UserNo {
    place >> CHANGE_BITS
}

/// The columns that [`read`] expects, from [`FROM`].
pub(super) const COLUMNS: &str = "memory.place, memory_id, term, kind, created_at, expires_at, \
     confidence, tags, session, revision, dims, changed_at, outcome, emotional_weight, \
     promoted_from, promoted_at, access_count, last_access_at, input, output, metadata";
/// How many columns these are.
pub(super) const COLUMNS_COUNT: usize = 21;

/// Rows with their texts. One whose texts are gone is read, so that it is told.
pub(super) const FROM: &str =
    "memory LEFT JOIN memory_text ON memory_text.place = memory.text_place";

/// The columns that [`read_embedded`] expects, from [`WITH_VECTORS`].
pub(super) const EMBEDDED_COLUMNS: &str = "model_no, quantised, vector";
/// How many columns these are.
pub(super) const EMBEDDED_COLUMNS_COUNT: usize = 3;

/// What joins the vectors to [`FROM`].
pub(super) const WITH_VECTORS: &str =
    "LEFT JOIN memory_vector ON memory_vector.place = memory.text_place";

/// The columns that [`read_digest`] expects.
pub(super) const DIGEST_COLUMNS: &str = "place, memory_id, term, kind, created_at, expires_at, \
     confidence, tags, session, model_no, quantised";

/// The columns that [`read_trace`] expects.
pub(super) const TRACE_COLUMNS: &str = "memory_id, revision, term, size_bytes, text_bytes";

/// Reads a row of [`COLUMNS`].
pub(super) fn read(sql: &SqlRow<'_>) -> rusqlite::Result<Memory> {
    let output: Option<String> = sql.get(19)?;
    let metadata: Option<String> = sql.get(20)?;
    let content = Content {
        kind: *pick(&Kind::ALL, sql, 3)?,
        input: Text::parse(sql.get(18)?, Field::Input).map_err(refused(18))?,
        output: output
            .map(|raw| Text::parse_any(raw, Field::Output))
            .transpose()
            .map_err(refused(19))?,
        session: session(sql, 8)?,
        outcome: option(sql, 12, |number: u8| Outcome::ALL.get(usize::from(number)).copied())?,
        emotional_weight: option(sql, 13, |raw| {
            EmotionalWeight::parse(raw, Field::EmotionalWeight).ok()
        })?,
        confidence: confidence(sql, 6)?,
        tags: tags(sql, 7)?,
        metadata: metadata.map(|raw| Metadata::parse(&raw)).transpose().map_err(refused(20))?,
    };
    let promoted_from = option(sql, 14, |number: u8| Term::ALL.get(usize::from(number)).copied())?;
    let promoted = match (promoted_from, instant(sql, 15)?) {
        (Some(from), Some(at)) => Some(Promotion { from, at }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(malformed(15)),
    };
    Ok(Memory {
        id: id(sql, 1)?,
        term: *pick(&Term::ALL, sql, 2)?,
        content,
        dims: Dims::new(sql.get(10)?).map_err(|_| malformed(10))?,
        created_at: Timestamp::from_micros(sql.get(4)?),
        changed_at: Timestamp::from_micros(sql.get(11)?),
        expires_at: instant(sql, 5)?,
        access: access(sql, 16)?,
        promoted,
        revision: number(sql, 9)?,
    })
}

/// Reads a row of [`DIGEST_COLUMNS`]; `model` names the model with a number.
pub(super) fn read_digest(
    sql: &SqlRow<'_>,
    model: impl FnOnce(i64) -> rusqlite::Result<ModelId>,
) -> rusqlite::Result<Digest> {
    let model = sql.get::<_, Option<i64>>(9)?.map(model).transpose()?;
    Ok(Digest {
        id: id(sql, 1)?,
        change_no: change_no(sql.get(0)?),
        term: *pick(&Term::ALL, sql, 2)?,
        kind: *pick(&Kind::ALL, sql, 3)?,
        tags: tags(sql, 7)?,
        session: session(sql, 8)?,
        created_at: Timestamp::from_micros(sql.get(4)?),
        expires_at: instant(sql, 5)?,
        confidence: confidence(sql, 6)?,
        embedded: model.map(|model| Ok::<_, Error>((model, quantised(sql, 10)?))).transpose()?,
    })
}

/// Reads [`EMBEDDED_COLUMNS`] from column `first` on, or says why they are not what was stored.
pub(super) fn read_embedded(
    sql: &SqlRow<'_>,
    first: usize,
    models: &mut Models<'_>,
) -> rusqlite::Result<Result<Option<Embedded>, String>> {
    let columns = (sql.get_ref(first)?, sql.get_ref(first + 1)?, sql.get_ref(first + 2)?);
    let (number, digest, vector) = match columns {
        (ValueRef::Null, ValueRef::Null, ValueRef::Null) => return Ok(Ok(None)),
        (ValueRef::Integer(number), ValueRef::Blob(digest), ValueRef::Blob(vector)) => {
            (number, digest, vector)
        }
        _ => return Ok(Err("its embedding is there in part".to_owned())),
    };
    let Some(model) = models.find(number)? else {
        return Ok(Err("the model of its embedding is unknown".to_owned()));
    };
    let Some(dims) = dims(vector.len() / 4) else {
        return Ok(Err("its embedding has no dimensions".to_owned()));
    };
    Ok(match Embedding::from_bytes(vector, dims) {
        Err(why) => Err(why.to_string()),
        Ok(embedding) if Quantised::of(&embedding).to_bytes() != digest => {
            Err("its digest is not that of its embedding".to_owned())
        }
        Ok(embedding) => Ok(Some(Embedded { model, embedding })),
    })
}

/// Reads a row of [`TRACE_COLUMNS`].
pub(super) fn read_trace(sql: &SqlRow<'_>) -> rusqlite::Result<Trace> {
    Ok(Trace {
        id: id(sql, 0)?,
        revision: number(sql, 1)?,
        term: *pick(&Term::ALL, sql, 2)?,
        size_bytes: sql.get(3)?,
        text_bytes: sql.get(4)?,
    })
}

/// Reads a memory's id.
pub(super) fn id(sql: &SqlRow<'_>, column: usize) -> rusqlite::Result<MemoryId> {
    Ok(MemoryId(Uuid::from_bytes(sql.get(column)?)))
}

/// Reads a number that is never negative.
pub(super) fn number(sql: &SqlRow<'_>, column: usize) -> rusqlite::Result<u64> {
    u64::try_from(sql.get::<_, i64>(column)?).map_err(|_| malformed(column))
}

/// Reads an instant, if there is one.
pub(super) fn instant(sql: &SqlRow<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(sql.get::<_, Option<i64>>(column)?.map(Timestamp::from_micros))
}

/// Reads how often and when last, from two columns.
pub(super) fn access(sql: &SqlRow<'_>, column: usize) -> rusqlite::Result<Access> {
    Ok(Access { count: number(sql, column)?, last_at: instant(sql, column + 1)? })
}

pub(super) fn confidence(sql: &SqlRow<'_>, column: usize) -> rusqlite::Result<Option<Confidence>> {
    option(sql, column, |raw| Confidence::parse(raw, Field::Confidence).ok())
}

pub(super) fn session(sql: &SqlRow<'_>, column: usize) -> rusqlite::Result<Option<SessionName>> {
    let raw = sql.get_ref(column)?.as_str_or_null().map_err(|_| malformed(column))?;
    raw.map(SessionName::parse).transpose().map_err(refused(column))
}

/// None is NULL, else they are a JSON list.
pub(super) fn tags(sql: &SqlRow<'_>, column: usize) -> rusqlite::Result<Tags> {
    let raw = sql.get_ref(column)?.as_str_or_null().map_err(|_| malformed(column))?;
    let Some(raw) = raw else { return Ok(Tags::default()) };
    let listed: Vec<String> = serde_json::from_str(raw).map_err(|_| malformed(column))?;
    Tags::parse(listed).map_err(refused(column))
}

/// As [`tags`] reads them.
pub(super) fn tags_text(tags: &Tags) -> Option<String> {
    let listed: Vec<&str> = tags.as_slice().iter().map(Tag::as_str).collect();
    let text = || serde_json::to_string(&listed).expect("a list of texts is JSON");
    (!listed.is_empty()).then(text)
}

/// The scale takes four bytes, the rest is one per dimension.
pub(super) fn quantised(sql: &SqlRow<'_>, column: usize) -> rusqlite::Result<Quantised> {
    let bytes = sql.get_ref(column)?.as_blob().map_err(|_| malformed(column))?;
    let dims = dims(bytes.len().saturating_sub(4)).ok_or_else(|| malformed(column))?;
    Quantised::from_bytes(bytes, dims).map_err(|_| malformed(column))
}

pub(super) fn dims(elements: usize) -> Option<Dims> {
    Dims::new(u16::try_from(elements).ok()?).ok()
}

/// The domain does not accept what a column holds.
fn refused(column: usize) -> impl Fn(Invalid) -> Error {
    move |why| Error::FromSqlConversionFailure(column, Type::Text, Box::new(why))
}

/// What an error of reading says, by the name of the field if the domain did not accept it.
pub(super) fn said(error: &Error) -> String {
    let invalid = match error {
        Error::FromSqlConversionFailure(_, _, why) => why.downcast_ref::<Invalid>(),
        _ => None,
    };
    invalid.map_or_else(|| error.to_string(), |why| format!("{} {why}", why.field))
}

/// Reads what may be NULL, and checks it if it is not.
fn option<R: rusqlite::types::FromSql, T>(
    sql: &SqlRow<'_>,
    column: usize,
    check: impl FnOnce(R) -> Option<T>,
) -> rusqlite::Result<Option<T>> {
    let raw: Option<R> = sql.get(column)?;
    raw.map(|raw| check(raw).ok_or_else(|| malformed(column))).transpose()
}

/// The stored discriminant of a kind.
pub(super) fn kind_no(kind: Kind) -> u8 {
    Kind::ALL.iter().position(|other| *other == kind).expect("every kind is listed") as u8
}

/// The stored discriminant of an outcome.
pub(super) fn outcome_no(outcome: Outcome) -> u8 {
    let found = Outcome::ALL.iter().position(|other| *other == outcome);
    found.expect("every outcome is listed") as u8
}

/// The bytes of a user's id, as they lead the indexes.
pub(super) fn user_bytes(user: UserId) -> [u8; 16] {
    user.0.into_bytes()
}

/// The error of a failed read: what cannot be read back is damage.
pub(crate) fn of_read(error: Error) -> StoreError {
    match error {
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => damage(error.to_string()),
        other => failure::of_read(other),
    }
}

/// What is stored of memories contradicts itself.
pub(crate) fn damage(why: impl Into<String>) -> StoreError {
    StoreError::Damaged { file: "ledger.db, memories".to_owned(), why: why.into() }
}
