//! What a user's memories take.

use crate::number::WirePercent;
use novacore_vocab::{Timestamp, UserId};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What the memories of a user take. Those that have expired count until they are swept.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MemoryUsage {
    /// The user.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// What counts against `memory_storage`.
    pub storage: TotalStorage,
    /// How many there are.
    pub memory_counts: MemoryCounts,
    /// What there is in each term.
    pub tier_stats: TermsStats,
    /// When this was read.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
}

/// What counts against `memory_storage`: the memories in `itm` and `ltm`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TotalStorage {
    /// Bytes.
    pub total_bytes: i64,
    /// `6.59 KB`.
    pub total_human_readable: String,
}

/// How many memories there are.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct MemoryCounts {
    /// Short term.
    pub stm: i64,
    /// Intermediate.
    pub itm: i64,
    /// Long term.
    pub ltm: i64,
    /// In all.
    pub total: i64,
}

/// What there is in each term.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TermsStats {
    /// Short term, which is not charged.
    pub stm: TermStats,
    /// Intermediate.
    pub itm: TermStats,
    /// Long term.
    pub ltm: TermStats,
}

/// What there is in a term.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TermStats {
    /// How many memories.
    pub memory_count: i64,
    /// Bytes of input and output, of the average memory, rounded down.
    pub avg_text_size: i64,
    /// Bytes of input and output, of all of them.
    pub total_text_size: i64,
    /// The same as `6.59 KB`.
    pub total_text_human: String,
    /// What they count, in bytes.
    pub size_bytes: i64,
}

/// Whether there is room for more.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QuotaCheck {
    /// Whether anything more would be admitted.
    pub has_quota: bool,
    /// `Storage quota available`, `Warning: 85.0% of storage quota used`, or
    /// `Storage quota exceeded. Please upgrade your plan.`
    pub message: String,
    /// Bytes of `memory_storage` used.
    pub current_usage: i64,
    /// The cap in bytes, or `Unlimited`.
    pub limit: StorageLimit,
    /// Use in per cent of the cap; 0 if unlimited.
    pub percentage_used: WirePercent,
}

/// A cap in bytes, or the word `Unlimited`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum StorageLimit {
    /// So many bytes.
    Bytes(i64),
    /// No cap.
    None(NoLimit),
}

/// That there is no cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum NoLimit {
    /// In the platform's word.
    Unlimited,
}

impl StorageLimit {
    /// Of a cap, of which -1 is none.
    pub const fn of(cap: i64) -> StorageLimit {
        if cap < 0 { StorageLimit::None(NoLimit::Unlimited) } else { StorageLimit::Bytes(cap) }
    }
}

/// The memories of a user in figures.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MemoryStats {
    /// The user.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// How many there are.
    pub memory_counts: MemoryCounts,
    /// How many there are of each type; every type is named.
    pub by_type: BTreeMap<&'static str, u64>,
    /// What counts against `memory_storage`.
    pub storage: TotalStorage,
    /// What there is in each term.
    pub tier_stats: TermsStats,
    /// How far they can be found by meaning.
    pub embeddings: EmbeddingState,
    /// When this was read.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
}

/// How far a user's memories can be found by meaning.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EmbeddingState {
    /// The model in use.
    pub model: String,
    /// Its dimension.
    pub dimensions: u16,
    /// Whether no text can be embedded now, so that searches go by words.
    pub degraded: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    pub degraded_reason: Option<&'static str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cap_is_a_word_and_a_cap_a_number() {
        let text = |limit: StorageLimit| serde_json::to_string(&limit).unwrap();
        assert_eq!(text(StorageLimit::of(1_073_741_824)), "1073741824");
        assert_eq!(text(StorageLimit::of(-1)), "\"Unlimited\"");
        assert_eq!(text(StorageLimit::of(0)), "0");
    }
}
