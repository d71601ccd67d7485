//! The one function that decides, synchronous and without clock or I/O.
//!
//! The ladder, in order: a replayed key gets its first answer; what is wrong in itself is refused;
//! then each verb's own checks, of which the limits are the last ([`admit`]). What is refused
//! writes nothing.

pub mod admit;
mod hold;
mod record;

use crate::{
    AccountState, Answer, Command, Crossing, Entry, EntryKind, Flags, Invalid, KeyRecord, OnExpiry,
    Outcome, Policy, Refusal, Standing, Verb,
    standing::{Pending, standing_after},
    threshold,
};
use novacore_vocab::{Amount, ResourceKind, ResourceName, Source, Timestamp, Version, Window};
use std::sync::Arc;

/// What a command comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What the caller is told.
    pub outcome: Outcome,
    /// What must be written, in order, for that to be true. Empty unless applied.
    pub entries: Vec<Entry>,
    /// The key to keep with the first of the entries.
    pub key: Option<KeyRecord>,
}

/// Judges a command. `state` must be swept ([`expire_next`]) and must contain the hold and the
/// corrected entry that the command names, if they exist; `seen` is what is stored under the
/// command's key.
pub fn decide(
    state: &AccountState,
    policy: &Policy,
    command: &Command,
    seen: Option<&KeyRecord>,
    now: Timestamp,
) -> Decided {
    if let Some(seen) = seen {
        return Decided { outcome: replay(command, seen), entries: Vec::new(), key: None };
    }
    let mut draft = Draft::new(state, policy, now);
    let judged = match &command.verb {
        Verb::Record(record) => record::record(&mut draft, record),
        Verb::Reserve(reserve) => hold::reserve(&mut draft, reserve),
        Verb::Settle(settle) => hold::settle(&mut draft, settle),
        Verb::Extend(ask) => hold::extend(&mut draft, ask),
        Verb::Release(version) => hold::release(&mut draft, *version),
        Verb::Sweep => Ok(()),
    };
    match judged {
        Ok(()) => draft.applied(command),
        Err(refusal) => {
            Decided { outcome: Outcome::Refused(refusal), entries: Vec::new(), key: None }
        }
    }
}

fn replay(command: &Command, seen: &KeyRecord) -> Outcome {
    if seen.fingerprint == command.fingerprint {
        Outcome::Replayed(seen.answer.clone())
    } else {
        Outcome::Refused(Refusal::KeyReused)
    }
}

/// The expiry of the first hold that has run out at `now`; empty if none has. Applied and asked
/// again until then, before anything else is decided.
pub fn expire_next(state: &AccountState, policy: &Policy, now: Timestamp) -> Vec<Entry> {
    let Some(hold) = state.next_due_hold(now) else { return Vec::new() };
    let mut draft = Draft::new(state, policy, now);
    let last = hold.amounts.len().saturating_sub(1);
    for (index, held) in hold.amounts.iter().enumerate() {
        let charge = match hold.on_expiry {
            OnExpiry::Release => 0,
            OnExpiry::Charge => held.held,
        };
        draft.write(Line {
            kind: EntryKind::Expire,
            amount: charge,
            held: -held.held,
            counted_at: hold.reserved_at,
            hold: Some(hold.version),
            flags: hold.on_expiry.flags().with_if(index == last, Flags::FINAL),
            ..draft.line(&held.resource)
        });
    }
    draft.entries
}

/// Entries in the making.
struct Draft<'a> {
    state: &'a AccountState,
    policy: &'a Policy,
    now: Timestamp,
    entries: Vec<Entry>,
    standings: Vec<Standing>,
    hold: Option<Version>,
    expires_at: Option<Timestamp>,
    flags: Flags,
}

/// The parts of an entry that its verb decides.
#[derive(Clone)]
struct Line {
    kind: EntryKind,
    resource: ResourceName,
    source: Source,
    amount: i64,
    held: i64,
    counted_at: Timestamp,
    occurred_at: Timestamp,
    hold: Option<Version>,
    corrects: Option<Version>,
    expires_at: Option<Timestamp>,
    flags: Flags,
    metadata: Option<Arc<str>>,
}

