//! Verification: silent after random commands, and not deaf.

use crate::{
    ask::{command, is_applied, reserve, user},
    fixture::{Fixture, options},
};
use novacore_postgres_fixture::Server;
use novacore_store::ledger::Ledger;
use novacore_store_postgres::{VerifyReport, verify};
use novacore_store_suite::ledger::random_commands_are_answered_like_the_model;

/// What is changed behind the store's back, how it is undone, and what is then said of it.
const CHANGES: [(&str, &str, &str, &str); 9] = [
    ("account", "version = version + 1", "version = version - 1", "its version"),
    (
        "account",
        "last_at = last_at + interval '1s'",
        "last_at = last_at - interval '1s'",
        "its time",
    ),
    ("account", "open_holds = open_holds + 1", "open_holds = open_holds - 1", "miscounted"),
    (
        "hold",
        "expires_at = expires_at + interval '1s'",
        "expires_at = expires_at - interval '1s'",
        "open holds",
    ),
    ("ended_hold", "status = 5 - status", "status = 5 - status", "as its entries say"),
    ("usage_day", "amount = amount + 1", "amount = amount - 1", "its days"),
    ("correction", "corrected = corrected + 1", "corrected = corrected - 1", "was corrected"),
    ("usage_ledger", "amount = amount + 1", "amount = amount - 1", "its counters"),
    ("usage_ledger", "version = version + 100000", "version = version - 100000", "follows"),
];

async fn verified(fixture: &Fixture) -> VerifyReport {
    verify(&options(fixture.url(), fixture.hand_clock())).await.expect("a report")
}

/// Everything that random commands leave behind follows from their entries; every change behind
/// the store's back is found, and no longer found once it is undone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verification_finds_what_was_changed_and_nothing_else() {
    let mut fixture = Fixture::new();
    random_commands_are_answered_like_the_model(&mut fixture).await;
    let holder = user(&fixture, 99, "pro").await;
    assert!(is_applied(&fixture.store().submit(holder, command(reserve(5, 600))).await));
    let sound = verified(&fixture).await;
    assert_eq!(sound.findings, [""; 0]);
    assert!(sound.entries > 100 && sound.accounts > 1, "{sound:?}");
    let psql = |sql: &str| Server::shared().psql(fixture.url(), sql).expect("a statement");
    for (table, change, undo, said) in CHANGES {
        assert_ne!(psql(&format!("SELECT count(*) FROM {table}")), "0", "{table} has rows");
        psql(&format!("UPDATE {table} SET {change}"));
        let found = verified(&fixture).await.findings;
        assert!(found.iter().any(|line| line.contains(said)), "{table} {change}: {found:?}");
        psql(&format!("UPDATE {table} SET {undo}"));
        assert_eq!(verified(&fixture).await, sound, "{table} {undo}");
    }
    psql("DELETE FROM account WHERE version > 0");
    let found = verified(&fixture).await.findings;
    assert!(found.iter().any(|line| line.contains("no account")), "{found:?}");
}
