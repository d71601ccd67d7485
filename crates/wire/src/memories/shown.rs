//! Memories as they are shown, and what became of commands about them.

use crate::{problem::Problem, words};
use novacore_vocab::{MemoryId, Timestamp, UserId};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A memory. Every field is there; what it does not have is null.
#[derive(Debug, Serialize, ToSchema)]
pub struct Memory {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: MemoryId,
    /// Whose it is.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// The conversation it belongs to, as the caller named it.
    pub session_id: Option<String>,
    /// `lesson`, `task`, `conversation`, `error`, `reflection` or `achievement`.
    #[schema(value_type = words::MemoryType)]
    pub r#type: &'static str,
    /// What the user said, or the situation.
    pub input_context: String,
    /// What was answered, or done.
    pub output_response: Option<String>,
    /// `success`, `failure` or `neutral`.
    #[schema(value_type = Option<words::Outcome>)]
    pub outcome: Option<&'static str>,
    /// How much it moved the user, -1 to 1.
    pub emotional_weight: Option<f64>,
    /// How sure the application is of it, 0 to 1.
    pub confidence_score: Option<f64>,
    /// The verdict of the platform's judge, which is no part of NovaCore: always null.
    pub constitution_valid: Option<bool>,
    /// Its tags, each once.
    pub tags: Vec<String>,
    /// How long it is kept: `stm`, `itm` or `ltm`.
    #[schema(value_type = words::MemoryTier)]
    pub tier: &'static str,
    /// The caller's own object.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Box<RawValue>>,
    /// What it counts, in bytes; charged in `itm` and `ltm`.
    pub size_bytes: i64,
    /// How often it was read.
    pub access_count: u64,
    /// When it was last read.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_accessed_at: Option<Timestamp>,
    /// When it was stored.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// From when on it is gone; null for never.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

/// A memory that was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundMemory {
    /// The memory.
    #[serde(flatten)]
    pub memory: Memory,
    /// The cosine of its embedding to that of the query, -1 to 1; null where none was compared.
    pub similarity_score: Option<f64>,
    /// What orders the results of this search, more is better; only comparable within it. Absent in
    /// a context.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64)]
    pub score: Option<f64>,
}

/// A page of memories, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemoryPage {
    /// The memories.
    pub memories: Vec<Memory>,
    /// How many there are in all.
    pub total: u64,
    /// The term that was asked for; null for all.
    #[schema(value_type = Option<words::MemoryTier>)]
    pub tier: Option<&'static str>,
}

/// The short-term memories of a session, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionMemories {
    /// The session.
    pub session_id: String,
    /// The memories.
    pub memories: Vec<Memory>,
    /// How many there are in all.
    pub total: u64,
}

/// What a search found, best first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchResults {
    /// The memories.
    pub results: Vec<FoundMemory>,
    /// How many these are.
    pub total: usize,
    /// What was looked for.
    pub query: String,
    /// How it was looked for: `semantic`, `keyword` or `hybrid`.
    #[schema(value_type = words::SearchMode)]
    pub mode: &'static str,
    /// Whether this is not the mode that was asked for.
    pub degraded: bool,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    pub degraded_reason: Option<&'static str>,
    /// About how many of the user's memories have no embedding yet, so that they could not be found
    /// by meaning.
    pub unembedded: u64,
}

/// What an application should have in mind.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContextParts {
    /// Short term: what was stored in the session, the newest first.
    pub stm: Vec<FoundMemory>,
    /// Intermediate: what is read most.
    pub itm: Vec<FoundMemory>,
    /// Long term: what is relevant to the query; without one, the newest.
    pub ltm: Vec<FoundMemory>,
    /// Whether relevance was judged by words instead of meaning.
    pub degraded: bool,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    pub degraded_reason: Option<&'static str>,
}

/// A memory that was deleted. The bytes are null in a replay, which does not know them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Deleted {
    /// Always true.
    pub success: bool,
    /// In words.
    pub message: &'static str,
    /// What it counted, in bytes.
    pub bytes_freed: Option<i64>,
    /// How much of that was charged, and is given back.
    pub bytes_given_back: Option<i64>,
}

