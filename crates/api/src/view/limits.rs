//! Limits in the shapes of the wire.

use super::mode_word;
use novacore_app::limits::{LimitsReport, ResourceLimits};
use novacore_ledger::{LimitState, Tier};
use novacore_vocab::{Percent, ResourceKind, percent_of};
use novacore_wire::{
    limits::{self as wire, LimitSource, LimitStanding, Upgrade, UpgradeLimit},
    number::WirePercent,
};

/// The answer of `/usage/limits`.
pub(crate) fn limits(report: LimitsReport) -> wire::Limits {
    wire::Limits {
        user_id: report.user,
        tier: report.tier,
        resources: report.resources.into_iter().map(resource).collect(),
        upgrade: report.upgrade.as_ref().map(upgrade),
        timestamp: report.at,
    }
}

fn resource(one: ResourceLimits) -> wire::ResourceLimits {
    wire::ResourceLimits {
        resource_type: one.spec.name,
        unit: one.spec.unit.to_string(),
        is_level: one.spec.kind == ResourceKind::Level,
        used: one.standing.used,
        held: one.standing.held,
        limits: one.limits.into_iter().map(standing).collect(),
    }
}

fn standing(limit: LimitState) -> LimitStanding {
    let share = if limit.cap < 0 { Percent(0) } else { percent_of(limit.used, limit.cap) };
    LimitStanding {
        remaining: limit.room().unwrap_or(-1),
        name: limit.limit,
        window: limit.window,
        cap: limit.cap,
        used: limit.used,
        held: limit.held,
        percentage: WirePercent(share),
        mode: mode_word(limit.mode),
        warn_at: limit.warn_at,
        resets_at: limit.resets_at,
        source: if limit.own.is_some() { LimitSource::Override } else { LimitSource::Tier },
        override_expires_at: limit.own.and_then(|own| own.expires_at),
    }
}

fn upgrade(tier: &Tier) -> Upgrade {
    let limits = tier.limits.iter();
    let limits =
        limits.flat_map(|(resource, limits)| limits.iter().map(move |one| (resource, one)));
    let limits = limits.map(|(resource, limit)| UpgradeLimit {
        resource_type: resource.clone(),
        name: limit.name.clone(),
        window: limit.window,
        cap: limit.cap.shown(),
    });
    Upgrade { tier: tier.name.clone(), limits: limits.collect() }
}
