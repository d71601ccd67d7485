//! The code and the model, side by side.

use crate::audit;
use novacore_ledger::{
    AccountState, Command, Correctable, Decided, Entry, KeyRecord, Outcome, Policy, Refusal, Verb,
    decide, expire_next, standing,
};
use novacore_store_suite::{
    model::Model,
    ops::{self, Op, View},
};
use novacore_vocab::{Account, IdempotencyKey, ResourceKind, Timestamp, UserId, Version};
use std::collections::BTreeMap;

/// What the operations must reach.
pub(crate) const WORDS: [&str; 27] = [
    "applied",
    "replayed",
    "KeyReused",
    "HoldUnknown",
    "HoldEnded(Settled)",
    "HoldEnded(Released)",
    "HoldEnded(Expired)",
    "HoldEnded(SettledLate)",
    "Quota",
    "CounterRange",
    "LevelBelowZero",
    "AmountZero",
    "AmountNegative",
    "NoAmounts",
    "ResourceTwice",
    "ResourceUnknown",
    "Ttl",
    "OccurredAt",
    "MetadataTooLarge",
    "CorrectsMisplaced",
    "CorrectsUnknown",
    "CorrectsTooMuch",
    "overage",
    "excess",
    "unheld",
    "late",
    "Expire",
];

pub(crate) struct Pair {
    pub(crate) view: View,
    pub(crate) policy: Policy,
    pub(crate) state: AccountState,
    pub(crate) entries: Vec<Entry>,
    keys: BTreeMap<IdempotencyKey, KeyRecord>,
    model: Model,
    /// The last version before the user's tier or overrides changed.
    profile_since: Version,
}

impl Pair {
    pub(crate) fn new() -> Pair {
        // A Saturday evening at the end of a month: every boundary is near.
        let clock = "2026-02-28T22:30:00Z".parse().unwrap();
        let (policy, profile) = (ops::policy(), ops::profile());
        let account = Account::personal(UserId("1".repeat(32).parse().unwrap()));
        Pair {
            view: View::new(clock, profile.clone()),
            state: AccountState::new(account, profile.clone()),
            entries: Vec::new(),
            keys: BTreeMap::new(),
            model: Model::new(policy.clone(), profile),
            policy,
            profile_since: Version(0),
        }
    }

    /// Does one operation on both sides and compares; the words say what was reached.
    pub(crate) fn step(&mut self, op: &Op) -> Vec<String> {
        self.view.note(op);
        self.state.profile = self.view.profile.clone();
        self.model.set_profile(self.view.profile.clone());
        let Op::Command(command) = op else {
            self.profile_since = self.state.version;
            return Vec::new();
        };
        let before = self.entries.len();
        let outcome = self.run(command);
        let expected = self.model.run(command, self.view.clock);
        assert_eq!(outcome, expected, "the model answers otherwise to {command:?}");
        assert_eq!(self.entries[before..], self.model.entries()[before..], "entries differ");
        self.compare_keys();
        audit::audit(self);
        self.compare_standings();
        self.view.learn(command, &outcome);
        words(&outcome, &self.entries[before..])
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.state.last_at.max(self.view.clock)
    }

    /// Whether the key stands for a command that was applied.
    pub(crate) fn knows(&self, key: &IdempotencyKey) -> bool {
        self.keys.contains_key(key)
    }

    /// Whether an entry was written under another tier or other overrides than now.
    pub(crate) fn profile_changed_since(&self, version: Version) -> bool {
        version <= self.profile_since
    }

    fn run(&mut self, command: &Command) -> Outcome {
        self.sweep();
        self.load_corrected(command);
        let seen = command.key.as_ref().and_then(|key| self.keys.get(key));
        let decided = decide(&self.state, &self.policy, command, seen, self.now());
        let Decided { outcome, entries, key } = decided;
        let applied = matches!(outcome, Outcome::Applied(_));
        assert!(applied || (entries.is_empty() && key.is_none()), "I6: a refusal writes nothing");
        if applied {
            audit::admission(self, command);
        }
        self.apply(&entries);
        if let Some(record) = key {
            let old = self.keys.insert(record.key.clone(), record);
            assert_eq!(old, None, "I4: a key has one effect");
        }
        outcome
    }

    fn sweep(&mut self) {
        loop {
            let entries = expire_next(&self.state, &self.policy, self.now());
            if entries.is_empty() {
                return;
            }
            self.apply(&entries);
        }
    }

    fn apply(&mut self, entries: &[Entry]) {
        for entry in entries {
            let kind = self.policy.resource(&entry.resource).map(|spec| spec.kind);
            self.state.apply(entry, kind.unwrap_or(ResourceKind::Flow));
            self.entries.push(entry.clone());
        }
    }

    fn load_corrected(&mut self, command: &Command) {
        let Verb::Record(record) = &command.verb else { return };
        let Some(version) = record.corrects else { return };
        let found = self.entries.iter().find(|entry| entry.version == version);
        let Some(correctable) = found.and_then(Correctable::of) else { return };
        let taken = self.entries.iter().filter(|entry| entry.corrects == Some(version));
        let corrected = -taken.map(|entry| entry.amount).sum::<i64>();
        self.state.correctable.insert(version, Correctable { corrected, ..correctable });
    }

    fn compare_keys(&self) {
        assert_eq!(self.keys.len(), self.model.keys().len(), "keys differ");
        for record in self.model.keys() {
            assert_eq!(self.keys.get(&record.key), Some(record), "a key differs");
        }
    }

    fn compare_standings(&self) {
        for spec in self.policy.resources() {
            let shown = standing(&self.state, &self.policy, &spec.name, self.now());
            assert_eq!(shown, self.model.standing(&spec.name, self.view.clock));
        }
        for (version, hold) in &self.state.holds {
            assert_eq!(Some(hold), self.model.hold(*version).as_ref(), "a hold differs");
        }
    }

    /// I8: with no traffic for the longest time to live nothing is held.
    pub(crate) fn fall_silent(&mut self) {
        self.view.clock = self.now().plus_seconds(novacore_ledger::TTL_S_MAX);
        self.sweep();
        assert_eq!(self.state.open_holds(), 0, "I8: a hold outlived its time");
        for (resource, meter) in &self.state.meters {
            let held: i64 = meter.windows.iter().map(|kept| kept.counter.held).sum();
            assert_eq!(held, 0, "I8: {resource} is held by nobody");
        }
        self.model.sweep(self.view.clock);
        assert_eq!(self.entries, self.model.entries());
    }
}

fn words(outcome: &Outcome, entries: &[Entry]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    match outcome {
        Outcome::Applied(answer) => {
            words.push("applied".into());
            words.extend(answer.flags.words().map(str::to_owned));
        }
        Outcome::Replayed(_) => words.push("replayed".into()),
        Outcome::Refused(Refusal::HoldEnded(status)) => {
            words.push(format!("HoldEnded({status:?})"));
        }
        Outcome::Refused(Refusal::Invalid(invalid)) => words.push(variant(invalid)),
        Outcome::Refused(refusal) => words.push(variant(refusal)),
    }
    words.extend(entries.iter().map(|entry| format!("{:?}", entry.kind)));
    words
}

/// The name of a variant without what it carries.
fn variant(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    text.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}
