//! What a caller knows of an account: what it sent, and what it was told.

use novacore_ledger::{Answer, Command, Outcome, Override, Profile, Refusal, Verb};
use novacore_vocab::{ResourceName, TierName, Timestamp, Version};
use std::collections::BTreeMap;

/// Something that happens to an account.
#[derive(Clone, Debug)]
pub enum Op {
    /// A caller asks.
    Command(Command),
    /// The clock shows this; it may be less than before.
    Clock(Timestamp),
    /// The user gets another tier.
    Tier(TierName),
    /// The user gets an override, in place of one of the same limit.
    Override(Box<Override>),
    /// The user loses every override.
    NoOverrides,
}

/// A hold that was made once.
#[derive(Clone, Debug)]
pub struct SeenHold {
    /// Its version.
    pub version: Version,
    /// When it ends, as last told.
    pub expires_at: Timestamp,
    /// What was set aside first.
    pub amounts: Vec<(ResourceName, i64)>,
}

/// What is known so far.
#[derive(Clone, Debug)]
pub struct View {
    /// What the clock shows.
    pub clock: Timestamp,
    /// The user's tier and overrides.
    pub profile: Profile,
    /// Holds, open or ended, in the order of their making.
    pub holds: Vec<SeenHold>,
    /// The first entries of applied commands.
    pub entries: Vec<Version>,
    /// Commands with a key.
    pub keyed: Vec<Command>,
    /// What was left of a resource when it was last told.
    pub room: BTreeMap<ResourceName, i64>,
    /// The largest version of a limit.
    pub limit_version: u64,
}

impl View {
    /// Nothing is known but the clock and the user.
    pub fn new(clock: Timestamp, profile: Profile) -> View {
        View {
            clock,
            profile,
            holds: Vec::new(),
            entries: Vec::new(),
            keyed: Vec::new(),
            room: BTreeMap::new(),
            limit_version: 1,
        }
    }

    /// Takes note of an operation that is about to happen.
    pub fn note(&mut self, op: &Op) {
        match op {
            Op::Command(command) if command.key.is_some() => self.keyed.push(command.clone()),
            Op::Command(_) => {}
            Op::Clock(at) => self.clock = *at,
            Op::Tier(tier) => self.profile.tier = tier.clone(),
            Op::NoOverrides => self.profile.overrides.clear(),
            Op::Override(over) => {
                self.limit_version = self.limit_version.max(over.version);
                let overrides = &mut self.profile.overrides;
                overrides.retain(|old| old.resource != over.resource || old.limit != over.limit);
                overrides.push(Override::clone(over));
            }
        }
    }

    /// Learns from what a command was told.
    pub fn learn(&mut self, command: &Command, outcome: &Outcome) {
        match outcome {
            Outcome::Applied(answer) => self.learn_answer(command, answer),
            Outcome::Refused(Refusal::Quota(refusal)) => {
                self.room.insert(refusal.resource.clone(), refusal.remaining);
            }
            Outcome::Replayed(_) | Outcome::Refused(_) => {}
        }
    }

    fn learn_answer(&mut self, command: &Command, answer: &Answer) {
        if answer.version != Version(0) {
            self.entries.push(answer.version);
        }
        for standing in &answer.standings {
            self.room.insert(standing.resource.clone(), standing.grantable);
        }
        let Some((version, expires_at)) = answer.hold.zip(answer.expires_at) else { return };
        if let Verb::Reserve(reserve) = &command.verb {
            let amounts = reserve.amounts.iter().map(|(name, held)| (name.clone(), held.get()));
            self.holds.push(SeenHold { version, expires_at, amounts: amounts.collect() });
        }
        let hold = self.holds.iter_mut().find(|hold| hold.version == version);
        if let Some(hold) = hold {
            hold.expires_at = expires_at;
        }
    }
}
