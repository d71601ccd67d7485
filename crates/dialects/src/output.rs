//! Text that a model wrote, wherever a dialect puts it.

use std::borrow::Cow;
use std::fmt;

/// What a piece of output is; every kind counts as output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutputKind {
    /// The answer.
    Text,
    /// A refusal to answer.
    Refusal,
    /// Reasoning or thinking, where it is visible.
    Reasoning,
    /// A tool's name or its input.
    ToolCall,
    /// The text of spoken output; its tokens are not those of the text.
    Transcript,
}

/// A piece of output.
#[derive(Clone, PartialEq, Eq)]
pub struct Output<'b> {
    /// Which answer (choice, output item or content block) it belongs to.
    pub index: u64,
    /// What it is.
    pub kind: OutputKind,
    /// The text, never empty.
    pub text: Cow<'b, str>,
}

impl fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Output({}, {:?}, {} bytes)", self.index, self.kind, self.text.len())
    }
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish<'b> {
    /// Which answer; 0 where a dialect has one only.
    pub index: u64,
    /// The dialect's own word: `stop`, `length`, `end_turn`, `max_tokens`, `completed` ...
    pub reason: Cow<'b, str>,
}

/// An error that the provider reports inside an answer or a stream.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderError<'b> {
    /// The provider's type or code, empty if it gives none.
    pub kind: Cow<'b, str>,
    /// The provider's message; may quote the prompt, so it does not belong into a log.
    pub message: Cow<'b, str>,
}

impl fmt::Debug for ProviderError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProviderError({:?}, {} bytes)", self.kind, self.message.len())
    }
}
