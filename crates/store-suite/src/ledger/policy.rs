//! Tiers and overrides: what is put is in force at once, and stays.

use super::*;
use novacore_ledger::{Cap, Limit, Mode, Override, Policy, Tier};
use novacore_store::{
    changes::{Forgets, Outdated},
    directory::{AuditQuery, UserChange},
};
use std::sync::Mutex;

async fn change_tier(harness: &impl Harness, user: UserId, from: &str, to: &str) {
    let change = UserChange::Tier { from: tier(from), to: tier(to) };
    let entry = audit(AuditAction::SetTier, &format!("user:{user}"));
    let changed = harness.directory().change_user(user, &change, &entry).await;
    assert!(changed.is_ok(), "{changed:?}");
}

pub(super) fn override_of(resource: &str, cap: i64, expires_at: Option<Timestamp>) -> Override {
    Override {
        resource: name(resource),
        limit: None,
        cap: Some(if cap < 0 { Cap::Unlimited } else { Cap::Of(amount(cap)) }),
        mode: None,
        warn_at: None,
        expires_at,
        reason: "ünï 'quoted'".into(),
        author: "console".into(),
        version: 0,
    }
}

async fn put_override(harness: &impl Harness, user: UserId, value: Override) {
    let entry = audit(AuditAction::PutOverride, "override");
    let put = harness.ledger().put_override(user, value, &entry).await;
    assert_eq!(put, Ok(()));
}

async fn remove_override(harness: &impl Harness, user: UserId) -> Result<(), StoreError> {
    let entry = audit(AuditAction::RemoveOverride, "override");
    harness.ledger().remove_override(user, &name("llm_tokens"), None, &entry).await
}

/// The targets of the audit log, the newest first.
async fn audited(harness: &impl Harness) -> Vec<AuditAction> {
    let query = AuditQuery { rows_max: 100, ..AuditQuery::default() };
    let rows = harness.directory().list_audit(&query).await.expect("the audit log");
    rows.into_iter().map(|row| row.entry.action).collect()
}

/// A raised cap admits the next command, a lowered one refuses it; use stays.
pub async fn a_tier_change_is_in_force_at_once(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    apply(harness, user, enforced("llm_tokens", 950)).await;
    assert!(is_quota(&refusal(submit(harness, user, reserve(&[("llm_tokens", 40_000)])).await)));
    change_tier(harness, user, "free_trial", "basic").await;
    hold(harness, user, &[("llm_tokens", 40_000)]).await;
    harness.reopen();
    hold(harness, user, &[("llm_tokens", 9_050)]).await;
    change_tier(harness, user, "basic", "free_trial").await;
    assert!(is_quota(&refusal(submit(harness, user, enforced("llm_tokens", 1)).await)));
    assert_eq!(tokens(harness, user).await, (950, 49_050));
}

/// Notes what it is told.
#[derive(Default)]
struct Notes(Mutex<Vec<Outdated>>);

impl Forgets for Notes {
    fn forget(&self, outdated: Outdated) {
        self.0.lock().expect("no test goes on after a panic").push(outdated);
    }
}

/// Whoever listens has heard of a change of a user's limits, or of the tiers, when it is
/// acknowledged, and finds it then.
pub async fn whoever_listens_hears_that_limits_are_others(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let notes = Arc::new(Notes::default());
    let listener: Arc<dyn Forgets> = notes.clone();
    harness.directory().on_change(&listener);
    let heard = |what| {
        let mut notes = notes.0.lock().expect("no test goes on after a panic");
        std::mem::take(&mut *notes).contains(&what)
    };
    put_override(harness, user, override_of("llm_tokens", 7, None)).await;
    assert!(heard(Outdated::User(user)), "an override is told");
    assert_eq!(remove_override(harness, user).await, Ok(()));
    assert!(heard(Outdated::User(user)), "that it is gone is told");
    assert!(!heard(Outdated::Tiers));
    let policy = harness.ledger().policy();
    let mut changed = policy.tier(&tier("free_trial")).expect("a tier").clone();
    changed.rank += 1;
    let entry = audit(AuditAction::PutTier, "tier:free_trial");
    let put = harness.ledger().put_tier(changed, &entry).await;
    assert!(put.is_ok() && heard(Outdated::Tiers), "a tier is told");
}

