//! What users have in mind: all of it is there after the move, and goes on from there.

use crate::{
    refusals::LEFT,
    rig::{Rig, import},
};
use novacore_access::{Role, User};
use novacore_ledger::Outcome;
use novacore_memory::{
    Access, Change, Dims, Draft, Embedding, Memory, PatchDraft, Term, charged_bytes,
};
use novacore_postgres_fixture::Server;
use novacore_store::{
    clock::Clock,
    memories::{
        Cause, Embedded, MemoryChange, MemoryHead, MemoryPlace, MemoryWrite, NewEmbedding,
        NewReads, NextEmbedding, Trace, memory_storage,
    },
    moving::Page,
};
use novacore_store_postgres::{self as postgres, Import, ImportError};
use novacore_store_sqlite::{LEDGER_FILE, OpenError, Source};
use novacore_store_suite::{ledger::Harness, memories::MemoryHarness};
use novacore_vocab::{MemoryId, ModelId, OrgId, Source as ChargedBy, TierName, UserId};
use rusqlite::Connection;
use uuid::Uuid;

/// Who has memories of every kind.
const ADA: UserId = UserId(Uuid::from_u128(1));
/// Who has memories that cost nothing, and nothing else.
const BOB: UserId = UserId(Uuid::from_u128(2));
/// Who has forgotten all that he was charged for.
const CLEO: UserId = UserId(Uuid::from_u128(3));
/// Who has forgotten all, and was never charged.
const DAN: UserId = UserId(Uuid::from_u128(4));

pub(crate) fn memory(rig: &Rig, number: u128, term: Term, input: &str) -> Memory {
    of_draft(rig, number, term, Draft { input: input.into(), ..Draft::default() })
}

fn of_draft(rig: &Rig, number: u128, term: Term, draft: Draft) -> Memory {
    let content = Draft { kind: "lesson".into(), ..draft }.check().expect("a content");
    let (id, dims) = (MemoryId(Uuid::from_u128(number)), Dims::new(4).expect("a dimension"));
    Memory::new(id, term, content, dims, rig.clock.now())
}

pub(crate) fn embedded(by: &str, raw: &[f32]) -> Embedded {
    let dims = Dims::new(raw.len() as u16).expect("a dimension");
    let embedding = Embedding::parse(raw, dims).expect("a vector");
    Embedded { model: ModelId::parse(by).expect("a model's name"), embedding }
}

pub(crate) fn insert(memory: &Memory, embedded: Option<Embedded>) -> MemoryChange {
    MemoryChange::Insert { memory: memory.clone(), embedded }
}

fn replace(before: &Memory, memory: &Memory) -> MemoryChange {
    let (before, embedded) = (Trace::of(before), NextEmbedding::Keep);
    MemoryChange::Replace { before, memory: memory.clone(), embedded }
}

fn remove(memory: &Memory) -> MemoryChange {
    MemoryChange::Remove { before: Trace::of(memory) }
}

pub(crate) async fn applied(rig: &Rig, user: UserId, changes: Vec<MemoryChange>) {
    let write = MemoryWrite::new(changes, None, Cause::Store, None);
    let outcome = rig.memories().change_memories(user, write).await;
    assert!(matches!(outcome, Ok(Outcome::Applied(_))), "{outcome:?}");
}

async fn make_user(rig: &Rig, id: UserId) {
    let user = User {
        id,
        org: OrgId(Uuid::from_u128(99)),
        email: None,
        role: Role::Student,
        tier: TierName::parse("free_trial").expect("a tier"),
        disabled: false,
        trial_ends_at: None,
        created_at: rig.clock.now(),
    };
    rig.directory().ensure_user(&user).await.expect("a user");
}

/// Of every term and model, with everything that a memory can have, changed, promoted, read,
/// forgotten, and some that have expired since and were not swept.
async fn filled() -> Rig {
    fill(Rig::new()).await
}

async fn fill(rig: Rig) -> Rig {
    for user in [ADA, BOB, CLEO, DAN] {
        make_user(&rig, user).await;
    }
    ada(&rig).await;
    let short = [1, 2].map(|number| memory(&rig, number, Term::Stm, "in short"));
    applied(&rig, BOB, short.iter().map(|one| insert(one, None)).collect()).await;
    for (user, term) in [(CLEO, Term::Ltm), (DAN, Term::Stm)] {
        let gone = memory(&rig, 1, term, "not for long");
        applied(&rig, user, vec![insert(&gone, Some(embedded("m", &[1.0])))]).await;
        applied(&rig, user, vec![remove(&gone)]).await;
    }
    rig.clock.advance_s(8 * 86_400);
    let late = memory(&rig, 20, Term::Stm, "after a week");
    applied(&rig, ADA, vec![insert(&late, None)]).await;
    rig
}

