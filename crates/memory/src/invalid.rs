//! What is wrong with an input, and where.
//!
//! Invariant: the text of a refusal never repeats what was sent, so it may be logged.

use std::fmt;
use thiserror::Error;

/// A refused input: the field of the wire, and its flaw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{flaw}")]
pub struct Invalid {
    /// The field.
    pub field: Field,
    /// What is wrong with it.
    pub flaw: Flaw,
}

/// A field of a request, shown by the name that it has on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// `type`
    Kind,
    /// `input_context`
    Input,
    /// `output_response`
    Output,
    /// `session_id`
    Session,
    /// `outcome`
    Outcome,
    /// `emotional_weight`
    EmotionalWeight,
    /// `confidence_score`
    Confidence,
    /// `tags`
    Tags,
    /// One element of `tags`, from 0.
    Tag(usize),
    /// `tags_all`: of a filter, the tags that a memory must all have.
    TagsAll,
    /// One element of `tags_all`, from 0.
    TagAll(usize),
    /// `tags_any`: of a filter, the tags of which a memory must have one.
    TagsAny,
    /// One element of `tags_any`, from 0.
    TagAny(usize),
    /// `metadata`
    Metadata,
    /// `tier`
    Term,
    /// `target_tier`
    TargetTerm,
    /// `embedding`
    Embedding,
    /// `embedding_dimensions`, of the configuration.
    Dims,
    /// `query`
    Query,
    /// `mode`
    Mode,
    /// `memory_type`: of a filter.
    MemoryType,
    /// `min_confidence`
    MinConfidence,
    /// `created_to`
    CreatedTo,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Field::Kind => "type",
            Field::Input => "input_context",
            Field::Output => "output_response",
            Field::Session => "session_id",
            Field::Outcome => "outcome",
            Field::EmotionalWeight => "emotional_weight",
            Field::Confidence => "confidence_score",
            Field::Tags => "tags",
            Field::TagsAll => "tags_all",
            Field::TagsAny => "tags_any",
            Field::Metadata => "metadata",
            Field::Term => "tier",
            Field::TargetTerm => "target_tier",
            Field::Embedding => "embedding",
            Field::Dims => "embedding_dimensions",
            Field::Query => "query",
            Field::Mode => "mode",
            Field::MemoryType => "memory_type",
            Field::MinConfidence => "min_confidence",
            Field::CreatedTo => "created_to",
            Field::Tag(index) => return write!(f, "tags[{index}]"),
            Field::TagAll(index) => return write!(f, "tags_all[{index}]"),
            Field::TagAny(index) => return write!(f, "tags_any[{index}]"),
        })
    }
}

/// What can be wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Flaw {
    /// Nothing there but white space, or nothing at all.
    #[error("must not be empty")]
    Empty,
    /// A patch may not clear it.
    #[error("must not be null")]
    Required,
    /// Longer than its bound in UTF-8 bytes.
    #[error("must not exceed {bytes_max} bytes")]
    TooManyBytes {
        /// The bound.
        bytes_max: usize,
    },
    /// Longer than its bound in characters.
    #[error("must not exceed {chars_max} characters")]
    TooManyChars {
        /// The bound.
        chars_max: usize,
    },
    /// More elements than its bound.
    #[error("must not have more than {count_max} elements")]
    TooMany {
        /// The bound.
        count_max: usize,
    },
    /// U+0000, which PostgreSQL stores neither in text nor in JSON.
    #[error("must not contain the character U+0000")]
    Nul,
    /// A control character in a name.
    #[error("must not contain control characters")]
    Control,
    /// A word that is not one of those that it may be.
    #[error("must be one of {one_of}")]
    UnknownWord {
        /// The words.
        one_of: &'static str,
    },
    /// Outside its range, or no number.
    #[error("must be a number from {min} to {max}")]
    OutOfRange {
        /// The least that is accepted.
        min: i64,
        /// The most that is accepted.
        max: i64,
    },
    /// Not JSON, or with a number or a character that JSON text cannot carry.
    #[error("must be a JSON object of numbers in range and complete characters")]
    NotJsonObject,
    /// Nested deeper than its bound.
    #[error("must not be nested deeper than {depth_max} levels")]
    TooDeep {
        /// The bound.
        depth_max: usize,
    },
    /// A vector of the wrong dimension.
    #[error("must have {expected} dimensions")]
    WrongDims {
        /// What is configured.
        expected: u16,
    },
    /// A vector with an infinity or with no number at all.
    #[error("must consist of finite numbers, unlike element {index}")]
    NotFinite {
        /// The first such element, from 0.
        index: usize,
    },
    /// A vector that points nowhere.
    #[error("must not have length zero")]
    ZeroLength,
    /// A range of time that ends before it begins.
    #[error("must be later than created_from")]
    RangeEmpty,
}

impl Flaw {
    /// This flaw, in `field`.
    pub(crate) const fn in_field(self, field: Field) -> Invalid {
        Invalid { field, flaw: self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_field_and_says_what_is_accepted() {
        let invalid = Flaw::TooManyBytes { bytes_max: 128 }.in_field(Field::Tag(3));
        assert_eq!(invalid.field.to_string(), "tags[3]");
        assert_eq!(invalid.to_string(), "must not exceed 128 bytes");
        assert_eq!(Field::Input.to_string(), "input_context");
        assert_eq!(Field::TagAny(0).to_string(), "tags_any[0]");
    }
}
