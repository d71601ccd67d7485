//! Record: use that has happened, or is asked for.

use super::{
    Draft, Line,
    admit::{self, Ask},
};
use crate::{
    EntryKind, Expect, Flags, Invalid, OCCURRED_DAYS_MAX, OCCURRED_LEAD_S_MAX, Record, Refusal,
    command::check_metadata,
};
use novacore_vocab::{ResourceKind, Source, Timestamp};

pub(super) fn record(draft: &mut Draft<'_>, record: &Record) -> Result<(), Refusal> {
    check_metadata(record.metadata.as_ref())?;
    let kind = draft.kind_of(&record.resource)?;
    // The memory service keeps the key of a change that moves no bytes with an entry of 0.
    if record.amount.is_zero() && record.source == Source::Api {
        return Err(Invalid::AmountZero.into());
    }
    let occurred_at = occurred_at(record, draft.now)?;
    if record.amount.get() < 0 && kind == ResourceKind::Flow {
        return correct(draft, record);
    }
    if record.corrects.is_some() {
        return Err(Invalid::CorrectsMisplaced.into());
    }
    check_part(draft, record, kind)?;
    draft.check_range(&record.resource, record.amount.get())?;
    let marks = judge(draft, record)?;
    let late = occurred_at.day_number() < draft.now.day_number();
    draft.write(Line {
        source: record.source,
        amount: record.amount.get(),
        occurred_at,
        flags: marks.with_if(late, Flags::LATE),
        metadata: record.metadata.clone(),
        ..draft.line(&record.resource)
    });
    draft.note_standing(&record.resource, record.amount.get(), 0, draft.now);
    Ok(())
}

fn occurred_at(record: &Record, now: Timestamp) -> Result<Timestamp, Invalid> {
    let Some(at) = record.occurred_at else {
        return Ok(now);
    };
    let inside =
        now.plus_days(-OCCURRED_DAYS_MAX) <= at && at <= now.plus_seconds(OCCURRED_LEAD_S_MAX);
    if inside { Ok(at) } else { Err(Invalid::OccurredAt) }
}

/// No part of a level goes below zero.
fn check_part(draft: &Draft<'_>, record: &Record, kind: ResourceKind) -> Result<(), Refusal> {
    let part = draft.state.part(&record.resource, record.source);
    if kind == ResourceKind::Level && part + record.amount.get() < 0 {
        let resource = record.resource.clone();
        return Err(Refusal::LevelBelowZero { resource, part_of: record.source, part });
    }
    Ok(())
}

fn judge(draft: &Draft<'_>, record: &Record) -> Result<Flags, Refusal> {
    let (state, policy, now) = (draft.state, draft.policy, draft.now);
    match record.expect {
        Expect::Admission if record.amount.get() > 0 => {
            let ask =
                Ask { resource: &record.resource, amount: record.amount, counted_at: now, now };
            let marks = admit::admit(state, policy, &ask)?;
            Ok(marks.with(Flags::ENFORCED))
        }
        Expect::Admission | Expect::Fact => Ok(overage(draft, record)),
    }
}

/// What has happened is never refused, but marked if it lies above a cap.
fn overage(draft: &Draft<'_>, record: &Record) -> Flags {
    let (state, now, amount) = (draft.state, draft.now, record.amount.get());
    let over = draft.policy.limits(&state.profile, &record.resource, now).any(|limit| {
        let (used, held) = state.totals(&record.resource, limit.window, now);
        admit::is_over(&limit, used + held + amount)
    });
    Flags::NONE.with_if(over && amount > 0, Flags::OVERAGE)
}

/// A negative amount on a flow: takes back part of an earlier entry, in that entry's window.
fn correct(draft: &mut Draft<'_>, record: &Record) -> Result<(), Refusal> {
    let version = record.corrects.ok_or(Invalid::CorrectsMissing)?;
    let entry = draft
        .state
        .correctable
        .get(&version)
        .filter(|entry| entry.resource == record.resource && entry.amount > 0)
        .ok_or(Invalid::CorrectsUnknown)?;
    let left = entry.amount - entry.corrected;
    if -record.amount.get() > left {
        return Err(Invalid::CorrectsTooMuch { left }.into());
    }
    let (counted_at, occurred_at) = (entry.counted_at, entry.occurred_at);
    draft.write(Line {
        kind: EntryKind::Correction,
        amount: record.amount.get(),
        counted_at,
        occurred_at,
        corrects: Some(version),
        metadata: record.metadata.clone(),
        ..draft.line(&record.resource)
    });
    draft.note_standing(&record.resource, record.amount.get(), 0, counted_at);
    Ok(())
}
