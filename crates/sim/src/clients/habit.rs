//! What one caller is likely to ask.

use super::Known;
use crate::{
    bug::POISON,
    rng::Rng,
    rules::{amount, name},
};
use novacore_ledger::{Expect, HoldAsk, OnExpiry, Record, Reserve, Settle, Verb};
use novacore_vocab::{AMOUNT_ABS_MAX, Amount, ResourceName, Source, Timestamp, Version};
use std::sync::Arc;

/// Likelihoods of one caller: some verbs may be absent, others frequent.
#[derive(Debug)]
pub(super) struct Habit {
    verbs: [u32; 7],
    /// Largest usual amount.
    most: i64,
}

impl Habit {
    pub(super) fn draw(rng: &mut Rng) -> Habit {
        let verbs = [30, 30, 28, 8, 6, 3, 8].map(|usual| usual * *rng.pick(&[0, 1, 1, 1, 3]) + 1);
        Habit { verbs, most: *rng.pick(&[3, 20, 60, 200]) }
    }

    pub(super) fn verb(
        &self,
        resources: &[ResourceName],
        known: &Known,
        now: Timestamp,
        rng: &mut Rng,
    ) -> Verb {
        let asking = Asking { resources, known, most: self.most };
        let hold = asking.hold(rng);
        match rng.weighted(&self.verbs) {
            0 => Verb::Record(asking.record(now, rng)),
            1 => Verb::Reserve(Reserve {
                amounts: asking.amounts(1, rng),
                ttl_s: ttl_s(rng),
                on_expiry: *rng.pick(&[OnExpiry::Release, OnExpiry::Charge]),
                metadata: metadata(rng),
            }),
            2 => Verb::Settle(Settle {
                hold,
                amounts: if rng.per_mille(60) { Vec::new() } else { asking.amounts(0, rng) },
                last: rng.per_mille(650),
                metadata: metadata(rng),
            }),
            3 => Verb::Extend(HoldAsk {
                hold,
                ttl_s: if rng.per_mille(500) { 3_600 } else { rng.within(0, 3_600) },
                amounts: if rng.per_mille(500) { Vec::new() } else { asking.amounts(1, rng) },
            }),
            4 => Verb::Release(hold),
            5 => Verb::Sweep,
            _ => Verb::Record(asking.give_back(rng)),
        }
    }
}

/// A time to live, now and then at the rim of what is allowed.
fn ttl_s(rng: &mut Rng) -> i64 {
    let rim = rng.per_mille(30);
    *rng.pick(if rim { &[0, 1, 3_600, 3_601] } else { &[1, 60, 600, 3_600] })
}

fn metadata(rng: &mut Rng) -> Option<Arc<str>> {
    match rng.below(1_000) {
        0..10 => Some("{}".into()),
        10..13 => Some("x".repeat(2_049).into()),
        13..16 => Some(POISON.into()),
        _ => None,
    }
}

/// A caller about to ask, with what is known of the user.
struct Asking<'a> {
    resources: &'a [ResourceName],
    known: &'a Known,
    most: i64,
}

impl Asking<'_> {
    fn hold(&self, rng: &mut Rng) -> Version {
        match self.known.holds.len() {
            0 => Version(rng.below(4)),
            _ if rng.per_mille(20) => Version(rng.below(1_000)),
            count => self.known.holds[rng.index(count)],
        }
    }

    fn record(&self, now: Timestamp, rng: &mut Rng) -> Record {
        let resource = self.resource(rng);
        let raw = self.amount(&resource, 0, rng);
        let huge = rng.per_mille(2);
        let ago = *rng.pick(&[0, 60, 100_000, 34_000_000, 35_000_000, -200, -301]);
        Record {
            resource,
            amount: amount(if huge { AMOUNT_ABS_MAX } else { raw }),
            source: *rng.pick(&Source::ALL),
            expect: *rng.pick(&[Expect::Fact, Expect::Admission, Expect::Admission]),
            corrects: None,
            occurred_at: rng.per_mille(100).then(|| now.plus_seconds(-ago)),
            metadata: metadata(rng),
        }
    }

    /// Less of a level, or the correction of an earlier entry.
    fn give_back(&self, rng: &mut Rng) -> Record {
        let corrects = match self.known.charged.len() {
            count if count > 0 && rng.per_mille(600) => Some(self.known.charged[rng.index(count)]),
            _ => None,
        };
        let storage = corrects.is_none() && rng.per_mille(800);
        Record {
            resource: if storage { name("storage") } else { self.resource(rng) },
            amount: amount(-rng.within(0, self.most)),
            source: *rng.pick(&Source::ALL),
            expect: *rng.pick(&[Expect::Fact, Expect::Admission]),
            corrects,
            occurred_at: None,
            metadata: None,
        }
    }

    fn amounts(&self, least: i64, rng: &mut Rng) -> Vec<(ResourceName, Amount)> {
        let count = if rng.per_mille(4) { 9 } else { [1, 1, 1, 2, 3][rng.index(5)] };
        let mut amounts = Vec::with_capacity(count);
        for _ in 0..count {
            let resource = self.resource(rng);
            let raw = self.amount(&resource, least, rng);
            amounts.push((resource, amount(raw)));
        }
        if count < 9 && !rng.per_mille(50) {
            amounts.sort();
            amounts.dedup_by(|later, earlier| later.0 == earlier.0);
        }
        amounts
    }

    /// A usual amount, or as much as should be left, or one more.
    fn amount(&self, resource: &ResourceName, least: i64, rng: &mut Rng) -> i64 {
        match self.known.left.get(resource) {
            Some(left) if *left > 0 && *left < 10_000 && rng.per_mille(100) => {
                left + rng.within(0, 1)
            }
            _ if rng.per_mille(10) => least - 1,
            _ => rng.within(least, self.most),
        }
    }

    fn resource(&self, rng: &mut Rng) -> ResourceName {
        if rng.per_mille(5) {
            return name("unknown");
        }
        self.resources[rng.weighted(&[40, 20, 10, 20, 10])].clone()
    }
}
