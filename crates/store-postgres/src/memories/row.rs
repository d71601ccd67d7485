//! Rows of memories: how values travel into columns and back.
//!
//! Invariant: stored discriminants are positions in the `ALL` arrays of the domain and are only
//! appended to.
//! Invariant: what is read was parsed by the domain; a row that it refuses is damaged, and nothing
//! of it is told.

use crate::{column::At, failure};
use novacore_memory::{
    Access, Confidence, Content, Dims, Embedding, EmotionalWeight, Field, Kind, Memory, Metadata,
    Outcome, Promotion, Quantised, SessionName, Tags, Term, Text,
};
use novacore_store::{
    error::StoreError,
    memories::{Digest, MemoryHead, Tally, Trace},
};
use novacore_vocab::{MemoryId, ModelId, Timestamp};
use tokio_postgres::{Row, types::FromSql};

/// The columns that [`read_memory`] expects, of aliases `m` and `t`.
pub(crate) const MEMORY_COLUMNS: &str = "m.id, m.revision, m.term, m.kind, m.created_at, \
     m.changed_at, m.expires_at, m.dims, m.outcome, m.emotional_weight, m.confidence, m.session, \
     m.tags, m.promoted_from, m.promoted_at, m.access_count, m.accessed_at, t.input, t.output, \
     t.metadata";
/// How many columns these are.
pub(crate) const MEMORY_COLUMNS_COUNT: usize = 20;

/// The columns that [`read_digest`] expects, of `memory`.
pub(crate) const DIGEST_COLUMNS: &str = "id, change_no, term, kind, tags, session, created_at, \
     expires_at, confidence, model, embedded_dims, digest";

/// The columns that [`read_trace`] expects, of `memory`.
pub(crate) const TRACE_COLUMNS: &str = "id, revision, term, size_bytes, text_bytes";

/// The columns that [`read_head`] expects, of alias `h`.
pub(crate) const HEAD_COLUMNS: &str = "h.stm_rows, h.stm_size_bytes, h.stm_text_bytes, \
     h.itm_rows, h.itm_size_bytes, h.itm_text_bytes, h.ltm_rows, h.ltm_size_bytes, \
     h.ltm_text_bytes, h.stm_revision, h.change_no, h.removals";

const MEMORY: &str = "memory";

fn damaged(why: impl ToString) -> StoreError {
    failure::damaged(MEMORY, why)
}

/// The value in a column; one of another type than the schema's is damage too.
fn get<'r, T: FromSql<'r>>(row: &'r Row, column: usize) -> Result<T, StoreError> {
    row.try_get(column).map_err(damaged)
}

fn at(row: &Row, column: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(get::<Option<At>>(row, column)?.map(|at| at.0))
}

/// The stored discriminant of a term.
pub(crate) fn term_no(term: Term) -> i16 {
    position(&Term::ALL, term)
}

/// The stored discriminant of a kind.
pub(crate) fn kind_no(kind: Kind) -> i16 {
    position(&Kind::ALL, kind)
}

/// The stored discriminant of an outcome.
pub(crate) fn outcome_no(outcome: Outcome) -> i16 {
    position(&Outcome::ALL, outcome)
}

fn position<T: PartialEq>(all: &[T], one: T) -> i16 {
    all.iter().position(|other| *other == one).expect("every value is listed") as i16
}

fn at_position<T: Copy>(all: &[T], number: i16) -> Result<T, StoreError> {
    let index = usize::try_from(number).ok();
    let found = index.and_then(|index| all.get(index)).copied();
    found.ok_or_else(|| damaged("an unknown discriminant"))
}

/// Dimensions as stored: at most 4,096.
pub(crate) fn dims_no(dims: Dims) -> i16 {
    dims.get().cast_signed()
}

pub(crate) fn read_dims(stored: i16) -> Result<Dims, StoreError> {
    Dims::new(stored.cast_unsigned()).map_err(damaged)
}

