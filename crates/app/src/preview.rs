//! Whom a change of a tier would affect. A question, which changes nothing.

use crate::{cx::Cx, error::AppError, people};
use novacore_access::{Administer, Permit, User};
use novacore_ledger::{AccountState, Cap, EffectiveLimit, Limit, LimitName, Policy, Tier};
use novacore_store::{directory::UserQuery, error::StoreError};
use novacore_vocab::{ResourceName, TierName, Timestamp, UserId, Window};
use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};
use tokio::task::JoinSet;

/// Most users that are looked at.
pub const USERS_MAX: usize = 10_000;
/// Most examples.
pub const EXAMPLES_MAX: usize = 20;
/// Accounts that are read at once.
const AT_ONCE: usize = 8;

/// What a change of a tier would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierPreview {
    /// The tier.
    pub tier: TierName,
    /// How many of its users were looked at.
    pub users: usize,
    /// Whether those were all.
    pub is_complete: bool,
    /// The limits that would be others, by resource and name.
    pub changes: Vec<LimitChange>,
    /// Users who would be at a cap or over, those furthest over first.
    pub examples: Vec<Example>,
}

/// A limit that would be another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitChange {
    /// The resource.
    pub resource: ResourceName,
    /// The limit.
    pub limit: LimitName,
    /// Its window; that of before if it would go.
    pub window: Window,
    /// The cap now; `None` if there is no such limit.
    pub before: Option<Cap>,
    /// The cap then; `None` if it would go.
    pub after: Option<Cap>,
    /// Users who would be at the new cap or over, and are not now. Those who have a cap of their
    /// own are not among them.
    pub users_over: u64,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The user.
    pub user: UserId,
    /// His e-mail, if he has one.
    pub email: Option<String>,
    /// The resource.
    pub resource: ResourceName,
    /// The limit.
    pub limit: LimitName,
    /// Used in its window.
    pub used: i64,
    /// The cap now.
    pub before: Option<Cap>,
    /// The cap then.
    pub after: Option<Cap>,
}

/// What it would do to put `limits` as a tier's. A tier that is not there has no users.
///
/// Fails with `limits` invalid if the policy would contradict itself.
pub async fn preview(
    cx: &Cx,
    permit: Permit<Administer>,
    name: TierName,
    limits: BTreeMap<ResourceName, Vec<Limit>>,
) -> Result<TierPreview, AppError> {
    let before = cx.ledger.policy();
    let known = before.tier(&name);
    let rank = known.map_or(u32::MAX, |tier| tier.rank);
    let tier = Tier { name: name.clone(), rank, limits };
    let after = before.with_tier(tier.clone());
    let after = after.map_err(|error| AppError::invalid("limits", error))?;
    let changes = changes(known, &tier);
    let is_known = known.is_some();
    let mut sight = Sight { before, after, changes, examples: Vec::new(), now: cx.clock.now() };
    let (mut users, mut is_complete) = (0, true);
    if is_known {
        (users, is_complete) = look_at_users(cx, permit, &name, &mut sight).await?;
    }
    sight.keep_examples();
    let examples = sight.examples.into_iter().map(|(_, example)| example).collect();
    Ok(TierPreview { tier: name, users, is_complete, changes: sight.changes, examples })
}

/// The limits that differ.
fn changes(before: Option<&Tier>, after: &Tier) -> Vec<LimitChange> {
    let of = |tier: &Tier| -> Vec<(ResourceName, Limit)> {
        let all = tier.limits.iter();
        let all = all.flat_map(|(name, limits)| limits.iter().map(move |one| (name, one)));
        all.map(|(name, limit)| (name.clone(), Limit { version: 0, ..limit.clone() })).collect()
    };
    let (before, after) = (before.map(of).unwrap_or_default(), of(after));
    let change = |resource: &ResourceName, limit: &Limit, old: Option<Cap>, new: Option<Cap>| {
        let (resource, name) = (resource.clone(), limit.name.clone());
        let window = limit.window;
        LimitChange { resource, limit: name, window, before: old, after: new, users_over: 0 }
    };
    let same = |(one, limit): &(ResourceName, Limit), (other, own): &(ResourceName, Limit)| {
        one == other && limit.name == own.name
    };
    let mut changes = Vec::new();
    for new in &after {
        let old = before.iter().find(|old| same(old, new));
        if old.is_none_or(|old| old.1 != new.1) {
            changes.push(change(&new.0, &new.1, old.map(|old| old.1.cap), Some(new.1.cap)));
        }
    }
    for old in before.iter().filter(|old| !after.iter().any(|new| same(old, new))) {
        changes.push(change(&old.0, &old.1, Some(old.1.cap), None));
    }
    changes.sort_by(|one, other| (&one.resource, &one.limit).cmp(&(&other.resource, &other.limit)));
    changes
}

