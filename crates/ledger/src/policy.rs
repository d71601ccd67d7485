//! What is metered and how much of it a tier allows.
//!
//! Invariant: a [`Policy`] that exists is consistent: limits name known resources, levels have
//! lifetime windows, and there is at least one tier.
//! Not here: counters; the judgement itself.

use novacore_vocab::{
    Amount, IdError, ResourceKind, ResourceName, ResourceSpec, TierName, Timestamp, Window,
};
use std::{collections::BTreeMap, fmt, sync::Arc};
use thiserror::Error;

/// The name of a limit, unique within its tier and resource.
pub type LimitName = ResourceName;

/// How much a limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cap {
    /// At most this, at least 0.
    Of(Amount),
    /// Any amount; shown as -1.
    Unlimited,
}

impl Cap {
    /// The number shown to callers: -1 if unlimited.
    pub const fn shown(self) -> i64 {
        match self {
            Cap::Of(amount) => amount.get(),
            Cap::Unlimited => -1,
        }
    }

    /// The cap that is shown as this number; `None` if none is.
    pub fn of_shown(number: i64) -> Option<Cap> {
        match Amount::new(number) {
            Ok(amount) if number >= 0 => Some(Cap::Of(amount)),
            _ if number == -1 => Some(Cap::Unlimited),
            _ => None,
        }
    }
}

/// What happens beyond the cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Refused.
    Hard,
    /// Admitted and flagged as overage.
    Soft,
}

impl Mode {
    /// The mode of this word, as [`Display`](fmt::Display) writes it.
    pub fn parse(word: &str) -> Option<Mode> {
        match word {
            "hard" => Some(Mode::Hard),
            "soft" => Some(Mode::Soft),
            _ => None,
        }
    }
}

/// One limit of a tier on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Its name, by default that of its window.
    pub name: LimitName,
    /// The most that may be used in a window.
    pub cap: Cap,
    /// Over what it is summed.
    pub window: Window,
    /// What happens beyond the cap.
    pub mode: Mode,
    /// Percentages of the cap, 1..=100, at which a threshold event is written; the cap itself
    /// always is one.
    pub warn_at: Vec<u8>,
    /// Grows with each change of this limit; threshold events are counted per version.
    pub version: u64,
}

/// A named plan: limits per resource, in the order in which they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Its name.
    pub name: TierName,
    /// Tiers are offered as upgrades in ascending rank.
    pub rank: u32,
    /// Limits by resource. A resource without limits is unlimited.
    pub limits: BTreeMap<ResourceName, Vec<Limit>>,
}

impl Tier {
    /// This tier with the versions of its limits: kept where a limit is as it was `before`, else
    /// the next one. Fails only if `next_version` does.
    pub fn with_versions<E>(
        mut self,
        before: Option<&Tier>,
        mut next_version: impl FnMut() -> Result<u64, E>,
    ) -> Result<Tier, E> {
        for (resource, limits) in &mut self.limits {
            let old = before.and_then(|before| before.limits.get(resource));
            for limit in limits {
                let old = old.and_then(|old| old.iter().find(|old| old.name == limit.name));
                let same =
                    old.filter(|old| Limit { version: old.version, ..limit.clone() } == **old);
                limit.version = match same {
                    Some(old) => old.version,
                    None => next_version()?,
                };
            }
        }
        Ok(self)
    }
}

/// An operator's replacement of parts of one user's limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The resource.
    pub resource: ResourceName,
    /// The limit; `None` is the resource's first limit.
    pub limit: Option<LimitName>,
    /// Replaces the cap.
    pub cap: Option<Cap>,
    /// Replaces the mode.
    pub mode: Option<Mode>,
    /// Replaces the warning thresholds.
    pub warn_at: Option<Vec<u8>>,
    /// From this instant on the override no longer applies.
    pub expires_at: Option<Timestamp>,
    /// Why.
    pub reason: Arc<str>,
    /// Who set it.
    pub author: Arc<str>,
    /// The version of the limit while overridden; larger than every version before it.
    pub version: u64,
}

/// What decides which limits a user has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The user's tier.
    pub tier: TierName,
    /// Overrides in force or expired, at most one per limit.
    pub overrides: Vec<Override>,
}

/// A limit with the user's override applied.
#[derive(Clone, Copy, Debug)]
pub struct EffectiveLimit<'a> {
    /// Its name.
    pub name: &'a LimitName,
    /// The cap in force.
    pub cap: Cap,
    /// The window.
    pub window: Window,
    /// The mode in force.
    pub mode: Mode,
    /// The warning thresholds in force.
    pub warn_at: &'a [u8],
    /// The version in force.
    pub version: u64,
    /// The override that is applied, if one is.
    pub own: Option<&'a Override>,
}

