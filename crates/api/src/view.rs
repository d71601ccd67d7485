//! From the domain to the shapes of the wire.

pub(crate) mod limits;
pub(crate) mod memory;
pub(crate) mod refusals;

use novacore_app::{check_quota::WARN_FROM, report::AccountReport, submit::Done};
use novacore_edge::Failure;
use novacore_ledger::{Answer, Cap, Entry, Hold, Limit, Mode, OnExpiry, Override, Standing, Tier};
use novacore_vocab::{
    Amount, EntryId, HoldId, Percent, ResourceName, ResourceSpec, Timestamp, UserId, human_amount,
    human_bytes, percent_of,
};
use novacore_wire::{
    admin::{LimitMode, LimitView, OverrideView, PutLimit, TierView},
    entries::{EntryRow, ThresholdRow},
    number::WirePercent,
    reservations::{
        self, Decision, Reservation, ReservationAmount, Reserved, Settled, StandingRow,
    },
    usage::{Current, Quota, QuotaRow, QuotaStorage, Stats, StatsLimits, StatsRow},
};
use serde_json::value::RawValue;

const FULL: Percent = Percent(10_000);

/// What is used of a cap, in per cent; `None` if unlimited.
pub(crate) fn share(standing: &Standing) -> Option<Percent> {
    (standing.cap >= 0).then(|| percent_of(standing.used, standing.cap))
}

/// As [`share`], 0 if unlimited.
pub(crate) fn fixed_share(standing: &Standing) -> WirePercent {
    WirePercent(share(standing).unwrap_or(Percent(0)))
}

fn current(standing: &Standing) -> Current {
    Current {
        used: standing.used,
        held: standing.held,
        limit: standing.cap,
        remaining: standing.remaining,
        window: standing.window,
        resets_at: standing.resets_at,
    }
}

/// The answer of `/usage/stats`; `amounts` are the uses in the period, in the report's order.
pub(crate) fn stats(report: &AccountReport, days: i64, amounts: &[i64]) -> Stats {
    let rows = report.rows.iter().zip(amounts);
    let breakdown = rows.map(|((spec, standing), amount)| StatsRow {
        resource_type: spec.name.clone(),
        amount: *amount,
        human_readable: human_amount(*amount, spec),
        percentage: share(standing).map(WirePercent),
        current: current(standing),
    });
    let cap = |name| report.row(name).map_or(-1, |(_, standing)| standing.cap);
    Stats {
        user_id: report.user,
        period: format!("last_{days}_days"),
        breakdown: breakdown.collect(),
        limits: StatsLimits {
            llm_tokens_day: cap("llm_tokens"),
            memory_storage_bytes: cap("memory_storage"),
            agent_minutes_month: cap("agent_minutes"),
        },
        warnings: report
            .rows
            .iter()
            .filter_map(|(spec, standing)| warning(spec, standing))
            .collect(),
        timestamp: report.at,
    }
}

fn warning(spec: &ResourceSpec, standing: &Standing) -> Option<String> {
    let share = share(standing)?;
    if share >= FULL {
        Some(format!("{} quota exceeded ({}%)", spec.name, share.one_decimal()))
    } else if share >= WARN_FROM {
        Some(format!("{} at {}% of quota", spec.name, share.one_decimal()))
    } else {
        None
    }
}

/// The answer of `/usage/quota`.
pub(crate) fn quota(report: &AccountReport) -> Result<Quota, Failure> {
    let row = |name: &str| report.row(name).map(|(_, standing)| quota_row(standing));
    let row = |name: &'static str| row(name).ok_or_else(|| missing(name));
    let storage = report.row("memory_storage").ok_or_else(|| missing("memory_storage"))?;
    let tokens = report.row("llm_tokens").ok_or_else(|| missing("llm_tokens"))?;
    Ok(Quota {
        user_id: report.user,
        tier: report.tier.clone(),
        tokens: row("llm_tokens")?,
        messages: row("messages")?,
        storage: quota_storage(&storage.1),
        agent_minutes: row("agent_minutes")?,
        resets_at: tokens.1.resets_at,
    })
}

/// A built-in resource that the operator's configuration left out.
pub(crate) fn missing(name: &'static str) -> Failure {
    let kind = novacore_wire::problem::ProblemKind::NotFound;
    Failure::new(kind, format!("{name} is not metered here"))
}

fn quota_row(standing: &Standing) -> QuotaRow {
    QuotaRow {
        used: standing.used,
        limit: standing.cap,
        remaining: standing.remaining,
        percentage: fixed_share(standing),
    }
}

fn quota_storage(standing: &Standing) -> QuotaStorage {
    let unlimited = standing.cap < 0;
    QuotaStorage {
        used: standing.used,
        limit: standing.cap,
        used_human: human_bytes(standing.used),
        limit_human: if unlimited { "Unlimited".to_owned() } else { human_bytes(standing.cap) },
        percentage: fixed_share(standing),
    }
}

fn decision(answer: &Answer) -> Decision {
    Decision {
        admitted: true,
        flags: answer.flags.words().collect(),
        standings: answer.standings.iter().map(standing_row).collect(),
    }
}

fn standing_row(standing: &Standing) -> StandingRow {
    StandingRow {
        resource_type: standing.resource.clone(),
        window: standing.window,
        used: standing.used,
        held: standing.held,
        limit: standing.cap,
        remaining: standing.remaining,
        grantable: standing.grantable,
        resets_at: standing.resets_at,
    }
}

