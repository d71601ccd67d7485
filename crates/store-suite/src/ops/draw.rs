//! Drawing one operation.

use super::{
    Op, SeenHold, View,
    policy::{RESOURCES, TIERS, limit_names, resource, tier_name},
};
use novacore_ledger::{
    Cap, Command, Expect, HoldAsk, METADATA_BYTES_MAX, Mode, OnExpiry, Override, Record, Reserve,
    Settle, TTL_S_MAX, Verb,
};
use novacore_vocab::{
    AMOUNT_ABS_MAX, Amount, IdempotencyKey, ResourceKind, ResourceName, Source, Timestamp, Version,
    Window,
};
use std::sync::Arc;

/// A generator of operations.
#[derive(Clone, Debug)]
pub struct Ops(u64);

impl Ops {
    /// The operations of a seed.
    pub fn new(seed: u64) -> Ops {
        Ops(seed)
    }

    /// The next operation, given what is known.
    pub fn next(&mut self, view: &View) -> Op {
        match self.below(100) {
            0..80 => Op::Command(self.command(view)),
            80..93 => Op::Clock(self.clock(view)),
            93..95 => Op::Tier(tier_name(self.one_of(&TIERS))),
            95..99 => Op::Override(Box::new(self.an_override(view))),
            _ => Op::NoOverrides,
        }
    }