/// An override replaces parts of one user's limit until it expires or is removed.
pub async fn an_override_is_in_force_at_once_and_until_it_expires(harness: &mut impl Harness) {
    let one = user(harness, 1, "free_trial").await;
    let two = user(harness, 2, "free_trial").await;
    apply(harness, one, enforced("llm_tokens", 1_000)).await;
    let until = harness.clock().now().plus_seconds(60);
    put_override(harness, one, override_of("llm_tokens", 2_000, Some(until))).await;
    let answer = apply(harness, one, enforced("llm_tokens", 500)).await;
    assert_eq!(answer.standings[0].cap, 2_000);
    assert!(is_quota(&refusal(submit(harness, two, enforced("llm_tokens", 1_001)).await)));
    harness.clock().advance_s(60);
    assert!(is_quota(&refusal(submit(harness, one, enforced("llm_tokens", 1)).await)));

    let soft = Override { mode: Some(Mode::Soft), ..override_of("llm_tokens", 10, None) };
    put_override(harness, one, soft).await;
    apply(harness, one, enforced("llm_tokens", 5_000)).await;
    assert_eq!(remove_override(harness, one).await, Ok(()));
    assert!(is_quota(&refusal(submit(harness, one, enforced("llm_tokens", 1)).await)));
    assert_eq!(remove_override(harness, one).await, Err(StoreError::NotFound("override")));
    let entry = audit(AuditAction::PutOverride, "nobody");
    let value = override_of("llm_tokens", 1, None);
    let nobody = harness.ledger().put_override(user_id(9), value, &entry).await;
    assert_eq!(nobody, Err(StoreError::NotFound("user")));
    use AuditAction::{PutOverride, RemoveOverride};
    assert_eq!(audited(harness).await, [RemoveOverride, PutOverride, PutOverride]);
}

/// Overrides read back whole after a restart, with versions that only grow.
pub async fn overrides_survive_a_restart(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let whole = Override {
        mode: Some(Mode::Soft),
        warn_at: Some(vec![50, 90]),
        expires_at: Some(at("2027-01-01T00:00:00.000001Z")),
        ..override_of("llm_tokens", 77, None)
    };
    let bare = Override { cap: None, limit: Some(name("day")), ..override_of("messages", 0, None) };
    let unlimited = override_of("agent_minutes", -1, None);
    for value in [&whole, &bare, &unlimited, &whole] {
        put_override(harness, user, value.clone()).await;
    }
    let before = harness.ledger().account(user).await.expect("an account");
    harness.reopen();
    let after = harness.ledger().account(user).await.expect("an account");
    let sorted = |view: &novacore_store::ledger::AccountView| {
        let mut overrides = view.state.profile.overrides.clone();
        overrides.sort_by_key(|over| over.version);
        overrides
    };
    assert_eq!(sorted(&after), sorted(&before));
    let stored = sorted(&after);
    assert!(stored.windows(2).all(|pair| pair[0].version < pair[1].version));
    let given: Vec<Override> =
        stored.into_iter().map(|over| Override { version: 0, ..over }).collect();
    assert_eq!(given, [bare, unlimited, whole]);
}

fn versions(policy: &Policy, of: &str) -> Vec<(String, u64)> {
    let found = policy.tier(&tier(of)).expect("the tier");
    let limits = found.limits.values().flatten();
    let resources = found.limits.iter().flat_map(|(resource, limits)| {
        limits.iter().map(move |limit| format!("{resource} {}", limit.name))
    });
    resources.zip(limits.map(|limit| limit.version)).collect()
}

async fn put_tier(harness: &impl Harness, value: Tier) -> Arc<Policy> {
    let entry = audit(AuditAction::PutTier, &format!("tier:{}", value.name));
    let policy = harness.ledger().put_tier(value, &entry).await.expect("a policy");
    assert_eq!(*harness.ledger().policy(), *policy);
    policy
}

/// The free tier with another daily cap on tokens.
fn free_tier(policy: &Policy, cap: i64) -> Tier {
    let mut changed = policy.tier(&tier("free_trial")).expect("the tier").clone();
    let limit = Limit::hard(Cap::Of(amount(cap)), Window::Day);
    changed.limits.insert(name("llm_tokens"), vec![limit]);
    changed
}