async fn ada(rig: &Rig) {
    let whole = Draft {
        input: "w\u{f6}rd \u{1} \u{1f600}".into(),
        output: Some(String::new()),
        session: Some("s \u{e9}".into()),
        outcome: Some("success".into()),
        emotional_weight: Some(-0.1),
        confidence: Some(1.0 / 3.0),
        tags: vec!["{a},\"b\\".into(), "NULL".into(), "\u{e4}".into()],
        metadata: Some("{\"b\": 1.0, \"a\": \"\\u00e9\"}".into()),
        ..Draft::default()
    };
    let whole = of_draft(rig, 10, Term::Ltm, whole);
    let rows: Vec<Memory> = (11..=16)
        .map(|number| memory(rig, number, Term::ALL[number as usize % 3], "a text"))
        .collect();
    let by = |number: usize| match number % 3 {
        0 => Some(embedded("m", &[0.1, -0.2, 0.3, 0.4])),
        1 => Some(embedded("n", &[0.5, 0.5])),
        _ => None,
    };
    let mut changes = vec![insert(&whole, by(0))];
    changes.extend(rows.iter().enumerate().map(|(number, row)| insert(row, by(number))));
    applied(rig, ADA, changes).await;
    rig.clock.advance_s(60);
    // Every kind of change, so that numbers and revisions are no longer those of the beginning.
    let longer = changed(&rows[0], rig, "a longer text");
    let promoted = rows.iter().find(|row| row.term == Term::Stm).expect("one");
    let now_ltm = promoted.promote(Term::Ltm, rig.clock.now()).expect("promoted");
    let gone = rows.last().expect("one");
    applied(rig, ADA, vec![replace(&rows[0], &longer), replace(promoted, &now_ltm)]).await;
    applied(rig, ADA, vec![remove(gone)]).await;
    let place = MemoryPlace { user: ADA, id: rows[2].id };
    let new = NewEmbedding { place, revision: 1, embedded: embedded("m", &[0.0, 0.0, 0.0, 1.0]) };
    assert_eq!(rig.memories().store_embeddings(vec![new]).await, Ok(1));
    let access = Access { count: 7, last_at: Some(rig.clock.now()) };
    rig.memories().note_reads(vec![NewReads { place, access }]).await.expect("noted");
}

fn changed(before: &Memory, rig: &Rig, input: &str) -> Memory {
    let patch = PatchDraft { input: Change::Set(input.into()), ..PatchDraft::default() };
    let patch = patch.check().expect("a patch");
    before.update(&patch, rig.clock.now()).expect("it is there").memory
}

/// All of a user's memories, whose charged bytes are his level.
async fn books(rig: &Rig, user: UserId) -> (Vec<Memory>, MemoryHead) {
    let page = rig.memories().scan_memories(user, 0, 1_000).await.expect("a page");
    let rows: Vec<Memory> = page.into_iter().map(|row| row.memory).collect();
    let state = rig.ledger().account(user).await.expect("an account").state;
    let charged: i64 = rows.iter().map(charged_bytes).sum();
    assert_eq!(state.part(&memory_storage(), ChargedBy::Memory), charged);
    (rows, rig.memories().memory_head(user).await.expect("a head"))
}

