//! Every limit of a user, and the tier that comes next.

use crate::{admin::LimitMode, number::WirePercent, words};
use novacore_vocab::{ResourceName, TierName, Timestamp, UserId, Window};
use serde::Serialize;
use utoipa::ToSchema;

/// All limits of a user.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// The user.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// The name of the tier.
    #[schema(value_type = String, example = "free_trial")]
    pub tier: TierName,
    /// One per resource, by name.
    pub resources: Vec<ResourceLimits>,
    /// The tier that follows by rank; null for a user of the highest.
    pub upgrade: Option<Upgrade>,
    /// When this was read.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
}

/// What limits a resource.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceLimits {
    /// The resource.
    #[schema(value_type = String, example = "llm_tokens")]
    pub resource_type: ResourceName,
    /// The word for one of it, as configured: `tokens`, `bytes`, `minutes`, `messages`.
    #[schema(example = "tokens")]
    pub unit: String,
    /// Whether it is held at a level, like storage, and not used up in a window.
    pub is_level: bool,
    /// Used in the window of the limit with the least room; today, or of a level now, where nothing
    /// limits it.
    pub used: i64,
    /// Set aside in that window by open reservations.
    pub held: i64,
    /// Its limits in the tier's order; empty if nothing limits it.
    pub limits: Vec<LimitStanding>,
}

/// A limit with where the user stands under it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LimitStanding {
    /// Its name, unique within tier and resource.
    #[schema(value_type = String, example = "day")]
    pub name: ResourceName,
    /// The kind of window.
    #[schema(value_type = words::Window)]
    pub window: Window,
    /// The most that may be used in a window; -1 is unlimited.
    pub cap: i64,
    /// Used in the current window.
    pub used: i64,
    /// Set aside in it by open reservations.
    pub held: i64,
    /// What is left, at least 0; -1 is unlimited.
    pub remaining: i64,
    /// Use in per cent of the cap; 0 if unlimited.
    pub percentage: WirePercent,
    /// What happens beyond the cap.
    pub mode: LimitMode,
    /// Percentages of the cap at which a threshold event is written.
    pub warn_at: Vec<u8>,
    /// When the window ends; null for a level and for all time.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub resets_at: Option<Timestamp>,
    /// Whose it is.
    pub source: LimitSource,
    /// When an override ends; null for one that does not, and for a limit of the tier.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub override_expires_at: Option<Timestamp>,
}

/// Where a limit comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitSource {
    /// It is the tier's.
    Tier,
    /// Parts of it are the user's own.
    Override,
}

/// A tier that a user does not have yet.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Upgrade {
    /// The tier.
    #[schema(value_type = String, example = "basic")]
    pub tier: TierName,
    /// All its limits, by resource; a resource that is not among them is unlimited there.
    pub limits: Vec<UpgradeLimit>,
}

/// A limit of [`Upgrade`].
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeLimit {
    /// The resource.
    #[schema(value_type = String, example = "llm_tokens")]
    pub resource_type: ResourceName,
    /// Its name.
    #[schema(value_type = String, example = "day")]
    pub name: ResourceName,
    /// The kind of window.
    #[schema(value_type = words::Window)]
    pub window: Window,
    /// The most that may be used in a window; -1 is unlimited.
    pub cap: i64,
}
