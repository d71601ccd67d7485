//! The policy that the operations know: every kind of limit, several on one resource.

use novacore_ledger::{Cap, Limit, Mode, Policy, Profile, Tier};
use novacore_vocab::{
    AMOUNT_ABS_MAX, Amount, ResourceKind, ResourceName, ResourceSpec, TierName, Window,
};

/// Every resource; `free` has no limit.
pub(super) const RESOURCES: [(&str, ResourceKind); 6] = [
    ("tokens", ResourceKind::Flow),
    ("minutes", ResourceKind::Flow),
    ("messages", ResourceKind::Flow),
    ("images", ResourceKind::Flow),
    ("free", ResourceKind::Flow),
    ("storage", ResourceKind::Level),
];

/// Tiers by ascending rank, and one that does not exist.
pub(super) const TIERS: [&str; 4] = ["small", "large", "open", "gone"];

/// Resource, limit, cap of the lowest tier, window, mode, percentages.
type Row = (&'static str, &'static str, i64, Window, Mode, &'static [u8]);

const LIMITS: [Row; 10] = [
    ("tokens", "hourly", 100, Window::Hour, Mode::Hard, &[]),
    ("tokens", "daily", 300, Window::Day, Mode::Hard, &[50, 80]),
    ("tokens", "monthly", 1_000, Window::Month, Mode::Soft, &[80]),
    ("minutes", "monthly", 90, Window::Month, Mode::Soft, &[]),
    ("minutes", "weekly", 60, Window::Week, Mode::Hard, &[1, 80]),
    ("messages", "daily", AMOUNT_ABS_MAX - 2, Window::Day, Mode::Hard, &[99]),
    ("messages", "ever", AMOUNT_ABS_MAX - 1, Window::Lifetime, Mode::Hard, &[]),
    ("images", "daily", 0, Window::Day, Mode::Hard, &[50]),
    ("storage", "bytes", 500, Window::Lifetime, Mode::Hard, &[3, 80]),
    ("storage", "advice", 400, Window::Lifetime, Mode::Soft, &[50]),
];

pub(super) fn resource(text: &str) -> ResourceName {
    ResourceName::parse(text).expect("a valid name")
}

pub(super) fn tier_name(text: &str) -> TierName {
    TierName::parse(text).expect("a valid name")
}

/// The names of the limits on a resource.
pub(super) fn limit_names(resource: &str) -> Vec<&'static str> {
    LIMITS.into_iter().filter(|row| row.0 == resource).map(|row| row.1).collect()
}

/// Three tiers: `small`; `large`, with three times the caps; `open`, without any.
pub fn policy() -> Policy {
    let spec = |(text, kind)| ResourceSpec { name: resource(text), kind, unit: "units".into() };
    let tiers = [("small", 10, Some(1)), ("large", 20, Some(3)), ("open", 30, None)];
    let tiers = tiers.map(|(name, rank, times)| tier(name, rank, times));
    Policy::new(RESOURCES.map(spec), tiers).expect("a consistent policy")
}

/// A user of the lowest tier.
pub fn profile() -> Profile {
    Profile { tier: tier_name("small"), overrides: Vec::new() }
}

fn tier(name: &str, rank: u32, times: Option<i64>) -> Tier {
    let mut tier = Tier { name: tier_name(name), rank, limits: Default::default() };
    for (of, limit, cap, window, mode, warn_at) in LIMITS {
        let cap = times.map_or(Cap::Unlimited, |times| {
            let cap = cap.saturating_mul(times).min(AMOUNT_ABS_MAX);
            Cap::Of(Amount::new(cap).expect("within the range"))
        });
        let limit =
            Limit { name: resource(limit), cap, window, mode, warn_at: warn_at.into(), version: 1 };
        tier.limits.entry(resource(of)).or_default().push(limit);
    }
    tier
}