/// Looks at the users of a tier; how many, and whether at all of them.
async fn look_at_users(
    cx: &Cx,
    permit: Permit<Administer>,
    tier: &TierName,
    sight: &mut Sight,
) -> Result<(usize, bool), AppError> {
    let mut query = UserQuery {
        tier: Some(tier.clone()),
        rows_max: people::PAGE_ROWS_MAX,
        ..UserQuery::default()
    };
    let mut users = 0;
    loop {
        let mut page = cx.auth.list_users(permit, &query).await?;
        let is_last = page.len() < query.rows_max;
        let left = USERS_MAX - users;
        let is_cut = page.len() > left;
        page.truncate(left);
        users += page.len();
        query.after = page.last().map(|user| user.id).or(query.after);
        for some in page.chunks(AT_ONCE) {
            for (user, state) in accounts(cx, some).await? {
                sight.look_at(&user, &state);
            }
        }
        if is_last || is_cut {
            return Ok((users, !is_cut));
        }
    }
}

/// The accounts of some users, read at once. One who is gone meanwhile is left out.
async fn accounts(cx: &Cx, users: &[User]) -> Result<Vec<(User, Arc<AccountState>)>, AppError> {
    let mut reads = JoinSet::new();
    for user in users.iter().cloned() {
        let ledger = cx.ledger.clone();
        reads.spawn(async move { (ledger.account(user.id).await, user) });
    }
    let mut accounts = Vec::with_capacity(users.len());
    while let Some(read) = reads.join_next().await {
        let (view, user) = read.map_err(|error| AppError::Internal(error.to_string()))?;
        match view {
            Ok(view) => accounts.push((user, view.state)),
            Err(StoreError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(accounts)
}

/// What is seen of users.
struct Sight {
    before: Arc<Policy>,
    after: Policy,
    changes: Vec<LimitChange>,
    /// By how much they are over, and who.
    examples: Vec<(i64, Example)>,
    now: Timestamp,
}

impl Sight {
    fn look_at(&mut self, user: &User, state: &AccountState) {
        let now = self.now.max(state.last_at);
        for change in &mut self.changes {
            let (resource, name) = (&change.resource, &change.limit);
            let limit = |policy| find(policy, state, resource, name, now);
            // Who has a cap of his own keeps it.
            let new = limit(&self.after).filter(|new| !new.has_own_cap);
            let Some(new) = new.filter(|new| new.is_reached()) else { continue };
            if limit(&self.before).is_some_and(|old| old.is_reached()) {
                continue;
            }
            change.users_over += 1;
            let example = Example {
                user: user.id,
                email: user.email.as_ref().map(|email| email.as_str().to_owned()),
                resource: resource.clone(),
                limit: name.clone(),
                used: new.used,
                before: change.before,
                after: change.after,
            };
            self.examples.push((new.over(), example));
        }
        if self.examples.len() > 50 * EXAMPLES_MAX {
            self.keep_examples();
        }
    }

    /// Keeps those that are furthest over.
    fn keep_examples(&mut self) {
        self.examples.sort_by_key(|(over, example)| (Reverse(*over), example.user));
        self.examples.truncate(EXAMPLES_MAX);
    }
}

/// A user under a limit.
struct Under {
    cap: Cap,
    used: i64,
    has_own_cap: bool,
}

impl Under {
    fn is_reached(&self) -> bool {
        match self.cap {
            Cap::Of(cap) => self.used >= cap.get(),
            Cap::Unlimited => false,
        }
    }

    fn over(&self) -> i64 {
        match self.cap {
            Cap::Of(cap) => self.used - cap.get(),
            Cap::Unlimited => 0,
        }
    }
}

/// Where a user stands under the limit of this name, if he has one.
fn find(
    policy: &Policy,
    state: &AccountState,
    resource: &ResourceName,
    name: &LimitName,
    now: Timestamp,
) -> Option<Under> {
    let is_it = |limit: &EffectiveLimit<'_>| limit.name == name;
    let limit = policy.limits(&state.profile, resource, now).find(is_it)?;
    let (used, _) = state.totals(resource, limit.window, now);
    let has_own_cap = limit.own.is_some_and(|own| own.cap.is_some());
    Some(Under { cap: limit.cap, used, has_own_cap })
}