    /// SplitMix64: good enough to wander, and written out so that a seed means the same for ever.
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: i64) -> i64 {
        let bound = u64::try_from(bound).expect("a bound above 0");
        i64::try_from(self.draw() % bound).expect("below an i64")
    }

    /// Once in so many times.
    pub(crate) fn once_in(&mut self, times: i64) -> bool {
        self.below(times) == 0
    }

    fn one_of<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.index(items.len())]
    }

    fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.draw() % count as u64).expect("below a usize")
    }

    fn command(&mut self, view: &View) -> Command {
        if !view.keyed.is_empty() && self.once_in(10) {
            return view.keyed[self.index(view.keyed.len())].clone();
        }
        let verb = match self.below(100) {
            0..36 => Verb::Record(self.record(view)),
            36..62 => Verb::Reserve(self.reserve(view)),
            62..83 => Verb::Settle(self.settle(view)),
            83..92 => Verb::Extend(self.extend(view)),
            92..98 => Verb::Release(self.hold(view).map_or(Version(9), |hold| hold.version)),
            _ => Verb::Sweep,
        };
        // So few keys that some come again by chance, for another command.
        let key = self.once_in(4).then(|| format!("key {}", self.below(50)));
        let key = key.map(|text| IdempotencyKey::parse(&text).expect("a valid key"));
        Command { key, fingerprint: fingerprint(&verb), verb }
    }

    fn record(&mut self, view: &View) -> Record {
        let (resource, kind) = self.resource();
        let mut amount = self.amount(view, &resource);
        let mut corrects = None;
        if self.once_in(3) {
            amount = -amount.min(self.below(200));
            corrects = (kind == ResourceKind::Flow).then(|| self.entry(view));
        }
        if self.once_in(40) {
            corrects = Some(self.entry(view));
        }
        Record {
            resource,
            amount: bounded(amount),
            source: Source::ALL[self.index(2)],
            expect: if self.once_in(2) { Expect::Fact } else { Expect::Admission },
            corrects,
            occurred_at: self.once_in(8).then(|| self.occurred_at(view)),
            metadata: self.metadata(),
        }
    }

    fn reserve(&mut self, view: &View) -> Reserve {
        Reserve {
            amounts: self.amounts(view, 1),
            ttl_s: self.ttl_s(),
            on_expiry: if self.once_in(3) { OnExpiry::Charge } else { OnExpiry::Release },
            metadata: self.metadata(),
        }
    }

    fn settle(&mut self, view: &View) -> Settle {
        let hold = self.hold(view);
        let mut amounts = Vec::new();
        for (resource, held) in hold.iter().flat_map(|hold| &hold.amounts) {
            let used = match self.below(6) {
                0 => *held,
                1 => self.amount(view, resource),
                2 => continue,
                _ => self.below(held.saturating_add(2)),
            };
            amounts.push((resource.clone(), bounded(used)));
        }
        if self.once_in(6) {
            amounts.extend(self.amounts(view, 0));
        }
        Settle {
            hold: hold.map_or(Version(7), |hold| hold.version),
            amounts,
            last: !self.once_in(3),
            metadata: self.metadata(),
        }
    }

    fn extend(&mut self, view: &View) -> HoldAsk {
        let hold = self.hold(view).map_or(Version(7), |hold| hold.version);
        let amounts = if self.once_in(3) { Vec::new() } else { self.amounts(view, 0) };
        HoldAsk { hold, ttl_s: self.ttl_s(), amounts }
    }

    /// One of the latest holds, mostly.
    fn hold<'a>(&mut self, view: &'a View) -> Option<&'a SeenHold> {
        let count = view.holds.len();
        let back = if self.once_in(5) { self.index(count.max(1)) } else { self.index(4) };
        view.holds.get(count.checked_sub(back + 1)?)
    }

    fn entry(&mut self, view: &View) -> Version {
        if view.entries.is_empty() || self.once_in(20) {
            return Version(u64::try_from(self.below(40)).expect("above 0"));
        }
        view.entries[self.index(view.entries.len())]
    }

    /// At least so many amounts, rarely the same resource twice.
    fn amounts(&mut self, view: &View, least: i64) -> Vec<(ResourceName, Amount)> {
        let count = match self.below(12) {
            0..8 => least.max(1),
            8..11 => least + 2,
            _ => self.below(10),
        };
        let mut amounts: Vec<(ResourceName, Amount)> = Vec::new();
        for _ in 0..count {
            let (resource, _) = self.resource();
            let twice = amounts.iter().any(|(earlier, _)| *earlier == resource);
            if !twice || self.once_in(20) {
                let amount = bounded(self.amount(view, &resource));
                amounts.push((resource, amount));
            }
        }
        amounts
    }

    fn resource(&mut self) -> (ResourceName, ResourceKind) {
        if self.once_in(60) {
            return (resource("unknown"), ResourceKind::Flow);
        }
        // The first one has most limits and so comes most often.
        let index = if self.once_in(3) { 0 } else { self.index(RESOURCES.len()) };
        let (name, kind) = RESOURCES[index];
        (resource(name), kind)
    }

    /// Small, beside the room that was left, or at the ends of the range.
    fn amount(&mut self, view: &View, resource: &ResourceName) -> i64 {
        let room = view.room.get(resource).copied().filter(|room| *room >= 0);
        match self.below(50) {
            0..20 => 1 + self.below(40),
            20..34 => room.unwrap_or(60) + self.below(3) - 1,
            34..40 => room.unwrap_or(200) / (1 + self.below(4)),
            40..44 => 1 + self.below(400),
            44 => AMOUNT_ABS_MAX - self.below(4),
            45 => AMOUNT_ABS_MAX / 2,
            46 => -self.below(3),
            _ => 1,
        }
    }

    fn ttl_s(&mut self) -> i64 {
        match self.below(16) {
            0 => self.below(3) - 1,
            1 => TTL_S_MAX + self.below(2),
            2..8 => TTL_S_MAX,
            _ => 1 + self.below(120),
        }
    }

    fn metadata(&mut self) -> Option<Arc<str>> {
        match self.below(40) {
            0..4 => Some("{}".into()),
            4 => Some("x".repeat(METADATA_BYTES_MAX + self.index(2)).into()),
            _ => None,
        }
    }

    fn occurred_at(&mut self, view: &View) -> Timestamp {
        match self.below(4) {
            0 => view.clock.plus_days(-400).plus_seconds(self.below(3) - 1),
            1 => view.clock.plus_seconds(300 + self.below(3) - 1),
            _ => view.clock.plus_seconds(-self.below(200_000)),
        }
    }

    /// Onto and beside the ends of holds, overrides and windows, forward by anything, sometimes
    /// back.
    fn clock(&mut self, view: &View) -> Timestamp {
        let micro = |at: Timestamp, step: i64| Timestamp::from_micros(at.micros() + step);
        let window = [Window::Hour, Window::Day, Window::Week, Window::Month][self.index(4)];
        let window_end = window.span_at(view.clock).end;
        let overrides = view.profile.overrides.iter().filter_map(|over| over.expires_at);
        let ends = view.holds.iter().map(|hold| hold.expires_at).chain(overrides);
        let next_end = ends.filter(|end| *end > view.clock).min().unwrap_or(window_end);
        match self.below(20) {
            0..7 => micro(next_end, self.below(3) - 1),
            7..9 => micro(window_end, self.below(3) - 1),
            9..13 => view.clock.plus_seconds(self.below(90)),
            13..16 => view.clock.plus_seconds(self.below(7_200)),
            16 => view.clock.plus_days(1 + self.below(40)),
            17 => micro(view.clock, -self.below(2_000_000)),
            18 => view.clock.plus_seconds(-self.below(90_000)),
            _ => micro(view.clock, 1),
        }
    }

    fn an_override(&mut self, view: &View) -> Override {
        let (name, _) = RESOURCES[self.index(RESOURCES.len())];
        let names = limit_names(name);
        let named =
            if names.is_empty() || self.once_in(2) { None } else { Some(self.one_of(&names)) };
        let cap = match self.below(4) {
            0 => None,
            1 => Some(Cap::Unlimited),
            _ => Some(Cap::Of(bounded(self.below(800)))),
        };
        Override {
            resource: resource(name),
            limit: named.map(resource),
            cap,
            mode: self.once_in(3).then(|| if self.once_in(2) { Mode::Soft } else { Mode::Hard }),
            warn_at: self.once_in(3).then(|| vec![1 + self.below(100) as u8]),
            expires_at: self.once_in(2).then(|| view.clock.plus_seconds(self.below(4_000))),
            reason: "an operation".into(),
            author: "a seed".into(),
            version: view.limit_version + 1,
        }
    }
}

fn bounded(amount: i64) -> Amount {
    let amount = amount.clamp(-AMOUNT_ABS_MAX, AMOUNT_ABS_MAX);
    Amount::new(amount).expect("clamped to the range")
}

/// FNV-1a of what the verb says.
fn fingerprint(verb: &Verb) -> u128 {
    let mut hash: u64 = 0xCBF2_9CE4_8422_2325;
    for byte in format!("{verb:?}").bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
    }
    hash.into()
}
