//! What holds of every call to an embedder.

use crate::limits::BATCH_TEXTS_MAX;
use novacore_app::memories::embedder::{EmbedError, Embeddings};

/// What comes of no texts.
pub(crate) fn nothing() -> Embeddings {
    Embeddings { vectors: Vec::new(), tokens: Some(0) }
}

/// There is no model, or it cannot be reached.
pub(crate) fn unavailable(why: impl Into<String>) -> EmbedError {
    EmbedError::Unavailable { why: why.into() }
}

/// The answer cannot be used.
pub(crate) fn refused(why: impl Into<String>) -> EmbedError {
    EmbedError::Refused { why: why.into() }
}

/// Checks what holds of every call. `None` if there is something to do.
pub(crate) fn at_once(texts: &[&str]) -> Option<Result<Embeddings, EmbedError>> {
    match texts.len() {
        0 => Some(Ok(nothing())),
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
