//! The operator's calls. Unknown fields are refused.

use crate::{number::WireAmount, words};
use novacore_vocab::{ResourceName, TierName, Timestamp, UserId, Window};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// What happens beyond a cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitMode {
    /// Refused.
    Hard,
    /// Admitted and flagged as overage.
    Soft,
}

/// A tier.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TierView {
    /// Its name.
    #[schema(value_type = String, example = "basic")]
    pub name: TierName,
    /// Tiers are offered as upgrades in ascending rank.
    pub rank: u32,
    /// Limits by resource; a resource without limits is unlimited.
    #[schema(value_type = BTreeMap<String, Vec<LimitView>>)]
    pub limits: BTreeMap<ResourceName, Vec<LimitView>>,
}

/// A limit of a tier.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LimitView {
    /// Its name, unique within tier and resource.
    #[schema(value_type = String, example = "day")]
    pub name: ResourceName,
    /// The most that may be used in a window; -1 is unlimited.
    pub cap: i64,
    /// The kind of window.
    #[schema(value_type = words::Window)]
    pub window: Window,
    /// What happens beyond the cap.
    pub mode: LimitMode,
    /// Percentages of the cap at which a threshold event is written.
    pub warn_at: Vec<u8>,
}

/// All tiers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TierList {
    /// By ascending rank.
    pub tiers: Vec<TierView>,
}

/// A tier as it shall be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PutTierRequest {
    /// Tiers are offered as upgrades in ascending rank; as it was if absent, above all others for a
    /// new tier.
    pub rank: Option<u32>,
    /// Limits by resource; a resource without limits is unlimited.
    #[schema(value_type = BTreeMap<String, Vec<PutLimit>>)]
    pub limits: BTreeMap<ResourceName, Vec<PutLimit>>,
    /// Why, for the audit log.
    pub reason: String,
}

/// A limit as it shall be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PutLimit {
    /// Its name; that of its window if absent.
    #[schema(value_type = Option<String>)]
    pub name: Option<ResourceName>,
    /// The most that may be used in a window; -1 is unlimited.
    pub cap: WireAmount,
    /// `hour`, `day`, `week`, `month` or `lifetime`.
    #[schema(value_type = words::Window)]
    pub window: Window,
    /// What happens beyond the cap; `hard` if absent.
    pub mode: Option<LimitMode>,
    /// Percentages of the cap, 1 to 100, at which a threshold event is written; 80 and 100 if
    /// absent.
    pub warn_at: Option<Vec<u8>>,
}

/// Which users to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UsersQuery {
    /// Only those whose e-mail or id contains this.
    pub search: Option<String>,
    /// Only those of exactly this tier.
    pub tier: Option<String>,
    /// `nextCursor` of the page before.
    pub cursor: Option<String>,
    /// Rows of the page, 1 to 200; 50 if absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<String>,
}

/// A page of users, by ascending id.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserPage {
    /// The users.
    pub users: Vec<UserView>,
    /// Where the next page starts; null on the last one.
    pub next_cursor: Option<String>,
}

/// A user as an operator sees him.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    /// The user.
    #[schema(value_type = uuid::Uuid)]
    pub id: UserId,
    /// The address; null for one known only from a service call.
    pub email: Option<String>,
    /// `student`, `subscriber`, `admin` or `service`.
    #[schema(value_type = words::Role)]
    pub role: &'static str,
    /// The name of the tier.
    #[schema(value_type = String, example = "free_trial")]
    pub tier: TierName,
    /// Whether the account is shut.
    pub disabled: bool,
    /// When the trial ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub trial_ends_at: Option<Timestamp>,
    /// When the user was created or first seen.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A user's tier as it shall be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetTierRequest {
    /// The tier.
    #[schema(value_type = String, example = "basic")]
    pub tier: TierName,
    /// Why, for the audit log.
    pub reason: String,
}

/// A user's role as it shall be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetRoleRequest {
    /// `student`, `subscriber`, `admin` or `service`.
    #[schema(value_type = words::Role)]
    pub role: String,
    /// Why, for the audit log.
    pub reason: String,
}

