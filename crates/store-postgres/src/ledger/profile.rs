//! What decides a user's limits, as stored: overrides beside the tier.

use crate::{column::At, failure};
use novacore_ledger::{Cap, LimitName, Mode, Override};
use novacore_store::error::StoreError;
use novacore_vocab::{ResourceName, TierName};
use tokio_postgres::Row;

/// The columns that [`read_override`] expects, of a table or alias `o`.
pub(crate) const OVERRIDE_COLUMNS: &str = "o.resource, o.limit_name, o.cap, o.mode, \
     o.warn_at::text, o.expires_at, o.reason, o.author, o.version";

/// Reads [`OVERRIDE_COLUMNS`] from column `first` on.
pub(crate) fn read_override(row: &Row, first: usize) -> Result<Override, StoreError> {
    let damaged = |why: &str| failure::damaged("user_override", why);
    let limit = Some(row.get::<_, &str>(first + 1)).filter(|name| !name.is_empty());
    let cap: Option<i64> = row.get(first + 2);
    let mode: Option<&str> = row.get(first + 3);
    let warn_at: Option<&str> = row.get(first + 4);
    Ok(Override {
        resource: ResourceName::parse(row.get(first)).map_err(|_| damaged("resource"))?,
        limit: limit.map(LimitName::parse).transpose().map_err(|_| damaged("limit_name"))?,
        cap: cap.map(|cap| Cap::of_shown(cap).ok_or_else(|| damaged("cap"))).transpose()?,
        mode: mode.map(|mode| Mode::parse(mode).ok_or_else(|| damaged("mode"))).transpose()?,
        warn_at: warn_at.map(serde_json::from_str).transpose().map_err(|_| damaged("warn_at"))?,
        expires_at: row.get::<_, Option<At>>(first + 5).map(|at| at.0),
        reason: row.get::<_, &str>(first + 6).into(),
        author: row.get::<_, &str>(first + 7).into(),
        version: row.get::<_, i64>(first + 8) as u64,
    })
}

/// A tier's name as stored with a user.
pub(crate) fn read_tier_name(text: &str) -> Result<TierName, StoreError> {
    TierName::parse(text).map_err(|error| failure::damaged("users", error))
}
