//! What each verb must write, worked out from the books as they stood before it.

use super::{
    Audit, Ledger, Violation,
    books::{HoldBook, HoldPart},
    broken, ensure,
};
use novacore_ledger::{
    Entry, EntryKind, Expect, Flags, HoldAsk, HoldStatus, OnExpiry, Record, Reserve, Settle, Verb,
};
use novacore_store::book::Posting;
use novacore_vocab::{Amount, ResourceName, Source, Timestamp, Version};
use std::sync::Arc;

/// An entry that must be written. Its version is known when its turn comes.
#[derive(Clone, Debug)]
pub(super) struct Want {
    pub(super) resource: usize,
    pub(super) entry: Entry,
    /// It takes room that must be there.
    pub(super) judged: bool,
}

const DAY_MICROS: i64 = 86_400_000_000;
const HOLD_LIFE_MICROS: i64 = DAY_MICROS;

impl Ledger<'_> {
    pub(super) fn wants(&self, verb: &Verb) -> Result<Vec<Want>, Violation> {
        match verb {
            Verb::Record(record) => Ok(vec![self.record(record)?]),
            Verb::Reserve(reserve) => self.reserve(reserve),
            Verb::Settle(settle) => self.settle(settle),
            Verb::Extend(ask) => self.extend(ask),
            Verb::Release(version) => self.release(*version),
            Verb::Sweep => Ok(Vec::new()),
        }
    }

    fn number(&self, name: &ResourceName) -> Result<usize, Violation> {
        match self.rules.resource(name) {
            Some(number) => Ok(number),
            None => broken("I6", format!("{name} is no resource, and yet it was accepted")),
        }
    }

    fn want(&self, kind: EntryKind, resource: usize) -> Want {
        let now = Timestamp::from_micros(self.now);
        let entry = Entry {
            version: Version(0),
            kind,
            resource: self.rules.resources[resource].0.clone(),
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
        };
        Want { resource, entry, judged: false }
    }

    fn record(&self, record: &Record) -> Result<Want, Violation> {
        let resource = self.number(&record.resource)?;
        let (amount, level) = (record.amount.get(), self.rules.is_level(resource));
        // The memory service keeps a key with an entry that moves no byte.
        let may_be_zero = record.source == Source::Memory;
        ensure(amount != 0 || may_be_zero, "I6", || "recorded an amount of 0".into())?;
        if amount < 0 && !level {
            return self.correction(record, resource);
        }
        ensure(record.corrects.is_none(), "I6", || format!("corrects nothing: {record:?}"))?;
        let left = self.books.parts[resource][record.source as usize] + amount;
        ensure(!level || left >= 0, "I6", || format!("{record:?} leaves {left}"))?;
        let mut want = self.want(EntryKind::Record, resource);
        let occurred_at = record.occurred_at.unwrap_or(want.entry.occurred_at);
        let age = self.now - occurred_at.micros();
        ensure((-300_000_000..=400 * DAY_MICROS).contains(&age), "I6", || {
            format!("use of {occurred_at} was accepted at {}", want.entry.recorded_at)
        })?;
        let asked = amount > 0 && record.expect == Expect::Admission;
        let late = occurred_at.micros().div_euclid(DAY_MICROS) < self.now.div_euclid(DAY_MICROS);
        want.judged = asked;
        want.entry.source = record.source;
        want.entry.amount = amount;
        want.entry.occurred_at = occurred_at;
        want.entry.metadata = record.metadata.clone();
        want.entry.flags = Flags::NONE
            .with_if(amount > 0 && self.passes_a_cap(resource, self.now, amount), Flags::OVERAGE)
            .with_if(asked, Flags::ENFORCED)
            .with_if(late, Flags::LATE);
        Ok(want)
    }

    /// Whether this much more lies above some cap, hard or soft.
    fn passes_a_cap(&self, resource: usize, counted_at: i64, amount: i64) -> bool {
        self.rules.in_force(&self.books.profile, resource, self.now).iter().any(|limit| {
            let sum = self.books.sum(resource, limit.window, counted_at);
            !self.is_closed(limit.window, counted_at, sum.held)
                && limit.cap.is_some_and(|cap| sum.used + sum.held + amount > cap)
        })
    }

    fn correction(&self, record: &Record, resource: usize) -> Result<Want, Violation> {
        let index = record.corrects.and_then(|version| version.0.checked_sub(1));
        let row = index.and_then(|index| self.books.rows.get(index as usize));
        let row = row.filter(|row| {
            let room = row.amount - row.corrected;
            row.resource == resource && row.amount > 0 && -record.amount.get() <= room
        });
        let Some(row) = row else {
            return broken("I6", format!("there is nothing to correct: {record:?}"));
        };
        let mut want = self.want(EntryKind::Correction, resource);
        want.entry.amount = record.amount.get();
        want.entry.counted_at = Timestamp::from_micros(row.counted_at);
        want.entry.occurred_at = Timestamp::from_micros(row.occurred_at);
        want.entry.corrects = record.corrects;
        want.entry.metadata = record.metadata.clone();
        Ok(want)
    }

    fn reserve(&self, ask: &Reserve) -> Result<Vec<Want>, Violation> {
        let allowed = !ask.amounts.is_empty() && (1..=3_600).contains(&ask.ttl_s);
        ensure(allowed, "I6", || format!("accepted: {ask:?}"))?;
        self.amounts_are_fit(&ask.amounts, 1)?;
        let hold = Version(self.books.version + 1);
        let charges = ask.on_expiry == OnExpiry::Charge;
        let mut wants = Vec::with_capacity(ask.amounts.len());
        for (name, amount) in &ask.amounts {
            let mut want = self.want(EntryKind::Reserve, self.number(name)?);
            want.judged = true;
            want.entry.held = amount.get();
            want.entry.hold = Some(hold);
            want.entry.expires_at = Some(want.entry.recorded_at.plus_seconds(ask.ttl_s));
            want.entry.flags = Flags::NONE
                .with_if(self.passes_a_cap(want.resource, self.now, amount.get()), Flags::OVERAGE)
                .with_if(charges, Flags::CHARGE_ON_EXPIRY);
            wants.push(want);
        }
        Ok(first_carries(wants, ask.metadata.as_ref()))
    }

    fn amounts_are_fit(&self, amounts: &[(ResourceName, Amount)], least: i64) -> Audit {
        let twice = (1..amounts.len())
            .any(|index| amounts[..index].iter().any(|(name, _)| *name == amounts[index].0));
        let small = amounts.iter().any(|(_, amount)| amount.get() < least);
        ensure(!twice && !small && amounts.len() <= 8, "I6", || format!("accepted: {amounts:?}"))
    }

    fn open_hold(&self, version: Version) -> Result<&HoldBook, Violation> {
        match self.books.holds.get(&version.0) {
            Some(hold) if hold.status == HoldStatus::Open => Ok(hold),
            other => broken("I5", format!("hold {version} is not open: {other:?}")),
        }
    }

    fn extend(&self, ask: &HoldAsk) -> Result<Vec<Want>, Violation> {
        self.amounts_are_fit(&ask.amounts, 1)?;
        let hold = self.open_hold(ask.hold)?;
        let end = hold.expires_at.max(self.now + ask.ttl_s * 1_000_000);
        let added = self.unheld(hold, &ask.amounts);
        let allowed = (1..=3_600).contains(&ask.ttl_s)
            && end <= hold.reserved_at + HOLD_LIFE_MICROS
            && (added == 0 || hold.parts.len() + added <= 8);
        ensure(allowed, "I6", || format!("accepted: {ask:?} of {hold:?}"))?;
        let line = |resource, amount: i64| {
            let mut want = self.want(EntryKind::Extend, resource);
            want.judged = amount > 0;
            want.entry.held = amount;
            want.entry.hold = Some(ask.hold);
            want.entry.counted_at = Timestamp::from_micros(hold.reserved_at);
            want.entry.expires_at = Some(Timestamp::from_micros(end));
            let over = amount > 0 && self.passes_a_cap(resource, hold.reserved_at, amount);
            want.entry.flags = Flags::NONE.with_if(over, Flags::OVERAGE);
            want
        };
        if ask.amounts.is_empty() {
            return Ok(vec![line(hold.parts[0].resource, 0)]);
        }
        let asked = ask.amounts.iter();
        asked.map(|(name, amount)| Ok(line(self.number(name)?, amount.get()))).collect()
    }

    /// How many of these resources a hold does not have yet.
    pub(super) fn unheld(&self, hold: &HoldBook, amounts: &[(ResourceName, Amount)]) -> usize {
        let resources = amounts.iter().filter_map(|(name, _)| self.rules.resource(name));
        resources.filter(|resource| hold.part(*resource).is_none()).count()
    }

    fn release(&self, version: Version) -> Result<Vec<Want>, Violation> {
        let hold = self.open_hold(version)?;
        let lines = hold.parts.iter().map(|part| {
            let mut want = self.under(EntryKind::Release, part.resource, version, hold);
            want.entry.held = -part.held;
            want
        });
        Ok(last_ends(lines.collect()))
    }

    fn under(&self, kind: EntryKind, resource: usize, version: Version, hold: &HoldBook) -> Want {
        let mut want = self.want(kind, resource);
        want.entry.hold = Some(version);
        want.entry.counted_at = Timestamp::from_micros(hold.reserved_at);
        want
    }

    fn settle(&self, ask: &Settle) -> Result<Vec<Want>, Violation> {
        self.amounts_are_fit(&ask.amounts, 0)?;
        let Some(hold) = self.books.holds.get(&ask.hold.0) else {
            return broken("I5", format!("there is no hold {}", ask.hold));
        };
        let late = hold.status == HoldStatus::Expired;
        ensure(late || hold.status == HoldStatus::Open, "I5", || {
            format!("hold {} was settled although it is {:?}", ask.hold, hold.status)
        })?;
        let ends = ask.last || late;
        let mut wants = Vec::new();
        for part in &hold.parts {
            let used = asked_of(&ask.amounts, &self.rules.resources[part.resource].0).unwrap_or(0);
            let mut want = self.under(EntryKind::Settle, part.resource, ask.hold, hold);
            want.entry.amount = if late { used - part.charged_on_expiry } else { used };
            want.entry.held = -if ends { part.held } else { used.min(part.held) };
            let settled = part.charged - part.charged_on_expiry;
            let room = if late { part.reserved - settled } else { part.held };
            let unheld = part.reserved == 0 && used > 0;
            want.entry.flags = Flags::NONE
                .with_if(unheld, Flags::UNHELD)
                .with_if(!unheld && used > room.max(0), Flags::EXCESS);
            self.can_give_back(part, &want)?;
            wants.push(want);
        }
        for (name, amount) in &ask.amounts {
            let resource = self.number(name)?;
            if hold.part(resource).is_none() {
                let mut want = self.under(EntryKind::Settle, resource, ask.hold, hold);
                want.entry.amount = amount.get();
                want.entry.flags = Flags::UNHELD;
                wants.push(want);
            }
        }
        for want in &mut wants {
            want.entry.flags = want.entry.flags.with_if(late, Flags::LATE);
        }
        let wants = if ends { last_ends(wants) } else { wants };
        Ok(first_carries(wants, ask.metadata.as_ref()))
    }

    fn can_give_back(&self, part: &HoldPart, want: &Want) -> Audit {
        let left = self.books.parts[part.resource][Source::Api as usize] + want.entry.amount;
        let level = self.rules.is_level(part.resource);
        ensure(!level || left >= 0, "I6", || format!("{want:?} leaves {left}"))
    }

    /// A hold that has run out: the earliest first, and all of it.
    pub(super) fn expiry(&mut self, posting: &Posting) -> Audit {
        let due = self.books.due.first().copied();
        let Some((_, version)) = due.filter(|(end, _)| *end <= self.now) else {
            return broken("I5", format!("expired too early, next is {due:?}: {posting:?}"));
        };
        ensure(posting.key.is_none(), "I4", || format!("an expiry has no key: {posting:?}"))?;
        let hold = &self.books.holds[&version];
        let lines = hold.parts.iter().map(|part| {
            let mut want = self.under(EntryKind::Expire, part.resource, Version(version), hold);
            want.entry.held = -part.held;
            if hold.charges {
                want.entry.amount = part.held;
                want.entry.flags = Flags::CHARGE_ON_EXPIRY;
            }
            want
        });
        let wants = last_ends(lines.collect());
        self.entries(&posting.entries, &wants)
    }
}

fn asked_of(amounts: &[(ResourceName, Amount)], name: &ResourceName) -> Option<i64> {
    amounts.iter().find(|(asked, _)| asked == name).map(|(_, amount)| amount.get())
}

fn first_carries(mut wants: Vec<Want>, metadata: Option<&Arc<str>>) -> Vec<Want> {
    if let Some(first) = wants.first_mut() {
        first.entry.metadata = metadata.cloned();
    }
    wants
}

fn last_ends(mut wants: Vec<Want>) -> Vec<Want> {
    if let Some(last) = wants.last_mut() {
        last.entry.flags = last.entry.flags.with(Flags::FINAL);
    }
    wants
}