/// Resources and tiers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    resources: BTreeMap<ResourceName, ResourceSpec>,
    tiers: BTreeMap<TierName, Tier>,
    lowest: TierName,
}

/// A policy that contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// No tier at all.
    #[error("there must be at least one tier")]
    NoTiers,
    /// A limit on a resource that is not configured.
    #[error("tier {tier}: unknown resource {resource}")]
    UnknownResource {
        /// The tier.
        tier: TierName,
        /// The resource.
        resource: ResourceName,
    },
    /// Something about one limit.
    #[error("tier {tier}: limit {limit} on {resource}: {why}")]
    Limit {
        /// The tier.
        tier: TierName,
        /// The resource.
        resource: ResourceName,
        /// The limit.
        limit: LimitName,
        /// What is wrong.
        why: &'static str,
    },
    /// A name that is none.
    #[error("{0}")]
    Name(#[from] IdError),
}

impl Policy {
    /// Checks and takes over resources and tiers.
    pub fn new(
        resources: impl IntoIterator<Item = ResourceSpec>,
        tiers: impl IntoIterator<Item = Tier>,
    ) -> Result<Policy, PolicyError> {
        let resources: BTreeMap<_, _> =
            resources.into_iter().map(|spec| (spec.name.clone(), spec)).collect();
        let tiers: BTreeMap<_, _> =
            tiers.into_iter().map(|tier| (tier.name.clone(), tier)).collect();
        for tier in tiers.values() {
            check_tier(tier, &resources)?;
        }
        let lowest = tiers.values().min_by_key(|tier| tier.rank).ok_or(PolicyError::NoTiers)?;
        Ok(Policy { lowest: lowest.name.clone(), resources, tiers })
    }

    /// The built-in resources and tiers of DESIGN section 3.
    pub fn builtin() -> Policy {
        Policy::new(builtin_resources(), builtin_tiers())
            .expect("the built-in policy is consistent")
    }

    /// This policy with one tier added or replaced.
    pub fn with_tier(&self, tier: Tier) -> Result<Policy, PolicyError> {
        let tiers = self.tiers.values().filter(|kept| kept.name != tier.name).cloned();
        Policy::new(self.resources.values().cloned(), tiers.chain([tier.clone()]))
    }

    /// A resource by name.
    pub fn resource(&self, name: &ResourceName) -> Option<&ResourceSpec> {
        self.resources.get(name)
    }

    /// All resources by name.
    pub fn resources(&self) -> impl Iterator<Item = &ResourceSpec> {
        self.resources.values()
    }

    /// A tier by name.
    pub fn tier(&self, name: &TierName) -> Option<&Tier> {
        self.tiers.get(name)
    }

    /// All tiers by ascending rank.
    pub fn tiers(&self) -> Vec<&Tier> {
        let mut tiers: Vec<&Tier> = self.tiers.values().collect();
        tiers.sort_by_key(|tier| (tier.rank, tier.name.clone()));
        tiers
    }

    /// The limits of a user on a resource, overrides applied. A tier that is gone counts as the
    /// lowest one: closed, not open.
    pub fn limits<'a>(
        &'a self,
        profile: &'a Profile,
        resource: &ResourceName,
        now: Timestamp,
    ) -> impl Iterator<Item = EffectiveLimit<'a>> + use<'a> {
        overridden(self.tier_of(profile), &profile.overrides, resource, now)
    }

    /// The user's tier, or the lowest one if it is gone.
    fn tier_of(&self, profile: &Profile) -> &Tier {
        self.tiers.get(&profile.tier).unwrap_or_else(|| &self.tiers[&self.lowest])
    }

    /// The tier that follows the user's by rank; `None` if his is the highest.
    pub fn next_tier(&self, profile: &Profile) -> Option<&Tier> {
        let rank = self.tier_of(profile).rank;
        self.tiers().into_iter().find(|tier| tier.rank > rank)
    }

    /// The first tier above the user's in which every hard limit on a resource, the user's
    /// overrides applied, would admit what `need` says for its window.
    pub fn upgrade_for(
        &self,
        profile: &Profile,
        resource: &ResourceName,
        now: Timestamp,
        need: impl Fn(Window) -> i64,
    ) -> Option<&TierName> {
        let rank = self.tier_of(profile).rank;
        let fits = |limit: EffectiveLimit<'_>| match (limit.mode, limit.cap) {
            (Mode::Soft, _) | (_, Cap::Unlimited) => true,
            (Mode::Hard, Cap::Of(cap)) => need(limit.window) <= cap.get(),
        };
        self.tiers()
            .into_iter()
            .filter(|candidate| candidate.rank > rank)
            .find(|candidate| overridden(candidate, &profile.overrides, resource, now).all(&fits))
            .map(|candidate| &candidate.name)
    }
}

