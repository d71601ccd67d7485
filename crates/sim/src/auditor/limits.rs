//! The auditor's own reading of the policy.

use novacore_ledger::{LimitName, Mode, Override, Policy, Profile};
use novacore_vocab::{ResourceKind, ResourceName, TierName, Window};

/// A limit of a tier. No cap is unlimited.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    name: LimitName,
    cap: Option<i64>,
    soft: bool,
    window: Window,
    warn_at: Vec<u8>,
    version: u64,
}

/// A limit with a user's override applied.
#[derive(Clone, Copy, Debug)]
pub(super) struct InForce<'a> {
    pub(super) name: &'a LimitName,
    pub(super) cap: Option<i64>,
    pub(super) soft: bool,
    pub(super) window: Window,
    pub(super) version: u64,
    warn_at: &'a [u8],
}

impl InForce<'_> {
    /// The cap, if going beyond it is refused.
    pub(super) fn hard_cap(&self) -> Option<i64> {
        self.cap.filter(|_| !self.soft)
    }

    /// The percentages that are announced, in order; the cap itself always is.
    pub(super) fn thresholds(&self) -> Vec<u8> {
        (1..=100).filter(|percent| *percent == 100 || self.warn_at.contains(percent)).collect()
    }
}

/// All limits of all tiers, by resource number.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) resources: Vec<(ResourceName, ResourceKind)>,
    tiers: Vec<(TierName, Vec<Vec<Rule>>)>,
}

impl Rules {
    pub(super) fn read(policy: &Policy) -> Rules {
        let resources: Vec<_> =
            policy.resources().map(|spec| (spec.name.clone(), spec.kind)).collect();
        let tiers = policy.tiers().into_iter().map(|tier| {
            let of_resource = |(name, _): &(ResourceName, ResourceKind)| {
                tier.limits.get(name).into_iter().flatten().map(rule).collect()
            };
            (tier.name.clone(), resources.iter().map(of_resource).collect())
        });
        Rules { tiers: tiers.collect(), resources }
    }

    pub(super) fn resource(&self, name: &ResourceName) -> Option<usize> {
        self.resources.iter().position(|(known, _)| known == name)
    }

    pub(super) fn is_level(&self, resource: usize) -> bool {
        self.resources[resource].1 == ResourceKind::Level
    }

    /// The limits of a user on a resource. A tier that is gone counts as the lowest.
    pub(super) fn in_force<'a>(
        &'a self,
        profile: &'a Profile,
        resource: usize,
        now: i64,
    ) -> Vec<InForce<'a>> {
        let own = self.tiers.iter().find(|(name, _)| *name == profile.tier);
        let (_, by_resource) = own.unwrap_or(&self.tiers[0]);
        let name = &self.resources[resource].0;
        let replaces = |over: &&Override, index: usize, rule: &Rule| {
            let named = over.limit.as_ref().map_or(index == 0, |limit| *limit == rule.name);
            let over_yet = over.expires_at.is_some_and(|end| end.micros() <= now);
            over.resource == *name && named && !over_yet
        };
        let rules = by_resource[resource].iter().enumerate();
        rules
            .map(|(index, rule)| {
                let own = profile.overrides.iter().find(|over| replaces(over, index, rule));
                with_override(rule, own)
            })
            .collect()
    }
}

fn rule(limit: &novacore_ledger::Limit) -> Rule {
    Rule {
        name: limit.name.clone(),
        cap: u64::try_from(limit.cap.shown()).ok().map(|cap| cap as i64),
        soft: limit.mode == Mode::Soft,
        window: limit.window,
        warn_at: limit.warn_at.clone(),
        version: limit.version,
    }
}

fn with_override<'a>(rule: &'a Rule, own: Option<&'a Override>) -> InForce<'a> {
    let mut limit = InForce {
        name: &rule.name,
        cap: rule.cap,
        soft: rule.soft,
        window: rule.window,
        version: rule.version,
        warn_at: &rule.warn_at,
    };
    if let Some(own) = own {
        limit.version = own.version;
        if let Some(cap) = own.cap {
            limit.cap = Some(cap.shown()).filter(|cap| *cap >= 0);
        }
        if let Some(mode) = own.mode {
            limit.soft = mode == Mode::Soft;
        }
        if let Some(warn_at) = &own.warn_at {
            limit.warn_at = warn_at;
        }
    }
    limit
}
