//! How a search ranks, and what it is asked.
//!
//! Invariant: a query has something to look for, within bounds, and no U+0000.

use crate::invalid::{Field, Flaw, Invalid};
use crate::limits::QUERY_BYTES_MAX;
use std::fmt;

/// How a search ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// By meaning: the cosine of embeddings. The default, since it alone found most in what was
    /// measured.
    #[default]
    Semantic,
    /// By the words of the query: for names, numbers and codes, and where there is no model.
    Keyword,
    /// By both, meaning first (see [`crate::fuse`]).
    Hybrid,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Mode; 3] = [Mode::Semantic, Mode::Keyword, Mode::Hybrid];

    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Mode::Semantic => "semantic",
            Mode::Keyword => "keyword",
            Mode::Hybrid => "hybrid",
        }
    }

    /// Reads the word of the wire.
    pub fn parse(text: &str) -> Result<Mode, Invalid> {
        const ONE_OF: &str = "semantic, keyword, hybrid";
        let found = Mode::ALL.into_iter().find(|mode| mode.as_str() == text);
        found.ok_or(Flaw::UnknownWord { one_of: ONE_OF }.in_field(Field::Mode))
    }

    /// Whether the query has to be embedded.
    pub const fn needs_embedding(self) -> bool {
        match self {
            Mode::Semantic | Mode::Hybrid => true,
            Mode::Keyword => false,
        }
    }
}

/// What is looked for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Query(String);

impl Query {
    /// Accepts 1..=16,384 bytes that are not all white space.
    pub fn parse(raw: &str) -> Result<Query, Invalid> {
        let flaw = if raw.len() > QUERY_BYTES_MAX {
            Flaw::TooManyBytes { bytes_max: QUERY_BYTES_MAX }
        } else if raw.trim().is_empty() {
            Flaw::Empty
        } else if raw.contains('\0') {
            Flaw::Nul
        } else {
            return Ok(Query(raw.to_owned()));
        };
        Err(flaw.in_field(Field::Query))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Query {
    /// Its length only: what users ask does not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Query({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_read_back_and_nothing_else_does() {
        for mode in Mode::ALL {
            assert_eq!(Mode::parse(mode.as_str()), Ok(mode));
        }
        let refusal = Mode::parse("Semantic").expect_err("upper case");
        assert_eq!(refusal.field.to_string(), "mode");
        assert_eq!(Mode::default(), Mode::Semantic);
    }

    #[test]
    fn queries_have_bounds() {
        let bytes_max = QUERY_BYTES_MAX;
        for (raw, want) in [
            ("what breed is my pet?".to_owned(), None),
            ("' OR 1=1 --".to_owned(), None),
            ("\" NEAR(a b) *".to_owned(), None),
            ("q".repeat(bytes_max), None),
            (String::new(), Some(Flaw::Empty)),
            (" \t\n".to_owned(), Some(Flaw::Empty)),
            ("q".repeat(bytes_max + 1), Some(Flaw::TooManyBytes { bytes_max })),
            ("a\0b".to_owned(), Some(Flaw::Nul)),
        ] {
            let got = Query::parse(&raw).err();
            assert_eq!(got, want.map(|flaw| flaw.in_field(Field::Query)), "{raw:.30}");
        }
    }
}
