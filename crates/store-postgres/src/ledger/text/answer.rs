//! The first answer to a key as stored.

use super::{from_text, to_text};
use novacore_ledger::{Answer, Flags, LimitName, Standing};
use novacore_store::error::StoreError;
use novacore_vocab::{ResourceName, Timestamp, Version, Window};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    version: Version,
    /// Instants are microseconds since 1970, as everywhere in JSON here.
    recorded_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hold: Option<Version>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    #[serde(default, skip_serializing_if = "is_zero")]
    flags: u16,
    standings: Vec<StandingText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StandingText {
    resource: ResourceName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<LimitName>,
    window: Window,
    cap: i64,
    used: i64,
    held: i64,
    remaining: i64,
    grantable: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resets_at: Option<i64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(flags: &u16) -> bool {
    *flags == 0
}

pub(crate) fn answer_text(answer: &Answer) -> String {
    let standings = answer.standings.iter().map(|standing| StandingText {
        resource: standing.resource.clone(),
        limit: standing.limit.clone(),
        window: standing.window,
        cap: standing.cap,
        used: standing.used,
        held: standing.held,
        remaining: standing.remaining,
        grantable: standing.grantable,
        resets_at: standing.resets_at.map(Timestamp::micros),
    });
    to_text(&Text {
        version: answer.version,
        recorded_at: answer.recorded_at.micros(),
        hold: answer.hold,
        expires_at: answer.expires_at.map(Timestamp::micros),
        flags: answer.flags.0,
        standings: standings.collect(),
    })
}

pub(crate) fn read_answer(text: &str) -> Result<Answer, StoreError> {
    let read: Text = from_text("idempotency", text)?;
    let standings = read.standings.into_iter().map(|standing| Standing {
        resource: standing.resource,
        limit: standing.limit,
        window: standing.window,
        cap: standing.cap,
        used: standing.used,
        held: standing.held,
        remaining: standing.remaining,
        grantable: standing.grantable,
        resets_at: standing.resets_at.map(Timestamp::from_micros),
    });
    Ok(Answer {
        version: read.version,
        recorded_at: Timestamp::from_micros(read.recorded_at),
        hold: read.hold,
        expires_at: read.expires_at.map(Timestamp::from_micros),
        flags: Flags(read.flags),
        standings: standings.collect(),
    })
}
