//! The platform's usage calls. Unknown fields are ignored.

use crate::{metadata::Metadata, number::WireAmount, number::WirePercent, words};
use novacore_vocab::{EntryId, ResourceName, TierName, Timestamp, UserId, Window};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// How many days back a report reaches.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DaysQuery {
    /// 1 to 365 days up to today; 30 if absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 365, default = 30)]
    pub days: Option<String>,
}

/// The use of the last days, and the limits.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// The user.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// `last_30_days`.
    pub period: String,
    /// One row per resource.
    pub breakdown: Vec<StatsRow>,
    /// The caps of the built-in resources; -1 is unlimited.
    pub limits: StatsLimits,
    /// `llm_tokens at 90.0% of quota`, `llm_tokens quota exceeded (104.0%)`.
    pub warnings: Vec<String>,
    /// When this was read.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
}

/// One resource of [`Stats`].
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatsRow {
    /// The resource.
    #[schema(value_type = String)]
    pub resource_type: ResourceName,
    /// Used in the period; of a level, what is held now.
    pub amount: i64,
    /// The amount in its unit.
    pub human_readable: String,
    /// Use of the current window in per cent of its limit; absent if unlimited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = WirePercent)]
    pub percentage: Option<WirePercent>,
    /// The current window.
    pub current: Current,
}

/// A resource's current window.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Current {
    /// Used.
    pub used: i64,
    /// Set aside by open reservations.
    pub held: i64,
    /// The cap; -1 is unlimited.
    pub limit: i64,
    /// What is left; -1 is unlimited.
    pub remaining: i64,
    /// The kind of window.
    #[schema(value_type = words::Window)]
    pub window: Window,
    /// When it ends; null for a level.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub resets_at: Option<Timestamp>,
}

/// The caps that the platform's clients show.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatsLimits {
    /// Tokens per day.
    pub llm_tokens_day: i64,
    /// Bytes stored.
    pub memory_storage_bytes: i64,
    /// Agent minutes per month.
    pub agent_minutes_month: i64,
}

/// Today's tokens.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    /// Used in the window.
    pub used: i64,
    /// The cap; -1 is unlimited.
    pub limit: i64,
    /// Use in per cent of the cap; 0 if unlimited.
    pub percentage: WirePercent,
    /// What is left; -1 is unlimited.
    pub remaining: i64,
    /// When the window ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub resets_at: Option<Timestamp>,
}

/// What is stored.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// Bytes.
    pub used: i64,
    /// The cap; -1 is unlimited.
    pub limit: i64,
    /// Use in per cent of the cap; 0 if unlimited.
    pub percentage: WirePercent,
    /// `6.59 KB`.
    pub human_readable: String,
}

/// Would this much more be admitted?
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckQuotaRequest {
    /// The resource.
    #[schema(value_type = String, example = "llm_tokens")]
    pub resource_type: ResourceName,
    /// How much, at least 0.
    pub amount: WireAmount,
}

/// Whether it would.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckQuota {
    /// Whether it would be admitted now.
    pub has_quota: bool,
    /// `Quota available`, `Unlimited quota`, `Warning: 85.0% of quota will be used`, or
    /// `Quota exceeded. Current: 900, Requested: 200, Limit: 1000`.
    pub message: String,
    /// What is left; -1 is unlimited.
    pub remaining: i64,
    /// When the window ends; null for a level.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub resets_at: Option<Timestamp>,
}

/// A day of a series.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DayRow {
    /// `2026-11-01`, UTC.
    pub date: String,
    /// Used on that day; of a level, what was held at its end.
    pub amount: i64,
}

/// The tier.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TierOf {
    /// The user.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// The name of his tier.
    #[schema(value_type = String, example = "free_trial")]
    pub tier: TierName,
}

/// The quota at a glance.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// The user.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// The name of his tier.
    #[schema(value_type = String, example = "free_trial")]
    pub tier: TierName,
    /// `llm_tokens`.
    pub tokens: QuotaRow,
    /// `messages`.
    pub messages: QuotaRow,
    /// `memory_storage`.
    pub storage: QuotaStorage,
    /// `agent_minutes`.
    pub agent_minutes: QuotaRow,
    /// When the window of the tokens ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub resets_at: Option<Timestamp>,
}

/// One resource of [`Quota`].
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct QuotaRow {
    /// Used in the window.
    pub used: i64,
    /// The cap; -1 is unlimited.
    pub limit: i64,
    /// What is left; -1 is unlimited.
    pub remaining: i64,
    /// Use in per cent of the cap; 0 if unlimited.
    pub percentage: WirePercent,
}

/// The storage of [`Quota`].
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuotaStorage {
    /// Bytes.
    pub used: i64,
    /// The cap in bytes; -1 is unlimited.
    pub limit: i64,
    /// `6.59 KB`.
    pub used_human: String,
    /// `1.00 GB`, or `Unlimited`.
    pub limit_human: String,
    /// Use in per cent of the cap; 0 if unlimited.
    pub percentage: WirePercent,
}

/// Use per day.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// The user.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// How many days.
    pub days: i64,
    /// One row per day, the newest first.
    pub history: Vec<HistoryRow>,
}

/// A day of [`History`].
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HistoryRow {
    /// `2026-11-01`, UTC.
    pub date: String,
    /// The amount of each resource, by its name.
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, i64>)]
    pub amounts: BTreeMap<ResourceName, i64>,
}

/// Use that has happened, or asks to be admitted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordRequest {
    /// Whose use.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// The resource.
    #[schema(value_type = String, example = "llm_tokens")]
    pub resource_type: ResourceName,
    /// How much; below zero gives back, which on a flow must name what it corrects.
    pub amount: WireAmount,
    /// Any JSON object of at most 2 KiB.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Metadata>,
    /// Admit or refuse it like a reservation.
    #[serde(default)]
    pub enforce: bool,
    /// The entry that a negative amount corrects.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub corrects: Option<EntryId>,
    /// When it occurred, if not now: within the last 400 days.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub occurred_at: Option<Timestamp>,
}

/// What was recorded.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// Always true.
    pub success: bool,
    /// In words.
    pub message: &'static str,
    /// Whose use.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// The resource.
    #[schema(value_type = String)]
    pub resource_type: ResourceName,
    /// How much.
    pub amount: i64,
    /// The entry.
    #[schema(value_type = uuid::Uuid)]
    pub entry_id: EntryId,
}