fn hold_id(done: &Done) -> String {
    let version = done.answer.hold.unwrap_or(done.answer.version);
    HoldId { user: done.user, version }.to_string()
}

/// A hold that was made or extended.
pub(crate) fn reserved(done: &Done) -> Reserved {
    Reserved {
        reservation_id: hold_id(done),
        expires_at: done.answer.expires_at,
        decision: decision(&done.answer),
    }
}

/// A hold that was charged or ended; `ended` is the word for its end, if the command ended it.
pub(crate) fn settled(done: &Done, ended: &'static str) -> Settled {
    use novacore_ledger::Flags;
    let flags = done.answer.flags;
    let status = if !flags.has(Flags::FINAL) {
        "open"
    } else if flags.has(Flags::LATE) {
        "settled_late"
    } else {
        ended
    };
    Settled { reservation_id: hold_id(done), status, decision: decision(&done.answer) }
}

/// A hold as it stands.
pub(crate) fn reservation(user: UserId, hold: &Hold) -> Reservation {
    let amounts = hold.amounts.iter().map(|held| ReservationAmount {
        resource_type: held.resource.clone(),
        reserved: held.reserved,
        held: held.held,
        charged: held.charged,
    });
    Reservation {
        reservation_id: HoldId { user, version: hold.version }.to_string(),
        user_id: user,
        status: hold.status.as_str(),
        reserved_at: hold.reserved_at,
        expires_at: hold.expires_at,
        on_expiry: match hold.on_expiry {
            OnExpiry::Release => reservations::OnExpiry::Release,
            OnExpiry::Charge => reservations::OnExpiry::Charge,
        },
        amounts: amounts.collect(),
    }
}

/// An entry of the ledger.
pub(crate) fn entry(user: UserId, entry: &Entry) -> EntryRow {
    let metadata = entry.metadata.as_ref().map(|text| text.to_string());
    EntryRow {
        entry_id: EntryId::of(user, entry.version, entry.recorded_at),
        version: entry.version,
        kind: entry.kind.as_str(),
        resource_type: entry.resource.clone(),
        amount: entry.amount,
        held: entry.held,
        recorded_at: entry.recorded_at,
        counted_at: entry.counted_at,
        occurred_at: entry.occurred_at,
        reservation_id: entry.hold.map(|version| HoldId { user, version }.to_string()),
        corrects_version: entry.corrects,
        expires_at: entry.expires_at,
        flags: entry.flags.words().collect(),
        threshold: entry.crossing.as_ref().map(|crossing| ThresholdRow {
            limit_name: crossing.limit.clone(),
            window: crossing.window,
            percent: crossing.percent,
            limit: crossing.cap,
            used: crossing.used,
        }),
        metadata: metadata.and_then(|text| RawValue::from_string(text).ok()),
    }
}

/// A tier for the operator.
pub(crate) fn tier(tier: &Tier) -> TierView {
    let limits = tier.limits.iter();
    let limits = limits.map(|(name, limits)| (name.clone(), limits.iter().map(limit).collect()));
    TierView { name: tier.name.clone(), rank: tier.rank, limits: limits.collect() }
}

fn limit(limit: &Limit) -> LimitView {
    LimitView {
        name: limit.name.clone(),
        cap: limit.cap.shown(),
        window: limit.window,
        mode: mode_word(limit.mode),
        warn_at: limit.warn_at.clone(),
    }
}

fn mode_word(mode: Mode) -> LimitMode {
    match mode {
        Mode::Hard => LimitMode::Hard,
        Mode::Soft => LimitMode::Soft,
    }
}

/// The mode that a word stands for.
pub(crate) fn mode(word: LimitMode) -> Mode {
    match word {
        LimitMode::Hard => Mode::Hard,
        LimitMode::Soft => Mode::Soft,
    }
}

/// A cap as sent: -1 is unlimited. What is below is refused where the field is known.
pub(crate) fn cap(amount: Amount) -> Cap {
    if amount.get() == -1 { Cap::Unlimited } else { Cap::Of(amount) }
}

/// A limit as an operator sends it; the store sets its version.
pub(crate) fn limit_of(put: PutLimit) -> Limit {
    let base = Limit::hard(cap(put.cap.0), put.window);
    Limit {
        name: put.name.unwrap_or(base.name),
        mode: put.mode.map_or(base.mode, mode),
        warn_at: put.warn_at.unwrap_or(base.warn_at),
        ..base
    }
}

/// An override for the operator.
pub(crate) fn override_of(user: UserId, own: &Override, now: Timestamp) -> OverrideView {
    OverrideView {
        user_id: user,
        resource_type: own.resource.clone(),
        limit: own.limit.clone(),
        cap: own.cap.map(Cap::shown),
        mode: own.mode.map(mode_word),
        warn_at: own.warn_at.clone(),
        expires_at: own.expires_at,
        in_force: own.expires_at.is_none_or(|end| now < end),
        reason: own.reason.to_string(),
        author: own.author.to_string(),
    }
}

/// The name of a resource in a path.
pub(crate) fn resource(text: &str) -> Result<ResourceName, Failure> {
    ResourceName::parse(text)
        .map_err(|_| Failure::invalid("resourceType", format!("unknown resource type {text}")))
}
