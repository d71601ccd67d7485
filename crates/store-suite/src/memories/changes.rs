//! Changes and their entries.

use super::*;
use crate::ledger::{history, user};
use novacore_access::AuditAction;
use novacore_ledger::{EntryKind, Flags, Refusal};
use novacore_memory::{Change, Patch, PatchDraft, charged_bytes};
use novacore_store::directory::AuditQuery;

const STALE: Result<Outcome, StoreError> = Err(StoreError::Stale("memory"));

fn output(text: &str) -> Patch {
    let draft = PatchDraft { output: Change::Set(text.to_owned()), ..PatchDraft::default() };
    draft.check().expect("a patch")
}

fn updated(memory: &Memory, text: &str) -> Memory {
    memory.update(&output(text), memory.created_at).expect("it is there").memory
}

/// The amounts of a user's records, the oldest first.
async fn records(harness: &impl MemoryHarness, user: UserId) -> Vec<i64> {
    let written = history(harness, user).await;
    let records = written.iter().filter(|entry| entry.kind == EntryKind::Record);
    records.map(|entry| entry.amount).collect()
}

/// Row and entry are there together, also after a restart.
pub async fn a_memory_commits_with_its_entry(harness: &mut impl MemoryHarness) {
    let user = user(harness, 1, "free_trial").await;
    let memory = memory(harness, 1, Term::Ltm);
    applied(harness, user, store(vec![insert(&memory)])).await;
    for round in 0..2 {
        assert_eq!(find(harness, user, 1).await.as_ref(), Some(&memory), "round {round}");
        let [entry] = &history(harness, user).await[..] else { panic!("one entry") };
        assert_eq!(entry.amount, charged_bytes(&memory));
        assert_eq!((entry.kind, entry.source), (EntryKind::Record, Source::Memory));
        assert!(entry.flags.has(Flags::ENFORCED));
        let metadata = format!("{{\"change\":\"store\",\"memory_id\":\"{}\"}}", memory.id);
        assert_eq!(entry.metadata.as_deref(), Some(&*metadata));
        assert_level(harness, user).await;
        harness.reopen();
    }
}

/// What does not fit is refused to the byte, and neither row nor entry is there; what gives back or
/// moves nothing is never refused.
pub async fn a_refused_change_changes_nothing(harness: &mut impl MemoryHarness) {
    let user = user(harness, 1, "free_trial").await;
    let (first, second) = (memory(harness, 1, Term::Ltm), memory(harness, 2, Term::Itm));
    let room = (1 << 30) - first.size_bytes() - second.size_bytes();
    ledger::apply(harness, user, ledger::record("memory_storage", room + 1)).await;
    applied(harness, user, store(vec![insert(&first)])).await;
    let written = history(harness, user).await.len();
    let head = harness.memories().memory_head(user).await;
    let outcome = change(harness, user, store(vec![insert(&second)])).await;
    let Ok(Outcome::Refused(Refusal::Quota(quota))) = outcome else { panic!("{outcome:?}") };
    assert_eq!(quota.requested - quota.remaining, 1);
    assert_eq!(history(harness, user).await.len(), written);
    assert_eq!(harness.memories().memory_head(user).await, head);
    assert_eq!(find(harness, user, 2).await, None);
    applied(harness, user, store(vec![insert(&memory(harness, 3, Term::Stm))])).await;
    ledger::apply(harness, user, ledger::record("memory_storage", -1)).await;
    applied(harness, user, store(vec![insert(&second)])).await;
    applied(harness, user, store(vec![remove(&first)])).await;
}

/// Updates charge the difference, promotions what was free before, removals give all back.
pub async fn a_change_charges_what_it_changes(harness: &mut impl MemoryHarness) {
    let user = user(harness, 1, "pro").await;
    let first = memory(harness, 1, Term::Stm);
    applied(harness, user, store(vec![insert(&first)])).await;
    assert_eq!(level(harness, user).await, 0);
    let promoted = first.promote(Term::Itm, harness.clock().now()).expect("upwards");
    applied(harness, user, store(vec![replace(&first, promoted.clone())])).await;
    assert_eq!(level(harness, user).await, first.size_bytes());
    let longer = updated(&promoted, "twelve bytes");
    applied(harness, user, store(vec![replace(&promoted, longer.clone())])).await;
    assert_eq!(level(harness, user).await, first.size_bytes() + 12);
    assert_eq!(find(harness, user, 1).await.as_ref(), Some(&longer));
    let kept = longer.promote(Term::Ltm, harness.clock().now()).expect("upwards");
    applied(harness, user, store(vec![replace(&longer, kept.clone())])).await;
    applied(harness, user, store(vec![remove(&kept)])).await;
    assert_eq!((level(harness, user).await, find(harness, user, 1).await), (0, None));
    let amounts: Vec<i64> = history(harness, user).await.iter().map(|e| e.amount).collect();
    assert_eq!(amounts, [first.size_bytes(), 12, -first.size_bytes() - 12]);
}