/// The limits of a tier on a resource with overrides applied.
fn overridden<'a>(
    tier: &'a Tier,
    overrides: &'a [Override],
    resource: &ResourceName,
    now: Timestamp,
) -> impl Iterator<Item = EffectiveLimit<'a>> + use<'a> {
    let limits = tier.limits.get(resource).map_or(&[][..], Vec::as_slice);
    let resource = resource.clone();
    limits.iter().enumerate().map(move |(index, limit)| {
        let own = overrides.iter().find(|over| {
            over.resource == resource
                && over.expires_at.is_none_or(|end| now < end)
                && over.limit.as_ref().map_or(index == 0, |name| *name == limit.name)
        });
        effective(limit, own)
    })
}

fn effective<'a>(limit: &'a Limit, own: Option<&'a Override>) -> EffectiveLimit<'a> {
    EffectiveLimit {
        name: &limit.name,
        cap: own.and_then(|over| over.cap).unwrap_or(limit.cap),
        window: limit.window,
        mode: own.and_then(|over| over.mode).unwrap_or(limit.mode),
        warn_at: own.and_then(|over| over.warn_at.as_deref()).unwrap_or(&limit.warn_at),
        version: own.map_or(limit.version, |over| over.version),
        own,
    }
}

fn check_tier(
    tier: &Tier,
    resources: &BTreeMap<ResourceName, ResourceSpec>,
) -> Result<(), PolicyError> {
    for (resource, limits) in &tier.limits {
        let spec = resources.get(resource).ok_or_else(|| PolicyError::UnknownResource {
            tier: tier.name.clone(),
            resource: resource.clone(),
        })?;
        for (index, limit) in limits.iter().enumerate() {
            let twice = limits[..index].iter().any(|earlier| earlier.name == limit.name);
            if let Some(why) = limit_fault(limit, spec, twice) {
                return Err(PolicyError::Limit {
                    tier: tier.name.clone(),
                    resource: resource.clone(),
                    limit: limit.name.clone(),
                    why,
                });
            }
        }
    }
    Ok(())
}

fn limit_fault(limit: &Limit, spec: &ResourceSpec, twice: bool) -> Option<&'static str> {
    if twice {
        return Some("the name is used twice");
    }
    if matches!(limit.cap, Cap::Of(cap) if cap.get() < 0) {
        return Some("the cap must be 0 or more, or -1 for unlimited");
    }
    if spec.kind == ResourceKind::Level && limit.window != Window::Lifetime {
        return Some("a level has no window but lifetime");
    }
    if !limit.warn_at.iter().all(|percent| (1..=100).contains(percent)) {
        return Some("warn_at percentages lie in 1..=100");
    }
    None
}

fn builtin_resources() -> Vec<ResourceSpec> {
    [
        ("llm_tokens", ResourceKind::Flow, "tokens"),
        ("memory_storage", ResourceKind::Level, "bytes"),
        ("agent_minutes", ResourceKind::Flow, "minutes"),
        ("messages", ResourceKind::Flow, "messages"),
    ]
    .map(|(name, kind, unit)| ResourceSpec {
        name: ResourceName::parse(name).expect("a valid name"),
        kind,
        unit: unit.into(),
    })
    .into()
}

fn builtin_tiers() -> Vec<Tier> {
    const GIB: i64 = 1 << 30;
    vec![
        builtin_tier("free_trial", 10, [1_000, GIB, 0, 100]),
        builtin_tier("basic", 20, [50_000, 10 * GIB, 60, 5_000]),
        builtin_tier("pro", 30, [-1, -1, -1, -1]),
    ]
}

fn builtin_tier(name: &str, rank: u32, caps: [i64; 4]) -> Tier {
    let windows = [Window::Day, Window::Lifetime, Window::Month, Window::Day];
    let limits = builtin_resources().into_iter().zip(caps.into_iter().zip(windows)).map(
        |(spec, (cap, window))| {
            let cap = match Amount::new(cap) {
                Ok(amount) if cap >= 0 => Cap::Of(amount),
                _ => Cap::Unlimited,
            };
            (spec.name, vec![Limit::hard(cap, window)])
        },
    );
    Tier { name: TierName::parse(name).expect("a valid name"), rank, limits: limits.collect() }
}

