//! Memories under two nodes at once: no byte over a limit, each change once, no read lost.

use crate::{
    ask::{command, user},
    fixture::Fixture,
    remember::{
        applied, books, embedded, insert, is_applied, longer, memory, memory_id, remove, replace,
        store,
    },
};
use novacore_ledger::{Expect, Outcome, Record, Refusal, Verb};
use novacore_memory::{Access, Memory, Term};
use novacore_postgres_fixture::Server;
use novacore_store::{
    error::StoreError,
    ledger::Ledger,
    memories::{Memories, MemoryPlace, NewEmbedding, NewReads},
};
use novacore_store_postgres::PostgresStore;
use novacore_vocab::{Amount, ResourceName, Source, UserId};
use std::{collections::BTreeSet, sync::Arc};

fn nodes(fixture: &Fixture) -> [Arc<PostgresStore>; 2] {
    [fixture.store().clone(), fixture.another_node()]
}

/// Bytes that an application counts itself.
fn other_bytes(number: i64) -> Verb {
    Verb::Record(Record {
        resource: ResourceName::parse("memory_storage").expect("a resource's name"),
        amount: Amount::new(number).expect("an amount"),
        source: Source::Api,
        expect: Expect::Fact,
        corrects: None,
        occurred_at: None,
        metadata: None,
    })
}