/// It has neither entry nor limit, and is there after a restart.
pub async fn short_term_memory_costs_nothing(harness: &mut impl MemoryHarness) {
    let user = user(harness, 1, "free_trial").await;
    ledger::apply(harness, user, ledger::record("memory_storage", 2 << 30)).await;
    let rows: Vec<Memory> = (1..=3).map(|number| memory(harness, number, Term::Stm)).collect();
    for row in &rows {
        applied(harness, user, store(vec![insert(row)])).await;
    }
    harness.reopen();
    let head = harness.memories().memory_head(user).await.expect("a head");
    assert_eq!((head.tally(Term::Stm).rows, head.stm_revision, head.change_no), (3, 3, 3));
    assert_eq!(records(harness, user).await, [2 << 30]);
    applied(harness, user, store(rows.iter().map(remove).collect())).await;
    let head = harness.memories().memory_head(user).await.expect("a head");
    assert_eq!((head.tally(Term::Stm).rows, head.stm_revision, head.removals), (0, 4, 1));
}

/// A row that is other than it was read, is gone, or is there already: told so, nothing written.
pub async fn what_is_stale_is_not_judged(harness: &mut impl MemoryHarness) {
    let user = user(harness, 1, "pro").await;
    let first = memory(harness, 1, Term::Ltm);
    applied(harness, user, store(vec![insert(&first)])).await;
    let second = updated(&first, "two");
    applied(harness, user, store(vec![replace(&first, second.clone())])).await;
    let written = history(harness, user).await;
    let fresh = memory(harness, 9, Term::Ltm);
    for stale in [
        vec![insert(&first)],
        vec![replace(&first, second.clone())],
        vec![remove(&first)],
        vec![remove(&fresh)],
        vec![replace(&fresh, updated(&fresh, "x"))],
        vec![insert(&fresh), remove(&first)],
    ] {
        assert_eq!(change(harness, user, store(stale.clone())).await, STALE, "{stale:?}");
    }
    assert_eq!(history(harness, user).await, written);
    assert_eq!(find(harness, user, 1).await, Some(second.clone()));
    assert_eq!(find(harness, user, 9).await, None);
    applied(harness, user, store(vec![insert(&fresh), remove(&second)])).await;
}

/// Of two writes that rest on the same short-term memory, the second is stale; a charged term does
/// not move it.
pub async fn room_in_short_term_memory_is_made_once(harness: &mut impl MemoryHarness) {
    let user = user(harness, 1, "pro").await;
    let on = |revision, changes| MemoryWrite::new(changes, Some(revision), Cause::Store, None);
    let rows: Vec<Memory> = (1..=4).map(|number| memory(harness, number, Term::Stm)).collect();
    applied(harness, user, on(0, vec![insert(&rows[0])])).await;
    assert_eq!(change(harness, user, on(0, vec![insert(&rows[1])])).await, STALE);
    applied(harness, user, store(vec![insert(&memory(harness, 9, Term::Ltm))])).await;
    applied(harness, user, on(1, vec![insert(&rows[1]), remove(&rows[0])])).await;
    let promoted = rows[1].promote(Term::Ltm, harness.clock().now()).expect("upwards");
    applied(harness, user, store(vec![replace(&rows[1], promoted)])).await;
    assert_eq!(change(harness, user, on(2, vec![insert(&rows[2])])).await, STALE);
    applied(harness, user, on(3, vec![insert(&rows[2])])).await;
}

/// All or none, with one entry.
pub async fn many_rows_change_in_one_commit(harness: &mut impl MemoryHarness) {
    let user = user(harness, 1, "free_trial").await;
    let rows: Vec<Memory> = (1..=300).map(|number| memory(harness, number, Term::Ltm)).collect();
    applied(harness, user, store(rows.iter().map(insert).collect())).await;
    let [entry] = &history(harness, user).await[..] else { panic!("one entry") };
    let metadata = r#"{"change":"store","memories":300}"#;
    assert_eq!(entry.metadata.as_deref(), Some(metadata));
    harness.reopen();
    let query = MemoryQuery { rows_max: 1_000, ..newest(Filter::default(), harness.clock()) };
    let page = list(harness, user, &query).await;
    assert_eq!((page.rows, page.total), (rows.clone(), 300));
    let forget = rows.iter().map(remove).collect();
    applied(harness, user, MemoryWrite::new(forget, None, Cause::Forget, None)).await;
    let head = harness.memories().memory_head(user).await.expect("a head");
    assert_eq!((head.charged_bytes(), head.removals), (0, 1));
    assert_eq!(history(harness, user).await.len(), 2);
}

