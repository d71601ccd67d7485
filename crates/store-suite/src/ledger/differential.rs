//! One stream of operations through a store and through the model: the same outcomes (I10).

use super::{Harness, amount, keyed, plain, resource, submit, user};
use crate::model::Model;
use novacore_ledger::{
    Command, Expect, HoldAsk, OnExpiry, Outcome, Policy, Profile, Record, Reserve, Settle, Verb,
};
use novacore_store::clock::Clock;
use novacore_vocab::{Amount, ResourceName, Source, Version};

const STREAMS: u64 = 4;
const OPERATIONS: usize = 150;

/// Random streams of commands, with clock steps and restarts between, have the outcomes of the model.
pub async fn outcomes_are_those_of_the_model(harness: &mut impl Harness) {
    for seed in 0..STREAMS {
        let ada = user(harness, 100 + u128::from(seed)).await;
        let policy = harness.ledger().policy();
        let profile = Profile { tier: super::tier("free_trial"), overrides: Vec::new() };
        let mut model = Model::new(Policy::clone(&policy), profile);
        let mut dice = Dice(seed);
        let mut holds = Vec::new();
        for step in 0..OPERATIONS {
            let command = dice.command(&holds, model.entries().len() as u64);
            let now = harness.clock().now();
            let expected = model.run(&command, now);
            let outcome = submit(harness, ada, command.clone()).await;
            assert_eq!(outcome, expected, "seed {seed}, step {step}: {command:?}");
            if let Outcome::Applied(answer) = outcome {
                holds.extend(answer.hold);
            }
            dice.pass_time(harness);
        }
        let query = novacore_store::ledger::EntryQuery::newest(ada, 500);
        let mut entries = harness.ledger().entries(&query).await.expect("listed");
        entries.reverse();
        let written = model.entries();
        assert_eq!(entries, written[written.len().saturating_sub(500)..]);
    }
}

/// Numbers that are the same for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % below
    }

    fn pass_time(&mut self, harness: &mut impl Harness) {
        match self.roll(20) {
            0 => harness.clock().advance_s(61),
            1 => harness.clock().advance_s(3_600),
            2 => harness.clock().advance_s(40_000),
            3 => harness.clock().advance_s(-30),
            4 => harness.reopen(),
            _ => {}
        }
    }

    fn command(&mut self, holds: &[Version], entries: u64) -> Command {
        let verb = self.verb(holds, entries);
        match self.roll(3) {
            // Few keys and fingerprints, so that they meet again.
            0 => keyed(&format!("k{}", self.roll(12)), u128::from(self.roll(2)), verb),
            _ => plain(verb),
        }
    }

    fn verb(&mut self, holds: &[Version], entries: u64) -> Verb {
        let hold = match holds.len() {
            0 => Version(1 + self.roll(3)),
            count => holds[self.roll(count as u64) as usize],
        };
        match self.roll(10) {
            0..=2 => self.record(entries),
            3..=4 => Verb::Reserve(Reserve {
                amounts: self.amounts(1),
                ttl_s: [0, 1, 60, 3_600, 3_601][self.roll(5) as usize],
                on_expiry: [OnExpiry::Release, OnExpiry::Charge][self.roll(2) as usize],
                metadata: None,
            }),
            5..=6 => Verb::Settle(Settle {
                hold,
                amounts: self.amounts(0),
                last: self.roll(3) > 0,
                metadata: None,
            }),
            7 => Verb::Extend(HoldAsk { hold, ttl_s: 60, amounts: self.amounts(1) }),
            8 => Verb::Release(hold),
            _ => Verb::Sweep,
        }
    }

    fn record(&mut self, entries: u64) -> Verb {
        let back = self.roll(4) == 0;
        let number = self.roll(400) as i64;
        Verb::Record(Record {
            resource: self.resource(),
            amount: amount(if back { -number / 4 } else { number }),
            source: [Source::Api, Source::Memory][self.roll(2) as usize],
            expect: [Expect::Fact, Expect::Admission][self.roll(2) as usize],
            corrects: (self.roll(3) == 0).then(|| Version(1 + self.roll(entries + 2))),
            occurred_at: None,
            metadata: None,
        })
    }

    fn amounts(&mut self, least: u64) -> Vec<(ResourceName, Amount)> {
        let count = self.roll(3) as usize;
        (0..count).map(|_| (self.resource(), amount((least + self.roll(300)) as i64))).collect()
    }

    fn resource(&mut self) -> ResourceName {
        let names = ["llm_tokens", "messages", "memory_storage", "agent_minutes", "nothing_known"];
        resource(names[self.roll(5) as usize])
    }
}
