//! Usage as CloudEvents 1.0.
//!
//! Unknown attributes of an event are its extensions and are ignored; unknown fields of `data` are
//! refused.

use crate::{metadata::Metadata, number::WireAmount, problem::Problem, words};
use novacore_vocab::{EntryId, ResourceName, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The media type of one event.
pub const EVENT_TYPE: &str = "application/cloudevents+json";
/// The media type of a batch.
pub const EVENT_BATCH_TYPE: &str = "application/cloudevents-batch+json";
/// Most events of a batch.
pub const EVENTS_MAX: usize = 1_000;

/// An event that states usage. `source` and `id` together are its idempotency key.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct UsageEvent {
    /// `1.0`.
    #[schema(example = "1.0")]
    pub specversion: String,
    /// Unique within its source.
    pub id: String,
    /// Where it comes from, a URI reference.
    #[schema(example = "/agents/eu-1")]
    pub source: String,
    /// Any name, such as `com.example.tokens.used`.
    pub r#type: String,
    /// Whose use, a UUID; the caller if absent.
    pub subject: Option<String>,
    /// When it occurred, if not now: within the last 400 days.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub time: Option<Timestamp>,
    /// What was used.
    pub data: UsageData,
}

/// The use that an event states.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UsageData {
    /// The resource.
    #[schema(value_type = String, example = "llm_tokens")]
    pub resource_type: ResourceName,
    /// How much; below zero gives back, which on a flow must name what it corrects.
    pub amount: WireAmount,
    /// Any JSON object of at most 2 KiB.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    /// The entry that a negative amount corrects.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub corrects: Option<EntryId>,
}

/// What became of a batch.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventsReport {
    /// How many were accepted now.
    pub accepted: usize,
    /// How many had been accepted before.
    pub replayed: usize,
    /// How many were rejected.
    pub rejected: usize,
    /// One per event, in the order of the events.
    pub results: Vec<EventResult>,
}

/// What became of one event.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventResult {
    /// `accepted`, `replayed` or `rejected`.
    #[schema(value_type = words::EventStatus)]
    pub status: &'static str,
    /// The entry that states it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = uuid::Uuid)]
    pub entry_id: Option<EntryId>,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = crate::problem::ProblemShape)]
    pub problem: Option<Problem>,
}
