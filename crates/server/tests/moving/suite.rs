//! The cases of the conformance suite that open their store again, where that means to move it: all
//! that they look for afterwards they find in the database.

use crate::rig::Rig;
use novacore_store_suite::{ledger as cases, memories};

macro_rules! moved {
    ($cases:ident: $($case:ident),+ $(,)?) => {$(
        eprintln!("{}", stringify!($case));
        $cases::$case(&mut Rig::new()).await;
    )+};
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_survives_a_restart_survives_the_move() {
    moved!(cases:
        an_entry_reads_back_whole,
        a_level_goes_up_and_down_and_never_below_zero,
        corrections_are_remembered_after_a_restart,
        late_use_counts_now_and_is_reported_then,
        partial_settles_charge_as_they_go,
        an_ended_hold_cannot_end_again,
        a_hold_is_extended,
        a_hold_counts_in_the_window_of_its_reserve,
        a_late_settle_is_accepted_once,
        holds_survive_a_restart,
        a_hold_that_runs_out_while_stopped_is_swept,
        a_key_replays_its_first_answer,
        a_key_stands_for_one_command,
        a_key_is_scoped_to_its_account,
        a_tier_change_is_in_force_at_once,
        overrides_survive_a_restart,
        an_edited_tier_survives_a_restart,
        entries_are_paged_both_ways,
        pages_are_complete_across_a_restart,
        entries_are_filtered,
        entries_read_back_after_a_restart,
        days_of_a_flow_are_days_of_use,
        days_of_a_level_are_levels_at_their_end,
        totals_add_up_over_users,
        series_are_the_sums_of_the_users_days,
        thresholds_fire_once_per_window,
        counters_survive_a_restart,
        versions_are_gapless_under_load,
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memories_that_survive_a_restart_survive_the_move() {
    moved!(memories:
        a_memory_commits_with_its_entry,
        short_term_memory_costs_nothing,
        many_rows_change_in_one_commit,
        a_key_changes_once,
        a_memory_reads_back_whole,
        scans_follow_the_changes_of_rows,
        embeddings_are_stored_beside_their_rows,
        stores_at_once_fill_a_limit_to_the_byte,
    );
}

/// One stream of changes: the database goes on with them as the model does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_changes_are_kept_like_the_model_across_the_move() {
    for rig in [Rig::new, Rig::to_shards] {
        memories::random_changes_are_kept_like_the_model(&mut rig()).await;
    }
}

/// One stream of commands, clock steps and changes of policy: wherever in it the ledger is moved,
/// the database goes on as the model does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_commands_are_answered_like_the_model_across_the_move() {
    for stays in [2, 20] {
        cases::random_commands_are_answered_like_the_model(&mut Rig::that_stays(stays)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_commands_are_answered_like_the_model_across_the_move_to_shards() {
    cases::random_commands_are_answered_like_the_model(&mut Rig::to_shards()).await;
}
