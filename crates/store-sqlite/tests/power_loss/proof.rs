//! What must hold of a copy that a power loss has left behind.

use crate::{
    load::{Asked, tokens},
    rig::{USERS, options, user},
};
use novacore_ledger::{Entry, EntryKind, Outcome};
use novacore_store::ledger::{EntryQuery, Ledger};
use novacore_store_sqlite::{SqliteStore, verify};
use novacore_store_suite::memory::HandClock;
use novacore_vocab::{ResourceName, UserId, Version, Window};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

/// All entries per user, the oldest first.
pub(crate) type Histories = BTreeMap<UserId, Vec<Entry>>;

/// The cap of the tier that all users are in.
const TOKENS_PER_DAY: i64 = 1_000;

pub(crate) async fn histories(store: &SqliteStore) -> Histories {
    let mut all = Histories::new();
    for number in 0..USERS {
        all.insert(user(number), history(store, user(number)).await);
    }
    all
}

async fn history(store: &SqliteStore, user: UserId) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    loop {
        let after = Some(all.last().map_or(Version(0), |last| last.version));
        let query = EntryQuery { after, ..EntryQuery::newest(user, 500) };
        let page = store.entries(&query).await.expect("a page");
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// Opens a copy and proves it: `before` is the log as of the loss, `after` the log now, and `live`
/// what the store went on to write.
pub(crate) async fn prove(
    copy: &Path,
    clock: &Arc<HandClock>,
    before: &[Asked],
    after: &[Asked],
    live: &Histories,
) {
    let store = SqliteStore::open(options(copy, clock)).expect("it opens without repair");
    let left = histories(&store).await;
    prove_whole_commands(&left, live, after);
    for number in 0..USERS {
        prove_counters(&store, user(number), &left[&user(number)]).await;
    }
    prove_acknowledged(&store, before).await;
    assert_eq!(histories(&store).await, left, "a replay has no effect");
    prove_unacknowledged(&store, before, after).await;
    let told = store.submit(user(0), tokens("after the loss", 1)).await;
    told.expect("it goes on");
    drop(store);
    let report = verify(&options(copy, clock)).expect("it can be verified");
    assert_eq!(report.findings, Vec::<String>::new());
}

/// What is left is what the live store has, up to a point between two commands.
fn prove_whole_commands(left: &Histories, live: &Histories, after: &[Asked]) {
    let firsts: BTreeSet<(UserId, Version)> =
        after.iter().filter_map(|asked| Some((asked.user, asked.answer()?.version))).collect();
    for (user, left) in left {
        let all = &live[user];
        assert!(all.starts_with(left), "{user:?} has entries that the live store has not");
        if let Some(next) = all.get(left.len()) {
            let begins = firsts.contains(&(*user, next.version)) || next.kind == EntryKind::Expire;
            assert!(begins, "{user:?}: a command is cut in two before {next:?}");
        }
    }
}

/// Counters are sums of what is left, and within the cap.
async fn prove_counters(store: &SqliteStore, user: UserId, left: &[Entry]) {
    let state = store.account(user).await.expect("an account").state;
    let resource = ResourceName::parse("llm_tokens").expect("a resource's name");
    let today = state.last_at.day_number();
    let counted = left
        .iter()
        .filter(|entry| entry.resource == resource && entry.counted_at.day_number() == today);
    let sums = counted.fold((0, 0), |(used, held), entry| (used + entry.amount, held + entry.held));
    assert_eq!(state.totals(&resource, Window::Day, state.last_at), sums, "{user:?}");
    assert!(sums.0 + sums.1 <= TOKENS_PER_DAY, "{user:?} is over the cap: {sums:?}");
}

/// Every command whose caller was told before the loss is there, under its key, with its answer.
async fn prove_acknowledged(store: &SqliteStore, before: &[Asked]) {
    let known: Vec<_> = before.iter().filter(|asked| asked.answer().is_some()).collect();
    for known in known.chunks(500) {
        let again = known.iter().map(|asked| (asked.user, asked.command.clone())).collect();
        let told = store.submit_all(again).await;
        for (asked, told) in known.iter().zip(told) {
            let answer = asked.answer().expect("filtered above").clone();
            assert_eq!(told, Ok(Outcome::Replayed(answer)), "{asked:?} was acknowledged");
        }
    }
}

/// A command under way is either there as the live store has it, or judged afresh.
async fn prove_unacknowledged(store: &SqliteStore, before: &[Asked], after: &[Asked]) {
    for (asked, later) in before.iter().zip(after).filter(|(asked, _)| asked.told.is_none()) {
        let told = store.submit(asked.user, asked.command.clone()).await;
        if let Outcome::Replayed(answer) = told.expect("a judgement") {
            assert_eq!(Some(&answer), later.answer(), "{asked:?} has two answers");
        }
    }
}
