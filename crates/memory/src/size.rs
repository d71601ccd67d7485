//! What a memory counts, to the byte, and what its coming, changing and going charge.
//!
//! Invariant: the charges of any history add up to what the charged memories that are there count,
//! since each charge is the difference of two such counts.
//! Invariant: a size depends on what the caller sent and on the dimension at that time, never on
//! how a store keeps it.

use crate::content::Content;
use crate::embedding::Dims;
use crate::limits::{DIM_BYTES, ROW_BYTES, SIZE_BYTES_MAX, TAG_EXTRA_BYTES};
use crate::memory::Memory;
use crate::metadata::Metadata;
use crate::tag::Tag;
use crate::text::Text;

impl Content {
    /// Its size in bytes, with the row and an embedding of `dims`: input, output, each tag and 4,
    /// compact metadata, 4 per dimension, 162.
    pub fn size_bytes(&self, dims: Dims) -> i64 {
        let tags = self.tags.as_slice();
        let parts = [
            bytes(self.input.as_str()),
            self.output.as_ref().map(Text::as_str).map_or(0, bytes),
            tags.iter().map(Tag::as_str).map(bytes).sum(),
            TAG_EXTRA_BYTES * i64::try_from(tags.len()).expect("at most TAGS_MAX"),
            self.metadata.as_ref().map(Metadata::as_str).map_or(0, bytes),
            DIM_BYTES * i64::from(dims.get()),
            ROW_BYTES,
        ];
        // Every part has its bound, and the bounds add up to SIZE_BYTES_MAX, which fits many times.
        let size = parts.iter().try_fold(0_i64, |sum, part| sum.checked_add(*part));
        let size = size.expect("bounded parts do not overflow");
        assert!(size <= SIZE_BYTES_MAX, "a memory of {size} bytes is beyond every bound");
        size
    }
}

fn bytes(text: &str) -> i64 {
    i64::try_from(text.len()).expect("a text in memory has a length that fits")
}

impl Memory {
    /// Its size in bytes, whether charged or not.
    pub fn size_bytes(&self) -> i64 {
        self.content.size_bytes(self.dims)
    }
}

/// What `memory` counts against the user's `memory_storage`: its size, or nothing in a term that is
/// not charged.
pub fn charged_bytes(memory: &Memory) -> i64 {
    if memory.term.is_charged() { memory.size_bytes() } else { 0 }
}

/// What an entry has to carry when `before` becomes `after`; `None` is a memory that is not there.
///
/// Store is `(None, Some)`, delete and expire are `(Some, None)`, update and promote are both.
/// Zero means that no entry is needed.
pub fn charge(before: Option<&Memory>, after: Option<&Memory>) -> i64 {
    after.map_or(0, charged_bytes) - before.map_or(0, charged_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{content::Draft, term::Term};
    use novacore_vocab::Timestamp;

    fn dims(raw: u16) -> Dims {
        Dims::new(raw).expect("a dimension")
    }

    fn draft(input: &str) -> Draft {
        Draft { kind: "lesson".into(), input: input.into(), ..Draft::default() }
    }

    fn memory(term: Term, draft: Draft) -> Memory {
        let id = "00000000-0000-7000-8000-000000000001".parse().expect("a UUID");
        let content = draft.check().expect("a valid draft");
        Memory::new(id, term, content, dims(384), Timestamp::from_seconds(0))
    }

    #[test]
    fn sizes_follow_the_contract_to_the_byte() {
        let row = 1_536 + 162;
        let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
        for (draft, want) in [
            (draft("a"), 1),
            (draft("é"), 2),
            (draft("\u{1f600}"), 4),
            (Draft { output: Some("out".into()), ..draft("in") }, 5),
            (Draft { output: Some(String::new()), ..draft("in") }, 2),
            (Draft { tags: tags(&["a"]), ..draft("in") }, 2 + 1 + 4),
            (Draft { tags: tags(&["a", "bé"]), ..draft("in") }, 2 + 1 + 3 + 8),
            (Draft { tags: tags(&["a", "a"]), ..draft("in") }, 2 + 1 + 4),
            (Draft { metadata: Some("{}".into()), ..draft("in") }, 2 + 2),
            (Draft { metadata: Some("{ \"a\": 1 }".into()), ..draft("in") }, 2 + 7),
            (Draft { metadata: Some("{\"a\":\"\\u00e9\"}".into()), ..draft("in") }, 2 + 14),
            // What is not in the formula does not count.
            (Draft { session: Some("s".repeat(255)), confidence: Some(1.0), ..draft("in") }, 2),
        ] {
            let content = draft.clone().check().expect("a valid draft");
            assert_eq!(content.size_bytes(dims(384)), row + want, "{draft:?}");
        }
        let content = draft("a").check().expect("a valid draft");
        assert_eq!(content.size_bytes(dims(1)), 1 + 4 + 162);
        assert_eq!(content.size_bytes(dims(1_536)), 1 + 6_144 + 162);
    }

    #[test]
    fn the_largest_memory_reaches_the_bound_and_no_more() {
        use crate::limits::{
            DIMS_MAX, METADATA_BYTES_MAX, TAG_BYTES_MAX, TAGS_MAX, TEXT_BYTES_MAX,
        };
        let largest = Draft {
            output: Some("o".repeat(TEXT_BYTES_MAX)),
            tags: (0..TAGS_MAX).map(|n| format!("{n:0>width$}", width = TAG_BYTES_MAX)).collect(),
            metadata: Some(format!("{{\"a\":\"{}\"}}", "m".repeat(METADATA_BYTES_MAX - 8))),
            ..draft(&"i".repeat(TEXT_BYTES_MAX))
        };
        let content = largest.check().expect("just within every bound");
        assert_eq!(content.size_bytes(dims(DIMS_MAX)), SIZE_BYTES_MAX);
    }

    #[test]
    fn charges_are_differences_of_what_is_charged() {
        let stm = memory(Term::Stm, draft("in"));
        let itm = memory(Term::Itm, draft("in"));
        let ltm = memory(Term::Ltm, draft("in"));
        let longer = memory(Term::Ltm, draft("in and more"));
        let size = 1_536 + 162 + 2;
        for (name, before, after, want) in [
            ("nothing", None, None, 0),
            ("store stm", None, Some(&stm), 0),
            ("store itm", None, Some(&itm), size),
            ("store ltm", None, Some(&ltm), size),
            ("promote stm to itm", Some(&stm), Some(&itm), size),
            ("promote stm to ltm", Some(&stm), Some(&ltm), size),
            ("promote itm to ltm", Some(&itm), Some(&ltm), 0),
            ("update to more", Some(&ltm), Some(&longer), 9),
            ("update to less", Some(&longer), Some(&ltm), -9),
            ("delete stm", Some(&stm), None, 0),
            ("expire itm", Some(&itm), None, -size),
            ("delete ltm", Some(&longer), None, -(size + 9)),
        ] {
            assert_eq!(charge(before, after), want, "{name}");
        }
    }
}
