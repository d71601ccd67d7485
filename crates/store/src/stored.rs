//! Parts of rows that every backend stores as the same JSON, readable in SQL, and what it makes of
//! them.
//!
//! Invariant: fields are only ever added, with a default. A backend may hash the text: what is
//! written for the same value never changes.

use novacore_ledger::{Cap, Crossing, Limit, LimitName, Mode, Policy, PolicyError, Tier};
use novacore_vocab::{ResourceName, ResourceSpec, Window};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use thiserror::Error;

/// Text that does not read back.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Malformed(String);

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

/// The limits of a tier.
pub fn limits_text(limits: &BTreeMap<ResourceName, Vec<Limit>>) -> String {
    let text = |limit: &Limit| LimitText {
        name: limit.name.clone(),
        cap: limit.cap.shown(),
        window: limit.window,
        mode: limit.mode.to_string(),
        warn_at: limit.warn_at.clone(),
        version: limit.version,
    };
    let texts: BTreeMap<&ResourceName, Vec<LimitText>> = limits
        .iter()
        .map(|(resource, limits)| (resource, limits.iter().map(text).collect()))
        .collect();
    to_text(&texts)
}

/// Reads [`limits_text`].
pub fn read_limits(text: &str) -> Result<BTreeMap<ResourceName, Vec<Limit>>, Malformed> {
    let texts: BTreeMap<ResourceName, Vec<LimitText>> = from_text(text)?;
    let read = |(resource, limits): (ResourceName, Vec<LimitText>)| {
        let limits = limits.into_iter().map(read_limit).collect::<Result<Vec<_>, _>>()?;
        Ok((resource, limits))
    };
    texts.into_iter().map(read).collect()
}

fn read_limit(text: LimitText) -> Result<Limit, Malformed> {
    let malformed = |what: &str| Malformed(format!("{what} of limit {}", text.name));
    let cap = Cap::of_shown(text.cap).ok_or_else(|| malformed("cap"))?;
    let mode = Mode::parse(&text.mode).ok_or_else(|| malformed("mode"))?;
    Ok(Limit {
        name: text.name,
        cap,
        window: text.window,
        mode,
        warn_at: text.warn_at,
        version: text.version,
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CrossingText {
    limit: LimitName,
    limit_version: u64,
    window: Window,
    percent: u8,
    cap: i64,
    used: i64,
    rearm_below: Option<i64>,
}

/// A crossed threshold.
pub fn crossing_text(crossing: &Crossing) -> String {
    to_text(&CrossingText {
        limit: crossing.limit.clone(),
        limit_version: crossing.limit_version,
        window: crossing.window,
        percent: crossing.percent,
        cap: crossing.cap,
        used: crossing.used,
        rearm_below: crossing.rearm_below,
    })
}

/// Reads [`crossing_text`].
pub fn read_crossing(text: &str) -> Result<Crossing, Malformed> {
    let read: CrossingText = from_text(text)?;
    Ok(Crossing {
        limit: read.limit,
        limit_version: read.limit_version,
        window: read.window,
        percent: read.percent,
        cap: read.cap,
        used: read.used,
        rearm_below: read.rearm_below,
    })
}

/// The policy of configured resources and stored tiers. A resource may have left the configuration
/// since; its entries stay, its limits rest.
pub fn policy_of(
    resources: &[ResourceSpec],
    tiers: impl Iterator<Item = Tier>,
) -> Result<Policy, PolicyError> {
    let known = |name: &ResourceName| resources.iter().any(|spec| spec.name == *name);
    let tiers = tiers.map(|mut tier| {
        tier.limits.retain(|resource, _| known(resource));
        tier
    });
    Policy::new(resources.iter().cloned(), tiers)
}

fn to_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain values serialise")
}

fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, Malformed> {
    serde_json::from_str(text).map_err(|error| Malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: &str = concat!(
        r#"{"llm_tokens":[{"name":"day","cap":-1,"window":"day","mode":"soft","#,
        r#""warn_at":[80],"version":7}]}"#
    );
    const CROSSING: &str = concat!(
        r#"{"limit":"day","limit_version":3,"window":"day","percent":80,"#,
        r#""cap":1000,"used":801,"rearm_below":null}"#
    );

    #[test]
    fn what_is_stored_reads_back_and_is_written_the_same() {
        assert_eq!(limits_text(&read_limits(LIMITS).unwrap()), LIMITS);
        assert_eq!(crossing_text(&read_crossing(CROSSING).unwrap()), CROSSING);
    }

    #[test]
    fn what_makes_no_sense_is_malformed() {
        for (found, instead) in [("-1", "-2"), ("soft", "firm"), ("\"version\"", "\"age\"")] {
            assert!(read_limits(&LIMITS.replace(found, instead)).is_err(), "{instead}");
        }
        for text in ["", "{}", "[]", &CROSSING.replace("80", "800")] {
            assert!(read_crossing(text).is_err(), "{text}");
        }
    }
}
