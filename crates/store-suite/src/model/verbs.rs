//! The verbs, each a list of rules in the order in which they are stated.

use super::{
    Done, Model,
    limits::{self, More},
};
use novacore_ledger::{
    AMOUNTS_MAX, Entry, EntryKind, Expect, Flags, HOLD_LIFE_S_MAX, Hold, HoldAsk, HoldStatus,
    Invalid, METADATA_BYTES_MAX, OCCURRED_DAYS_MAX, OCCURRED_LEAD_S_MAX, OPEN_HOLDS_MAX, OnExpiry,
    Record, Refusal, Reserve, Settle, TTL_S_MAX,
};
use novacore_vocab::{Amount, ResourceKind, ResourceName, Source, Timestamp, Version};

type Amounts = [(ResourceName, Amount)];

/// A rule: refuse unless it holds.
fn require(holds: bool, refusal: impl Into<Refusal>) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(refusal.into()) }
}

fn require_metadata(metadata: Option<&str>) -> Result<(), Refusal> {
    let bytes = metadata.map_or(0, str::len);
    require(bytes <= METADATA_BYTES_MAX, Invalid::MetadataTooLarge)
}

fn require_amounts(amounts: &Amounts, least: i64) -> Result<(), Refusal> {
    require(amounts.len() <= AMOUNTS_MAX, Invalid::TooManyAmounts)?;
    for (index, (resource, amount)) in amounts.iter().enumerate() {
        let first = amounts.iter().position(|(name, _)| name == resource);
        require(first == Some(index), Invalid::ResourceTwice(resource.clone()))?;
        require(amount.get() != 0 || least == 0, Invalid::AmountZero)?;
        require(amount.get() >= 0, Invalid::AmountNegative)?;
    }
    Ok(())
}

fn require_known(model: &Model, amounts: &Amounts) -> Result<(), Refusal> {
    for (resource, _) in amounts {
        require_kind(model, resource)?;
    }
    Ok(())
}

fn require_kind(model: &Model, resource: &ResourceName) -> Result<ResourceKind, Refusal> {
    model.kind(resource).ok_or(Refusal::Invalid(Invalid::ResourceUnknown(resource.clone())))
}

fn require_ttl(ttl_s: i64) -> Result<(), Refusal> {
    require(0 < ttl_s && ttl_s <= TTL_S_MAX, Invalid::Ttl)
}

fn later_by(at: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_micros(at.micros() + seconds * 1_000_000)
}

pub(super) fn record(model: &Model, ask: &Record, now: Timestamp) -> Result<Done, Refusal> {
    require_metadata(ask.metadata.as_deref())?;
    let kind = require_kind(model, &ask.resource)?;
    let amount = ask.amount.get();
    require(amount != 0 || ask.source == Source::Memory, Invalid::AmountZero)?;
    let occurred_at = ask.occurred_at.unwrap_or(now);
    let earliest = later_by(now, -OCCURRED_DAYS_MAX * 86_400);
    require(earliest <= occurred_at, Invalid::OccurredAt)?;
    require(occurred_at <= later_by(now, OCCURRED_LEAD_S_MAX), Invalid::OccurredAt)?;
    if amount < 0 && kind == ResourceKind::Flow {
        return correction(model, ask, now);
    }
    require(ask.corrects.is_none(), Invalid::CorrectsMisplaced)?;
    if kind == ResourceKind::Level {
        require_part(model, &ask.resource, ask.source, amount)?;
    }
    limits::check_range(model, &ask.resource, amount)?;
    let more = More { resource: &ask.resource, amount, at: now, now };
    let mut flags = match ask.expect {
        Expect::Admission if amount > 0 => limits::admit(model, &more)?.with(Flags::ENFORCED),
        Expect::Admission | Expect::Fact => overage(model, &more),
    };
    let day = |at: Timestamp| at.micros().div_euclid(86_400_000_000);
    flags = flags.with_if(day(occurred_at) < day(now), Flags::LATE);
    let line = Entry {
        source: ask.source,
        amount,
        occurred_at,
        flags,
        metadata: ask.metadata.clone(),
        ..model.blank(&ask.resource, now)
    };
    Ok(Done { lines: vec![line], ..Done::default() })
}

