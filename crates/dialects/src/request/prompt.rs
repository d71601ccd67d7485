//! What a request brings to be counted.
//!
//! Invariant: a part is a place in the body; a prompt's memory is bounded by
//! [`PARTS_MAX`](crate::PARTS_MAX) places.

use crate::json::{ReadError, Value, Why, decoded, path_at};
use crate::limits::PARTS_MAX;
use std::borrow::Cow;
use std::fmt;

/// One text to be counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Part<'b> {
    raw: &'b str,
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({} bytes)", self.raw.len())
    }
}

impl<'b> Part<'b> {
    /// The text: a string with its escapes resolved, or JSON as it was written (tool schemas,
    /// members that are not known).
    pub fn text(&self) -> Cow<'b, str> {
        if self.raw.starts_with('"') { decoded(self.raw) } else { Cow::Borrowed(self.raw) }
    }

    /// A bound of the text's length in bytes that costs nothing.
    pub fn bytes_max(&self) -> usize {
        self.raw.len()
    }
}

/// What there is to count.
#[derive(Clone, Debug, Default)]
pub struct Prompt<'b> {
    /// Texts, in order.
    pub parts: Vec<Part<'b>>,
    /// Messages, items or blocks, each of which the provider frames with tokens of its own.
    pub messages: u64,
    /// Tools, each of which the provider frames too.
    pub tools: u64,
    /// Tools among them that the caller runs and the provider describes to the model in words of
    /// its own, to be held by a maximum for each.
    pub described_tools: u64,
    /// Tokens that the caller sent as numbers.
    pub token_ids: u64,
    /// Prompts or inputs: more than 1 only for completions and embeddings.
    pub prompts: u64,
    /// Images, in the body or by URL.
    pub images: u64,
    /// Sounds in the body.
    pub audios: u64,
    /// Files in the body.
    pub files: u64,
    /// Length of the media that stand in the body, as written there, in bytes.
    pub media_bytes: u64,
}

/// Something that counts as input and is not in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbounded {
    /// The path of the field: `input[2].content[0].file_id`.
    pub field: String,
    /// What it is.
    pub cause: UnboundedCause,
}

/// Why an input has no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnboundedCause {
    /// Earlier turns that the provider keeps.
    StoredContext,
    /// A file that the provider keeps or fetches.
    StoredFile,
    /// A tool that the provider runs and whose results it reads.
    HostedTool,
    /// A part or tool of a kind that is not known here.
    UnknownKind,
    /// An answer that is fetched later, so that its usage never passes here.
    Background,
}

/// Gathers a prompt.
#[derive(Default)]
pub(super) struct Collector<'b> {
    pub(super) prompt: Prompt<'b>,
    unbounded: Option<(usize, UnboundedCause)>,
}

impl<'b> Collector<'b> {
    /// Counts a value as text: a string's contents, anything else as it is written.
    pub(super) fn count(&mut self, value: Value<'b>) -> Result<(), ReadError> {
        if self.prompt.parts.len() >= PARTS_MAX {
            return Err(value.fault(Why::TooMany));
        }
        if !value.is_null() {
            self.prompt.parts.push(Part { raw: value.raw() });
        }
        Ok(())
    }

    /// Counts a value that has to be a string.
    pub(super) fn count_text(&mut self, value: Value<'b>) -> Result<(), ReadError> {
        if !value.is_string() {
            return Err(value.fault(Why::Expected("a string")));
        }
        self.count(value)
    }

    pub(super) fn image(&mut self, value: Value<'b>) {
        self.prompt.images += 1;
        self.media(value);
    }

    pub(super) fn audio(&mut self, value: Value<'b>) {
        self.prompt.audios += 1;
        self.media(value);
    }

    pub(super) fn file(&mut self, value: Value<'b>) {
        self.prompt.files += 1;
        self.media(value);
    }

    fn media(&mut self, value: Value<'b>) {
        self.prompt.media_bytes += value.raw().len() as u64;
    }

    /// Notes something without bound; the first one is kept.
    pub(super) fn unbounded(&mut self, value: Value<'b>, cause: UnboundedCause) {
        self.unbounded.get_or_insert((value.range().start, cause));
    }

    pub(super) fn finish(self, root: Value<'b>) -> (Prompt<'b>, Option<Unbounded>) {
        let unbounded = self.unbounded;
        let unbounded = unbounded.map(|(at, cause)| Unbounded { field: path_at(root, at), cause });
        (self.prompt, unbounded)
    }
}
