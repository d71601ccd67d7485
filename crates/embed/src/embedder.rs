//! The port of everything that makes embeddings.

use crate::{error::EmbedError, limits::BATCH_TEXTS_MAX};
use async_trait::async_trait;
use novacore_memory::{Dims, Embedding, ModelId};
use std::fmt;

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// One for each text, in their order, of length one.
    pub embeddings: Vec<Embedding>,
    /// How many tokens were read, as the model counts them; `None` if it does not say.
    pub tokens: Option<u64>,
}

impl Embedded {
    /// What comes of no texts.
    pub(crate) fn nothing() -> Embedded {
        Embedded { embeddings: Vec::new(), tokens: Some(0) }
    }
}

/// Makes embeddings. Calls may be made at once and dropped at any time.
#[async_trait]
pub trait Embedder: Send + Sync + fmt::Debug {
    /// Which model makes them: only vectors of equal ids may be compared.
    fn model(&self) -> ModelId;

    /// How many dimensions they have. Known also while the model is out of reach.
    fn dims(&self) -> Dims;

    /// Most texts of a call, at least 1.
    fn batch_max(&self) -> usize {
        BATCH_TEXTS_MAX
    }

    /// Why there is no model and will be none until the server is started again; `None` if there
    /// is one. An endpoint that is merely down is not told here.
    fn absence(&self) -> Option<&str> {
        None
    }

    /// The embeddings of these texts. A text that is longer than the model's window is cut to it.
    async fn embed(&self, texts: &[&str]) -> Result<Embedded, EmbedError>;
}

/// Checks what holds of every call. `None` if there is something to do.
pub(crate) fn at_once(texts: &[&str]) -> Option<Result<Embedded, EmbedError>> {
    match texts.len() {
        0 => Some(Ok(Embedded::nothing())),
        count if count > BATCH_TEXTS_MAX => Some(Err(EmbedError::TooMany { count })),
        _ => None,
    }
}

/// The text up to so many bytes, never half a character.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        for (text, bytes_max, want) in
            [("abc", 2, "ab"), ("abc", 9, "abc"), ("aé", 2, "a"), ("\u{1f600}", 3, ""), ("", 0, "")]
        {
            assert_eq!(cut(text, bytes_max), want, "{text} {bytes_max}");
        }
    }
}
