//! A verification of what is left finds what was changed behind the store's back.

use super::{Story, detach};
use crate::fixture::options;
use novacore_store_postgres::verify;

/// Which table is changed, how, and what is then said of it. The table comes back from a copy.
const CHANGES: &[(&str, &str, &str)] = &[
    // An opening that lies.
    ("opening", "UPDATE opening SET version = version + 1", "openings are of"),
    ("opening", "UPDATE opening SET version = version + 1", "a detached month and in the ledger"),
    ("opening", "UPDATE opening SET version = version - 1", "it follows version"),
    ("opening", "UPDATE opening SET last_at = last_at - interval '31 days'", "no detached month"),
    ("opening", "UPDATE opening SET last_at = last_at + interval '31 days'", "no detached month"),
    ("opening", "UPDATE opening SET until = until - interval '1 hour'", "no detached month"),
    ("opening", "UPDATE opening SET until = '2026-11-01' WHERE version > 5", "no detached month"),
    (
        "opening",
        "UPDATE opening SET head = replace(head::text, '\"used\":', '\"used\":1')::json",
        "its counters",
    ),
    ("opening", "DELETE FROM opening", "follows version 0"),
    ("opening", "DELETE FROM opening", "holds of an opening and no opening"),
    ("opening", "UPDATE opening SET user_id = gen_random_uuid()", "an opening and no account"),
    ("opening_hold", "UPDATE opening_hold SET version = version + 1000", "does not follow"),
    ("opening_hold", "UPDATE opening_hold SET on_expiry = 1 - on_expiry", "as its entries say"),
    ("opening_hold", "DELETE FROM opening_hold", "does not follow"),
    ("detached_month", "UPDATE detached_month SET entries = entries + 1", "openings are of"),
    ("detached_month", "DELETE FROM detached_month", "no detached month"),
    // A counter, a day, a hold, a correction.
    (
        "account",
        "UPDATE account SET head = replace(head::text, '\"used\":', '\"used\":1')::json",
        "its counters",
    ),
    ("usage_day", "UPDATE usage_day SET amount = amount + 1 WHERE day < 20780", "its days"),
    ("usage_day", "UPDATE usage_day SET amount = amount + 1 WHERE day > 20800", "its days"),
    ("usage_day", "UPDATE usage_day SET closing = closing + 1 WHERE day < 20788", "its days"),
    ("usage_day", "DELETE FROM usage_day WHERE day < 20780", "its days"),
    ("ended_hold", "UPDATE ended_hold SET status = 5 - status", "as its entries say"),
    ("ended_hold", "DELETE FROM ended_hold", "number of ended holds"),
    ("correction", "DELETE FROM correction", "was corrected"),
    // An entry that is lost, changed, or in two places.
    ("usage_ledger", "DELETE FROM usage_ledger WHERE amount = 8", "it follows version"),
    ("usage_ledger", "UPDATE usage_ledger SET amount = 10 WHERE amount = 8", "its counters"),
    ("usage_ledger", DOUBLED, "in a detached month and in the ledger"),
];

/// An entry of November comes back, in the default partition.
const DOUBLED: &str = "ALTER TABLE usage_ledger_202611 DROP COLUMN recorded_at; \
     INSERT INTO usage_ledger (bucket, user_id, version, counted_at, timestamp, occurred_at, \
     expires_at, amount, held, hold_id, corrects, id, kind, source, flags, resource_type) \
     SELECT bucket, user_id, version, counted_at, timestamp, occurred_at, expires_at, amount, \
     held, hold_id, corrects, id, kind, source, flags, resource_type \
     FROM usage_ledger_202611 ORDER BY random() LIMIT 1";

async fn found(story: &Story) -> Vec<String> {
    let by = options(story.fixture.url(), story.fixture.hand_clock());
    verify(&by).await.expect("a report").findings
}

/// Puts a table back as it was when it was copied.
fn restore(story: &Story, table: &str) {
    // A column that is generated is not written.
    let columns = story.psql(&format!(
        "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute \
         WHERE attrelid = '{table}'::regclass AND attnum > 0 AND attgenerated = ''"
    ));
    story.psql(&format!(
        "DELETE FROM {table}; INSERT INTO {table} ({columns}) SELECT {columns} FROM kept_{table}"
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_planted_is_found_and_nothing_else() {
    let story = Story::tell().await;
    detach(&story.fixture, "2026-12").await.expect("they go");
    let sound = story.verified().await;
    for (table, ..) in CHANGES {
        story.psql(&format!("CREATE TABLE IF NOT EXISTS kept_{table} AS TABLE {table}"));
        assert_ne!(story.psql(&format!("SELECT count(*) FROM {table}")), "0", "{table} has rows");
    }
    for (table, change, said) in CHANGES {
        story.psql(change);
        let found = found(&story).await;
        assert!(found.iter().any(|line| line.contains(said)), "{change}: {found:?}");
        restore(&story, table);
        assert_eq!(story.verified().await, sound, "{change} is undone");
    }
}
