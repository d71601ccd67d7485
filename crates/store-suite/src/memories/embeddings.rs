//! Embeddings beside their memories.

use super::*;
use crate::ledger::user;
use novacore_store::memories::{
    Digest, MemoryPlace, ModelRows, NearestQuery, NewEmbedding, NextEmbedding, Numbered,
};

fn new(user: UserId, memory: &Memory, embedded: Embedded) -> NewEmbedding {
    let place = MemoryPlace { user, id: memory.id };
    NewEmbedding { place, revision: memory.revision, embedded }
}

async fn counts(harness: &impl MemoryHarness) -> Vec<(Option<String>, u64)> {
    let mut counts = harness.memories().embedding_counts().await.expect("counts");
    counts.sort();
    let named = |ModelRows { model, rows }| (model.map(|one: ModelId| one.to_string()), rows);
    counts.into_iter().map(named).collect()
}

/// To the bit, with the memory or later, and only where model and dimension are asked for.
pub async fn embeddings_are_stored_beside_their_rows(harness: &mut impl MemoryHarness) {
    let user = user(harness, 1, "pro").await;
    let rows: Vec<Memory> = (1..=3).map(|number| memory(harness, number, Term::Ltm)).collect();
    let with = MemoryChange::Insert { memory: rows[0].clone(), embedded: Some(embedded("m", 0)) };
    applied(harness, user, store(vec![with, insert(&rows[1]), insert(&rows[2])])).await;
    let later = vec![new(user, &rows[1], embedded("m", 1)), new(user, &rows[2], embedded("n", 2))];
    assert_eq!(harness.memories().store_embeddings(later).await, Ok(2));
    harness.reopen();
    let ids = [id(3), id(2), id(7), id(1)];
    let memories = harness.memories();
    let found = memories.find_embeddings(user, &ids, &model("m"), dims()).await;
    let expected = vec![(id(2), embedded("m", 1).embedding), (id(1), embedded("m", 0).embedding)];
    assert_eq!(found, Ok(expected));
    let five = Dims::new(5).expect("a dimension");
    assert_eq!(memories.find_embeddings(user, &ids, &model("m"), five).await, Ok(vec![]));
    // An embedding that comes later is a change of the row, but none of the memory.
    let digests = memories.scan_digests(user, 0, 10).await.expect("a page");
    let expected = [
        Digest::of(1, &rows[0], Some(&embedded("m", 0))),
        Digest::of(4, &rows[1], Some(&embedded("m", 1))),
        Digest::of(5, &rows[2], Some(&embedded("n", 2))),
    ];
    assert_eq!(digests, expected);
    let scanned = memories.scan_memories(user, 4, 10).await;
    assert_eq!(scanned, Ok(vec![Numbered { change_no: 5, memory: rows[2].clone() }]));
    assert_eq!(counts(harness).await, [(Some("m".into()), 2), (Some("n".into()), 1)]);
    drop(memories);
    let fate = |embedded| MemoryChange::Replace {
        before: Trace::of(&rows[0]),
        memory: rows[0].update(&patch("x"), rows[0].created_at).expect("it is there").memory,
        embedded,
    };
    applied(harness, user, store(vec![fate(NextEmbedding::Keep)])).await;
    assert_eq!(counts(harness).await[0], (Some("m".into()), 2));
    let second = find(harness, user, 1).await.expect("it is there");
    let gone = MemoryChange::Replace {
        before: Trace::of(&second),
        memory: second.update(&patch("y"), second.created_at).expect("it is there").memory,
        embedded: NextEmbedding::Set(None),
    };
    applied(harness, user, store(vec![gone])).await;
    applied(harness, user, store(vec![remove(&rows[2])])).await;
    assert_eq!(counts(harness).await, [(None, 1), (Some("m".into()), 1)]);
}

fn patch(output: &str) -> novacore_memory::Patch {
    let output = novacore_memory::Change::Set(output.to_owned());
    let draft = novacore_memory::PatchDraft { output, ..novacore_memory::PatchDraft::default() };
    draft.check().expect("a patch")
}