fn require_part(
    model: &Model,
    resource: &ResourceName,
    source: Source,
    change: i64,
) -> Result<(), Refusal> {
    let part = limits::part(model, resource, source);
    let refusal = Refusal::LevelBelowZero { resource: resource.clone(), part_of: source, part };
    require(part + change >= 0, refusal)
}

/// A fact is flagged if it leads above any cap.
fn overage(model: &Model, more: &More<'_>) -> Flags {
    let limits = limits::limits(model, more.resource, more.now);
    let over = limits.iter().any(|limit| {
        let (used, held) = limits::sums(model, more.resource, limit.window, more.now);
        limit.cap.is_some_and(|cap| used + held + more.amount > cap)
    });
    Flags::NONE.with_if(over && more.amount > 0, Flags::OVERAGE)
}

fn correction(model: &Model, ask: &Record, now: Timestamp) -> Result<Done, Refusal> {
    let version = ask.corrects.ok_or(Refusal::Invalid(Invalid::CorrectsMissing))?;
    let charged = model.entries.iter().find(|entry| {
        entry.version == version
            && entry.resource == ask.resource
            && entry.amount > 0
            && entry.kind != EntryKind::Expire
    });
    let charged = charged.ok_or(Refusal::Invalid(Invalid::CorrectsUnknown))?;
    let earlier = model.entries.iter().filter(|entry| entry.corrects == Some(version));
    let left = charged.amount + earlier.map(|entry| entry.amount).sum::<i64>();
    require(left + ask.amount.get() >= 0, Invalid::CorrectsTooMuch { left })?;
    let line = Entry {
        kind: EntryKind::Correction,
        amount: ask.amount.get(),
        counted_at: charged.counted_at,
        occurred_at: charged.occurred_at,
        corrects: Some(version),
        metadata: ask.metadata.clone(),
        ..model.blank(&ask.resource, now)
    };
    Ok(Done { lines: vec![line], ..Done::default() })
}

pub(super) fn reserve(model: &Model, ask: &Reserve, now: Timestamp) -> Result<Done, Refusal> {
    require_metadata(ask.metadata.as_deref())?;
    require_amounts(&ask.amounts, 1)?;
    require(!ask.amounts.is_empty(), Invalid::NoAmounts)?;
    require_ttl(ask.ttl_s)?;
    require_known(model, &ask.amounts)?;
    let open = super::holds::open(&model.entries).len();
    require(open < OPEN_HOLDS_MAX, Refusal::TooManyHolds)?;
    let hold = Version(model.entries.len() as u64 + 1);
    let expires_at = later_by(now, ask.ttl_s);
    let charges = ask.on_expiry == OnExpiry::Charge;
    let mut lines = Vec::new();
    for (resource, amount) in &ask.amounts {
        let flags = headroom(model, resource, amount.get(), now, now)?;
        lines.push(Entry {
            kind: EntryKind::Reserve,
            held: amount.get(),
            hold: Some(hold),
            expires_at: Some(expires_at),
            flags: flags.with_if(charges, Flags::CHARGE_ON_EXPIRY),
            metadata: if lines.is_empty() { ask.metadata.clone() } else { None },
            ..model.blank(resource, now)
        });
    }
    Ok(Done { lines, hold: Some(hold), expires_at: Some(expires_at) })
}

/// Whether so much may be set aside, counted at an instant.
fn headroom(
    model: &Model,
    resource: &ResourceName,
    amount: i64,
    at: Timestamp,
    now: Timestamp,
) -> Result<Flags, Refusal> {
    limits::check_range(model, resource, amount)?;
    limits::admit(model, &More { resource, amount, at, now })
}

pub(super) fn extend(model: &Model, ask: &HoldAsk, now: Timestamp) -> Result<Done, Refusal> {
    require_amounts(&ask.amounts, 1)?;
    require_ttl(ask.ttl_s)?;
    require_known(model, &ask.amounts)?;
    let hold = model.hold(ask.hold).ok_or(Refusal::HoldUnknown)?;
    require(hold.status == HoldStatus::Open, Refusal::HoldEnded(hold.status))?;
    let new = ask.amounts.iter().filter(|(resource, _)| hold.amount(resource).is_none()).count();
    require(new == 0 || hold.amounts.len() + new <= AMOUNTS_MAX, Invalid::TooManyAmounts)?;
    let expires_at = later_by(now, ask.ttl_s).max(hold.expires_at);
    require(expires_at <= later_by(hold.reserved_at, HOLD_LIFE_S_MAX), Invalid::HoldLife)?;
    let line = |resource: &ResourceName, held: i64, flags: Flags| Entry {
        kind: EntryKind::Extend,
        held,
        counted_at: hold.reserved_at,
        hold: Some(hold.version),
        expires_at: Some(expires_at),
        flags,
        ..model.blank(resource, now)
    };
    let mut lines = Vec::new();
    for (resource, amount) in &ask.amounts {
        let flags = headroom(model, resource, amount.get(), hold.reserved_at, now)?;
        lines.push(line(resource, amount.get(), flags));
    }
    if lines.is_empty() {
        lines.push(line(&hold.amounts[0].resource, 0, Flags::NONE));
    }
    Ok(Done { lines, hold: Some(hold.version), expires_at: Some(expires_at) })
}