async fn assert_verifies(rig: &Rig, memories: u64) {
    let report = postgres::verify(&rig.options()).await.expect("a report");
    assert_eq!((report.memories, report.findings), (memories, vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memories_move_and_go_on() {
    for rig in [Rig::new, Rig::to_shards] {
        let mut rig = fill(rig()).await;
        let (before, head) = books(&rig, ADA).await;
        let (expired, of_terms) = (before.iter().filter(|one| !one.is_live(rig.clock.now())), head);
        assert!(expired.count() >= 2 && of_terms.tallies.iter().all(|tally| tally.rows > 0));
        assert_eq!(before.len(), 7);
        // It compares.
        rig.reopen();
        assert_verifies(&rig, 9).await;
        assert_eq!(books(&rig, ADA).await, (before.clone(), head));

        let whole = before.iter().find(|one| one.id.0.as_u128() == 10).expect("it is there");
        let longer = changed(whole, &rig, &"longer ".repeat(200));
        applied(&rig, ADA, vec![replace(whole, &longer)]).await;
        let short = before.iter().find(|one| one.id.0.as_u128() == 20).expect("it is there");
        let promoted = short.promote(Term::Itm, rig.clock.now()).expect("promoted");
        applied(&rig, ADA, vec![replace(short, &promoted)]).await;
        // Who followed the changes before the move hears of these two, and of them alone.
        let news = rig.memories().scan_digests(ADA, head.change_no, 10).await.expect("a page");
        let news: Vec<_> = news.iter().map(|one| (one.change_no, one.id)).collect();
        let next = head.change_no;
        assert_eq!(news, [(next + 1, longer.id), (next + 2, promoted.id)]);
        let (rows, after) = books(&rig, ADA).await;
        assert_eq!(after.removals, head.removals);
        assert_eq!(rows.iter().map(|one| one.revision).max(), Some(2));

        applied(&rig, ADA, rows.iter().map(remove).collect()).await;
        assert_eq!(books(&rig, ADA).await.1.rows(), 0);
        // Who had memories alone has an account, whose row whoever changes them locks.
        for user in [BOB, CLEO, DAN] {
            let (rows, _) = books(&rig, user).await;
            let new = memory(&rig, 30, Term::Ltm, "at last");
            applied(&rig, user, rows.iter().map(remove).chain([insert(&new, None)]).collect())
                .await;
            assert_eq!(books(&rig, user).await.0, [new]);
        }
        assert_verifies(&rig, 3).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_moved_is_told() {
    let mut rig = filled().await;
    rig.close();
    let moved = import(rig.dir(), &rig.options()).await.expect("it is moved");
    assert_eq!((moved.memories, moved.embeddings, moved.accounts), (9, 6, 4));
    let psql = |sql: &str| Server::shared().psql(rig.url(), sql).expect("a statement");
    let models = "SELECT coalesce(model, '-'), count(*) FROM memory GROUP BY 1 ORDER BY 1";
    assert_eq!(psql(models), "-|3\nm|4\nn|2");
    assert_eq!(psql("SELECT count(*) FROM account WHERE version = 0"), "2");
}

/// What is done to a directory, and what is said of it.
const ALTERATIONS: [(&str, &str); 14] = [
    (
        "DELETE FROM memory WHERE term = 2 AND user_id = x'00000000000000000000000000000001'",
        "the head of user 1's memories is not the sum of the rows",
    ),
    (
        "DELETE FROM memory WHERE place >> 32 = 2",
        "the head of user 2's memories is not the sum of the rows",
    ),
    (
        "UPDATE memory_head SET itm_size_bytes = itm_size_bytes + 1 WHERE user_no = 1",
        "the head of user 1's memories is not the sum of the rows",
    ),
    (
        "UPDATE memory_head SET stm_rows = 1 WHERE user_no = 4",
        "the head of user 4's memories is not the sum of the rows",
    ),
    (
        "DELETE FROM memory_head WHERE user_no = 2",
        "the head of user 2's memories is not the sum of the rows",
    ),
    (
        "UPDATE memory_head SET change_no = 1 WHERE user_no = 1",
        "a memory of user 1 changed after the last change of all",
    ),
    (
        "INSERT INTO memory_head SELECT 9, change_no, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 \
      FROM memory_head WHERE user_no = 1",
        "1 heads of memories are nobody's",
    ),
    (
        "UPDATE memory SET place = place + (7 << 32) WHERE place >> 32 = 2",
        "it is filed under another user's number",
    ),
    ("DELETE FROM memory_text WHERE place >> 32 = 2", "its texts are gone"),
    (
        "UPDATE memory_text SET input = input || '!' WHERE place >> 32 = 2",
        "its size is not that of its parts",
    ),
    (
        "UPDATE memory SET text_place = (SELECT max(text_place) FROM memory AS other \
      WHERE other.place >> 32 = 2) WHERE place >> 32 = 2",
        "share their texts",
    ),
    ("INSERT INTO memory_text VALUES (7, 'x', NULL, NULL)", "1 texts are of no memory"),
    ("DELETE FROM memory_vector", "its embedding is there in part"),
    (
        "UPDATE memory SET quantised = zeroblob(length(quantised)) WHERE quantised IS NOT NULL",
        "its digest is not that of its embedding",
    ),
];

/// What no store lets in, and where it stands.
const UNSTORABLE: [(&str, &str); 5] = [
    (
        "UPDATE memory_text SET input = 'a' || char(0) WHERE place >> 32 = 2",
        "input_context must not contain the character U+0000",
    ),
    (
        "UPDATE memory_text SET output = char(0) WHERE place >> 32 = 2",
        "output_response must not contain the character U+0000",
    ),
    (
        "UPDATE memory_text SET metadata = '{\"a\":\"\\u0000\"}' WHERE place >> 32 = 2",
        "metadata must not contain the character U+0000",
    ),
    (
        "UPDATE memory SET tags = '[\"a\\u0000\"]' WHERE place >> 32 = 2",
        "tags[0] must not contain control characters",
    ),
    (
        "UPDATE memory SET session = char(0) WHERE place >> 32 = 2",
        "session_id must not contain control characters",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_whose_memories_were_altered_is_refused() {
    let mut rig = filled().await;
    rig.close();
    let file = rig.dir().join(LEDGER_FILE);
    let kept = std::fs::read(&file).expect("the file");
    let refused = |sql: &str| {
        let altered = Connection::open(&file).and_then(|it| it.execute_batch(sql));
        altered.expect(sql);
        let refused = Source::open(rig.dir());
        std::fs::write(&file, &kept).expect("put back");
        match refused {
            Err(OpenError::Damaged { why, .. }) => why,
            other => panic!("{sql}: {other:?}"),
        }
    };
    for (alteration, said) in ALTERATIONS {
        let why = refused(alteration);
        assert!(why.contains(said), "{alteration}: {why}");
    }
    for (alteration, said) in UNSTORABLE {
        let why = refused(alteration);
        let named = format!("memory {} of user 2 cannot be read: {said}", Uuid::from_u128(1));
        assert_eq!(why, named, "{alteration}");
    }
    assert!(Source::open(rig.dir()).is_ok());
}

/// Rows and head agree, and are not what is charged: that is in the chain, and cannot be altered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memories_that_are_not_what_is_charged_are_refused() {
    let mut rig = filled().await;
    rig.close();
    let file = rig.dir().join(LEDGER_FILE);
    let kept = std::fs::read(&file).expect("the file");
    let gone = "DELETE FROM memory_text WHERE place = (SELECT text_place FROM memory \
         WHERE memory_id = x'0000000000000000000000000000000a'); \
         DELETE FROM memory_vector WHERE place = (SELECT text_place FROM memory \
         WHERE memory_id = x'0000000000000000000000000000000a'); \
         UPDATE memory_head SET ltm_rows = ltm_rows - 1, ltm_size_bytes = ltm_size_bytes - \
         (SELECT size_bytes FROM memory WHERE memory_id = x'0000000000000000000000000000000a'), \
         ltm_text_bytes = ltm_text_bytes - \
         (SELECT text_bytes FROM memory WHERE memory_id = x'0000000000000000000000000000000a') \
         WHERE user_no = 1; \
         DELETE FROM memory WHERE memory_id = x'0000000000000000000000000000000a'";
    Connection::open(&file).and_then(|it| it.execute_batch(gone)).expect("altered");
    let refused = import(rig.dir(), &rig.options()).await;
    let Err(ImportError::Wrong(findings)) = refused else { panic!("{refused:?}") };
    let said = format!("{ADA}: its level of memory_storage is not what its memories charge");
    assert_eq!(findings, [said]);
    let psql = |sql: &str| Server::shared().psql(rig.url(), sql).expect("a statement");
    assert_eq!(psql(LEFT), "0");
    std::fs::write(&file, kept).expect("put back");
    import(rig.dir(), &rig.options()).await.expect("it is moved");
    assert_verifies(&rig, 9).await;
}

/// Pages that do not add up, as no source of ours hands them over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_that_do_not_add_up_are_not_committed() {
    let mut rig = filled().await;
    rig.close();
    for (what, memories, said) in [
        ("one is missing", 9, "8 memories came of 9"),
        ("one is missing", 8, "its memories do not add up to what is kept of them"),
        ("a head is missing", 9, "memories and no account"),
        ("a head is behind", 9, "a memory has a later number than the last that was given"),
    ] {
        let mut source = Source::open(rig.dir()).expect("a source");
        let mut inventory = source.inventory().clone();
        inventory.memories = memories;
        let mut moving = Import::begin(&rig.options(), &inventory).await.expect("a beginning");
        while let Some(mut page) = source.next_page().expect("a page") {
            match (&mut page, what) {
                (Page::Memories(rows), "one is missing") => drop(rows.remove(1)),
                (Page::People(people), "a head is missing") => people[1].memories = None,
                (Page::People(people), "a head is behind") => {
                    people[0].memories.as_mut().expect("a head").change_no = 2;
                }
                _ => {}
            }
            moving.write(&page).await.expect("written");
        }
        let refused = moving.finish().await.expect_err(what).to_string();
        assert!(refused.contains(said), "{what}: {refused}");
        assert_eq!(Server::shared().psql(rig.url(), LEFT).expect("a count"), "0");
    }
}
