//! What every ledger must do: one function per behaviour, each on a fresh and empty store.
//!
//! Expand [`ledger_suite!`](crate::ledger_suite) with a function that makes a [`Harness`]. The
//! rules themselves are tested as scripts in `novacore-ledger`; here is what a store may get wrong
//! about them: concurrency, durability, loading and forgetting, reading back.

mod holds;
mod keys;
mod parallel;
mod policy;
mod random;
mod reads;
mod records;

pub use holds::*;
pub use keys::*;
pub use parallel::*;
pub use policy::*;
pub use random::*;
pub use reads::*;
pub use records::*;

use crate::memory::HandClock;
use novacore_access::{Actor, AuditAction, AuditEntry, Reason, Role, User};
use novacore_ledger::{
    Answer, Command, Entry, Expect, OnExpiry, Outcome, Record, Refusal, Reserve, Settle, Standing,
    Verb,
};
use novacore_store::{
    clock::Clock,
    directory::Directory,
    error::StoreError,
    ledger::{EntryQuery, Ledger, SUBMIT_COMMANDS_MAX},
};
use novacore_vocab::{
    Amount, HoldId, IdempotencyKey, OrgId, ResourceName, Source, TierName, Timestamp, UserId,
    Version, Window,
};
use std::sync::Arc;
use uuid::Uuid;

/// A store under test, under the built-in policy and a clock that the test moves. It starts at
/// [`START`].
pub trait Harness: Send {
    /// The ledger. A case drops what it got here before it calls [`Harness::reopen`].
    fn ledger(&self) -> Arc<dyn Ledger>;
    /// The directory of the same store.
    fn directory(&self) -> Arc<dyn Directory>;
    /// The store's clock.
    fn clock(&self) -> &HandClock;
    /// Stops the store and starts it again on what it has stored.
    fn reopen(&mut self);
}

/// What the clock of a fresh harness shows.
pub const START: &str = "2026-11-24T08:00:00Z";