pub(super) fn release(model: &Model, version: Version, now: Timestamp) -> Result<Done, Refusal> {
    let hold = model.hold(version).ok_or(Refusal::HoldUnknown)?;
    require(hold.status == HoldStatus::Open, Refusal::HoldEnded(hold.status))?;
    let mut lines = Vec::new();
    for held in &hold.amounts {
        let last = lines.len() + 1 == hold.amounts.len();
        lines.push(Entry {
            kind: EntryKind::Release,
            held: -held.held,
            counted_at: hold.reserved_at,
            hold: Some(version),
            flags: Flags::NONE.with_if(last, Flags::FINAL),
            ..model.blank(&held.resource, now)
        });
    }
    Ok(Done { lines, hold: Some(version), expires_at: None })
}

pub(super) fn settle(model: &Model, ask: &Settle, now: Timestamp) -> Result<Done, Refusal> {
    require_metadata(ask.metadata.as_deref())?;
    require_amounts(&ask.amounts, 0)?;
    require_known(model, &ask.amounts)?;
    let hold = model.hold(ask.hold).ok_or(Refusal::HoldUnknown)?;
    let late = hold.status == HoldStatus::Expired;
    require(late || hold.status == HoldStatus::Open, Refusal::HoldEnded(hold.status))?;
    let mut resources: Vec<&ResourceName> = hold.amounts.iter().map(|one| &one.resource).collect();
    let others = ask.amounts.iter().map(|(resource, _)| resource);
    resources.extend(others.filter(|resource| hold.amount(resource).is_none()));
    let ends = ask.last || late;
    let mut lines = Vec::new();
    for resource in &resources {
        let change = settled(&hold, ask, resource, ends);
        limits::check_range(model, resource, change.amount - change.freed)?;
        if model.kind(resource) == Some(ResourceKind::Level) {
            require_part(model, resource, Source::Api, change.amount)?;
        }
        let last = lines.len() + 1 == resources.len();
        lines.push(Entry {
            kind: EntryKind::Settle,
            amount: change.amount,
            held: -change.freed,
            counted_at: hold.reserved_at,
            hold: Some(hold.version),
            flags: change.flags.with_if(late, Flags::LATE).with_if(ends && last, Flags::FINAL),
            metadata: if lines.is_empty() { ask.metadata.clone() } else { None },
            ..model.blank(resource, now)
        });
    }
    Ok(Done { lines, hold: Some(hold.version), expires_at: None })
}

struct Settled {
    amount: i64,
    freed: i64,
    flags: Flags,
}

/// What a settle does to one resource of a hold.
fn settled(hold: &Hold, ask: &Settle, resource: &ResourceName, ends: bool) -> Settled {
    let named = ask.amounts.iter().find(|(name, _)| name == resource);
    let used = named.map_or(0, |(_, amount)| amount.get());
    let Some(held) = hold.amount(resource) else {
        return Settled { amount: used, freed: 0, flags: Flags::UNHELD };
    };
    let late = hold.status == HoldStatus::Expired;
    // Late, all that was ever set aside stands against all that was ever settled.
    let settled = held.charged - held.charged_on_expiry;
    let room = if late { (held.reserved - settled).max(0) } else { held.held };
    let flags = match (held.reserved, used) {
        (0, 1..) => Flags::UNHELD,
        (_, used) if used > room => Flags::EXCESS,
        _ => Flags::NONE,
    };
    let freed = if ends { held.held } else { used.min(held.held) };
    Settled { amount: used - held.charged_on_expiry, freed, flags }
}
