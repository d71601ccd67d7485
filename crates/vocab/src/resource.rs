//! What is metered.

use crate::id::{IdError, is_name};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// The name of a metered resource, such as `llm_tokens`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceName(Arc<str>);

impl ResourceName {
    /// Accepts 1..=64 characters of a-z, 0-9 and _, starting with a letter.
    pub fn parse(text: &str) -> Result<ResourceName, IdError> {
        if is_name(text) { Ok(ResourceName(text.into())) } else { Err(IdError::NotName) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ResourceName {
    type Error = IdError;
    fn try_from(text: String) -> Result<ResourceName, IdError> {
        ResourceName::parse(&text)
    }
}

impl From<ResourceName> for String {
    fn from(name: ResourceName) -> String {
        name.0.to_string()
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a resource adds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    /// Summed over a window: tokens per day.
    Flow,
    /// What is held now: bytes stored.
    Level,
}

/// A resource as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceSpec {
    /// Its name.
    pub name: ResourceName,
    /// How it adds up.
    pub kind: ResourceKind,
    /// The unit people read: `tokens`, `bytes`, `minutes`.
    pub unit: Arc<str>,
}

/// Who put a part of a level there; each part is kept apart, so what a source put in it can always
/// take back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Commands of the public API.
    Api,
    /// The memory service.
    Memory,
}

impl Source {
    /// Every source, in the order of their stored discriminants.
    pub const ALL: [Source; 2] = [Source::Api, Source::Memory];
}