/// One test per behaviour. `$open` is a function that returns a
/// [`Harness`](crate::ledger::Harness).
#[macro_export]
macro_rules! ledger_suite {
    ($open:path) => {
        $crate::ledger_suite!(@each $open:
            a_record_is_a_fact_and_counts,
            an_enforced_record_is_refused_like_a_hold,
            what_is_invalid_is_refused_and_leaves_no_trace,
            an_entry_reads_back_whole,
            a_level_goes_up_and_down_and_never_below_zero,
            a_gibibyte_fits_to_the_byte,
            corrections_add_up_to_the_entry_at_most,
            corrections_are_remembered_after_a_restart,
            late_use_counts_now_and_is_reported_then,
            a_hold_sets_aside_and_a_settle_charges,
            a_hold_is_all_or_nothing,
            partial_settles_charge_as_they_go,
            a_settle_may_exceed_its_hold,
            a_release_gives_all_back,
            an_ended_hold_cannot_end_again,
            a_hold_is_extended,
            a_hold_that_ran_out_is_swept_by_whoever_looks,
            a_charging_hold_charges_when_it_runs_out,
            a_late_settle_is_accepted_once,
            a_hold_counts_in_the_window_of_its_reserve,
            holds_survive_a_restart,
            a_hold_that_runs_out_while_stopped_is_swept,
            a_key_replays_its_first_answer,
            a_key_stands_for_one_command,
            a_refused_command_leaves_its_key_free,
            a_key_twice_in_one_call_applies_once,
            a_key_sent_at_once_by_many_applies_once,
            a_key_is_scoped_to_its_account,
            a_key_replays_after_many_other_commands,
            holds_at_once_fill_a_cap_exactly,
            records_at_once_fill_a_cap_exactly,
            holds_and_records_at_once_fill_a_cap_exactly,
            released_holds_leave_all_of_a_cap_usable,
            versions_are_gapless_under_load,
            what_makes_room_goes_first_in_a_call,
            a_call_answers_in_the_order_of_its_commands,
            a_call_of_too_many_commands_writes_nothing,
            a_tier_change_is_in_force_at_once,
            an_override_is_in_force_at_once_and_until_it_expires,
            whoever_listens_hears_that_limits_are_others,
            overrides_survive_a_restart,
            a_tier_is_edited_and_its_versions_grow,
            an_edited_tier_survives_a_restart,
            policy_changes_beside_traffic_never_exceed_the_cap,
            nobody_has_no_account,
            entries_are_paged_both_ways,
            pages_are_complete_across_a_restart,
            entries_are_filtered,
            entries_read_back_after_a_restart,
            days_of_a_flow_are_days_of_use,
            days_of_a_level_are_levels_at_their_end,
            totals_add_up_over_users,
            series_are_the_sums_of_the_users_days,
            a_listener_hears_of_entries_in_order,
            thresholds_fire_once_per_window,
            counters_survive_a_restart,
            health_counts_entries,
            random_commands_are_answered_like_the_model,
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

pub(crate) fn name(text: &str) -> ResourceName {
    ResourceName::parse(text).expect("a resource's name")
}

fn tier(text: &str) -> TierName {
    TierName::parse(text).expect("a tier's name")
}

fn amount(number: i64) -> Amount {
    Amount::new(number).expect("an amount")
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub(crate) fn user_id(number: u128) -> UserId {
    UserId(Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 | number))
}

/// Stores user `number` in a tier.
pub(crate) async fn user(harness: &impl Harness, number: u128, in_tier: &str) -> UserId {
    let id = user_id(number);
    let user = User {
        id,
        org: OrgId(id.0),
        email: None,
        role: Role::Student,
        tier: tier(in_tier),
        disabled: false,
        trial_ends_at: None,
        created_at: harness.clock().now(),
    };
    let made = harness.directory().ensure_user(&user).await;
    assert!(made.is_ok_and(|made| made.created), "user {number} is new");
    id
}

pub(crate) fn audit(action: AuditAction, target: &str) -> AuditEntry {
    AuditEntry {
        actor: Actor::Console,
        action,
        target: target.to_owned(),
        before: None,
        after: None,
        reason: Reason::parse("a test").expect("a reason"),
        at: at(START),
    }
}

pub(crate) fn command(verb: Verb) -> Command {
    Command { key: None, fingerprint: 0, verb }
}

fn keyed(key: &str, fingerprint: u128, verb: Verb) -> Command {
    let key = IdempotencyKey::parse(key).expect("a key");
    Command { key: Some(key), fingerprint, verb }
}

fn record_of(resource: &str, number: i64) -> Record {
    Record {
        resource: name(resource),
        amount: amount(number),
        source: Source::Api,
        expect: Expect::Fact,
        corrects: None,
        occurred_at: None,
        metadata: None,
    }
}

pub(crate) fn record(resource: &str, number: i64) -> Verb {
    Verb::Record(record_of(resource, number))
}

fn enforced(resource: &str, number: i64) -> Verb {
    Verb::Record(Record { expect: Expect::Admission, ..record_of(resource, number) })
}

fn correction(of: Version, resource: &str, number: i64) -> Verb {
    Verb::Record(Record { corrects: Some(of), ..record_of(resource, number) })
}

fn amounts(of: &[(&str, i64)]) -> Vec<(ResourceName, Amount)> {
    of.iter().map(|(resource, number)| (name(resource), amount(*number))).collect()
}

fn reserve_for(ttl_s: i64, on_expiry: OnExpiry, of: &[(&str, i64)]) -> Verb {
    Verb::Reserve(Reserve { amounts: amounts(of), ttl_s, on_expiry, metadata: None })
}

/// A hold of ten minutes.
fn reserve(of: &[(&str, i64)]) -> Verb {
    reserve_for(600, OnExpiry::Release, of)
}

fn settle(hold: Version, of: &[(&str, i64)]) -> Verb {
    Verb::Settle(Settle { hold, amounts: amounts(of), last: true, metadata: None })
}

fn settle_part(hold: Version, of: &[(&str, i64)]) -> Verb {
    Verb::Settle(Settle { hold, amounts: amounts(of), last: false, metadata: None })
}

/// Submits a command that the store must judge.
async fn submit(harness: &impl Harness, user: UserId, verb: Verb) -> Outcome {
    run(harness, user, command(verb)).await
}

async fn run(harness: &impl Harness, user: UserId, command: Command) -> Outcome {
    let outcome = harness.ledger().submit(user, command).await;
    outcome.expect("a judgement")
}

/// Submits a command that must be applied.
pub(crate) async fn apply(harness: &impl Harness, user: UserId, verb: Verb) -> Answer {
    applied(submit(harness, user, verb).await)
}

/// Makes a hold that must be admitted.
async fn hold(harness: &impl Harness, user: UserId, of: &[(&str, i64)]) -> Version {
    let answer = apply(harness, user, reserve(of)).await;
    answer.hold.expect("a reserve makes a hold")
}

fn applied(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Applied(answer) => answer,
        other => panic!("not applied: {other:?}"),
    }
}

fn refusal(outcome: Outcome) -> Refusal {
    match outcome {
        Outcome::Refused(refusal) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn is_quota(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Quota(_))
}

/// Used and held of a resource in the window of a kind that is open now.
async fn totals(
    harness: &impl Harness,
    user: UserId,
    resource: &str,
    window: Window,
) -> (i64, i64) {
    let view = harness.ledger().account(user).await.expect("an account");
    let now = harness.clock().now().max(view.state.last_at);
    view.state.totals(&name(resource), window, now)
}

/// Today's tokens, used and held.
async fn tokens(harness: &impl Harness, user: UserId) -> (i64, i64) {
    totals(harness, user, "llm_tokens", Window::Day).await
}

/// All entries of a user, the oldest first.
pub(crate) async fn history(harness: &impl Harness, user: UserId) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    loop {
        let after = all.last().map_or(Version(0), |last| last.version);
        let query = EntryQuery { after: Some(after), ..EntryQuery::newest(user, 100) };
        let page = harness.ledger().entries(&query).await.expect("a page");
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// The daily standing of tokens in the tier `free_trial`.
fn trial_standing(used: i64, held: i64) -> Standing {
    let left = (1_000 - used - held).max(0);
    Standing {
        resource: name("llm_tokens"),
        limit: Some(name("day")),
        window: Window::Day,
        cap: 1_000,
        used,
        held,
        remaining: left,
        grantable: left,
        resets_at: Some(at("2026-11-25T00:00:00Z")),
    }
}
