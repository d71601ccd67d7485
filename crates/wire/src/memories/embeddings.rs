//! How far embedding has come, for the operator.

use serde::Serialize;
use utoipa::ToSchema;

/// How far the memories of all users have an embedding by the model in use.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EmbeddingProgress {
    /// The model in use.
    pub model: String,
    /// Its dimension.
    pub dimensions: u16,
    /// Whether texts can be embedded now.
    pub available: bool,
    /// Why they cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    pub unavailable_reason: Option<String>,
    /// How many memories have one.
    pub embedded: u64,
    /// How many wait for one.
    pub waiting: u64,
    /// How many have one by which model; null for those that have none.
    pub models: Vec<ModelMemories>,
}

/// How many memories have an embedding by a model.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelMemories {
    /// The model; null for none.
    pub model: Option<String>,
    /// How many.
    pub memories: u64,
}
