//! What an operator may set.

use crate::{llm::LlmOptions, proxy::ProxyOptions};
use thiserror::Error;

/// Everything that the gateway is told.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Calls of models.
    pub llm: LlmOptions,
    /// Routes to services.
    pub proxy: ProxyOptions,
}

/// Options that make no sense; names the field.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field}: {why}")]
pub struct OptionsError {
    /// The path of the field.
    pub field: String,
    /// What is wrong with it.
    pub why: String,
}

impl OptionsError {
    pub(crate) fn new(field: impl Into<String>, why: impl Into<String>) -> OptionsError {
        OptionsError { field: field.into(), why: why.into() }
    }
}
