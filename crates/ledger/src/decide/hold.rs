//! Reserve, settle, extend, release.
//!
//! Invariant: a hold belongs to the windows around its reserve, whenever it is settled.

use super::{
    Draft, Line,
    admit::{self, Ask},
};
use crate::{
    AMOUNTS_MAX, EntryKind, Flags, HOLD_LIFE_S_MAX, Hold, HoldAsk, HoldStatus, Invalid,
    OPEN_HOLDS_MAX, Refusal, Reserve, Settle, TTL_S_MAX,
    command::{check_amounts, check_metadata},
};
use novacore_vocab::{Amount, ResourceKind, ResourceName, Source, Timestamp, Version};

pub(super) fn reserve(draft: &mut Draft<'_>, ask: &Reserve) -> Result<(), Refusal> {
    check_metadata(ask.metadata.as_ref())?;
    check_amounts(&ask.amounts, 1)?;
    if ask.amounts.is_empty() {
        return Err(Invalid::NoAmounts.into());
    }
    check_ttl(ask.ttl_s)?;
    check_known(draft, &ask.amounts)?;
    if draft.state.open_holds() >= OPEN_HOLDS_MAX {
        return Err(Refusal::TooManyHolds);
    }
    let marks = admit_all(draft, &ask.amounts, draft.now)?;
    let version = draft.next_version();
    let expires_at = draft.now.plus_seconds(ask.ttl_s);
    for (index, (resource, amount)) in ask.amounts.iter().enumerate() {
        draft.write(Line {
            kind: EntryKind::Reserve,
            held: amount.get(),
            hold: Some(version),
            expires_at: Some(expires_at),
            flags: marks[index].with(ask.on_expiry.flags()),
            metadata: ask.metadata.clone().filter(|_| index == 0),
            ..draft.line(resource)
        });
        draft.note_standing(resource, 0, amount.get(), draft.now);
    }
    draft.hold = Some(version);
    draft.expires_at = Some(expires_at);
    Ok(())
}

fn check_ttl(ttl_s: i64) -> Result<(), Invalid> {
    if (1..=TTL_S_MAX).contains(&ttl_s) { Ok(()) } else { Err(Invalid::Ttl) }
}

fn check_known(draft: &Draft<'_>, amounts: &[(ResourceName, Amount)]) -> Result<(), Refusal> {
    amounts.iter().try_for_each(|(resource, _)| draft.kind_of(resource).map(|_| ()))
}

/// Admits every amount or none; they will count at `counted_at`.
fn admit_all(
    draft: &Draft<'_>,
    amounts: &[(ResourceName, Amount)],
    counted_at: Timestamp,
) -> Result<Vec<Flags>, Refusal> {
    let mut marks = Vec::with_capacity(amounts.len());
    for (resource, amount) in amounts {
        draft.check_range(resource, amount.get())?;
        let ask = Ask { resource, amount: *amount, counted_at, now: draft.now };
        marks.push(admit::admit(draft.state, draft.policy, &ask)?);
    }
    Ok(marks)
}

pub(super) fn extend(draft: &mut Draft<'_>, ask: &HoldAsk) -> Result<(), Refusal> {
    check_amounts(&ask.amounts, 1)?;
    check_ttl(ask.ttl_s)?;
    check_known(draft, &ask.amounts)?;
    let hold = open_hold(draft, ask.hold)?;
    let added = ask.amounts.iter().filter(|(name, _)| hold.amount(name).is_none()).count();
    if added > 0 && hold.amounts.len() + added > AMOUNTS_MAX {
        return Err(Invalid::TooManyAmounts.into());
    }
    // An extension never shortens: a late one must not take back what an earlier one gave.
    let expires_at = hold.expires_at.max(draft.now.plus_seconds(ask.ttl_s));
    if hold.reserved_at.plus_seconds(HOLD_LIFE_S_MAX) < expires_at {
        return Err(Invalid::HoldLife.into());
    }
    let reserved_at = hold.reserved_at;
    // Headroom added to a hold is held, and so judged, in the hold's windows.
    let marks = admit_all(draft, &ask.amounts, reserved_at)?;
    let first = hold.amounts.first().map(|held| held.resource.clone());
    let template = Line {
        kind: EntryKind::Extend,
        counted_at: reserved_at,
        hold: Some(ask.hold),
        expires_at: Some(expires_at),
        ..draft.line(&first.expect("a hold holds something"))
    };
    if ask.amounts.is_empty() {
        draft.note_standing(&template.resource, 0, 0, reserved_at);
        draft.write(template.clone());
    }
    for ((resource, amount), marks) in ask.amounts.iter().zip(marks) {
        let line = Line {
            resource: resource.clone(),
            held: amount.get(),
            flags: marks,
            ..template.clone()
        };
        draft.write(line);
        draft.note_standing(resource, 0, amount.get(), reserved_at);
    }
    draft.hold = Some(ask.hold);
    draft.expires_at = Some(expires_at);
    Ok(())
}

