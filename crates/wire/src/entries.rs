//! The ledger as its owner sees it: pages of entries, and the stream.

use crate::words;
use novacore_vocab::{EntryId, ResourceName, Timestamp, Version, Window};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

/// Rows of a page, if the caller does not say.
pub const PAGE_ROWS_DEFAULT: usize = 50;

/// Which entries to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EntriesQuery {
    /// Only those of this resource.
    pub resource_type: Option<String>,
    /// Only those of these kinds, parted by commas: record, correction, reserve, extend, settle,
    /// release, expire, threshold.
    pub kind: Option<String>,
    /// Only those recorded at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<String>,
    /// Only those recorded before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    pub until: Option<String>,
    /// `nextCursor` of the page before.
    pub cursor: Option<String>,
    /// Rows of the page, 1 to 500; 50 if absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<String>,
}

/// A page of entries, the newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntryPage {
    /// The entries.
    pub entries: Vec<EntryRow>,
    /// Where the next page starts; null on the last one.
    pub next_cursor: Option<String>,
}

/// One entry; also the data of an event of the stream.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntryRow {
    /// The entry.
    #[schema(value_type = uuid::Uuid)]
    pub entry_id: EntryId,
    /// Its number within the account, without gaps.
    #[schema(value_type = u64)]
    pub version: Version,
    /// What it says.
    #[schema(value_type = words::EntryKind)]
    pub kind: &'static str,
    /// The resource.
    #[schema(value_type = String)]
    pub resource_type: ResourceName,
    /// The change of what is used.
    pub amount: i64,
    /// The change of what is held.
    pub held: i64,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
    /// The time by which it counts against limits.
    #[schema(value_type = String, format = DateTime)]
    pub counted_at: Timestamp,
    /// When the use occurred.
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Timestamp,
    /// The reservation that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    pub reservation_id: Option<String>,
    /// The version of the entry that it corrects.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64)]
    pub corrects_version: Option<Version>,
    /// The reservation's new end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Marks, as in a decision.
    #[schema(value_type = Vec<words::Flag>)]
    pub flags: Vec<&'static str>,
    /// What was crossed, if it is a threshold event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ThresholdRow)]
    pub threshold: Option<ThresholdRow>,
    /// The caller's JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub metadata: Option<Box<RawValue>>,
}

/// A threshold that was crossed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThresholdRow {
    /// The name of the limit.
    #[schema(value_type = String, example = "day")]
    pub limit_name: ResourceName,
    /// The kind of its window.
    #[schema(value_type = words::Window)]
    pub window: Window,
    /// The threshold in per cent of the cap.
    pub percent: u8,
    /// The cap at that moment.
    pub limit: i64,
    /// What was used at that moment.
    pub used: i64,
}
