//! What clients asked for and were told, and what the ledger holds of it.
//!
//! Invariant: a call is recorded as it was heard: what was not answered for certain stays unknown.

mod journal;

pub(super) use journal::Journal;

use serde::Deserialize;
use serde_json::Value;

/// What a call asks for. All of it concerns one user's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// Use that is judged before it is written.
    Record { amount: i64 },
    /// The same without a key: tried once, and known by its metadata.
    RecordOnce { amount: i64 },
    /// A hold, which charges or gives back what it still holds when it runs out.
    Reserve { amount: i64, ttl_s: i64, charges: bool },
    /// Use under a hold, which ends it.
    Settle { hold: u64, amount: i64 },
    /// The end of a hold without use.
    Release { hold: u64 },
}

/// What a call came to, as far as its client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Acknowledged.
    Applied,
    /// Refused, and no try before was left without an answer.
    Refused,
    /// Refused or given up after a try without an answer: it may have been applied.
    Unknown,
}

/// What is used and held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) used: i64,
    pub(super) held: i64,
}

/// One call with all its tries.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) key: String,
    pub(super) verb: Verb,
    /// How many calls had been begun or ended by anyone before this began.
    pub(super) began: u64,
    /// As `began`, when its first certain answer had come.
    pub(super) ended: u64,
    pub(super) fate: Fate,
    /// Every certain answer: one, or more if it was repeated after that.
    pub(super) answers: Vec<Value>,
}

impl Call {
    /// The version of the hold that was made.
    pub(super) fn hold(&self) -> Option<u64> {
        let id = self.answers.first()?["reservationId"].as_str()?;
        id.rsplit_once('_')?.1.parse().ok()
    }

    /// Where the account stood after the call, if the answer says so.
    pub(super) fn told(&self) -> Option<Standing> {
        standing_of(&self.answers.first()?["decision"]["standings"][0])
    }
}

/// What is used and held according to an answer or a part of one.
pub(super) fn standing_of(value: &Value) -> Option<Standing> {
    Some(Standing { used: value["used"].as_i64()?, held: value["held"].as_i64()? })
}

/// A row of the ledger.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Row {
    pub(super) version: u64,
    /// The place of its kind in `EntryKind::ALL`.
    pub(super) kind: usize,
    pub(super) amount: i64,
    pub(super) held: i64,
    pub(super) hold_id: Option<u64>,
    pub(super) flags: u16,
    /// Which call it is of: a command's first entry has its key, or metadata that name it.
    pub(super) call: Option<String>,
    pub(super) recorded_micros: i64,
    pub(super) expires_micros: Option<i64>,
}

/// What a node showed of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// As of a call.
    pub(super) began: u64,
    pub(super) standing: Standing,
}

/// Everything an audit looks at.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    pub(super) cap: i64,
    pub(super) calls: Vec<Call>,
    pub(super) looks: Vec<Look>,
    /// By version.
    pub(super) rows: Vec<Row>,
    /// What each node shows in the end.
    pub(super) shown: Vec<Standing>,
}