/// The second time the first answer, and no second row; for something else it is refused.
pub async fn a_key_changes_once(harness: &mut impl MemoryHarness) {
    let user = user(harness, 1, "free_trial").await;
    let write = |number, key| {
        let changes = vec![insert(&memory(&*harness, number, Term::Ltm))];
        MemoryWrite::new(changes, None, Cause::Store, key)
    };
    let (first, again) = (write(1, key("k", 7)), write(2, key("k", 7)));
    let other = write(2, key("k", 8));
    let made = change(harness, user, first).await;
    let Ok(Outcome::Applied(answer)) = made else { panic!("{made:?}") };
    harness.reopen();
    assert_eq!(change(harness, user, again).await, Ok(Outcome::Replayed(answer)));
    let reused = change(harness, user, other).await;
    assert_eq!(reused, Ok(Outcome::Refused(Refusal::KeyReused)));
    assert_eq!(find(harness, user, 2).await, None);
    assert_eq!(history(harness, user).await.len(), 1);
    assert_level(harness, user).await;
}

/// Short-term memory under a key has an entry of 0 bytes, also where the limit is passed.
pub async fn a_key_is_kept_where_no_byte_moves(harness: &mut impl MemoryHarness) {
    let user = user(harness, 1, "free_trial").await;
    ledger::apply(harness, user, ledger::record("memory_storage", 2 << 30)).await;
    let write = |number| {
        let changes = vec![insert(&memory(&*harness, number, Term::Stm))];
        MemoryWrite::new(changes, None, Cause::Store, key("k", 7))
    };
    let (first, again) = (write(1), write(2));
    let made = change(harness, user, first).await;
    let Ok(Outcome::Applied(answer)) = made else { panic!("{made:?}") };
    assert_eq!(change(harness, user, again).await, Ok(Outcome::Replayed(answer)));
    assert_eq!(records(harness, user).await, [2 << 30, 0]);
    assert_eq!(find(harness, user, 2).await, None);
}

/// With another user's id nothing is found, changed, or told.
pub async fn rows_of_others_cannot_be_named(harness: &mut impl MemoryHarness) {
    let (owner, other) = (user(harness, 1, "pro").await, user(harness, 2, "pro").await);
    let memory = memory(harness, 1, Term::Ltm);
    let embedded = Some(embedded("m", 1));
    let change_of = MemoryChange::Insert { memory: memory.clone(), embedded };
    applied(harness, owner, store(vec![change_of])).await;
    assert_eq!(find(harness, other, 1).await, None);
    assert_eq!(change(harness, other, store(vec![remove(&memory)])).await, STALE);
    let update = replace(&memory, updated(&memory, "mine"));
    assert_eq!(change(harness, other, store(vec![update])).await, STALE);
    let memories = harness.memories();
    assert_eq!(memories.scan_memories(other, 0, 10).await, Ok(vec![]));
    assert_eq!(memories.scan_digests(other, 0, 10).await, Ok(vec![]));
    let found = memories.find_embeddings(other, &[memory.id], &model("m"), dims()).await;
    assert_eq!(found, Ok(vec![]));
    assert_eq!(list(harness, other, &newest(Filter::default(), harness.clock())).await.total, 0);
    // The same id is another memory with another owner.
    let own = Memory { id: memory.id, ..super::memory(harness, 7, Term::Itm) };
    applied(harness, other, store(vec![insert(&own)])).await;
    applied(harness, other, store(vec![remove(&own)])).await;
    assert_eq!(find(harness, owner, 1).await, Some(memory));
}

/// A user who is not there has no memories and gets none.
pub async fn nobody_stores_no_memory(harness: &mut impl MemoryHarness) {
    let nobody = ledger::user_id(404);
    let write = store(vec![insert(&memory(harness, 1, Term::Stm))]);
    assert_eq!(change(harness, nobody, write).await, Err(StoreError::NotFound("user")));
    let head = harness.memories().memory_head(nobody).await;
    assert_eq!(head, Ok(novacore_store::memories::MemoryHead::default()));
    assert_eq!(find(harness, nobody, 1).await, None);
}

/// In the same commit; what is stale is not told either.
pub async fn what_an_operator_erases_is_in_the_audit_log(harness: &mut impl MemoryHarness) {
    let user = user(harness, 1, "pro").await;
    let memory = memory(harness, 1, Term::Ltm);
    applied(harness, user, store(vec![insert(&memory)])).await;
    let target = format!("user:{user}");
    let audit = ledger::audit(AuditAction::EraseMemories, &target);
    let erase = || {
        let write = MemoryWrite::new(vec![remove(&memory)], None, Cause::Forget, None);
        write.audited(audit.clone())
    };
    applied(harness, user, erase()).await;
    assert_eq!(change(harness, user, erase()).await, STALE);
    let query = AuditQuery { target: Some(target), before: None, rows_max: 10 };
    let rows = harness.directory().list_audit(&query).await.expect("a page");
    let entries: Vec<_> = rows.into_iter().map(|row| row.entry).collect();
    assert_eq!(entries, [audit]);
}