/// Whether a user's account shall be shut.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetDisabledRequest {
    /// Shut or open.
    pub disabled: bool,
    /// Why, for the audit log.
    pub reason: String,
}

/// Which limit of a resource.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OverrideQuery {
    /// The name of the limit; the resource's first limit if absent.
    pub limit: Option<String>,
}

/// Which limit of a resource, and why.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemoveOverrideQuery {
    /// The name of the limit; the resource's first limit if absent.
    pub limit: Option<String>,
    /// Why, for the audit log.
    #[param(required = true)]
    pub reason: Option<String>,
}

/// Parts of a user's limit that shall replace the tier's. Absent parts stay the tier's.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PutOverrideRequest {
    /// The cap; -1 is unlimited.
    pub cap: Option<WireAmount>,
    /// What happens beyond the cap.
    pub mode: Option<LimitMode>,
    /// Percentages of the cap, 1 to 100, at which a threshold event is written.
    pub warn_at: Option<Vec<u8>>,
    /// From when on it no longer applies; it stays until removed if absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Why, for the audit log.
    pub reason: String,
}

/// A user's override.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OverrideView {
    /// The user.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// The resource.
    #[schema(value_type = String)]
    pub resource_type: ResourceName,
    /// The name of the limit; null is the resource's first limit.
    #[schema(value_type = Option<String>)]
    pub limit: Option<ResourceName>,
    /// The cap; -1 is unlimited, null is the tier's.
    pub cap: Option<i64>,
    /// The mode; null is the tier's.
    pub mode: Option<LimitMode>,
    /// The thresholds; null is the tier's.
    pub warn_at: Option<Vec<u8>>,
    /// From when on it no longer applies.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Whether it applies now.
    pub in_force: bool,
    /// Why.
    pub reason: String,
    /// Who set it.
    pub author: String,
}

/// How many days, and how many users of each resource.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OverviewQuery {
    /// 1 to 365 days up to today; 30 if absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 365, default = 30)]
    pub days: Option<String>,
    /// How many users of each resource, 1 to 100; 10 if absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100, default = 10)]
    pub top: Option<String>,
}

/// What all users together used.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// How many days.
    pub days: i64,
    /// How many users have used anything in the period: of a level, have moved it.
    pub active_users: u64,
    /// One row per resource.
    pub resources: Vec<OverviewRow>,
    /// When this was counted: of many users, up to ten minutes ago, since counting takes long.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
}

/// One resource of [`Overview`].
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OverviewRow {
    /// The resource.
    #[schema(value_type = String)]
    pub resource_type: ResourceName,
    /// Used in the period; of a level, what is held now.
    pub amount: i64,
    /// The amount in its unit.
    pub human_readable: String,
    /// How many users have used it; of a level, how many hold some now.
    pub users: u64,
    /// Those who used most.
    pub top: Vec<OverviewUser>,
}

/// A user of [`OverviewRow`].
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OverviewUser {
    /// The user.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// The address; null for one known only from a service call.
    pub email: Option<String>,
    /// How much.
    pub amount: i64,
    /// The amount in its unit.
    pub human_readable: String,
}

/// Which audit entries to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditQuery {
    /// Only those about exactly this target, such as `user:<id>`.
    pub target: Option<String>,
    /// `nextCursor` of the page before.
    pub cursor: Option<String>,
    /// Rows of the page, 1 to 200; 50 if absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<String>,
}

/// A page of the audit log, the newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditView>,
    /// Where the next page starts; null on the last one.
    pub next_cursor: Option<String>,
}

/// One audit entry.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditView {
    /// Its number, ascending.
    pub seq: u64,
    /// Who: `user:<id>`, `key:<key id>:<user id>`, `service` or `console`.
    pub actor: String,
    /// What.
    #[schema(value_type = words::AuditAction)]
    pub action: &'static str,
    /// To what.
    pub target: String,
    /// The state before.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Box<RawValue>>,
    /// The state after.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Box<RawValue>>,
    /// Why.
    pub reason: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}