/// What was computed for another text is not stored; nor for what is gone, or somebody else's.
pub async fn embeddings_of_changed_rows_are_passed_over(harness: &mut impl MemoryHarness) {
    let (user, other) = (user(harness, 1, "pro").await, user(harness, 2, "pro").await);
    let rows: Vec<Memory> = (1..=3).map(|number| memory(harness, number, Term::Ltm)).collect();
    applied(harness, user, store(rows.iter().map(insert).collect())).await;
    let second = rows[0].update(&patch("new"), rows[0].created_at).expect("it is there").memory;
    applied(harness, user, store(vec![replace(&rows[0], second), remove(&rows[1])])).await;
    let mut late: Vec<_> = rows.iter().map(|row| new(user, row, embedded("m", 1))).collect();
    late.push(new(other, &rows[2], embedded("m", 1)));
    assert_eq!(harness.memories().store_embeddings(late).await, Ok(1));
    assert_eq!(counts(harness).await, [(None, 1), (Some("m".into()), 1)]);
    let ids = [id(1), id(2), id(3)];
    let found = harness.memories().find_embeddings(user, &ids, &model("m"), dims()).await;
    assert_eq!(found, Ok(vec![(id(3), embedded("m", 1).embedding)]));
}

/// Those of another model wait as well as those of none, over all users.
pub async fn memories_without_embedding_are_found_page_by_page(harness: &mut impl MemoryHarness) {
    let users = [user(harness, 1, "pro").await, user(harness, 2, "pro").await];
    for (index, user) in users.iter().enumerate() {
        let changes = (1..=4).map(|number| {
            let memory = memory(&*harness, number, Term::Itm);
            let by = if number.is_multiple_of(2) { "new" } else { "old" };
            let embedded = (number < 4).then(|| embedded(by, index));
            MemoryChange::Insert { memory, embedded }
        });
        applied(harness, *user, store(changes.collect())).await;
    }
    let (mut after, mut seen) = (None, Vec::new());
    for _ in 0..9 {
        let page = harness.memories().memories_to_embed(&model("new"), after, 2).await;
        let page = page.expect("a page");
        assert!(page.len() <= 2);
        after = page.last().map(|(user, row)| MemoryPlace { user: *user, id: row.id });
        seen.extend(page.into_iter().map(|(user, row)| (user, row.id)));
        if after.is_none() {
            break;
        }
    }
    let of = |user| [1, 3, 4].map(|number| (user, id(number)));
    let mut expected = [of(users[0]), of(users[1])].concat();
    expected.sort();
    let mut sorted = seen.clone();
    sorted.sort();
    assert_eq!(sorted, expected, "each once");
    let none = harness.memories().memories_to_embed(&model("third"), None, 100).await;
    assert_eq!(none.map(|page| page.len()), Ok(8));
}

/// A store that searches by itself finds what a scan finds; one that does not says so.
pub async fn what_a_store_finds_is_nearest(harness: &mut impl MemoryHarness) {
    let (one, other) = (user(harness, 1, "pro").await, user(harness, 2, "pro").await);
    let memories = harness.memories();
    let rows: Vec<Memory> = (0..8).map(|number| memory(harness, number, Term::Ltm)).collect();
    let insert = |(direction, memory): (usize, &Memory)| MemoryChange::Insert {
        memory: memory.clone(),
        embedded: (direction != 5)
            .then(|| embedded(if direction == 6 { "n" } else { "m" }, direction)),
    };
    applied(harness, one, store(rows.iter().enumerate().map(insert).collect())).await;
    let Embedded { model, embedding } = embedded("m", 1);
    let (filter, live_at) = (Filter::default(), harness.clock().now());
    let query = NearestQuery { model, embedding, filter, live_at, rows_max: 3 };
    assert!(memories.nearest_memories(other, &query).await.is_ok_and(|found| {
        found.is_none_or(|found| found.hits.is_empty() && found.unembedded == 0)
    }));
    if let Some(found) = memories.nearest_memories(one, &query).await.expect("an answer") {
        // Those that point where the query does are 1 and 5, and 5 has no embedding.
        assert_eq!(found.hits.first().map(|hit| hit.id), Some(id(1)));
        assert_eq!((found.hits.len(), found.unembedded), (3, 2));
    }
}
