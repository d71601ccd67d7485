//! What every ledger must do: one function per behaviour, each on a fresh and empty store.
//!
//! Expand [`ledger_suite!`](crate::ledger_suite) with a function that opens one.

mod concurrency;
mod differential;
mod life;
mod reports;

pub use concurrency::*;
pub use differential::*;
pub use life::*;
pub use reports::*;

use crate::memory::HandClock;
use novacore_access::{Actor, AuditAction, AuditEntry, Reason, Role, User};
use novacore_ledger::{Command, Expect, OnExpiry, Outcome, Record, Refusal, Reserve, Settle, Verb};
use novacore_store::{directory::Directory, ledger::Ledger};
use novacore_vocab::{
    Amount, IdempotencyKey, OrgId, ResourceName, Source, TierName, Timestamp, UserId, Version,
};
use uuid::Uuid;

/// A store under test, and the hand on its clock.
pub trait Harness {
    /// The ledger.
    fn ledger(&self) -> &dyn Ledger;
    /// The directory of the same store.
    fn directory(&self) -> &dyn Directory;
    /// Its clock.
    fn clock(&self) -> &HandClock;
    /// Stops the store and opens it again, if it keeps anything.
    fn reopen(&mut self);
}

/// One test per behaviour. `$open` is a function that returns a [`Harness`].
#[macro_export]
macro_rules! ledger_suite {
    ($open:path) => {
        $crate::ledger_suite!(@each $open:
            a_record_is_there_and_a_hold_is_settled,
            a_refusal_changes_nothing,
            a_key_is_replayed_also_after_a_restart_and_much_else,
            one_key_twice_in_a_batch_has_one_effect,
            a_hold_ends_once_and_is_settled_late_once,
            a_correction_is_bounded_also_after_a_restart,
            a_level_gives_back_what_it_holds,
            an_unknown_user_is_not_found,
            of_200_asks_exactly_as_many_as_fit_are_admitted,
            a_tier_or_override_is_in_force_at_once,
            a_changed_limit_has_a_new_version,
            entries_are_paged_and_filtered,
            days_add_up_for_flows_and_levels,
            totals_rank_users,
            subscribers_see_entries_in_order,
            health_tells_the_truth,
            outcomes_are_those_of_the_model,
        );
    };
    (@each $open:path: $($case:ident),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let mut harness = $open();
            $crate::ledger::$case(&mut harness).await;
        }
    )+};
}

/// The name of a resource.
pub(crate) fn resource(name: &str) -> ResourceName {
    ResourceName::parse(name).expect("a valid name")
}

/// An amount.
pub(crate) fn amount(number: i64) -> Amount {
    Amount::new(number).expect("within range")
}

/// A user of the tier `free_trial`, stored.
pub(crate) async fn user(harness: &impl Harness, number: u128) -> UserId {
    let id = Uuid::from_u128(0xACC0_0000 + number);
    let user = User {
        id: UserId(id),
        org: OrgId(id),
        email: None,
        role: Role::Student,
        tier: tier("free_trial"),
        disabled: false,
        trial_ends_at: None,
        created_at: Timestamp::from_seconds(1),
    };
    harness.directory().ensure_user(&user).await.expect("stored");
    user.id
}

/// The name of a tier.
pub(crate) fn tier(name: &str) -> TierName {
    TierName::parse(name).expect("a valid name")
}

/// An entry of the audit log for a write by the console.
pub(crate) fn audit(action: AuditAction, target: &str) -> AuditEntry {
    AuditEntry {
        actor: Actor::Console,
        action,
        target: target.to_owned(),
        before: None,
        after: None,
        reason: Reason::parse("suite").expect("a reason"),
        at: Timestamp::from_seconds(2),
    }
}

/// A command without a key.
pub(crate) fn plain(verb: Verb) -> Command {
    Command { key: None, fingerprint: 0, verb }
}

/// A command under a key.
pub(crate) fn keyed(key: &str, fingerprint: u128, verb: Verb) -> Command {
    let key = IdempotencyKey::parse(key).expect("a key");
    Command { key: Some(key), fingerprint, verb }
}

/// States use.
pub(crate) fn record(name: &str, number: i64) -> Verb {
    Verb::Record(Record {
        resource: resource(name),
        amount: amount(number),
        source: Source::Api,
        expect: Expect::Fact,
        corrects: None,
        occurred_at: None,
        metadata: None,
    })
}

/// Asks for use to be admitted.
pub(crate) fn enforce(name: &str, number: i64) -> Verb {
    match record(name, number) {
        Verb::Record(record) => Verb::Record(Record { expect: Expect::Admission, ..record }),
        other => other,
    }
}

/// Takes back part of an entry.
pub(crate) fn correct(name: &str, number: i64, version: Version) -> Verb {
    match record(name, number) {
        Verb::Record(record) => Verb::Record(Record { corrects: Some(version), ..record }),
        other => other,
    }
}

/// Sets headroom aside for a minute.
pub(crate) fn reserve(name: &str, number: i64) -> Verb {
    Verb::Reserve(Reserve {
        amounts: vec![(resource(name), amount(number))],
        ttl_s: 60,
        on_expiry: OnExpiry::Release,
        metadata: None,
    })
}

/// Charges a hold and ends it.
pub(crate) fn settle(hold: Version, name: &str, number: i64) -> Verb {
    let amounts = vec![(resource(name), amount(number))];
    Verb::Settle(Settle { hold, amounts, last: true, metadata: None })
}

/// Submits, expecting the store to answer.
pub(crate) async fn submit(harness: &impl Harness, user: UserId, command: Command) -> Outcome {
    harness.ledger().submit(user, command).await.expect("the store answers")
}

/// Submits what must be applied; the version of its first entry, or of its hold.
pub(crate) async fn apply(harness: &impl Harness, user: UserId, verb: Verb) -> Version {
    match submit(harness, user, plain(verb)).await {
        Outcome::Applied(answer) => answer.hold.unwrap_or(answer.version),
        other => panic!("not applied: {other:?}"),
    }
}

/// Submits what must be refused.
pub(crate) async fn refusal(harness: &impl Harness, user: UserId, verb: Verb) -> Refusal {
    match submit(harness, user, plain(verb)).await {
        Outcome::Refused(refusal) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// What is used and held of a resource under its first limit now.
pub(crate) async fn totals(harness: &impl Harness, user: UserId, name: &str) -> (i64, i64) {
    use novacore_store::clock::Clock;
    let view = harness.ledger().account(user).await.expect("a known user");
    let policy = harness.ledger().policy();
    let now = harness.clock().now();
    let standing = novacore_ledger::standing(&view.state, &policy, &resource(name), now);
    (standing.used, standing.held)
}
