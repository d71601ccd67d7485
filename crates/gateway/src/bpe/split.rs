//! Splits a text into the pieces within which tokens lie.
//!
//! The original patterns look ahead (`\s+(?!\S)`: space up to the one before a word). Here that is
//! a pattern that takes one letter more, which is given back: linear in time, whatever the text.

use regex_automata::{Anchored, Input, meta::Regex};

pub(super) const O200K: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+$",
);
pub(super) const CL100K: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+$",
);
/// Space before a word, whose last letter belongs to what follows.
const LOOKS_AHEAD: &str = r"\s+\s";
const SPACE: &str = r"\s+";

/// Splits texts.
#[derive(Debug)]
pub(super) struct Pieces {
    /// The pattern, [`LOOKS_AHEAD`] and [`SPACE`], by preference.
    patterns: Regex,
}

impl Pieces {
    pub(super) fn new(pattern: &str) -> Pieces {
        let patterns = Regex::new_many(&[pattern, LOOKS_AHEAD, SPACE]);
        Pieces { patterns: patterns.expect("constant patterns, which tests have built") }
    }

    /// The pieces of a text, which together are the text.
    pub(super) fn of<'t>(&'t self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let mut rest = text;
        std::iter::from_fn(move || {
            let found = self.patterns.find(Input::new(rest).anchored(Anchored::Yes));
            // The patterns leave nothing out; were it otherwise, the rest would be one piece.
            let mut end = found.as_ref().map_or(rest.len(), |found| found.end());
            if found.is_some_and(|found| found.pattern().as_usize() == 1) {
                end -= rest[..end].chars().next_back().map_or(0, char::len_utf8);
            }
            let (piece, left) = rest.split_at(end);
            rest = left;
            (!piece.is_empty()).then_some(piece)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_before_a_word_goes_with_it() {
        for (pattern, word) in [(O200K, " b'd"), (CL100K, " b")] {
            let pieces = Pieces::new(pattern);
            let got: Vec<&str> = pieces.of("a   b'd 12345\n\n c  ").collect();
            assert_eq!(got.concat(), "a   b'd 12345\n\n c  ");
            assert_eq!(got[..3], ["a", "  ", word]);
            assert!(got.contains(&"123") && got.contains(&"45") && got.contains(&" c"), "{got:?}");
        }
    }
}
