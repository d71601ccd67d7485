//! Searches by the database itself: exact, of every embedding or of none, and never of an old one.

use crate::{
    ask::user,
    fixture::{Fixture, options},
    remember::{applied, embedded, memory, memory_id, remove, store},
};
use novacore_memory::{Draft, Embedding, Filter, Memory, Tags, Term};
use novacore_postgres_fixture::Server;
use novacore_store::{
    clock::Clock,
    memories::{Embedded, Memories, MemoryChange, Nearest, NearestQuery, NextEmbedding, Trace},
};
use novacore_store_postgres::{Options, PostgresStore, Vectors, add_vectors};
use novacore_store_suite::ledger::Harness;
use novacore_vocab::{MemoryId, UserId};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(60);
const MISSING: &str = "SELECT count(*) FROM memory_embedding WHERE NOT near_made";

/// A database with vectors, and a node that knows of them and makes none by itself.
struct Stage {
    server: Server,
    fixture: Fixture,
    node: std::sync::Arc<PostgresStore>,
    user: UserId,
}

impl Stage {
    async fn new() -> Stage {
        let server = Server::start_with_vectors(&[]);
        let fixture = Fixture::on(&server, |url| url);
        assert_eq!(add_vectors(fixture.url()).await, Ok(Vectors::NoExtension));
        server.psql(fixture.url(), "CREATE EXTENSION vector").expect("the extension");
        assert_eq!(add_vectors(fixture.url()).await, Ok(Vectors::Added));
        assert_eq!(add_vectors(fixture.url()).await, Ok(Vectors::Ready));
        let (node, user) = (fixture.another_node(), user(&fixture, 1, "pro").await);
        Stage { server, fixture, node, user }
    }

    fn psql(&self, sql: &str) -> String {
        self.server.psql(self.fixture.url(), sql).expect("a statement")
    }

    /// Stores memories with embeddings that point in as many directions.
    async fn fill(&self, rows: &[Memory]) {
        let insert = |(at, memory): (usize, &Memory)| MemoryChange::Insert {
            memory: memory.clone(),
            embedded: Some(pointing(at)),
        };
        let changes = rows.iter().enumerate().map(insert).collect();
        applied(&self.node, self.user, store(changes)).await;
    }

    /// Another node comes, makes what is missing, and goes.
    async fn make_missing(&self) {
        let quick = Options {
            tick: Duration::from_millis(10),
            ..options(self.fixture.url(), self.fixture.hand_clock())
        };
        let node = PostgresStore::open(quick).await.expect("it opens");
        let begun = Instant::now();
        while self.psql(MISSING) != "0" {
            assert!(begun.elapsed() < PATIENCE, "vectors are not made");
        }
        node.close().await;
    }

    async fn nearest(&self, filter: Filter) -> Option<Nearest> {
        self.ask(filter, 20).await
    }

    async fn nearest_of(&self, rows_max: usize) -> Option<Nearest> {
        self.ask(Filter::default(), rows_max).await
    }

    async fn ask(&self, filter: Filter, rows_max: usize) -> Option<Nearest> {
        let Embedded { model, embedding } = pointing(0);
        let live_at = self.fixture.clock().now();
        let query = NearestQuery { model, embedding, filter, live_at, rows_max };
        self.node.nearest_memories(self.user, &query).await.expect("an answer")
    }
}

/// An embedding that points between two axes, by number further from the first.
fn pointing(number: usize) -> Embedded {
    let Embedded { model, embedding } = embedded(0);
    let mut raw = embedding.as_slice().to_vec();
    raw[1] = number as f32 / 40.0;
    let embedding = Embedding::parse(&raw, embedding.dims()).expect("a vector");
    Embedded { model, embedding }
}

fn tagged(fixture: &Fixture, number: u128) -> Memory {
    let tags = vec![if number.is_multiple_of(3) { "third" } else { "other" }.to_owned()];
    let draft =
        Draft { kind: "lesson".into(), input: number.to_string(), tags, ..Draft::default() };
    let term = if number.is_multiple_of(2) { Term::Ltm } else { Term::Itm };
    let content = draft.check().expect("a content");
    let dims = pointing(0).embedding.dims();
    Memory::new(memory_id(number), term, content, dims, fixture.clock().now())
}

fn ids(found: &Nearest) -> Vec<MemoryId> {
    found.hits.iter().map(|hit| hit.id).collect()
}