/// Memories that were forgotten. The numbers are null in a replay, which does not know them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Forgotten {
    /// Always true.
    pub success: bool,
    /// In words.
    pub message: &'static str,
    /// How many.
    pub memories_forgotten: Option<u64>,
    /// What they counted, in bytes.
    pub bytes_freed: Option<i64>,
    /// How much of that was charged, and is given back.
    pub bytes_given_back: Option<i64>,
}

/// All memories of a user, erased by an operator.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Erased {
    /// Always true.
    pub success: bool,
    /// Whose they were.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// How many.
    pub memories_forgotten: u64,
    /// What they counted, in bytes.
    pub bytes_freed: i64,
    /// How much of that was charged, and is given back.
    pub bytes_given_back: i64,
}

/// What became of a bulk, by its mode.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum BulkAnswer {
    /// All of it was stored.
    All(BulkStored),
    /// Each memory was stored for itself.
    Each(BulkEach),
}

/// A bulk that was stored as a whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkStored {
    /// The memories, in the order in which they were sent.
    pub memories: Vec<Memory>,
}

/// A bulk of which each memory was stored for itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkEach {
    /// How many were stored now.
    pub stored: usize,
    /// How many had been stored before, under the same key.
    pub replayed: usize,
    /// How many were rejected.
    pub rejected: usize,
    /// One per memory, in the order in which they were sent.
    pub results: Vec<BulkResult>,
}

/// What became of one memory of a bulk.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkResult {
    /// `stored`, `replayed` or `rejected`.
    #[schema(value_type = words::BulkStatus)]
    pub status: &'static str,
    /// The memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Memory)]
    pub memory: Option<Memory>,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = crate::problem::ProblemShape)]
    pub problem: Option<Problem>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Memory {
        let at: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        Memory {
            id: "01980000-0000-7000-8000-000000000001".parse().unwrap(),
            user_id: "01980000-0000-7000-8000-000000000002".parse().unwrap(),
            session_id: None,
            r#type: "lesson",
            input_context: "in".to_owned(),
            output_response: None,
            outcome: None,
            emotional_weight: Some(-0.5),
            confidence_score: None,
            constitution_valid: None,
            tags: Vec::new(),
            tier: "ltm",
            metadata: RawValue::from_string(r#"{"n":12345678901234567890123}"#.to_owned()).ok(),
            size_bytes: 164,
            access_count: 0,
            last_accessed_at: None,
            created_at: at,
            updated_at: at,
            expires_at: None,
        }
    }

    #[test]
    fn a_memory_shows_every_field_and_the_callers_own_digits() {
        let found = FoundMemory { memory: memory(), similarity_score: Some(0.25), score: None };
        insta::assert_snapshot!(serde_json::to_string_pretty(&found).unwrap(), @r#"
        {
          "id": "01980000-0000-7000-8000-000000000001",
          "user_id": "01980000-0000-7000-8000-000000000002",
          "session_id": null,
          "type": "lesson",
          "input_context": "in",
          "output_response": null,
          "outcome": null,
          "emotional_weight": -0.5,
          "confidence_score": null,
          "constitution_valid": null,
          "tags": [],
          "tier": "ltm",
          "metadata": {"n":12345678901234567890123},
          "size_bytes": 164,
          "access_count": 0,
          "last_accessed_at": null,
          "created_at": "2026-11-24T12:00:00Z",
          "updated_at": "2026-11-24T12:00:00Z",
          "expires_at": null,
          "similarity_score": 0.25
        }
        "#);
    }

    #[test]
    fn a_rejected_memory_shows_its_problem_alone() {
        let problem = Some(Problem::invalid("type", "must be one of lesson"));
        let result = BulkResult { status: "rejected", memory: None, problem };
        let shown = serde_json::to_value(&result).unwrap();
        assert_eq!(
            (&shown["status"], &shown["problem"]["field"]),
            (&"rejected".into(), &"type".into())
        );
        assert!(shown.get("memory").is_none());
    }
}