/// An edited tier is in force at once; a changed limit gets a version larger than all before, the
/// others keep theirs.
pub async fn a_tier_is_edited_and_its_versions_grow(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let before = harness.ledger().policy();
    let most = |policy: &Policy| {
        let all = policy.tiers().into_iter().flat_map(|tier| versions(policy, tier.name.as_str()));
        all.map(|(_, version)| version).max().expect("limits")
    };
    let raised = put_tier(harness, free_tier(&before, 3_000)).await;
    for (old, new) in versions(&before, "free_trial").iter().zip(versions(&raised, "free_trial")) {
        match new.0.as_str() {
            "llm_tokens day" => assert!(new.1 > most(&before), "{old:?} {new:?}"),
            _ => assert_eq!(*old, new),
        }
    }
    apply(harness, user, enforced("llm_tokens", 3_000)).await;
    let again = put_tier(harness, free_tier(&before, 3_000)).await;
    assert_eq!(versions(&again, "free_trial"), versions(&raised, "free_trial"));
    let lowered = put_tier(harness, free_tier(&before, 1_000)).await;
    assert!(most(&lowered) > most(&raised), "a version that comes back is a new one");
    assert!(is_quota(&refusal(submit(harness, user, enforced("llm_tokens", 1)).await)));
    assert_eq!(audited(harness).await, [AuditAction::PutTier; 3]);
}

/// What an operator put is there after a restart, although the store is opened with the tiers as
/// configured.
pub async fn an_edited_tier_survives_a_restart(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let before = harness.ledger().policy();
    let soft = Limit {
        mode: Mode::Soft,
        warn_at: vec![10, 50],
        ..Limit::hard(Cap::Of(amount(9)), Window::Hour)
    };
    let mut gold = free_tier(&before, 10);
    (gold.name, gold.rank) = (tier("gold"), 25);
    gold.limits.entry(name("llm_tokens")).or_default().push(soft);
    put_tier(harness, free_tier(&before, 3_000)).await;
    let edited = put_tier(harness, gold).await;
    drop(before);
    harness.reopen();
    assert_eq!(*harness.ledger().policy(), *edited);
    apply(harness, user, enforced("llm_tokens", 3_000)).await;
    change_tier(harness, user, "free_trial", "gold").await;
    assert!(is_quota(&refusal(submit(harness, user, enforced("llm_tokens", 1)).await)));
}

/// While tier and overrides change beside traffic, what is admitted stays below the largest cap of
/// all, and fills the least of them.
pub async fn policy_changes_beside_traffic_never_exceed_the_cap(harness: &mut impl Harness) {
    let user = user(harness, 1, "free_trial").await;
    let ledger = harness.ledger();
    let traffic = tokio::spawn(async move {
        let mut tasks = Vec::new();
        for _ in 0..300 {
            let ledger = ledger.clone();
            let asking = command(enforced("llm_tokens", 100));
            tasks.push(tokio::spawn(async move { ledger.submit(user, asking).await }));
            tokio::task::yield_now().await;
        }
        for task in tasks {
            task.await.expect("no caller panics").expect("a judgement");
        }
    });
    for cap in [1_500, 700, 2_500, 1_200] {
        put_override(harness, user, override_of("llm_tokens", cap, None)).await;
        let policy = harness.ledger().policy();
        put_tier(harness, free_tier(&policy, cap)).await;
    }
    traffic.await.expect("no caller panics");
    let (used, held) = tokens(harness, user).await;
    // How far the traffic got under which cap is up to the scheduler.
    assert!((700..=2_500).contains(&used) && held == 0, "{used} {held}");
    assert_eq!(remove_override(harness, user).await, Ok(()));
    let before = used.max(1_200);
    put_override(harness, user, override_of("llm_tokens", before + 250, None)).await;
    let room = before + 250 - used;
    let commands = vec![command(enforced("llm_tokens", 100)); 50];
    let outcomes = parallel::at_once(harness, user, commands).await;
    let admitted = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Applied(_)));
    assert_eq!(i64::try_from(admitted.count()), Ok(room / 100));
}
