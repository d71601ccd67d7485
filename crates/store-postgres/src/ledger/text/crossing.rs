//! A crossed threshold as stored.

use super::{from_text, to_text};
use novacore_ledger::{Crossing, LimitName};
use novacore_store::error::StoreError;
use novacore_vocab::Window;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    limit: LimitName,
    limit_version: u64,
    window: Window,
    percent: u8,
    cap: i64,
    used: i64,
    rearm_below: Option<i64>,
}

pub(crate) fn crossing_text(crossing: &Crossing) -> String {
    to_text(&Text {
        limit: crossing.limit.clone(),
        limit_version: crossing.limit_version,
        window: crossing.window,
        percent: crossing.percent,
        cap: crossing.cap,
        used: crossing.used,
        rearm_below: crossing.rearm_below,
    })
}

pub(crate) fn read_crossing(text: &str) -> Result<Crossing, StoreError> {
    let read: Text = from_text("usage_ledger", text)?;
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
