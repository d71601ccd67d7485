//! What an operator looks at: series of all users, decisions, and what a tier would change.

use crate::{
    admin::{OverrideView, PutLimit},
    refusals::Refusal,
    words,
};
use novacore_vocab::{ResourceName, TierName, Timestamp, UserId, Window};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// What all users together used of a resource, day by day.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageSeries {
    /// The resource.
    #[schema(value_type = String, example = "llm_tokens")]
    pub resource_type: ResourceName,
    /// How many days.
    pub days: i64,
    /// Every day of the range, ascending.
    pub series: Vec<SeriesDay>,
    /// When this was counted: of many users, up to ten minutes ago, since counting takes long.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
}

/// A day of [`UsageSeries`].
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeriesDay {
    /// `2026-11-01`, UTC.
    pub date: String,
    /// Used on that day; of a level, what all held at its end.
    pub amount: i64,
    /// How many users have used it that day; of a level, how many held some at its end.
    pub users: u64,
}

/// How many refusals of all users.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecisionsQuery {
    /// Refusals to show, 1 to 200; 50 if absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<String>,
}

/// What this node has decided since it started. Other nodes have figures of their own.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decisions {
    /// When this node started.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// One row per resource. A command about several counts for each of them.
    pub decisions: Vec<DecisionRow>,
    /// What limits have refused lately, the newest first, as this node remembers it.
    pub refusals: Vec<UserRefusal>,
}

/// One resource of [`Decisions`].
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionRow {
    /// The resource.
    #[schema(value_type = String, example = "llm_tokens")]
    pub resource_type: ResourceName,
    /// Commands that were done.
    pub admitted: u64,
    /// Commands that had been done before under the same key.
    pub replayed: u64,
    /// Commands that a limit refused.
    pub refused_quota: u64,
    /// Commands that were refused for another reason.
    pub refused_other: u64,
    /// Commands that the store could not answer.
    pub failed: u64,
}

/// A refusal, and whose it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserRefusal {
    /// The refusal.
    #[serde(flatten)]
    pub refusal: Refusal,
    /// The user.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// The address; null for one known only from a service call.
    pub email: Option<String>,
}

/// All overrides of a user.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OverrideList {
    /// By resource and limit, in force or expired.
    pub overrides: Vec<OverrideView>,
}

/// The limits of a tier as they might be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PreviewRequest {
    /// Limits by resource; a resource without limits is unlimited.
    #[schema(value_type = BTreeMap<String, Vec<PutLimit>>)]
    pub limits: BTreeMap<ResourceName, Vec<PutLimit>>,
}

/// Whom a change of a tier would affect.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TierPreview {
    /// The tier.
    #[schema(value_type = String, example = "basic")]
    pub tier: TierName,
    /// How many of its users were looked at; 0 for a tier that does not exist.
    pub users: u64,
    /// Whether those were all: at most 10,000 are looked at.
    pub is_complete: bool,
    /// The limits that would be others, by resource and name.
    pub changes: Vec<PreviewChange>,
    /// At most 20 users who would be at a cap or over, those furthest over first.
    pub examples: Vec<PreviewExample>,
}

/// A limit that would be another.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewChange {
    /// The resource.
    #[schema(value_type = String, example = "llm_tokens")]
    pub resource_type: ResourceName,
    /// The limit.
    #[schema(value_type = String, example = "day")]
    pub name: ResourceName,
    /// Its kind of window; of a limit that would go, that of now.
    #[schema(value_type = words::Window)]
    pub window: Window,
    /// The tier's cap now; -1 is unlimited, null is no such limit.
    pub cap_before: Option<i64>,
    /// The tier's cap then; -1 is unlimited, null is no such limit.
    pub cap_after: Option<i64>,
    /// Users whose use is at the new cap or over, and is not under the cap of now. Users whose
    /// override replaces the cap do not count.
    pub users_over: u64,
}

/// A user who would be at a cap or over.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewExample {
    /// The user.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// The address; null for one known only from a service call.
    pub email: Option<String>,
    /// The resource.
    #[schema(value_type = String, example = "llm_tokens")]
    pub resource_type: ResourceName,
    /// The limit.
    #[schema(value_type = String, example = "day")]
    pub name: ResourceName,
    /// Used in its window.
    pub used: i64,
    /// The tier's cap now; -1 is unlimited, null is no such limit.
    pub cap_before: Option<i64>,
    /// The tier's cap then; -1 is unlimited, null is no such limit.
    pub cap_after: Option<i64>,
}