impl<'a> Draft<'a> {
    fn new(state: &'a AccountState, policy: &'a Policy, now: Timestamp) -> Draft<'a> {
        Draft {
            state,
            policy,
            now,
            entries: Vec::new(),
            standings: Vec::new(),
            hold: None,
            expires_at: None,
            flags: Flags::NONE,
        }
    }

    fn next_version(&self) -> Version {
        Version(self.state.version.0 + self.entries.len() as u64 + 1)
    }

    /// A line that changes nothing, to be completed by struct update.
    fn line(&self, resource: &ResourceName) -> Line {
        Line {
            kind: EntryKind::Record,
            resource: resource.clone(),
            source: Source::Api,
            amount: 0,
            held: 0,
            counted_at: self.now,
            occurred_at: self.now,
            hold: None,
            corrects: None,
            expires_at: None,
            flags: Flags::NONE,
            metadata: None,
        }
    }

    /// Writes an entry and the threshold events that it causes. Each resource is written at most
    /// once per command.
    fn write(&mut self, line: Line) {
        let crossed = threshold::crossings(
            self.state,
            self.policy,
            &line.resource,
            line.amount,
            line.counted_at,
            self.now,
        );
        self.flags = self.flags.with(line.flags);
        let (counted_at, template) = (line.counted_at, self.line(&line.resource));
        self.push(line, None);
        for crossing in crossed {
            let line = Line { kind: EntryKind::Threshold, counted_at, ..template.clone() };
            self.push(line, Some(crossing));
        }
    }

    fn push(&mut self, line: Line, crossing: Option<Crossing>) {
        self.entries.push(Entry {
            version: self.next_version(),
            kind: line.kind,
            resource: line.resource,
            source: line.source,
            amount: line.amount,
            held: line.held,
            recorded_at: self.now,
            counted_at: line.counted_at,
            occurred_at: line.occurred_at,
            hold: line.hold,
            corrects: line.corrects,
            expires_at: line.expires_at,
            flags: line.flags,
            crossing,
            metadata: line.metadata,
        });
    }

    /// Notes where the account stands once `used` and `held`, counted at `counted_at`, are added.
    fn note_standing(
        &mut self,
        resource: &ResourceName,
        used: i64,
        held: i64,
        counted_at: Timestamp,
    ) {
        let pending = Pending { used, held, counted_at };
        let standing = standing_after(self.state, self.policy, resource, self.now, pending);
        self.standings.push(standing);
    }

    fn kind_of(&self, resource: &ResourceName) -> Result<ResourceKind, Refusal> {
        match self.policy.resource(resource) {
            Some(spec) => Ok(spec.kind),
            None => Err(Invalid::ResourceUnknown(resource.clone()).into()),
        }
    }

    /// Every counter of a resource stays within the range of amounts. All-time counters bound those
    /// of every window.
    fn check_range(&self, resource: &ResourceName, change: i64) -> Result<(), Refusal> {
        let (used, held) = self.state.totals(resource, Window::Lifetime, self.now);
        let sum = i128::from(used) + i128::from(held) + i128::from(change);
        match i64::try_from(sum).ok().and_then(|sum| Amount::new(sum).ok()) {
            Some(_) => Ok(()),
            None => Err(Refusal::CounterRange(resource.clone())),
        }
    }

    fn applied(self, command: &Command) -> Decided {
        let first = self.entries.first();
        let answer = Answer {
            version: first.map_or(Version(0), |entry| entry.version),
            recorded_at: self.now,
            hold: self.hold,
            expires_at: self.expires_at,
            flags: self.flags,
            standings: self.standings,
        };
        let key = match (&command.key, first) {
            (Some(key), Some(_)) => Some(KeyRecord {
                key: key.clone(),
                fingerprint: command.fingerprint,
                answer: answer.clone(),
            }),
            _ => None,
        };
        Decided { outcome: Outcome::Applied(answer), entries: self.entries, key }
    }
}
