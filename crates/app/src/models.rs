//! What an account used of a flow, model by model.
//!
//! No roll-up knows models, so this is counted from the ledger's entries, whose metadata may name
//! one; how many are read is bounded.

use crate::{cx::Cx, error::AppError, report};
use novacore_access::{Permit, ReadUsage};
use novacore_ledger::{Entry, EntryKind, OCCURRED_LEAD_S_MAX};
use novacore_store::ledger::{DayRange, ENTRY_PAGE_ROWS_MAX, EntryQuery};
use novacore_vocab::{ResourceKind, ResourceName, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{cmp::Reverse, collections::BTreeMap};

/// Most entries that are read for an answer: the newest.
pub const ENTRIES_MAX: usize = 50_000;
/// Longest name of a model, in characters; a longer one is none.
pub const MODEL_CHARS_MAX: usize = 200;

/// The kinds of entries that charge something.
const CHARGES: [EntryKind; 4] =
    [EntryKind::Record, EntryKind::Correction, EntryKind::Settle, EntryKind::Expire];

/// What was used of a resource, model by model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelUse {
    /// When it was read.
    pub at: Timestamp,
    /// The models, the largest amount first.
    pub models: Vec<OneModel>,
    /// Whether they account for all that was used; not if there were too many entries, or old ones
    /// have left the ledger.
    pub is_complete: bool,
}

/// What was used of one model.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct OneModel {
    /// Its name; `None` is what named none.
    pub model: Option<String>,
    /// How many entries.
    pub entries: u64,
    /// The sum of their amounts.
    pub amount: i64,
    /// Days since 1970-01-01 with their sums, ascending; only those with entries.
    pub days: BTreeMap<i64, i64>,
}

/// Use of a flow in the last `days` days by what occurred in them, today included.
pub async fn models(
    cx: &Cx,
    permit: Permit<ReadUsage>,
    resource: &ResourceName,
    days: i64,
) -> Result<ModelUse, AppError> {
    match cx.ledger.policy().resource(resource).map(|spec| spec.kind) {
        Some(ResourceKind::Flow) => {}
        Some(ResourceKind::Level) => {
            let why = format!("{resource} is held at a level, and not used model by model");
            return Err(AppError::invalid("resourceType", why));
        }
        None => return Err(AppError::resource_unknown(resource)),
    }
    let range = DayRange::last_days(days, cx.clock.now());
    let sum = async || -> Result<i64, AppError> {
        let days = report::days(cx, permit, resource, days).await?;
        Ok(days.iter().map(|day| day.amount).sum())
    };
    // Before and after: in between something may be used, and one of the two is right.
    let before = sum().await?;
    let mut by_model: BTreeMap<Option<String>, OneModel> = BTreeMap::new();
    let is_whole = read(cx, permit, resource, range, |entry| add(&mut by_model, entry)).await?;
    let total: i64 = by_model.values().map(|one| one.amount).sum();
    let is_complete = is_whole && (total == before || total == sum().await?);
    let mut models: Vec<OneModel> = by_model.into_values().collect();
    models.sort_by_key(|one| Reverse(one.amount));
    Ok(ModelUse { at: cx.clock.now(), models, is_complete })
}

/// Shows the entries that charged something in a range, the newest first; whether it showed all.
async fn read(
    cx: &Cx,
    permit: Permit<ReadUsage>,
    resource: &ResourceName,
    range: DayRange,
    mut show: impl FnMut(&Entry),
) -> Result<bool, AppError> {
    let user = permit.account().user;
    // Use may be told of so long before it occurs.
    let from = Timestamp::from_day_number(range.first).plus_seconds(-OCCURRED_LEAD_S_MAX);
    let mut query = EntryQuery {
        resource: Some(resource.clone()),
        kinds: CHARGES.to_vec(),
        from: Some(from),
        ..EntryQuery::newest(user, ENTRY_PAGE_ROWS_MAX)
    };
    let mut left = ENTRIES_MAX;
    loop {
        let page = cx.ledger.entries(&query).await?;
        let is_last = page.len() < query.rows_max;
        for entry in &page {
            let day = entry.occurred_at.day_number();
            if entry.amount == 0 || day < range.first || range.last < day {
                continue;
            }
            if left == 0 {
                return Ok(false);
            }
            left -= 1;
            show(entry);
        }
        match page.last() {
            Some(last) if !is_last => query.before = Some(last.version),
            Some(_) | None => return Ok(true),
        }
    }
}

fn add(by_model: &mut BTreeMap<Option<String>, OneModel>, entry: &Entry) {
    let model = entry.metadata.as_deref().and_then(model_of);
    let fresh = || OneModel { model: model.clone(), ..OneModel::default() };
    let one = by_model.entry(model.clone()).or_insert_with(fresh);
    one.entries += 1;
    one.amount += entry.amount;
    *one.days.entry(entry.occurred_at.day_number()).or_default() += entry.amount;
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
}

/// The model that metadata name.
fn model_of(metadata: &str) -> Option<String> {
    let named: Named<'_> = serde_json::from_str(metadata).ok()?;
    let name: String = serde_json::from_str(named.model?.get()).ok()?;
    (name.chars().count() <= MODEL_CHARS_MAX).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_a_string_of_bounded_length() {
        let long = "é".repeat(MODEL_CHARS_MAX);
        let exact = format!(r#"{{"model":"{long}"}}"#);
        let over = format!(r#"{{"model":"{long}x"}}"#);
        for (metadata, want) in [
            (r#"{"model":"m-1","x":{"model":"m-2"}}"#, Some("m-1")),
            (r#"{"x":1e400,"model":"a\"b"}"#, Some("a\"b")),
            (r#"{"model":null}"#, None),
            (r#"{"model":7}"#, None),
            (r#"{"model":["m"]}"#, None),
            (r#"{"models":"m"}"#, None),
            ("", None),
            ("[]", None),
            (&exact, Some(long.as_str())),
            (&over, None),
        ] {
            assert_eq!(model_of(metadata).as_deref(), want, "{metadata}");
        }
    }
}
