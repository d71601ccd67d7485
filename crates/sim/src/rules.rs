//! The simulated operator's rules: resources, tiers, and what an admin changes about them.
//!
//! Caps are small, so that most accounts live near one. Every version of a limit is unique, as a
//! store makes it.

use crate::rng::Rng;
use novacore_ledger::{AccountState, Cap, Limit, LimitName, Mode, Override, Policy, Profile, Tier};
use novacore_vocab::{
    Account, Amount, ResourceKind, ResourceName, ResourceSpec, TierName, Timestamp, UserId, Window,
};
use std::sync::Arc;
use uuid::Uuid;

/// Resources by number: three metered flows, a level, and a flow that hardly anything limits.
pub(crate) const RESOURCES: [(&str, ResourceKind); 5] = [
    ("tokens", ResourceKind::Flow),
    ("messages", ResourceKind::Flow),
    ("minutes", ResourceKind::Flow),
    ("storage", ResourceKind::Level),
    ("spare", ResourceKind::Flow),
];
/// The last one no longer exists: it counts as the lowest.
const TIERS: [&str; 4] = ["tight", "roomy", "open", "gone"];
const USER_BASE: u128 = 0x51a0_0000_0000_4000_8000_0000_0000_0000;

/// The user of this number.
pub(crate) fn user_at(index: usize) -> UserId {
    UserId(Uuid::from_u128(USER_BASE + index as u128))
}

/// The number of a user.
pub(crate) fn index_of(user: UserId) -> usize {
    usize::try_from(user.0.as_u128() - USER_BASE).expect("a user of the simulator")
}

/// The policy, and the last version given to a limit.
#[derive(Clone, Debug)]
pub(crate) struct Rulebook {
    pub(crate) policy: Arc<Policy>,
    pub(crate) resources: Vec<ResourceName>,
    version: u64,
}

impl Rulebook {
    pub(crate) fn new() -> Rulebook {
        let resources: Vec<ResourceName> = RESOURCES.iter().map(|(text, _)| name(text)).collect();
        let specs = resources.iter().zip(RESOURCES).map(|(name, (_, kind))| ResourceSpec {
            name: name.clone(),
            kind,
            unit: "units".into(),
        });
        let mut version = 0;
        let tiers = tiers(&resources, &mut version);
        let policy = Policy::new(specs, tiers).expect("the simulator's policy is consistent");
        Rulebook { policy: Arc::new(policy), resources, version }
    }

    pub(crate) fn fresh_account(&self, user: UserId) -> AccountState {
        AccountState::new(Account::personal(user), self.fresh_profile())
    }

    pub(crate) fn fresh_profile(&self) -> Profile {
        Profile { tier: tier(TIERS[0]), overrides: Vec::new() }
    }

    fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    /// Another tier for a user, mostly one that exists.
    pub(crate) fn change_tier(&mut self, profile: &mut Profile, rng: &mut Rng) {
        profile.tier = tier(TIERS[rng.weighted(&[40, 40, 15, 5])]);
    }

    /// Sets or removes an override of a random limit.
    pub(crate) fn change_override(&mut self, profile: &mut Profile, now: Timestamp, rng: &mut Rng) {
        let resource = rng.pick(&self.resources).clone();
        let limit = self.second_limit(profile, &resource).filter(|_| rng.per_mille(300));
        profile.overrides.retain(|old| old.resource != resource || old.limit != limit);
        if rng.per_mille(300) {
            return;
        }
        let cap = match rng.below(8) {
            0 => None,
            1 => Some(Cap::Unlimited),
            _ => Some(Cap::Of(amount(*rng.pick(&[0, 1, 50, 100, 400, 1_000])))),
        };
        let mode = rng.per_mille(250).then(|| *rng.pick(&[Mode::Hard, Mode::Soft]));
        let warn_at =
            rng.per_mille(250).then(|| rng.pick(&[vec![], vec![1, 50], vec![90]]).clone());
        let expires_at = rng.per_mille(500).then(|| now.plus_seconds(rng.within(1, 200_000)));
        profile.overrides.push(Override {
            resource,
            limit,
            cap,
            mode,
            warn_at,
            expires_at,
            reason: "simulated".into(),
            author: "operator".into(),
            version: self.next_version(),
        });
    }

