//! How the server is doing.

use crate::words;
use novacore_vocab::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Health in one word, and the store's figures.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ok`, or `read_only` while no command is accepted.
    #[schema(value_type = words::HealthStatus)]
    pub status: &'static str,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    pub why: Option<String>,
    /// The store.
    pub store: StoreFigures,
}

/// The store's figures.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoreFigures {
    /// Whether commands are accepted.
    pub writable: bool,
    /// Commands that wait.
    pub queue_depth: usize,
    /// Entries that derived data lag behind.
    pub derived_lag: u64,
    /// Accounts in memory.
    pub accounts_loaded: usize,
    /// Entries ever written; where nodes share a ledger, by this one since it started.
    pub entries: u64,
}

/// A probe's answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Probe {
    /// `ok` or `not ready`.
    #[schema(value_type = words::ProbeStatus)]
    pub status: &'static str,
}

/// What this is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Status {
    /// `ok` or `read_only`.
    #[schema(value_type = words::HealthStatus)]
    pub status: &'static str,
    /// `novacore`.
    pub service: &'static str,
    /// The version.
    pub version: &'static str,
    /// The server's time.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    /// Services and providers behind the gateway.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub upstreams: Vec<Upstream>,
}

/// A service or provider behind the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Upstream {
    /// The route's prefix (with `#1`, `#2` where it has several upstreams), or the provider's name.
    pub name: String,
    /// `up`, `down` while calls fail or are refused for it, or `unknown` before the first call.
    #[schema(value_type = words::UpstreamStatus)]
    pub status: &'static str,
}
