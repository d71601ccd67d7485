//! Why there is no embedding.

use crate::limits::BATCH_TEXTS_MAX;
use thiserror::Error;

/// Why there is no embedding. None of them shows a text or a key, so they may be logged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EmbedError {
    /// There is no model, or it cannot be reached: the same texts may be embedded later.
    #[error("there is no embedder: {why}")]
    Unavailable {
        /// What is missing, for the operator.
        why: String,
    },
    /// The model was asked and gave nothing that can be used, which a repetition would not change:
    /// the texts are refused, or the answer is wrong. One text can spoil a call of several.
    #[error("the embedder's answer cannot be used: {why}")]
    Refused {
        /// What is wrong, for the operator.
        why: String,
    },
    /// Too many texts wait already. Nothing was begun; try again later.
    #[error("too many texts wait for the embedder")]
    Overloaded,
    /// More texts in a call than [`Embedder::batch_max`](crate::Embedder::batch_max).
    #[error("{count} texts in a call, and {BATCH_TEXTS_MAX} are the most")]
    TooMany {
        /// How many there were.
        count: usize,
    },
}

impl EmbedError {
    pub(crate) fn unavailable(why: impl Into<String>) -> EmbedError {
        EmbedError::Unavailable { why: why.into() }
    }

    pub(crate) fn refused(why: impl Into<String>) -> EmbedError {
        EmbedError::Refused { why: why.into() }
    }
}