fn open_hold<'a>(draft: &Draft<'a>, version: Version) -> Result<&'a Hold, Refusal> {
    let hold = draft.state.holds.get(&version).ok_or(Refusal::HoldUnknown)?;
    match hold.status {
        HoldStatus::Open => Ok(hold),
        HoldStatus::Settled
        | HoldStatus::Released
        | HoldStatus::Expired
        | HoldStatus::SettledLate => Err(Refusal::HoldEnded(hold.status)),
    }
}

pub(super) fn release(draft: &mut Draft<'_>, version: Version) -> Result<(), Refusal> {
    let hold = open_hold(draft, version)?;
    let last = hold.amounts.len().saturating_sub(1);
    for (index, held) in hold.amounts.iter().enumerate() {
        draft.write(Line {
            kind: EntryKind::Release,
            held: -held.held,
            counted_at: hold.reserved_at,
            hold: Some(version),
            flags: Flags::NONE.with_if(index == last, Flags::FINAL),
            ..draft.line(&held.resource)
        });
        draft.note_standing(&held.resource, 0, -held.held, hold.reserved_at);
    }
    draft.hold = Some(version);
    Ok(())
}

pub(super) fn settle(draft: &mut Draft<'_>, ask: &Settle) -> Result<(), Refusal> {
    check_metadata(ask.metadata.as_ref())?;
    check_amounts(&ask.amounts, 0)?;
    check_known(draft, &ask.amounts)?;
    let hold = draft.state.holds.get(&ask.hold).ok_or(Refusal::HoldUnknown)?;
    let late = match hold.status {
        HoldStatus::Open => false,
        HoldStatus::Expired => true,
        HoldStatus::Settled | HoldStatus::Released | HoldStatus::SettledLate => {
            return Err(Refusal::HoldEnded(hold.status));
        }
    };
    let lines = settle_lines(hold, ask, late);
    for line in &lines {
        draft.check_range(&line.resource, line.amount + line.held)?;
        check_give_back(draft, line)?;
    }
    let last = lines.len() - 1;
    for (index, line) in lines.into_iter().enumerate() {
        let ends = index == last && (ask.last || late);
        draft.write(Line {
            kind: EntryKind::Settle,
            amount: line.amount,
            held: line.held,
            counted_at: hold.reserved_at,
            hold: Some(ask.hold),
            flags: line.flags.with_if(ends, Flags::FINAL),
            metadata: ask.metadata.clone().filter(|_| index == 0),
            ..draft.line(&line.resource)
        });
        draft.note_standing(&line.resource, line.amount, line.held, hold.reserved_at);
    }
    draft.hold = Some(ask.hold);
    Ok(())
}

/// What a settle does to one resource.
struct SettleLine {
    resource: ResourceName,
    amount: i64,
    held: i64,
    flags: Flags,
}

/// One line per held resource, then one per resource that was not held.
fn settle_lines(hold: &Hold, ask: &Settle, late: bool) -> Vec<SettleLine> {
    let asked = |resource: &ResourceName| {
        let found = ask.amounts.iter().find(|(name, _)| name == resource);
        found.map_or(0, |(_, amount)| amount.get())
    };
    let marks = Flags::NONE.with_if(late, Flags::LATE);
    let held = hold.amounts.iter().map(|held| {
        let used = asked(&held.resource);
        let freed = if ask.last || late { held.held } else { used.min(held.held) };
        // What the expiry charged is part of the real use, not on top of it.
        let amount = used - held.charged_on_expiry;
        let settled = held.charged - held.charged_on_expiry;
        let headroom = if late { held.reserved - settled } else { held.held };
        let unheld = held.reserved == 0 && used > 0;
        SettleLine {
            resource: held.resource.clone(),
            amount,
            held: -freed,
            flags: marks
                .with_if(unheld, Flags::UNHELD)
                .with_if(!unheld && used > headroom.max(0), Flags::EXCESS),
        }
    });
    let unheld = ask.amounts.iter().filter(|(name, _)| hold.amount(name).is_none());
    let unheld = unheld.map(|(resource, amount)| SettleLine {
        resource: resource.clone(),
        amount: amount.get(),
        held: 0,
        flags: marks.with(Flags::UNHELD),
    });
    held.chain(unheld).collect()
}

/// A late settle may find that the expiry charged too much; on a level the surplus must still be
/// there.
fn check_give_back(draft: &Draft<'_>, line: &SettleLine) -> Result<(), Refusal> {
    // A resource that was held may be configured no longer; its hold can be settled all the same.
    let spec = draft.policy.resource(&line.resource);
    let level = spec.is_some_and(|spec| spec.kind == ResourceKind::Level);
    let part = draft.state.part(&line.resource, Source::Api);
    if level && part + line.amount < 0 {
        let resource = line.resource.clone();
        return Err(Refusal::LevelBelowZero { resource, part_of: Source::Api, part });
    }
    Ok(())
}