/// A counter as stored. It counts what happened one by one and never comes near the end.
pub(crate) fn count_no(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn read_count(stored: i64) -> Result<u64, StoreError> {
    u64::try_from(stored).map_err(damaged)
}

/// Tags as the text of an array, each in quotes.
pub(crate) fn tags_text(tags: &Tags) -> String {
    let quoted = tags.as_slice().iter().map(|tag| {
        let escaped = tag.as_str().replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{escaped}\"")
    });
    format!("{{{}}}", quoted.collect::<Vec<_>>().join(","))
}

/// Reads [`MEMORY_COLUMNS`] from column `first` on.
pub(crate) fn read_memory(row: &Row, first: usize) -> Result<Memory, StoreError> {
    let promoted_from: Option<i16> = get(row, first + 13)?;
    let promoted = match (promoted_from, at(row, first + 14)?) {
        (Some(from), Some(at)) => Some(Promotion { from: at_position(&Term::ALL, from)?, at }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(damaged("half a promotion")),
    };
    let count = read_count(get(row, first + 15)?)?;
    Ok(Memory {
        id: MemoryId(get(row, first)?),
        revision: read_count(get(row, first + 1)?)?,
        term: at_position(&Term::ALL, get(row, first + 2)?)?,
        content: read_content(row, first)?,
        dims: read_dims(get(row, first + 7)?)?,
        created_at: get::<At>(row, first + 4)?.0,
        changed_at: get::<At>(row, first + 5)?.0,
        expires_at: at(row, first + 6)?,
        access: Access { count, last_at: at(row, first + 16)? },
        promoted,
    })
}

fn read_content(row: &Row, first: usize) -> Result<Content, StoreError> {
    let text = |column: usize| get::<Option<String>>(row, first + column);
    let outcome: Option<i16> = get(row, first + 8)?;
    let weight = get::<Option<f64>>(row, first + 9)?;
    let weight = weight.map(|raw| EmotionalWeight::parse(raw, Field::EmotionalWeight));
    let input = text(17)?.ok_or_else(|| damaged("a memory without its text"))?;
    let output = text(18)?.map(|raw| Text::parse_any(raw, Field::Output));
    let metadata = get::<Option<&str>>(row, first + 19)?.map(Metadata::parse);
    Ok(Content {
        kind: at_position(&Kind::ALL, get(row, first + 3)?)?,
        input: Text::parse(input, Field::Input).map_err(damaged)?,
        output: output.transpose().map_err(damaged)?,
        session: read_session(row, first + 11)?,
        outcome: outcome.map(|number| at_position(&Outcome::ALL, number)).transpose()?,
        emotional_weight: weight.transpose().map_err(damaged)?,
        confidence: read_confidence(row, first + 10)?,
        tags: Tags::parse(get(row, first + 12)?).map_err(damaged)?,
        metadata: metadata.transpose().map_err(damaged)?,
    })
}

fn read_session(row: &Row, column: usize) -> Result<Option<SessionName>, StoreError> {
    let read = get::<Option<&str>>(row, column)?.map(SessionName::parse);
    read.transpose().map_err(damaged)
}

fn read_confidence(row: &Row, column: usize) -> Result<Option<Confidence>, StoreError> {
    let read = get::<Option<f64>>(row, column)?;
    let read = read.map(|raw| Confidence::parse(raw, Field::Confidence));
    read.transpose().map_err(damaged)
}

/// Reads [`DIGEST_COLUMNS`].
pub(crate) fn read_digest(row: &Row) -> Result<Digest, StoreError> {
    let stored: (Option<&str>, Option<i16>, Option<&[u8]>) =
        (get(row, 9)?, get(row, 10)?, get(row, 11)?);
    let embedded = match stored {
        (Some(model), Some(dims), Some(digest)) => {
            let digest = Quantised::from_bytes(digest, read_dims(dims)?).map_err(damaged)?;
            Some((read_model(model)?, digest))
        }
        (None, None, None) => None,
        _ => return Err(damaged("half a digest")),
    };
    Ok(Digest {
        id: MemoryId(get(row, 0)?),
        change_no: read_count(get(row, 1)?)?,
        term: at_position(&Term::ALL, get(row, 2)?)?,
        kind: at_position(&Kind::ALL, get(row, 3)?)?,
        tags: Tags::parse(get(row, 4)?).map_err(damaged)?,
        session: read_session(row, 5)?,
        created_at: get::<At>(row, 6)?.0,
        expires_at: at(row, 7)?,
        confidence: read_confidence(row, 8)?,
        embedded,
    })
}

/// A model's name as stored.
pub(crate) fn read_model(stored: &str) -> Result<ModelId, StoreError> {
    ModelId::parse(stored).map_err(damaged)
}

/// Reads an embedding's bytes.
pub(crate) fn read_embedding(stored: &[u8], dims: Dims) -> Result<Embedding, StoreError> {
    Embedding::from_bytes(stored, dims).map_err(|why| failure::damaged("memory_embedding", why))
}

/// Reads [`TRACE_COLUMNS`] from column `first` on.
pub(crate) fn read_trace(row: &Row, first: usize) -> Result<Trace, StoreError> {
    Ok(Trace {
        id: MemoryId(get(row, first)?),
        revision: read_count(get(row, first + 1)?)?,
        term: at_position(&Term::ALL, get(row, first + 2)?)?,
        size_bytes: get(row, first + 3)?,
        text_bytes: get(row, first + 4)?,
    })
}

/// A head's values, in the order of [`HEAD_COLUMNS`].
pub(crate) fn head_values(head: &MemoryHead) -> [i64; 12] {
    let [stm, itm, ltm] = head.tallies;
    let of = |tally: Tally| [tally.rows, tally.size_bytes, tally.text_bytes];
    let ([a, b, c], [d, e, f], [g, h, i]) = (of(stm), of(itm), of(ltm));
    let counters = [head.stm_revision, head.change_no, head.removals].map(count_no);
    [a, b, c, d, e, f, g, h, i, counters[0], counters[1], counters[2]]
}

/// Reads [`HEAD_COLUMNS`] from column `first` on.
pub(crate) fn read_head(row: &Row, first: usize) -> Result<MemoryHead, StoreError> {
    let tally = |term: usize| -> Result<Tally, StoreError> {
        let at = first + term * 3;
        let (rows, size_bytes, text_bytes) = (get(row, at)?, get(row, at + 1)?, get(row, at + 2)?);
        Ok(Tally { rows, size_bytes, text_bytes })
    };
    Ok(MemoryHead {
        tallies: [tally(0)?, tally(1)?, tally(2)?],
        stm_revision: read_count(get(row, first + 9)?)?,
        change_no: read_count(get(row, first + 10)?)?,
        removals: read_count(get(row, first + 11)?)?,
    })
}

/// A revision in column `column`.
pub(crate) fn read_revision(row: &Row, column: usize) -> Result<u64, StoreError> {
    read_count(get(row, column)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_quoted() {
        let tags = [r"back\slash", r#"qu"ote"#, "NULL", " {a},b ", "ä"];
        let tags = Tags::parse(tags.map(str::to_owned).to_vec()).unwrap();
        let expected = r#"{"back\\slash","qu\"ote","NULL"," {a},b ","ä"}"#;
        assert_eq!(tags_text(&tags), expected);
        assert_eq!(tags_text(&Tags::default()), "{}");
    }

    #[test]
    fn discriminants_read_back_and_others_are_damage() {
        for term in Term::ALL {
            assert_eq!(at_position(&Term::ALL, term_no(term)), Ok(term));
        }
        for kind in Kind::ALL {
            assert_eq!(at_position(&Kind::ALL, kind_no(kind)), Ok(kind));
        }
        for number in [-1, 3, i16::MAX, i16::MIN] {
            let read = at_position(&Term::ALL, number);
            assert!(matches!(read, Err(StoreError::Damaged { .. })), "{number}: {read:?}");
        }
        for number in [0, -1, 4_097] {
            assert!(read_dims(number).is_err(), "{number}");
        }
    }
}
