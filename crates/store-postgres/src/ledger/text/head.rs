//! The counters of an account as stored.

use super::{from_text, to_text};
use novacore_ledger::{Counter, Fired, LimitName, Meter, WindowCounter};
use novacore_store::error::StoreError;
use novacore_vocab::{ResourceName, Timestamp, Window};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MeterText {
    /// A level's part per source.
    #[serde(default, skip_serializing_if = "is_nothing")]
    parts: [i64; 2],
    windows: Vec<WindowText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowText {
    window: Window,
    /// Microseconds since 1970.
    start: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    used: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    held: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fired: Vec<FiredText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FiredText {
    limit: LimitName,
    version: u64,
    cap: i64,
    percent: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rearm_below: Option<i64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

fn is_nothing(parts: &[i64; 2]) -> bool {
    *parts == [0; 2]
}

pub(crate) fn head_text(meters: &BTreeMap<ResourceName, Meter>) -> String {
    let texts: BTreeMap<&str, MeterText> = meters
        .iter()
        .map(|(resource, meter)| {
            let windows = meter.windows.iter().map(window_text).collect();
            (resource.as_str(), MeterText { parts: meter.parts, windows })
        })
        .collect();
    to_text(&texts)
}

fn window_text(kept: &WindowCounter) -> WindowText {
    let fired = kept.counter.fired.iter().map(|fired| FiredText {
        limit: fired.limit.clone(),
        version: fired.version,
        cap: fired.cap,
        percent: fired.percent,
        rearm_below: fired.rearm_below,
    });
    WindowText {
        window: kept.window,
        start: kept.start.micros(),
        used: kept.counter.used,
        held: kept.counter.held,
        fired: fired.collect(),
    }
}

pub(crate) fn read_head(text: &str) -> Result<BTreeMap<ResourceName, Meter>, StoreError> {
    let texts: BTreeMap<ResourceName, MeterText> = from_text("account", text)?;
    let meters = texts.into_iter().map(|(resource, text)| {
        let windows = text.windows.into_iter().map(read_window).collect();
        (resource, Meter { windows, parts: text.parts })
    });
    Ok(meters.collect())
}

fn read_window(text: WindowText) -> WindowCounter {
    let fired = text.fired.into_iter().map(|fired| Fired {
        limit: fired.limit,
        version: fired.version,
        cap: fired.cap,
        percent: fired.percent,
        rearm_below: fired.rearm_below,
    });
    WindowCounter {
        window: text.window,
        start: Timestamp::from_micros(text.start),
        counter: Counter { used: text.used, held: text.held, fired: fired.collect() },
    }
}
