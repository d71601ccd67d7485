//! Runs a script against a state: `decide`, `expire_next` and `apply`, as a store would.

mod audit;
mod command;
mod expect;
mod script;
mod setup;

use novacore_ledger::{
    AccountState, Answer, Command, Correctable, Decided, Entry, KeyRecord, Outcome, Policy,
    Profile, Tier, decide, expire_next,
};
use novacore_vocab::{
    Account, IdempotencyKey, ResourceKind, ResourceName, ResourceSpec, TierName, Timestamp, UserId,
    Version,
};
use script::Line;
use std::collections::BTreeMap;

/// Runs a script; panics at the first line that is not true.
pub(crate) fn check(text: &str) {
    let mut book = Book::new();
    for line in script::lines(text) {
        book.turn(&line);
    }
}

/// What one line came to.
pub(crate) struct Step {
    pub(crate) outcome: Outcome,
    /// What the command wrote.
    pub(crate) entries: Vec<Entry>,
    /// What ran out before it.
    pub(crate) expiries: Vec<Entry>,
}

pub(crate) struct Book {
    pub(crate) resources: Vec<ResourceSpec>,
    pub(crate) tiers: Vec<Tier>,
    pub(crate) policy: Policy,
    pub(crate) state: AccountState,
    pub(crate) entries: Vec<Entry>,
    pub(crate) keys: BTreeMap<IdempotencyKey, KeyRecord>,
    /// What scripts call holds and entries.
    pub(crate) names: BTreeMap<String, Version>,
    pub(crate) clock: Timestamp,
    /// The largest limit version so far.
    pub(crate) versions: u64,
}

impl Book {
    fn new() -> Book {
        let flows = ["tokens", "minutes", "messages", "r1", "r2", "r3", "r4", "r5", "r6", "r7"];
        let spec =
            |kind| move |text: &&str| ResourceSpec { name: name(text), kind, unit: "u".into() };
        let resources = flows.iter().map(spec(ResourceKind::Flow));
        let resources: Vec<_> =
            resources.chain(["storage"].iter().map(spec(ResourceKind::Level))).collect();
        let tiers = vec![setup::tier("free", 10)];
        let profile = Profile { tier: tier_name("free"), overrides: Vec::new() };
        Book {
            policy: Policy::new(resources.clone(), tiers.clone()).unwrap(),
            resources,
            tiers,
            state: AccountState::new(
                Account::personal(UserId("0".repeat(32).parse().unwrap())),
                profile,
            ),
            entries: Vec::new(),
            keys: BTreeMap::new(),
            names: BTreeMap::new(),
            clock: script::time("09:00", Timestamp::from_micros(script::FIRST_DAY)),
            versions: 1,
        }
    }

    fn turn(&mut self, line: &Line) {
        if let Some(at) = &line.at {
            self.clock = script::time(at, self.clock);
        }
        if self.set_up(line) || self.look(line) {
            return;
        }
        for _ in 0..line.times {
            let command = self.command(line);
            let step = self.run(&command);
            self.name(line, &step);
            if line.times == 1 {
                self.expect(line, &step);
            }
        }
        self.audit(line);
    }

    /// The time of the next decision: the clock may have stepped back, the ledger does not.
    pub(crate) fn now(&self) -> Timestamp {
        self.state.last_at.max(self.clock)
    }

    fn run(&mut self, command: &Command) -> Step {
        let expiries = self.sweep();
        self.load_corrected(command);
        let seen = command.key.as_ref().and_then(|key| self.keys.get(key));
        let decided = decide(&self.state, &self.policy, command, seen, self.now());
        let Decided { outcome, entries, key } = decided;
        match &outcome {
            Outcome::Applied(_) => {}
            Outcome::Replayed(_) | Outcome::Refused(_) => {
                assert_eq!((entries.len(), &key), (0, &None), "nothing is written unless applied");
            }
        }
        self.apply(&entries);
        if let Some(record) = key {
            self.keys.insert(record.key.clone(), record);
        }
        Step { outcome, entries, expiries }
    }

    fn sweep(&mut self) -> Vec<Entry> {
        let mut written = Vec::new();
        loop {
            let entries = expire_next(&self.state, &self.policy, self.now());
            if entries.is_empty() {
                return written;
            }
            self.apply(&entries);
            written.extend(entries);
        }
    }

    /// As a store does: finds the entry to be corrected, and what earlier corrections took from it.
    fn load_corrected(&mut self, command: &Command) {
        let novacore_ledger::Verb::Record(record) = &command.verb else { return };
        let Some(version) = record.corrects else { return };
        let Some(entry) = self.entries.iter().find(|entry| entry.version == version) else {
            return;
        };
        let taken = self.entries.iter().filter(|later| later.corrects == Some(version));
        let corrected = -taken.map(|later| later.amount).sum::<i64>();
        self.state.correctable.clear();
        if let Some(correctable) = Correctable::of(entry) {
            self.state.correctable.insert(version, Correctable { corrected, ..correctable });
        }
    }

    fn apply(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.state.apply(entry, self.policy.resource(&entry.resource).unwrap().kind);
            self.entries.push(entry.clone());
        }
    }

    /// Remembers what the script calls the hold or the entry.
    fn name(&mut self, line: &Line, step: &Step) {
        let Outcome::Applied(Answer { hold, version, .. }) = &step.outcome else { return };
        if line.verb() == "reserve" {
            self.names.insert(line.word(1).into(), hold.expect("a reserve makes a hold"));
        }
        if let Some(label) = line.option("as") {
            let expiry = step.expiries.first().map(|entry| entry.version);
            let named = if line.verb() == "sweep" { expiry.unwrap() } else { *version };
            self.names.insert(label.into(), named);
        }
    }

    pub(crate) fn version_of(&self, label: &str) -> Version {
        // A name that the script never gave is a hold or an entry that does not exist.
        self.names.get(label).copied().unwrap_or(Version(999_999))
    }

    pub(crate) fn name_of(&self, version: Version) -> &str {
        let found = self.names.iter().find(|(_, named)| **named == version);
        found.map_or("?", |(label, _)| label)
    }
}

pub(crate) fn name(text: &str) -> ResourceName {
    ResourceName::parse(text).unwrap()
}

pub(crate) fn tier_name(text: &str) -> TierName {
    TierName::parse(text).unwrap()
}