    fn second_limit(&self, profile: &Profile, resource: &ResourceName) -> Option<LimitName> {
        let limits = self.policy.tier(&profile.tier)?.limits.get(resource)?;
        limits.get(1).map(|limit| limit.name.clone())
    }

    /// Moves the cap of a random limit of a random tier.
    pub(crate) fn change_limit(&mut self, rng: &mut Rng) {
        let name = tier(TIERS[rng.index(2)]);
        let mut changed = self.policy.tier(&name).expect("the first two exist").clone();
        let resource = rng.pick(&self.resources).clone();
        let version = self.next_version();
        let Some(limits) = changed.limits.get_mut(&resource) else { return };
        let index = rng.index(limits.len());
        let limit = &mut limits[index];
        if let Cap::Of(cap) = limit.cap {
            limit.cap = Cap::Of(amount(rng.within(cap.get() / 2, cap.get() * 2 + 10).min(5_000)));
            limit.version = version;
        }
        let policy = self.policy.with_tier(changed).expect("only a cap has moved");
        self.policy = Arc::new(policy);
    }
}

fn tiers(resources: &[ResourceName], version: &mut u64) -> Vec<Tier> {
    let [tokens, messages, minutes, storage, spare] = resources else {
        unreachable!("there are five resources");
    };
    let mut limit = |window: Window, cap: i64, mode: Mode, warn_at: &[u8]| {
        *version += 1;
        let (cap, warn_at) = (Cap::Of(amount(cap)), warn_at.to_vec());
        Limit { mode, warn_at, version: *version, ..Limit::hard(cap, window) }
    };
    let tight = [
        (
            tokens,
            vec![
                limit(Window::Hour, 60, Mode::Hard, &[50, 100]),
                limit(Window::Day, 150, Mode::Hard, &[80, 100]),
                limit(Window::Month, 900, Mode::Hard, &[80]),
            ],
        ),
        (messages, vec![limit(Window::Day, 60, Mode::Soft, &[50, 80, 100])]),
        (minutes, vec![limit(Window::Month, 0, Mode::Hard, &[80, 100])]),
        (storage, vec![limit(Window::Lifetime, 200, Mode::Hard, &[3, 80, 100])]),
    ];
    let roomy = [
        (
            tokens,
            vec![
                limit(Window::Day, 600, Mode::Hard, &[80, 50, 100]),
                limit(Window::Week, 2_000, Mode::Hard, &[80, 100]),
            ],
        ),
        (messages, vec![limit(Window::Hour, 120, Mode::Hard, &[])]),
        (minutes, vec![limit(Window::Month, 300, Mode::Hard, &[80, 100])]),
        (storage, vec![limit(Window::Lifetime, 2_000, Mode::Hard, &[80, 100])]),
        (spare, vec![limit(Window::Lifetime, 10_000, Mode::Soft, &[10, 100])]),
    ];
    let open = [(messages, vec![Limit::hard(Cap::Unlimited, Window::Day)])];
    let build = |index: usize, limits: &[(&ResourceName, Vec<Limit>)]| Tier {
        name: tier(TIERS[index]),
        rank: 10 * (index as u32 + 1),
        limits: limits.iter().map(|(name, limits)| ((*name).clone(), limits.clone())).collect(),
    };
    vec![build(0, &tight), build(1, &roomy), build(2, &open)]
}

pub(crate) fn name(text: &str) -> ResourceName {
    ResourceName::parse(text).expect("a valid name")
}

fn tier(text: &str) -> TierName {
    TierName::parse(text).expect("a valid name")
}

pub(crate) fn amount(raw: i64) -> Amount {
    Amount::new(raw).expect("within the range of amounts")
}
