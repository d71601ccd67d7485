//! That a refusal was true: what it says about the account is what the books say.

use super::{Audit, Ledger, books::Sum, ensure, limits::InForce};
use crate::calendar;
use novacore_ledger::{HoldAsk, Invalid, QuotaRefusal, Record, Refusal, Reserve, Settle, Verb};
use novacore_vocab::{AMOUNT_ABS_MAX, Amount, ResourceName, Source, Timestamp, Version, Window};

/// What one limit says to an ask.
struct Verdict<'a> {
    limit: InForce<'a>,
    sum: Sum,
    /// What is left under a hard cap.
    room: Option<i64>,
    end: Timestamp,
    refuses: bool,
}

impl Ledger<'_> {
    pub(super) fn refused(&self, verb: &Verb, refusal: &Refusal) -> Audit {
        let holds = match refusal {
            Refusal::KeyReused => false,
            Refusal::Invalid(invalid) => self.is_invalid(verb, invalid),
            Refusal::HoldUnknown => {
                hold_of(verb).is_some_and(|hold| !self.books.holds.contains_key(&hold.0))
            }
            Refusal::HoldEnded(status) => {
                let hold = hold_of(verb).and_then(|hold| self.books.holds.get(&hold.0));
                hold.is_some_and(|hold| hold.status == *status)
            }
            Refusal::Quota(quota) => return self.quota(verb, quota),
            Refusal::TooManyHolds => self.books.due.len() >= 10_000,
            Refusal::CounterRange(name) => self.leaves_range(verb, name),
            Refusal::LevelBelowZero { resource, part_of, part } => {
                let number = self.rules.resource(resource);
                let ours = number.map(|number| self.books.parts[number][*part_of as usize]);
                ours == Some(*part) && self.leaves_less_than_nothing(verb, resource, *part)
            }
        };
        ensure(holds, "I6", || format!("refused for no reason: {verb:?} {refusal:?}"))
    }

    fn quota(&self, verb: &Verb, told: &QuotaRefusal) -> Audit {
        let counted_at = match verb {
            Verb::Extend(ask) => self.books.holds.get(&ask.hold.0).map(|hold| hold.reserved_at),
            _ => Some(self.now),
        };
        let resource = self.rules.resource(&told.resource);
        let asked = asked_of(verb, &told.resource);
        let (Some(at), Some(resource), Some(asked)) = (counted_at, resource, asked) else {
            return ensure(false, "I6", || format!("refused what was not asked: {told:?}"));
        };
        let verdicts = self.verdicts(resource, at, asked);
        let mut refusing: Option<&Verdict<'_>> = None;
        for verdict in verdicts.iter().filter(|verdict| verdict.refuses) {
            if refusing.is_none_or(|earlier| verdict.end > earlier.end) {
                refusing = Some(verdict);
            }
        }
        let Some(Verdict { limit, sum, end, .. }) = refusing else {
            return ensure(false, "I11", || format!("there was room: {told:?}"));
        };
        let least = verdicts.iter().filter_map(|verdict| verdict.room).min();
        let ends = limit.window != Window::Lifetime && end.micros() > self.now;
        let expected = QuotaRefusal {
            resource: told.resource.clone(),
            limit: limit.name.clone(),
            window: limit.window,
            used: sum.used,
            held: sum.held,
            cap: limit.cap.unwrap_or(-1),
            requested: asked,
            remaining: least.unwrap_or(0).max(0),
            resets_at: ends.then_some(*end),
            decided_at: Timestamp::from_micros(self.now),
            upgrade_to: told.upgrade_to.clone(),
        };
        ensure(expected == *told, "I11", || format!("told {told:?}, true is {expected:?}"))
    }

    /// What each limit says to an ask that counts at `at`.
    fn verdicts(&self, resource: usize, at: i64, asked: i64) -> Vec<Verdict<'_>> {
        let limits = self.rules.in_force(&self.books.profile, resource, self.now);
        let mut verdicts = Vec::with_capacity(limits.len());
        for limit in limits {
            let sum = self.books.sum(resource, limit.window, at);
            let closed = self.is_closed(limit.window, at, sum.held);
            let sum = if closed { Sum::default() } else { sum };
            let left = |cap| if closed { 0 } else { cap - sum.used - sum.held };
            let room = limit.hard_cap().map(left);
            let refuses = room.is_some_and(|room| asked > room);
            let end = calendar::end(limit.window, at).unwrap_or(Timestamp::MAX);
            verdicts.push(Verdict { limit, sum, room, end, refuses });
        }
        verdicts
    }

    fn leaves_range(&self, verb: &Verb, name: &ResourceName) -> bool {
        let Some(resource) = self.rules.resource(name) else { return false };
        let sum = self.books.sum(resource, Window::Lifetime, self.now);
        let asked = asked_of(verb, name).unwrap_or(0);
        // A settle gives back what it holds, so the least that it may leave is its use alone.
        sum.used + sum.held + asked > AMOUNT_ABS_MAX
    }

    fn leaves_less_than_nothing(&self, verb: &Verb, name: &ResourceName, part: i64) -> bool {
        match verb {
            Verb::Record(record) => record.resource == *name && part + record.amount.get() < 0,
            Verb::Settle(settle) => {
                let hold = self.books.holds.get(&settle.hold.0);
                let resource = self.rules.resource(name);
                let charged = hold.zip(resource).and_then(|(hold, resource)| hold.part(resource));
                let charged = charged.map_or(0, |part| part.charged_on_expiry);
                part + asked_of(verb, name).unwrap_or(0) - charged < 0
            }
            Verb::Reserve(_) | Verb::Extend(_) | Verb::Release(_) | Verb::Sweep => false,
        }
    }

    fn is_invalid(&self, verb: &Verb, invalid: &Invalid) -> bool {
        match verb {
            Verb::Record(record) => self.record_is_invalid(record, invalid),
            Verb::Reserve(Reserve { amounts, ttl_s, metadata, .. }) => match invalid {
                Invalid::NoAmounts => amounts.is_empty(),
                Invalid::Ttl => !(1..=3_600).contains(ttl_s),
                Invalid::MetadataTooLarge => is_large(metadata.as_deref()),
                other => self.amounts_are_invalid(amounts, other),
            },
            Verb::Settle(Settle { amounts, metadata, .. }) => match invalid {
                Invalid::MetadataTooLarge => is_large(metadata.as_deref()),
                Invalid::AmountZero => false,
                other => self.amounts_are_invalid(amounts, other),
            },
            Verb::Extend(HoldAsk { hold, ttl_s, amounts }) => match invalid {
                Invalid::Ttl => !(1..=3_600).contains(ttl_s),
                Invalid::HoldLife => self.books.holds.get(&hold.0).is_some_and(|hold| {
                    let end = hold.expires_at.max(self.now + ttl_s * 1_000_000);
                    end > hold.reserved_at + 86_400_000_000
                }),
                Invalid::TooManyAmounts if amounts.len() <= 8 => {
                    let hold = self.books.holds.get(&hold.0);
                    hold.is_some_and(|hold| hold.parts.len() + self.unheld(hold, amounts) > 8)
                }
                other => self.amounts_are_invalid(amounts, other),
            },
            Verb::Release(_) | Verb::Sweep => false,
        }
    }

    fn record_is_invalid(&self, record: &Record, invalid: &Invalid) -> bool {
        let amount = record.amount.get();
        let resource = self.rules.resource(&record.resource);
        let takes_back = amount < 0 && resource.is_some_and(|number| !self.rules.is_level(number));
        let index = record.corrects.and_then(|version| version.0.checked_sub(1));
        let row = index.and_then(|index| self.books.rows.get(index as usize));
        let row = row.filter(|row| Some(row.resource) == resource && row.amount > 0);
        let age = record.occurred_at.map_or(0, |at| self.now - at.micros());
        match invalid {
            Invalid::AmountZero => amount == 0 && record.source == Source::Api,
            Invalid::ResourceUnknown(name) => resource.is_none() && *name == record.resource,
            Invalid::OccurredAt => !(-300_000_000..=400 * 86_400_000_000).contains(&age),
            Invalid::MetadataTooLarge => is_large(record.metadata.as_deref()),
            Invalid::CorrectsMissing => takes_back && record.corrects.is_none(),
            Invalid::CorrectsMisplaced => !takes_back && record.corrects.is_some(),
            Invalid::CorrectsUnknown => takes_back && row.is_none(),
            Invalid::CorrectsTooMuch { left } => {
                row.is_some_and(|row| row.amount - row.corrected == *left && -amount > *left)
            }
            Invalid::AmountNegative
            | Invalid::NoAmounts
            | Invalid::TooManyAmounts
            | Invalid::ResourceTwice(_)
            | Invalid::Ttl
            | Invalid::HoldLife => false,
        }
    }

    fn amounts_are_invalid(&self, amounts: &[(ResourceName, Amount)], invalid: &Invalid) -> bool {
        match invalid {
            Invalid::TooManyAmounts => amounts.len() > 8,
            Invalid::AmountZero => amounts.iter().any(|(_, amount)| amount.is_zero()),
            Invalid::AmountNegative => amounts.iter().any(|(_, amount)| amount.get() < 0),
            Invalid::ResourceTwice(twice) => {
                amounts.iter().filter(|(name, _)| name == twice).count() > 1
            }
            Invalid::ResourceUnknown(unknown) => {
                self.rules.resource(unknown).is_none()
                    && amounts.iter().any(|(name, _)| name == unknown)
            }
            _ => false,
        }
    }
}

fn is_large(metadata: Option<&str>) -> bool {
    metadata.is_some_and(|text| text.len() > 2_048)
}

fn hold_of(verb: &Verb) -> Option<Version> {
    match verb {
        Verb::Settle(settle) => Some(settle.hold),
        Verb::Extend(ask) => Some(ask.hold),
        Verb::Release(hold) => Some(*hold),
        Verb::Record(_) | Verb::Reserve(_) | Verb::Sweep => None,
    }
}

fn asked_of(verb: &Verb, name: &ResourceName) -> Option<i64> {
    let amounts = match verb {
        Verb::Record(record) => return (record.resource == *name).then(|| record.amount.get()),
        Verb::Reserve(reserve) => &reserve.amounts,
        Verb::Settle(settle) => &settle.amounts,
        Verb::Extend(ask) => &ask.amounts,
        Verb::Release(_) | Verb::Sweep => return None,
    };
    amounts.iter().find(|(asked, _)| asked == name).map(|(_, amount)| amount.get())
}
