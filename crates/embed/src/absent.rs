//! Stands where there is no model, so that the server can start without one.
//!
//! Invariant: it makes no vectors; nothing invented is ever stored or searched.

use crate::{
    embedder::{Embedded, Embedder},
    error::EmbedError,
};
use async_trait::async_trait;
use novacore_memory::{Dims, ModelId};

/// Always says why there is no model.
#[derive(Clone, Debug)]
pub struct Absent {
    model: ModelId,
    dims: Dims,
    why: String,
}

impl Absent {
    /// Stands for this model: what it embedded before stays comparable, and what is stored now
    /// waits for it.
    pub fn new(model: ModelId, dims: Dims, why: impl Into<String>) -> Absent {
        Absent { model, dims, why: why.into() }
    }
}

#[async_trait]
impl Embedder for Absent {
    fn model(&self) -> ModelId {
        self.model.clone()
    }

    fn dims(&self) -> Dims {
        self.dims
    }

    fn absence(&self) -> Option<&str> {
        Some(&self.why)
    }

    async fn embed(&self, _texts: &[&str]) -> Result<Embedded, EmbedError> {
        Err(EmbedError::unavailable(self.why.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_says_why_and_makes_nothing() {
        let model = ModelId::parse("a-model@1").expect("an id");
        let absent = Absent::new(model.clone(), Dims::new(3).expect("dims"), "no file");
        assert_eq!((absent.model(), absent.dims().get()), (model, 3));
        assert_eq!(absent.absence(), Some("no file"));
        let told = absent.embed(&["text"]).await.expect_err("no model");
        assert_eq!(told.to_string(), "there is no embedder: no file");
    }
}
