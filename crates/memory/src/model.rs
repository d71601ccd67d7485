//! The name of what makes embeddings.
//!
//! Invariant: two vectors may be compared only if their models have equal ids; so an id changes
//! with everything that changes the vectors of a text: weights, dimensions, how texts are read.
//! Not here: models themselves.

use std::{fmt, sync::Arc};
use thiserror::Error;

/// Most characters of a model's id.
const MODEL_ID_CHARS_MAX: usize = 160;

/// Names a model for ever: rows keep it beside their vectors. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId(Arc<str>);

/// A name that no model can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a model's id has 1 to {MODEL_ID_CHARS_MAX} visible ASCII characters")]
pub struct BadModelId;

impl ModelId {
    /// Checks an id: 1 to 160 visible ASCII characters.
    pub fn parse(raw: &str) -> Result<ModelId, BadModelId> {
        let is_visible = raw.bytes().all(|byte| byte.is_ascii_graphic());
        if is_visible && (1..=MODEL_ID_CHARS_MAX).contains(&raw.len()) {
            Ok(ModelId(raw.into()))
        } else {
            Err(BadModelId)
        }
    }

    /// As stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_visible_ascii_within_bounds() {
        let longest = "m".repeat(MODEL_ID_CHARS_MAX);
        for good in ["all-minilm-l6-v2@53aa5117", "BAAI/bge-m3/1024", "x", &longest] {
            assert_eq!(ModelId::parse(good).map(|id| id.to_string()).as_deref(), Ok(good));
        }
        let too_long = format!("{longest}m");
        for bad in ["", " ", "a b", "modèle", "a\n", "\0", &too_long] {
            assert_eq!(ModelId::parse(bad), Err(BadModelId), "{bad:?}");
        }
    }
}
