//! The port of what makes embeddings: a model on this machine, an endpoint, or nothing yet.

use async_trait::async_trait;
use novacore_memory::{Dims, Embedding};
use novacore_vocab::ModelId;
use std::fmt;
use thiserror::Error;

/// The model that embeds unless another is configured.
pub const DEFAULT_MODEL: &str = "all-minilm-l6-v2@53aa5117";
/// The dimension of its embeddings.
pub const DEFAULT_DIMS: u16 = 384;

/// Most texts of a call unless an embedder says otherwise.
pub const BATCH_TEXTS_MAX: usize = 64;

/// Why there is no embedding. No variant shows a text or a secret, so all may be logged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EmbedError {
    /// There is no model, or it cannot be reached: the same texts may be embedded later.
    #[error("there is no embedder: {why}")]
    Unavailable {
        /// What is missing, for the operator.
        why: String,
    },
    /// The model was asked and gave nothing that can be used, which a repetition would not change.
    /// One text can spoil a call of several.
    #[error("the embedder's answer cannot be used: {why}")]
    Refused {
        /// What is wrong, for the operator.
        why: String,
    },
    /// Too many texts wait already. Nothing was begun; try again later.
    #[error("too many texts wait for the embedder")]
    Overloaded,
    /// More texts in a call than [`Embedder::batch_max`].
    #[error("{count} texts in a call are too many")]
    TooMany {
        /// How many there were.
        count: usize,
    },
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// One for each text, in their order.
    pub vectors: Vec<Embedding>,
    /// How many tokens were read, as the model counts them; `None` if it does not say.
    pub tokens: Option<u64>,
}

/// Makes embeddings. Calls may be made at once and dropped at any time.
#[async_trait]
pub trait Embedder: Send + Sync + fmt::Debug {
    /// Which model makes them: only vectors of equal models may be compared.
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
    async fn embed(&self, texts: &[&str]) -> Result<Embeddings, EmbedError>;
}

/// The stand-in where there is no model. It knows which model and dimension are configured, so that
/// rows are charged and marked as they will be once there is one.
#[derive(Clone, Debug)]
pub struct NoEmbedder {
    model: ModelId,
    dims: Dims,
    why: String,
}

impl NoEmbedder {
    /// Says `why` there is no `model` of `dims`.
    pub fn new(model: ModelId, dims: Dims, why: impl Into<String>) -> NoEmbedder {
        NoEmbedder { model, dims, why: why.into() }
    }

    /// Says `why` there is no model where nothing else is configured than the default.
    pub fn of_default(why: impl Into<String>) -> NoEmbedder {
        let model = ModelId::parse(DEFAULT_MODEL).expect("a constant name");
        let dims = Dims::new(DEFAULT_DIMS).expect("a constant dimension");
        NoEmbedder::new(model, dims, why)
    }
}

#[async_trait]
impl Embedder for NoEmbedder {
    fn model(&self) -> ModelId {
        self.model.clone()
    }

    fn dims(&self) -> Dims {
        self.dims
    }

    fn absence(&self) -> Option<&str> {
        Some(&self.why)
    }

    async fn embed(&self, _texts: &[&str]) -> Result<Embeddings, EmbedError> {
        Err(EmbedError::Unavailable { why: self.why.clone() })
    }
}
