//! All that a store shows, as lines to compare.

use novacore_access::User;
use novacore_ledger::{Entry, standing};
use novacore_memory::{Filter, Term};
use novacore_store::{
    clock::Clock,
    directory::{AuditQuery, DIRECTORY_PAGE_ROWS_MAX, Directory, UserQuery},
    ledger::{DayRange, ENTRY_PAGE_ROWS_MAX, EntryQuery, Ledger},
    memories::{
        DIGEST_PAGE_ROWS_MAX, MEMORY_PAGE_ROWS_MAX, Memories, MemoryOrder, MemoryQuery, Numbered,
    },
};
use novacore_store_suite::memories::MemoryHarness;
use novacore_vocab::{HoldId, Timestamp, UserId, Window};
use std::fmt::Debug;

/// What it shows of every user, and of all together.
pub(crate) async fn looks(harness: &impl MemoryHarness) -> Vec<String> {
    let (ledger, directory) = (harness.ledger(), harness.directory());
    let store = harness.memories();
    let now = harness.clock().now();
    let mut lines = vec![line("policy", ledger.policy().tiers())];
    let query = UserQuery { rows_max: DIRECTORY_PAGE_ROWS_MAX, ..UserQuery::default() };
    let users = directory.list_users(&query).await.expect("users");
    assert!(users.len() < DIRECTORY_PAGE_ROWS_MAX, "one page has all of them");
    for user in &users {
        lines.push(line("user", user));
        person(&*directory, user, &mut lines).await;
        account(&*ledger, user.id, now, &mut lines).await;
        memories(&*store, user.id, now, &mut lines).await;
    }
    background(&*store, now, &mut lines).await;
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

/// What a user has in mind: rows and digests with their numbers, embeddings to the bit, lists, and
/// what they add up to.
async fn memories(store: &dyn Memories, user: UserId, now: Timestamp, lines: &mut Vec<String>) {
    lines.push(line("head", store.memory_head(user).await.expect("a head")));
    let mut after = 0;
    loop {
        let page = store.scan_memories(user, after, MEMORY_PAGE_ROWS_MAX).await.expect("a page");
        let Some(Numbered { change_no, .. }) = page.last() else { break };
        after = *change_no;
        for row in &page {
            let content = &row.memory.content;
            let texts = (content.input.as_str(), content.output.as_ref().map(|text| text.as_str()));
            let metadata = content.metadata.as_ref().map(|metadata| metadata.as_str());
            lines.push(line("memory", (row, texts, metadata)));
        }
    }
    let digests = store.scan_digests(user, 0, DIGEST_PAGE_ROWS_MAX).await.expect("a page");
    assert!(digests.len() < DIGEST_PAGE_ROWS_MAX, "one page has all of them");
    for digest in digests {
        let bytes = digest.embedded.as_ref().map(|(_, quantised)| quantised.to_bytes());
        lines.push(line("digest", (&digest, bytes)));
        if let Some((model, _)) = &digest.embedded {
            let dims = novacore_memory::Dims::new(4).expect("a dimension");
            let found = store.find_embeddings(user, &[digest.id], model, dims).await;
            let found = found.expect("a look-up");
            let elements = found.iter().map(|(id, one)| (id, one.as_slice()));
            lines.push(line("embedding", elements.collect::<Vec<_>>()));
        }
    }
    for order in [MemoryOrder::Newest, MemoryOrder::MostRead] {
        for term in Term::ALL.into_iter().map(Some).chain([None]) {
            let filter = Filter { term, ..Filter::default() };
            let query = MemoryQuery { filter, live_at: now, order, offset: 1, rows_max: 50 };
            lines.push(line("list", store.list_memories(user, &query).await.expect("a page")));
        }
    }
}

/// What the work behind all users finds.
async fn background(store: &dyn Memories, now: Timestamp, lines: &mut Vec<String>) {
    let expired = store.expired_memories(now, MEMORY_PAGE_ROWS_MAX).await.expect("a page");
    lines.push(line("expired", expired));
    let mut counts = store.embedding_counts().await.expect("counts");
    counts.sort();
    lines.push(line("embedded", &counts));
    for model in counts.iter().filter_map(|count| count.model.as_ref()) {
        let waiting = store.memories_to_embed(model, None, MEMORY_PAGE_ROWS_MAX).await;
        lines.push(line("waiting", waiting.expect("a page")));
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