/// 120 writers on two nodes, room for 40: a node that judged by what was there before it waited for
/// the account would let too many in.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_fill_a_limit_to_the_byte() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "free_trial").await;
    let size = memory(&fixture, 1, Term::Ltm).size_bytes();
    let full = command(other_bytes((1 << 30) - 40 * size));
    assert!(is_applied(&fixture.store().submit(user, full).await));
    let nodes = nodes(&fixture);
    let writers: Vec<_> = (0..120)
        .map(|number| {
            let node = nodes[number % 2].clone();
            let write = store(vec![insert(&memory(&fixture, number as u128, Term::Ltm))]);
            tokio::spawn(async move { node.change_memories(user, write).await })
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
    for node in &nodes {
        let (rows, head) = books(node, user).await;
        assert_eq!((stored, rows.len(), head.change_no), (40, 40, 40));
        assert_eq!(head.charged_bytes(), 40 * size);
    }
}

/// Reads, changes what was read, and reads again if that was stale, until the change is applied.
async fn insist(node: &PostgresStore, user: UserId, more: &str) {
    loop {
        let found = node.find_memories(user, &[memory_id(1)]).await.expect("a look-up");
        let write = store(vec![replace(&found[0], longer(&found[0], more))]);
        match node.change_memories(user, write).await {
            Ok(Outcome::Applied(_)) => return,
            Err(StoreError::Stale("memory")) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Every change of every writer is there once, whichever node it came by.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_change_one_row_once_for_each_change() {
    const WRITERS: usize = 24;
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "pro").await;
    applied(fixture.store(), user, store(vec![insert(&memory(&fixture, 1, Term::Ltm))])).await;
    let nodes = nodes(&fixture);
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| {
            let node = nodes[number % 2].clone();
            tokio::spawn(async move { insist(&node, user, &format!(" {number:02}")).await })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no panic");
    }
    let (rows, head) = books(&nodes[1], user).await;
    assert_eq!((rows[0].revision, head.change_no), (1 + WRITERS as u64, 1 + WRITERS as u64));
    let text = rows[0].content.input.as_str();
    let said: BTreeSet<&str> = text.split_whitespace().skip(2).collect();
    assert_eq!(said.len(), WRITERS, "{text}");
}

/// Changes, embeddings and reads of the same rows, in every order and by both nodes: nothing stands
/// in another's way, numbers are given once, reads add up.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn embeddings_and_reads_go_beside_changes() {
    const ROUNDS: u64 = 25;
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "pro").await;
    let rows: Vec<Memory> = (1..=20).map(|n| memory(&fixture, n, Term::Itm)).collect();
    applied(fixture.store(), user, store(rows.iter().map(insert).collect())).await;
    // Who waits for one who waits for him waits too long, instead of being tried again in silence.
    let psql = |sql: &str| Server::shared().psql(fixture.url(), sql).expect("a statement");
    let database = psql("SELECT current_database()");
    psql(&format!("ALTER DATABASE \"{database}\" SET deadlock_timeout = '1h'"));
    let nodes = [fixture.another_node(), fixture.another_node()];
    let changing = tokio::spawn(change_all(nodes[0].clone(), user, rows.clone(), ROUNDS));
    let reading = nodes.clone().map(|node| {
        let reads: Vec<NewReads> = rows.iter().rev().map(|row| read_of(user, row)).collect();
        tokio::spawn(async move {
            for _ in 0..ROUNDS {
                node.note_reads(reads.clone()).await.expect("they are noted");
            }
        })
    });
    let embedding = tokio::spawn(embed_all(nodes[1].clone(), user, rows.clone(), ROUNDS));
    changing.await.expect("no panic");
    for reader in reading {
        reader.await.expect("no panic");
    }
    let embeddings = embedding.await.expect("no panic");
    let (after, head) = books(&nodes[1], user).await;
    for row in &after {
        assert_eq!((row.revision, row.access.count), (1 + ROUNDS, 2 * 3 * ROUNDS));
    }
    let changes = 20 * (1 + ROUNDS) + embeddings;
    assert_eq!(head.change_no, changes, "each change has a number of its own");
}

fn read_of(user: UserId, row: &Memory) -> NewReads {
    let access = Access { count: 3, last_at: Some(row.created_at) };
    NewReads { place: MemoryPlace { user, id: row.id }, access }
}

/// Changes all rows so many times, in descending order of their keys.
async fn change_all(node: Arc<PostgresStore>, user: UserId, rows: Vec<Memory>, rounds: u64) {
    let mut rows = rows;
    for _ in 0..rounds {
        let next: Vec<Memory> = rows.iter().map(|row| longer(row, "x")).collect();
        let changes = rows.iter().zip(&next).rev().map(|(row, next)| replace(row, next.clone()));
        applied(&node, user, store(changes.collect())).await;
        rows = next;
    }
}

/// Stores embeddings of whatever revision is there; says how many were stored.
async fn embed_all(node: Arc<PostgresStore>, user: UserId, rows: Vec<Memory>, rounds: u64) -> u64 {
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut stored = 0;
    for round in 0..rounds as usize {
        let found = node.find_memories(user, &ids).await.expect("a look-up");
        let new = found.iter().rev().map(|row| NewEmbedding {
            place: MemoryPlace { user, id: row.id },
            revision: row.revision,
            embedded: embedded(round),
        });
        stored += node.store_embeddings(new.collect()).await.expect("they are stored");
    }
    stored as u64
}

/// In one batch: two that come, one that goes, and one that is stale, in order of their calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_one_batch_chain_their_sums() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "pro").await;
    let rows: Vec<Memory> = (1..=40).map(|n| memory(&fixture, n, Term::Ltm)).collect();
    applied(fixture.store(), user, store(rows[..20].iter().map(insert).collect())).await;
    // While one is committed the others queue, and make the next batch together.
    let writes = rows.iter().enumerate().map(|(at, row)| match at < 20 {
        true => store(vec![remove(row)]),
        false => store(vec![insert(row)]),
    });
    let node = fixture.store();
    let outcomes = futures_all(node, user, writes.collect()).await;
    assert!(outcomes.iter().all(is_applied), "{outcomes:?}");
    let (after, head) = books(node, user).await;
    assert_eq!((after.len(), head.change_no, head.removals), (20, 40, 20));
    assert!(after.iter().all(|row| rows[20..].iter().any(|one| one == row)));
}

async fn futures_all(
    node: &Arc<PostgresStore>,
    user: UserId,
    writes: Vec<novacore_store::memories::MemoryWrite>,
) -> Vec<Result<Outcome, StoreError>> {
    let each = writes.into_iter().map(|write| {
        let node = node.clone();
        tokio::spawn(async move { node.change_memories(user, write).await })
    });
    let tasks: Vec<_> = each.collect();
    let mut outcomes = Vec::with_capacity(tasks.len());
    for task in tasks {
        outcomes.push(task.await.expect("no panic"));
    }
    outcomes
}
