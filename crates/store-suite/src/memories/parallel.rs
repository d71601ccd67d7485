//! Many at once.

use super::*;
use crate::ledger::user;
use novacore_ledger::Refusal;

/// 64 writers at the edge of a limit: what fits is in, to the byte, and nothing more.
pub async fn stores_at_once_fill_a_limit_to_the_byte(harness: &mut impl MemoryHarness) {
    let user = user(harness, 1, "free_trial").await;
    let size = memory(harness, 100, Term::Ltm).size_bytes();
    ledger::apply(harness, user, ledger::record("memory_storage", (1 << 30) - 40 * size)).await;
    let writers: Vec<_> = (100..164)
        .map(|number| {
            let memories = harness.memories();
            let write = store(vec![insert(&memory(&*harness, number, Term::Ltm))]);
            tokio::spawn(async move { memories.change_memories(user, write).await })
        })
        .collect();
    let mut stored = 0;
    for writer in writers {
        match writer.await.expect("no panic") {
            Ok(Outcome::Applied(_)) => stored += 1,
            Ok(Outcome::Refused(Refusal::Quota(_))) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((stored, level(harness, user).await), (40, 40 * size));
    assert_level(harness, user).await;
    harness.reopen();
    assert_level(harness, user).await;
}

/// Of many that change one row as they read it, one does; the others read again, and in the end all
/// have. The charges add up.
pub async fn one_row_changes_once_at_a_time(harness: &mut impl MemoryHarness) {
    const WRITERS: usize = 16;
    let user = user(harness, 1, "pro").await;
    applied(harness, user, store(vec![insert(&memory(harness, 1, Term::Ltm))])).await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let memories = harness.memories();
            tokio::spawn(async move {
                loop {
                    let found = memories.find_memories(user, &[id(1)]).await.expect("a look-up");
                    let longer = format!("{}x", found[0].content.input.as_str());
                    let patch = novacore_memory::PatchDraft {
                        input: novacore_memory::Change::Set(longer),
                        ..novacore_memory::PatchDraft::default()
                    };
                    let patch = patch.check().expect("a patch");
                    let after = found[0].update(&patch, found[0].created_at).expect("there");
                    let write = store(vec![replace(&found[0], after.memory)]);
                    match memories.change_memories(user, write).await {
                        Ok(Outcome::Applied(_)) => return,
                        Err(StoreError::Stale("memory")) => {}
                        other => panic!("{other:?}"),
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no panic");
    }
    let after = find(harness, user, 1).await.expect("it is there");
    assert_eq!(after.revision, 1 + WRITERS as u64);
    assert_eq!(after.content.input.as_str(), format!("memory 1{}", "x".repeat(WRITERS)));
    assert_level(harness, user).await;
}