impl Limit {
    /// A hard limit named after its window that warns at 80 and 100 %.
    pub fn hard(cap: Cap, window: Window) -> Limit {
        Limit {
            name: LimitName::parse(window.as_str()).expect("a window's word is a name"),
            cap,
            window,
            mode: Mode::Hard,
            warn_at: vec![80, 100],
            version: 1,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Hard => "hard",
            Mode::Soft => "soft",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ResourceName {
        ResourceName::parse(text).unwrap()
    }

    fn tier(text: &str) -> TierName {
        TierName::parse(text).unwrap()
    }

    #[test]
    fn caps_and_modes_read_back_as_they_are_shown() {
        for number in [-1, 0, 7, (1 << 53) - 1] {
            assert_eq!(Cap::of_shown(number).map(Cap::shown), Some(number));
        }
        assert_eq!(Cap::of_shown(-1), Some(Cap::Unlimited));
        assert_eq!([-2, i64::MIN, i64::MAX].map(Cap::of_shown), [None; 3]);
        for mode in [Mode::Hard, Mode::Soft] {
            assert_eq!(Mode::parse(&mode.to_string()), Some(mode));
        }
        assert_eq!(["", "Hard", "soft "].map(Mode::parse), [None; 3]);
    }

    #[test]
    fn the_cheapest_tier_that_fits_is_offered() {
        let policy = Policy::builtin();
        for (from, resource, need, want) in [
            ("free_trial", "llm_tokens", 1_100, Some("basic")),
            ("free_trial", "llm_tokens", 50_001, Some("pro")),
            ("basic", "llm_tokens", 1, Some("pro")),
            ("pro", "llm_tokens", 1, None),
            ("free_trial", "agent_minutes", 5, Some("basic")),
        ] {
            let profile = Profile { tier: tier(from), overrides: Vec::new() };
            let now = Timestamp::from_seconds(0);
            let found = policy.upgrade_for(&profile, &name(resource), now, |_| need);
            assert_eq!(found.map(TierName::as_str), want, "{from} {resource} {need}");
        }
    }

    #[test]
    fn the_next_tier_is_the_next_by_rank() {
        let policy = Policy::builtin();
        // A tier that is gone counts as the lowest one.
        let wants = [("free_trial", Some("basic")), ("gone", Some("basic")), ("pro", None)];
        for (from, want) in wants {
            let profile = Profile { tier: tier(from), overrides: Vec::new() };
            let next = policy.next_tier(&profile).map(|tier| tier.name.as_str());
            assert_eq!(next, want, "{from}");
        }
        // One of the same rank is no step up.
        let twin = Tier { name: tier("twin"), ..policy.tier(&tier("pro")).unwrap().clone() };
        let policy = policy.with_tier(twin).unwrap();
        let profile = Profile { tier: tier("pro"), overrides: Vec::new() };
        assert_eq!(policy.next_tier(&profile), None);
    }

    #[test]
    fn an_override_replaces_parts_until_it_expires() {
        let policy = Policy::builtin();
        let end = Timestamp::from_seconds(100);
        let profile = Profile {
            tier: tier("free_trial"),
            overrides: vec![Override {
                resource: name("llm_tokens"),
                limit: None,
                cap: Some(Cap::Of(Amount::new(5).unwrap())),
                mode: None,
                warn_at: None,
                expires_at: Some(end),
                reason: "trial".into(),
                author: "op".into(),
                version: 9,
            }],
        };
        let seen = |now| {
            let limit = policy.limits(&profile, &name("llm_tokens"), now).next().unwrap();
            (limit.cap.shown(), limit.mode, limit.version)
        };
        assert_eq!(seen(Timestamp::from_seconds(99)), (5, Mode::Hard, 9));
        assert_eq!(seen(end), (1_000, Mode::Hard, 1));
    }

    #[test]
    fn a_policy_that_contradicts_itself_is_refused() {
        let builtin = Policy::builtin();
        let broken = |change: &dyn Fn(&mut Tier)| {
            let mut changed = builtin.tier(&tier("basic")).unwrap().clone();
            change(&mut changed);
            builtin.with_tier(changed).map(|_| ()).unwrap_err().to_string()
        };
        let day = |cap| vec![Limit::hard(cap, Window::Day)];
        for (got, want) in [
            (
                broken(&|t| drop(t.limits.insert(name("memory_storage"), day(Cap::Unlimited)))),
                "tier basic: limit day on memory_storage: a level has no window but lifetime",
            ),
            (
                broken(&|t| drop(t.limits.insert(name("nope"), day(Cap::Unlimited)))),
                "tier basic: unknown resource nope",
            ),
            (
                broken(&|t| {
                    let twice = [day(Cap::Unlimited), day(Cap::Unlimited)].concat();
                    t.limits.insert(name("messages"), twice);
                }),
                "tier basic: limit day on messages: the name is used twice",
            ),
        ] {
            assert_eq!(got, want);
        }
        assert_eq!(Policy::new([], []), Err(PolicyError::NoTiers));
    }
}
