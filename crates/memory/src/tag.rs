//! The tags of a memory.
//!
//! Invariant: a memory's tags are distinct, in the order in which they first came.

use crate::invalid::{Field, Flaw, Invalid};
use crate::limits::{TAG_BYTES_MAX, TAGS_MAX};
use std::fmt;

/// A tag: 1..=128 bytes of UTF-8 without control characters, compared as it is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

impl Tag {
    /// Checks the text found in `field`.
    pub fn parse(raw: String, field: Field) -> Result<Tag, Invalid> {
        let flaw = match raw.len() {
            0 => Flaw::Empty,
            bytes if bytes > TAG_BYTES_MAX => Flaw::TooManyBytes { bytes_max: TAG_BYTES_MAX },
            _ if raw.chars().any(char::is_control) => Flaw::Control,
            _ => return Ok(Tag(raw)),
        };
        Err(flaw.in_field(field))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// At most [`TAGS_MAX`] distinct tags.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Tags(Vec<Tag>);

impl Tags {
    /// The tags of a memory, field `tags`.
    ///
    /// A tag that comes again is left out rather than refused: clients of the platform repeat tags,
    /// and what is stored and charged is what a memory shows. The bound is on what was sent.
    pub fn parse(raw: Vec<String>) -> Result<Tags, Invalid> {
        Tags::parse_list(raw, Field::Tags, Field::Tag)
    }

    /// The tags that a filter wants all of, field `tags_all`.
    pub fn parse_all_of(raw: Vec<String>) -> Result<Tags, Invalid> {
        Tags::parse_list(raw, Field::TagsAll, Field::TagAll)
    }

    /// The tags that a filter wants one of, field `tags_any`.
    pub fn parse_any_of(raw: Vec<String>) -> Result<Tags, Invalid> {
        Tags::parse_list(raw, Field::TagsAny, Field::TagAny)
    }

    fn parse_list(
        raw: Vec<String>,
        list: Field,
        element: fn(usize) -> Field,
    ) -> Result<Tags, Invalid> {
        if raw.len() > TAGS_MAX {
            return Err(Flaw::TooMany { count_max: TAGS_MAX }.in_field(list));
        }
        let mut tags = Tags::default();
        for (index, raw) in raw.into_iter().enumerate() {
            let tag = Tag::parse(raw, element(index))?;
            if !tags.has(&tag) {
                tags.0.push(tag);
            }
        }
        Ok(tags)
    }

    /// The tags, in order.
    pub fn as_slice(&self) -> &[Tag] {
        &self.0
    }

    /// Whether `tag` is among them.
    pub fn has(&self, tag: &Tag) -> bool {
        self.0.contains(tag)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(tags: &[&str]) -> Vec<String> {
        tags.iter().map(|tag| (*tag).to_owned()).collect()
    }

    #[test]
    fn a_refused_tag_is_named_by_its_place() {
        let long = "é".repeat(TAG_BYTES_MAX / 2);
        assert!(Tags::parse(sent(&[&long])).is_ok());
        for (raw, place, flaw) in [
            (sent(&["a", "b", "c", ""]), 3, Flaw::Empty),
            (sent(&["a", &format!("{long}a")]), 1, Flaw::TooManyBytes { bytes_max: TAG_BYTES_MAX }),
            (sent(&["a\0"]), 0, Flaw::Control),
            (sent(&["a", "\t"]), 1, Flaw::Control),
        ] {
            assert_eq!(Tags::parse(raw.clone()), Err(flaw.in_field(Field::Tag(place))));
            assert_eq!(Tags::parse_all_of(raw.clone()), Err(flaw.in_field(Field::TagAll(place))));
            assert_eq!(Tags::parse_any_of(raw), Err(flaw.in_field(Field::TagAny(place))));
        }
    }

    #[test]
    fn there_are_at_most_64_as_sent() {
        assert!(Tags::parse(vec!["same".to_owned(); TAGS_MAX]).is_ok());
        let refusal = Tags::parse(vec!["same".to_owned(); TAGS_MAX + 1]);
        assert_eq!(refusal, Err(Flaw::TooMany { count_max: TAGS_MAX }.in_field(Field::Tags)));
    }

    #[test]
    fn a_tag_that_comes_again_is_left_out() {
        let tags = Tags::parse(sent(&["b", "a", "b", "B"])).expect("valid tags");
        let shown: Vec<&str> = tags.as_slice().iter().map(Tag::as_str).collect();
        assert_eq!(shown, ["b", "a", "B"]);
    }
}
