//! The caller's own JSON object beside a memory.
//!
//! Its compact text is what is stored, shown and counted. It is the caller's text without the white
//! space between tokens, not a rendering of ours: numbers keep their digits, strings their escapes,
//! members their order, so the size does not depend on which JSON library renders it.
//!
//! Invariant: what exists can be read again by any JSON parser and stored by PostgreSQL as `jsonb`:
//! numbers in range, complete surrogate pairs, no U+0000, not even escaped.
//! Invariant: recursion is bounded; the parser stops at 128 levels, and the walk here does not
//! recurse.

use crate::invalid::{Field, Flaw, Invalid};
use crate::limits::{METADATA_BYTES_MAX, METADATA_DEPTH_MAX};
use serde_json::Value;
use std::fmt;

/// A JSON object as compact text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Metadata(String);

impl Metadata {
    /// Checks the text of a JSON object, and takes the white space out of it.
    ///
    /// Reads all of `raw` before the bound is checked, since white space does not count; whoever
    /// took the body in has bounded that.
    pub fn parse(raw: &str) -> Result<Metadata, Invalid> {
        let compact = Compact::of(raw);
        // Depth comes first: what is nested deeper than the parser goes is refused for that.
        let flaw = if compact.depth > METADATA_DEPTH_MAX {
            Flaw::TooDeep { depth_max: METADATA_DEPTH_MAX }
        } else if !serde_json::from_str::<Value>(raw).is_ok_and(|value| value.is_object()) {
            Flaw::NotJsonObject
        } else if compact.has_nul {
            Flaw::Nul
        } else if compact.text.len() > METADATA_BYTES_MAX {
            Flaw::TooManyBytes { bytes_max: METADATA_BYTES_MAX }
        } else {
            return Ok(Metadata(compact.text));
        };
        Err(flaw.in_field(Field::Metadata))
    }

    /// The compact text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Metadata {
    /// Its length only: it may hold what users said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metadata({} bytes)", self.0.len())
    }
}

/// A text without the white space between its tokens, and what was seen on the way; means something
/// only if the text is JSON.
struct Compact {
    text: String,
    depth: usize,
    /// An escaped U+0000 in a string; a parser alone would miss it in a member that is named again
    /// later.
    has_nul: bool,
}

impl Compact {
    fn of(raw: &str) -> Compact {
        let mut compact =
            Compact { text: String::with_capacity(raw.len()), depth: 0, has_nul: false };
        let (mut in_string, mut escaped, mut level) = (false, false, 0_usize);
        for (at, c) in raw.char_indices() {
            if in_string {
                compact.has_nul |= escaped && raw[at..].starts_with("u0000");
                in_string = c != '"' || escaped;
                escaped = c == '\\' && !escaped;
            } else {
                match c {
                    '"' => in_string = true,
                    '{' | '[' => level += 1,
                    '}' | ']' => level = level.saturating_sub(1),
                    ' ' | '\t' | '\n' | '\r' => continue,
                    _ => {}
                }
                compact.depth = compact.depth.max(level);
            }
            compact.text.push(c);
        }
        compact
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, want: Result<&str, Flaw>) {
        let got = Metadata::parse(raw).map(|metadata| metadata.0);
        let want = want.map(str::to_owned).map_err(|flaw| flaw.in_field(Field::Metadata));
        assert_eq!(got, want, "{raw:.99}");
    }

    #[test]
    fn an_object_keeps_its_text_without_white_space() {
        check("{}", Ok("{}"));
        check(" { }\r\n", Ok("{}"));
        check(
            "{ \"a b\" : [ 1.0 , 1e2,\t12345678901234567890123 ], \"\\u00e9\": \"é \\\" \\\\\" }",
            Ok("{\"a b\":[1.0,1e2,12345678901234567890123],\"\\u00e9\":\"é \\\" \\\\\"}"),
        );
        check("{\"pair\":\"\\ud83d\\ude00\"}", Ok("{\"pair\":\"\\ud83d\\ude00\"}"));
        check("{\"not nul\":\"\\\\u0000\"}", Ok("{\"not nul\":\"\\\\u0000\"}"));
    }

    #[test]
    fn what_could_not_be_read_or_stored_is_refused() {
        for raw in [
            "",
            "null",
            "[]",
            "\"text\"",
            "5",
            "{",
            "{}{}",
            "{\"a\":1 2}",
            "{\"a\":NaN}",
            "{\"a\":Infinity}",
            "{\"a\":1e400}",
            "{\"a\":\"\\ud83d\"}",
            "{\"a\":\"\\ude00\"}",
            "{\"a\":\"\0\"}",
            "{'a':1}",
            "{\u{a0}}",
        ] {
            check(raw, Err(Flaw::NotJsonObject));
        }
        for raw in [
            "{\"a\":\"\\u0000\"}",
            "{\"\\u0000\":1}",
            "{\"a\":\"\\\\\\u0000\"}",
            "{\"a\":\"\\u0000\",\"a\":\"named again\"}",
        ] {
            check(raw, Err(Flaw::Nul));
        }
    }

    #[test]
    fn depth_and_size_have_bounds() {
        let nested = |levels: usize| {
            format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1))
        };
        let deepest = nested(METADATA_DEPTH_MAX);
        check(&deepest, Ok(&deepest));
        let too_deep = Flaw::TooDeep { depth_max: METADATA_DEPTH_MAX };
        check(&nested(METADATA_DEPTH_MAX + 1), Err(too_deep));
        check(&nested(100_000), Err(too_deep));

        let sized = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        let largest = sized(METADATA_BYTES_MAX);
        assert_eq!(largest.len(), METADATA_BYTES_MAX);
        check(&largest, Ok(&largest));
        check(&largest.replace(':', " : "), Ok(&largest));
        let too_large = Flaw::TooManyBytes { bytes_max: METADATA_BYTES_MAX };
        check(&sized(METADATA_BYTES_MAX + 1), Err(too_large));
    }
}
