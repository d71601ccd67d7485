//! What limits have refused.

use crate::words;
use novacore_vocab::{ResourceName, Timestamp, Window};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How many refusals.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefusalsQuery {
    /// Rows, 1 to 50; 50 if absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 50, default = 50)]
    pub limit: Option<String>,
}

/// What limits have refused the user lately. A refusal changes nothing and is no entry of the
/// ledger: it is remembered in the memory of the node that refused, and this node tells its own,
/// since its start: of the last 1,000 of all users at most 50 of one.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefusalPage {
    /// The newest first.
    pub refusals: Vec<Refusal>,
    /// When this node started, and so since when it remembers.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
}

/// A refusal by a limit.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// When it was judged.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The resource.
    #[schema(value_type = String, example = "llm_tokens")]
    pub resource_type: ResourceName,
    /// The name of the limit; of several that refused, the one whose window ends last.
    #[schema(value_type = String, example = "day")]
    pub limit: ResourceName,
    /// The kind of window.
    #[schema(value_type = words::Window)]
    pub window: Window,
    /// The cap.
    pub cap: i64,
    /// Used in the window then.
    pub used: i64,
    /// Set aside in it then.
    pub held: i64,
    /// What was asked for.
    pub requested: i64,
    /// What would have been admitted.
    pub remaining: i64,
    /// When the window ends; null if waiting does not help.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub resets_at: Option<Timestamp>,
}

/// An `account` event of the stream: the tier, an override, or what the tier allows has changed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountEvent {
    /// The tier now.
    #[schema(value_type = String, example = "free_trial")]
    pub tier: novacore_vocab::TierName,
}
