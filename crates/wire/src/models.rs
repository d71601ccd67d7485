//! Use of a resource, model by model.

use novacore_vocab::{ResourceName, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A resource, and how many days back a report reaches.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceDaysQuery {
    /// The resource; it must be named.
    #[param(value_type = String, required = true)]
    pub resource_type: Option<String>,
    /// 1 to 365 days up to today; 30 if absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 365, default = 30)]
    pub days: Option<String>,
}

/// What was used of a resource by model, as the metadata of entries name them.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelUse {
    /// The resource.
    #[schema(value_type = String, example = "llm_tokens")]
    pub resource_type: ResourceName,
    /// How many days.
    pub days: i64,
    /// The models, the largest amount first.
    pub models: Vec<ModelRow>,
    /// Whether they account for all that was used: at most the newest 50,000 entries are read, and
    /// old ones may have left the ledger.
    pub is_complete: bool,
    /// When this was read.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
}

/// One model of [`ModelUse`].
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelRow {
    /// The member `model` of the entries' metadata, a string of at most 200 characters; null for
    /// entries without.
    pub model: Option<String>,
    /// How many entries.
    pub entries: u64,
    /// The sum of their amounts.
    pub amount: i64,
    /// Use per day, ascending; only days with entries.
    pub days: Vec<ModelDay>,
}

/// A day of [`ModelRow`].
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelDay {
    /// `2026-11-01`, UTC.
    pub date: String,
    /// Used on that day.
    pub amount: i64,
}
