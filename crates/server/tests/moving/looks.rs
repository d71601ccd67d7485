//! All that a store shows, as lines to compare.

use novacore_access::User;
use novacore_ledger::{Entry, standing};
use novacore_store::{
    clock::Clock,
    directory::{AuditQuery, DIRECTORY_PAGE_ROWS_MAX, Directory, UserQuery},
    ledger::{DayRange, ENTRY_PAGE_ROWS_MAX, EntryQuery, Ledger},
};
use novacore_store_suite::ledger::Harness;
use novacore_vocab::{HoldId, Timestamp, UserId, Window};
use std::fmt::Debug;

/// What it shows of every user, and of all together.
pub(crate) async fn looks(harness: &impl Harness) -> Vec<String> {
    let (ledger, directory) = (harness.ledger(), harness.directory());
    let now = harness.clock().now();
    let mut lines = vec![line("policy", ledger.policy().tiers())];
    let query = UserQuery { rows_max: DIRECTORY_PAGE_ROWS_MAX, ..UserQuery::default() };
    let users = directory.list_users(&query).await.expect("users");
    assert!(users.len() < DIRECTORY_PAGE_ROWS_MAX, "one page has all of them");
    for user in &users {
        lines.push(line("user", user));
        person(&*directory, user, &mut lines).await;
        account(&*ledger, user.id, now, &mut lines).await;
    }
    let totals = ledger.totals(DayRange::last_days(90, now), 5).await.expect("totals");
    lines.extend(totals.resources.iter().map(|total| line("total", total)));
    let query = AuditQuery { rows_max: DIRECTORY_PAGE_ROWS_MAX, ..AuditQuery::default() };
    let audit = directory.list_audit(&query).await.expect("the audit log");
    lines.extend(audit.iter().map(|row| line("audit", row)));
    lines
}

async fn person(directory: &dyn Directory, user: &User, lines: &mut Vec<String>) {
    if let Some(email) = &user.email {
        let credentials = directory.find_credentials(email).await.expect("credentials");
        let password = credentials.and_then(|found| found.password);
        lines.push(line("password", password.map(|hash| hash.expose().to_owned())));
    }
    for session in directory.list_sessions(user.account()).await.expect("sessions") {
        lines.push(line("session", session));
    }
    for key in directory.list_keys(user.account()).await.expect("keys") {
        let stored = directory.find_key(user.account(), key.id).await.expect("a key");
        lines.push(line("key", (key, stored.map(|stored| stored.hash.0))));
    }
}

async fn account(ledger: &dyn Ledger, user: UserId, now: Timestamp, lines: &mut Vec<String>) {
    let view = ledger.account(user).await.expect("an account");
    let state = &view.state;
    lines.push(line("profile", &state.profile));
    lines.push(line("last", (state.version, state.last_at.max(now), view.open_holds)));
    let policy = ledger.policy();
    for spec in policy.resources() {
        lines.push(line("standing", standing(state, &policy, &spec.name, now)));
        for window in Window::ALL {
            lines.push(line("used and held", (window, state.totals(&spec.name, window, now))));
        }
        let days = ledger.days(user, &spec.name, DayRange::last_days(400, now)).await;
        let days = days.expect("days");
        let days: Vec<_> = days.iter().filter(|day| day.amount != 0).collect();
        lines.push(line(spec.name.as_str(), days));
    }
    let mut query = EntryQuery::newest(user, ENTRY_PAGE_ROWS_MAX);
    loop {
        let page = ledger.entries(&query).await.expect("entries");
        let Some(last) = page.last() else { return };
        query.before = Some(last.version);
        for entry in &page {
            let hold = HoldId { user, version: entry.version };
            let hold = ledger.hold(hold).await.expect("a hold");
            lines.push(line("entry", (entry, hold)));
        }
    }
}

/// Entries account by account, each in the order they came in.
pub(crate) fn texts(mut entries: Vec<(UserId, Entry)>) -> Vec<String> {
    entries.sort_by_key(|(user, _)| *user);
    entries.iter().map(|entry| line("entry", entry)).collect()
}

fn line(what: &str, value: impl Debug) -> String {
    format!("{what}: {value:?}")
}
