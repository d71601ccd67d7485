//! Resources and tiers: the built-in ones, with what is configured on top.

use super::{Config, LimitConfig, TierConfig};
use anyhow::Context;
use novacore_ledger::{Cap, Limit, LimitName, Mode, Policy, Tier};
use novacore_vocab::{Amount, ResourceName, ResourceSpec, TierName};

/// The rank of a new tier without one: after the built-in ones.
const RANK_DEFAULT: u32 = 100;

/// The policy that the configuration asks for.
pub(crate) fn policy_of(config: &Config) -> anyhow::Result<Policy> {
    let builtin = Policy::builtin();
    let mut resources: Vec<ResourceSpec> = builtin.resources().cloned().collect();
    for own in &config.resources {
        let name = ResourceName::parse(&own.name)
            .with_context(|| format!("resources: name {:?}", own.name))?;
        resources.retain(|spec| spec.name != name);
        resources.push(ResourceSpec { name, kind: own.kind, unit: own.unit.as_str().into() });
    }
    let mut tiers: Vec<Tier> = builtin.tiers().into_iter().cloned().collect();
    for (name, own) in &config.tiers {
        let name = TierName::parse(name).with_context(|| format!("tiers.{name}"))?;
        let known = tiers.iter().position(|tier| tier.name == name);
        let index = known.unwrap_or_else(|| {
            tiers.push(Tier { name: name.clone(), rank: RANK_DEFAULT, limits: Default::default() });
            tiers.len() - 1
        });
        change_tier(&mut tiers[index], own)?;
    }
    Ok(Policy::new(resources, tiers)?)
}

fn change_tier(tier: &mut Tier, own: &TierConfig) -> anyhow::Result<()> {
    tier.rank = own.rank.unwrap_or(tier.rank);
    for (resource, limits) in &own.limits {
        let at = format!("tiers.{}.limits.{resource}", tier.name);
        let name = ResourceName::parse(resource).with_context(|| at.clone())?;
        let limits = limits.0.iter().map(limit_of).collect::<anyhow::Result<_>>();
        let limits = limits.with_context(|| at.clone())?;
        tier.limits.insert(name, limits);
    }
    Ok(())
}

fn limit_of(own: &LimitConfig) -> anyhow::Result<Limit> {
    let cap = match own.cap {
        -1 => Cap::Unlimited,
        cap => Cap::Of(Amount::new(cap).context("cap")?),
    };
    let mut limit = Limit::hard(cap, own.window);
    if let Some(name) = &own.name {
        limit.name = LimitName::parse(name).context("name")?;
    }
    if let Some(word) = own.mode.as_deref() {
        let mode = Mode::parse(word);
        limit.mode = mode.with_context(|| format!("mode is hard or soft, not {word:?}"))?;
    }
    if let Some(percents) = &own.warn_at {
        limit.warn_at.clone_from(percents);
    }
    Ok(limit)
}
