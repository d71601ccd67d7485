//! The reference model: what an account must answer, computed the slow and obvious way.
//!
//! It keeps the plain list of everything that was ever written and finds every sum, hold, key and
//! threshold by reading that list from the start, with schoolbook calendar arithmetic. It shares
//! the data types of `ledger` and none of its reasoning: neither [`novacore_ledger::decide()`] nor
//! [`novacore_ledger::AccountState`].
//!
//! Invariant: for the same commands at the same times, every store gives the outcomes and entries
//! of the model (I10).
//! Not here: speed. A command costs as much as the list is long.

mod calendar;
mod holds;
mod limits;
mod thresholds;
mod verbs;

use novacore_ledger::{
    Answer, Command, Entry, EntryKind, Flags, Hold, KeyRecord, OnExpiry, Outcome, Policy, Profile,
    Refusal, Standing, Verb,
};
use novacore_vocab::{ResourceKind, ResourceName, Source, Timestamp, Version};

/// One account.
#[derive(Clone, Debug)]
pub struct Model {
    policy: Policy,
    profile: Profile,
    entries: Vec<Entry>,
    keys: Vec<KeyRecord>,
}

/// What a command wants written, and what it answers with.
#[derive(Debug, Default)]
struct Done {
    lines: Vec<Entry>,
    hold: Option<Version>,
    expires_at: Option<Timestamp>,
}

impl Model {
    /// An account on which nothing has happened.
    pub fn new(policy: Policy, profile: Profile) -> Model {
        Model { policy, profile, entries: Vec::new(), keys: Vec::new() }
    }

    /// Changes tier and overrides.
    pub fn set_profile(&mut self, profile: Profile) {
        self.profile = profile;
    }

    /// Changes the policy.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// Tier and overrides.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Everything that was written, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Every key that stands for an applied command.
    pub fn keys(&self) -> &[KeyRecord] {
        &self.keys
    }

    /// A hold, open or ended.
    pub fn hold(&self, version: Version) -> Option<Hold> {
        holds::hold(&self.entries, version)
    }

    /// Where the account stands with a resource; what has run out by then must have been swept.
    pub fn standing(&self, resource: &ResourceName, clock: Timestamp) -> Standing {
        limits::standing(self, resource, self.now(clock))
    }

    /// The ledger's time when a clock shows `clock`: it never runs backwards.
    pub fn now(&self, clock: Timestamp) -> Timestamp {
        self.entries.last().map_or(clock, |last| last.recorded_at.max(clock))
    }

    /// Writes the expiry of every hold that has run out.
    pub fn sweep(&mut self, clock: Timestamp) {
        let now = self.now(clock);
        let open = holds::open(&self.entries).into_iter();
        let mut due: Vec<Hold> = open.filter(|hold| hold.expires_at <= now).collect();
        due.sort_by_key(|hold| (hold.expires_at, hold.version));
        for hold in due {
            let lines = self.expiry_lines(&hold, now);
            lines.into_iter().for_each(|line| self.write(line));
        }
    }

    fn expiry_lines(&self, hold: &Hold, now: Timestamp) -> Vec<Entry> {
        let mut lines = Vec::new();
        for (index, held) in hold.amounts.iter().enumerate() {
            let (amount, mark) = match hold.on_expiry {
                OnExpiry::Release => (0, Flags::NONE),
                OnExpiry::Charge => (held.held, Flags::CHARGE_ON_EXPIRY),
            };
            lines.push(Entry {
                kind: EntryKind::Expire,
                amount,
                held: -held.held,
                counted_at: hold.reserved_at,
                hold: Some(hold.version),
                flags: mark.with_if(index + 1 == hold.amounts.len(), Flags::FINAL),
                ..self.blank(&held.resource, now)
            });
        }
        lines
    }

    /// Judges a command when a clock shows `clock`, and writes what comes of it.
    pub fn run(&mut self, command: &Command, clock: Timestamp) -> Outcome {
        self.sweep(clock);
        if let Some(seen) = self.seen(command) {
            return match seen.fingerprint == command.fingerprint {
                true => Outcome::Replayed(seen.answer.clone()),
                false => Outcome::Refused(Refusal::KeyReused),
            };
        }
        let now = self.now(clock);
        let judged = match &command.verb {
            Verb::Record(record) => verbs::record(self, record, now),
            Verb::Reserve(reserve) => verbs::reserve(self, reserve, now),
            Verb::Settle(settle) => verbs::settle(self, settle, now),
            Verb::Extend(ask) => verbs::extend(self, ask, now),
            Verb::Release(version) => verbs::release(self, *version, now),
            Verb::Sweep => Ok(Done::default()),
        };
        match judged {
            Ok(done) => Outcome::Applied(self.apply(command, done, now)),
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    fn seen(&self, command: &Command) -> Option<&KeyRecord> {
        let key = command.key.as_ref()?;
        self.keys.iter().find(|record| record.key == *key)
    }

    fn apply(&mut self, command: &Command, done: Done, now: Timestamp) -> Answer {
        let before = self.entries.len();
        let resources: Vec<_> = done.lines.iter().map(|line| line.resource.clone()).collect();
        done.lines.into_iter().for_each(|line| self.write(line));
        let written = &self.entries[before..];
        let answer = Answer {
            version: written.first().map_or(Version(0), |first| first.version),
            recorded_at: now,
            hold: done.hold,
            expires_at: done.expires_at,
            flags: written.iter().fold(Flags::NONE, |all, entry| all.with(entry.flags)),
            standings: resources.iter().map(|one| limits::standing(self, one, now)).collect(),
        };
        if let (Some(key), false) = (&command.key, written.is_empty()) {
            let (key, fingerprint) = (key.clone(), command.fingerprint);
            self.keys.push(KeyRecord { key, fingerprint, answer: answer.clone() });
        }
        answer
    }

    /// Appends an entry and the threshold events that it causes.
    fn write(&mut self, line: Entry) {
        let crossings = thresholds::crossings(self, &line);
        let blank = self.blank(&line.resource, line.recorded_at);
        let counted_at = line.counted_at;
        self.append(line);
        for crossing in crossings {
            let kind = EntryKind::Threshold;
            self.append(Entry { kind, counted_at, crossing: Some(crossing), ..blank.clone() });
        }
    }

    fn append(&mut self, line: Entry) {
        let version = Version(self.entries.len() as u64 + 1);
        self.entries.push(Entry { version, ..line });
    }

    /// An entry that changes nothing; its version is set when it is written.
    fn blank(&self, resource: &ResourceName, now: Timestamp) -> Entry {
        Entry {
            version: Version(0),
            kind: EntryKind::Record,
            resource: resource.clone(),
            source: Source::Api,
            amount: 0,
            held: 0,
            recorded_at: now,
            counted_at: now,
            occurred_at: now,
            hold: None,
            corrects: None,
            expires_at: None,
            flags: Flags::NONE,
            crossing: None,
            metadata: None,
        }
    }

    fn kind(&self, resource: &ResourceName) -> Option<ResourceKind> {
        self.policy.resource(resource).map(|spec| spec.kind)
    }
}
