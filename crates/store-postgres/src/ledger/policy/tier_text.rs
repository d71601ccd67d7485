//! The limits of a tier as stored: JSON, readable in SQL. Fields are only ever added, with a
//! default.

use crate::failure;
use novacore_ledger::{Cap, Limit, LimitName, Mode, Tier};
use novacore_store::error::StoreError;
use novacore_vocab::{ResourceName, Window};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitText {
    name: LimitName,
    cap: i64,
    window: Window,
    mode: String,
    warn_at: Vec<u8>,
    version: u64,
}

type LimitTexts = BTreeMap<ResourceName, Vec<LimitText>>;

pub(super) fn limits_text(tier: &Tier) -> String {
    let texts: LimitTexts = tier
        .limits
        .iter()
        .map(|(resource, limits)| (resource.clone(), limits.iter().map(to_text).collect()))
        .collect();
    serde_json::to_string(&texts).expect("plain values serialise")
}

fn to_text(limit: &Limit) -> LimitText {
    LimitText {
        name: limit.name.clone(),
        cap: limit.cap.shown(),
        window: limit.window,
        mode: limit.mode.to_string(),
        warn_at: limit.warn_at.clone(),
        version: limit.version,
    }
}

pub(super) fn read_limits(text: &str) -> Result<BTreeMap<ResourceName, Vec<Limit>>, StoreError> {
    let texts: LimitTexts =
        serde_json::from_str(text).map_err(|error| failure::damaged("tier", error))?;
    let read = |(resource, limits): (ResourceName, Vec<LimitText>)| {
        let limits = limits.into_iter().map(from_text).collect::<Result<Vec<_>, _>>()?;
        Ok((resource, limits))
    };
    texts.into_iter().map(read).collect()
}

fn from_text(text: LimitText) -> Result<Limit, StoreError> {
    let damaged = |what: &str| failure::damaged("tier", format!("{what} of limit {}", text.name));
    let cap = Cap::of_shown(text.cap).ok_or_else(|| damaged("cap"))?;
    let mode = Mode::parse(&text.mode).ok_or_else(|| damaged("mode"))?;
    Ok(Limit {
        name: text.name,
        cap,
        window: text.window,
        mode,
        warn_at: text.warn_at,
        version: text.version,
    })
}