/// Numbers of memories, in the order in which they are near.
fn numbered(numbers: impl IntoIterator<Item = u128>) -> Vec<MemoryId> {
    numbers.into_iter().map(memory_id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_finds_what_is_nearest_among_all_that_match() {
    let stage = Stage::new().await;
    let rows: Vec<Memory> = (1..=40).map(|number| tagged(&stage.fixture, number)).collect();
    stage.fill(&rows).await;
    assert_eq!(stage.nearest(Filter::default()).await, None, "nothing is made yet");
    stage.make_missing().await;
    let found = stage.nearest(Filter::default()).await.expect("all is made");
    assert_eq!(ids(&found), numbered(1..=20));
    // What it says is the cosine.
    let all: Vec<MemoryId> = rows.iter().map(|row| row.id).collect();
    let Embedded { model, embedding } = pointing(0);
    let stored = stage.node.find_embeddings(stage.user, &all, &model, embedding.dims()).await;
    let stored: HashMap<MemoryId, Embedding> = stored.expect("embeddings").into_iter().collect();
    for hit in &found.hits {
        let cosine = embedding.cosine(&stored[&hit.id]).expect("a cosine").get();
        assert!((hit.score.get() - cosine).abs() < 1e-6, "{hit:?} {cosine}");
    }
    let third = || Tags::parse(vec!["third".to_owned()]).expect("tags");
    let (all, any) = (
        Filter { tags_all: third(), ..Filter::default() },
        Filter { tags_any: third(), term: Some(Term::Ltm), ..Filter::default() },
    );
    let found = stage.nearest(all).await.expect("all is made");
    assert_eq!(ids(&found), numbered((3..=40).step_by(3)));
    let found = stage.nearest(any).await.expect("all is made");
    assert_eq!(ids(&found), numbered((6..=40).step_by(6)));
    // Without the vector of one that is far away there is no answer either.
    let last = memory_id(40).0;
    stage.psql(&format!("UPDATE memory_embedding SET near_made = false WHERE id = '{last}'"));
    assert_eq!(stage.nearest(Filter::default()).await, None);
    stage.make_missing().await;
    // Of somebody else nothing is found.
    let other = user(&stage.fixture, 2, "pro").await;
    let mine = Stage { user: other, ..stage };
    mine.fill(&[memory(&mine.fixture, 99, Term::Ltm)]).await;
    mine.make_missing().await;
    let found = mine.nearest(Filter::default()).await.expect("all is made");
    assert_eq!((ids(&found), found.unembedded), (numbered([99]), 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vector_is_never_older_than_its_embedding() {
    let stage = Stage::new().await;
    let rows: Vec<Memory> = (1..=5).map(|number| tagged(&stage.fixture, number)).collect();
    stage.fill(&rows).await;
    stage.make_missing().await;
    assert!(stage.nearest(Filter::default()).await.is_some());
    // One that is replaced is missing until it is made again, and what is found is the new one.
    let replaced = MemoryChange::Replace {
        before: Trace::of(&rows[0]),
        memory: crate::remember::longer(&rows[0], "more"),
        embedded: NextEmbedding::Set(Some(pointing(39))),
    };
    applied(&stage.node, stage.user, store(vec![replaced])).await;
    assert_eq!(stage.psql(MISSING), "1");
    assert_eq!(stage.nearest(Filter::default()).await, None);
    stage.make_missing().await;
    let found = stage.nearest(Filter::default()).await.expect("all is made");
    assert_eq!(ids(&found), numbered([2, 3, 4, 5, 1]));
    // What goes is not found, what has no embedding is counted, what has expired is left out.
    let bare = memory(&stage.fixture, 6, Term::Ltm);
    let bare = MemoryChange::Insert { memory: bare, embedded: None };
    applied(&stage.node, stage.user, store(vec![remove(&rows[1]), bare])).await;
    let found = stage.nearest(Filter::default()).await.expect("all is made");
    assert_eq!((found.hits.len(), found.unembedded), (4, 1));
    assert_eq!(stage.nearest_of(1).await.expect("all is made").hits.len(), 1);
    stage.fixture.clock().advance_s(8 * 24 * 3_600);
    let found = stage.nearest_of(1).await.expect("all is made");
    assert_eq!(ids(&found), numbered([4]), "what has expired is in nobody's way");
    let found = stage.nearest(Filter::default()).await.expect("all is made");
    assert_eq!(ids(&found), numbered([4]));
    // Without the extension everything goes on, at a node that comes later too.
    stage.psql("DROP EXTENSION vector CASCADE");
    assert_eq!(stage.nearest(Filter::default()).await, None);
    stage.fill(&[memory(&stage.fixture, 7, Term::Ltm)]).await;
    let later = Stage { node: stage.fixture.another_node(), ..stage };
    assert_eq!(later.nearest(Filter::default()).await, None);
    assert_eq!(add_vectors(later.fixture.url()).await, Ok(Vectors::NoExtension));
    // If it comes again every vector is made again.
    later.psql("CREATE EXTENSION vector");
    assert_eq!(add_vectors(later.fixture.url()).await, Ok(Vectors::Added));
    let again = Stage { node: later.fixture.another_node(), ..later };
    assert_eq!(again.nearest(Filter::default()).await, None);
    again.make_missing().await;
    let found = again.nearest(Filter::default()).await.expect("all is made");
    assert_eq!(ids(&found), numbered([7, 4]));
}

/// An embedding whose bytes are damaged keeps the others from nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_bytes_have_no_vector_and_keep_nobody_waiting() {
    let stage = Stage::new().await;
    let rows: Vec<Memory> = (1..=3).map(|number| tagged(&stage.fixture, number)).collect();
    stage.fill(&rows).await;
    let second = memory_id(2).0;
    stage.psql(&format!("UPDATE memory_embedding SET embedding = '' WHERE id = '{second}'"));
    stage.psql(
        "INSERT INTO memory_embedding SELECT bucket, user_id, gen_random_uuid(), model, dims, \
         embedding FROM memory_embedding WHERE length(embedding) > 0",
    );
    stage.make_missing().await;
    assert_eq!(stage.nearest(Filter::default()).await, None);
}
