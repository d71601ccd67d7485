//! Use-cases on the store in memory.

use super::{
    background::{EmbedCursor, embed_waiting, note_reads, sweep_expired},
    embedder::EmbedError,
    testing::{Stage, new, query},
    *,
};
use crate::{auth::testing::user, error::AppError};
use novacore_ledger::Refusal;
use novacore_memory::{
    Change, Draft, Filter, Mode, PatchDraft, SessionName, Term,
    limits::{STM_BYTES_MAX, STM_ROWS_MAX},
};
use novacore_vocab::{IdempotencyKey, MemoryId};

fn key(text: &str) -> Option<IdempotencyKey> {
    Some(IdempotencyKey::parse(text).unwrap())
}

fn says(text: &str) -> Update {
    let draft = PatchDraft { input: Change::Set(text.to_owned()), ..PatchDraft::default() };
    Update { patch: draft.check().unwrap(), vector: None }
}

fn ask(text: &str, mode: Mode) -> SearchAsk {
    SearchAsk { query: query(text), vector: None, mode, filter: Filter::default(), limit: 5 }
}

async fn texts_found(stage: &Stage, ask: SearchAsk) -> Vec<String> {
    let found = search(&stage.cx, stage.reads(1), ask).await.unwrap();
    found.memories.iter().map(|one| one.memory.content.input.as_str().to_owned()).collect()
}

fn is_quota<T: std::fmt::Debug>(result: Result<T, AppError>) -> bool {
    match result {
        Err(AppError::Refused(Refusal::Quota(_))) => true,
        other => panic!("{other:?}"),
    }
}

fn is_missing<T: std::fmt::Debug>(result: Result<T, AppError>) -> bool {
    match result {
        Err(AppError::NotFound("memory")) => true,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whatever_happens_the_level_is_the_bytes_that_are_there() {
    let stage = Stage::new();
    let (cx, changes) = (&stage.cx, stage.changes(1));
    let first = stage.store(Term::Ltm, "one").await;
    let second = stage.store(Term::Stm, "two").await;
    assert_eq!(stage.level().await, first.size_bytes());
    let longer = update(cx, changes, first.id, says("one and more"), None).await.unwrap();
    assert_eq!(longer.memory.size_bytes(), first.size_bytes() + 9);
    assert_eq!(stage.level().await, longer.memory.size_bytes());
    promote(cx, changes, second.id, Term::Itm, None).await.unwrap();
    assert_eq!(stage.level().await, longer.memory.size_bytes() + second.size_bytes());
    let gone = delete(cx, changes, first.id, None).await.unwrap();
    assert_eq!((gone.rows, gone.charged_bytes), (1, longer.memory.size_bytes()));
    assert!(is_missing(delete(cx, changes, first.id, None).await));
    stage.clock.advance_s(7 * 86_400);
    assert!(is_missing(find(cx, stage.reads(1), second.id).await));
    assert_eq!(stage.level().await, second.size_bytes(), "until it is swept");
    assert_eq!(sweep_expired(cx).await.unwrap(), (1, false));
    assert_eq!(sweep_expired(cx).await.unwrap(), (0, false));
    assert_eq!((stage.level().await, stage.charged().await), (0, 0));
}

#[tokio::test]
async fn at_the_limit_nothing_is_stored_but_short_term_memory() {
    let stage = Stage::new();
    let size = new(Term::Ltm, "12345678").content.size_bytes(stage.cx.memories.embedder.dims());
    stage.leave(size).await;
    let before = stage.embedder.calls.lock().len();
    assert!(is_quota(store(&stage.cx, stage.changes(1), new(Term::Ltm, "123456789"), None).await));
    assert_eq!(stage.embedder.calls.lock().len(), before, "nothing is embedded in vain");
    let last = stage.store(Term::Ltm, "12345678").await;
    assert!(is_quota(update(&stage.cx, stage.changes(1), last.id, says("123456789"), None).await));
    let short = stage.store(Term::Stm, "of any length at all").await;
    assert!(is_quota(promote(&stage.cx, stage.changes(1), short.id, Term::Ltm, None).await));
    let same = update(&stage.cx, stage.changes(1), last.id, says("87654321"), None).await;
    assert_eq!(same.unwrap().memory.size_bytes(), size);
    assert_eq!(stage.level().await, stage.charged().await);
}

#[tokio::test]
async fn a_key_stores_once_and_leads_back_to_the_memory() {
    let stage = Stage::new();
    for term in Term::ALL {
        let name = term.as_str();
        let again =
            async |text| store(&stage.cx, stage.changes(1), new(term, text), key(name)).await;
        let first = again("a text").await.unwrap();
        assert!(!first.replayed);
        let second = again("a text").await.unwrap();
        assert_eq!((second.replayed, &second.memory), (true, &first.memory));
        let other = again("another text").await;
        assert!(matches!(other, Err(AppError::Refused(Refusal::KeyReused))), "{other:?}");
        delete(&stage.cx, stage.changes(1), first.memory.id, None).await.unwrap();
        assert!(is_missing(again("a text").await), "stored once, and gone since");
    }
    assert_eq!(stage.level().await, 0);
}

#[tokio::test]
async fn a_key_changes_once() {
    let stage = Stage::new();
    let (cx, changes) = (&stage.cx, stage.changes(1));
    let memory = stage.store(Term::Stm, "a text").await;
    for round in 0..2 {
        let updated = update(cx, changes, memory.id, says("other"), key("u")).await.unwrap();
        assert_eq!((updated.replayed, updated.memory.revision), (round == 1, 2));
    }
    let reused = update(cx, changes, memory.id, says("third"), key("u")).await;
    assert!(matches!(reused, Err(AppError::Refused(Refusal::KeyReused))));
    for round in 0..2 {
        let promoted = promote(cx, changes, memory.id, Term::Ltm, key("p")).await.unwrap();
        assert_eq!((promoted.replayed, promoted.memory.term), (round == 1, Term::Ltm));
    }
    for round in 0..2 {
        let gone = delete(cx, changes, memory.id, key("d")).await.unwrap();
        assert_eq!((gone.replayed, gone.rows), (round == 1, u64::from(round == 0)));
    }
    stage.store(Term::Ltm, "a text").await;
    for round in 0..2 {
        let gone = forget(cx, changes, Filter::default(), key("f")).await.unwrap();
        assert_eq!((gone.replayed, gone.rows), (round == 1, u64::from(round == 0)));
    }
    stage.store(Term::Ltm, "a text").await;
    let again = forget(cx, changes, Filter::default(), key("f")).await.unwrap();
    assert!(again.replayed, "what came after the first call stays");
    assert_eq!(stage.charged().await, stage.level().await);
}

#[tokio::test]
async fn many_are_stored_together_or_each_for_itself() {
    let stage = Stage::new();
    let (cx, changes) = (&stage.cx, stage.changes(1));
    let size = new(Term::Ltm, "12345678").content.size_bytes(cx.memories.embedder.dims());
    stage.leave(size * 2).await;
    let three = || vec![new(Term::Ltm, "12345678"); 3];
    let placed = || three().into_iter().enumerate().collect();
    assert!(is_quota(store_all(cx, changes, three(), None).await));
    assert_eq!(stage.level().await, 0);
    let each = store_each(cx, changes, placed(), key("bulk")).await;
    let stored: Vec<bool> = each.iter().map(Result::is_ok).collect();
    assert_eq!(stored, [true, true, false]);
    let again = store_each(cx, changes, placed(), key("bulk")).await;
    let replayed: Vec<bool> = again.iter().flatten().map(|one| one.replayed).collect();
    assert_eq!(replayed, [true, true]);
    let ids = |results: &[Result<Changed, AppError>]| -> Vec<MemoryId> {
        results.iter().flatten().map(|one| one.memory.id).collect()
    };
    assert_eq!(ids(&each), ids(&again));
    assert_eq!(stage.level().await, size * 2);
    let many = vec![new(Term::Stm, "x"); STORE_ROWS_MAX + 1];
    let refused = store_all(cx, changes, many, None).await;
    assert!(matches!(refused, Err(AppError::Invalid { field: "memories", .. })));
}

#[tokio::test]
async fn short_term_memory_keeps_the_newest() {
    let stage = Stage::new();
    let (cx, changes) = (&stage.cx, stage.changes(1));
    let mut ids = Vec::new();
    for chunk in 0..STM_ROWS_MAX / 100 {
        stage.clock.advance_s(1);
        let hundred = (0..100).map(|n| new(Term::Stm, &format!("{chunk} {n}"))).collect();
        let stored = store_all(cx, changes, hundred, None).await.unwrap();
        ids.extend(stored.into_iter().map(|one| one.memory.id));
    }
    stage.clock.advance_s(1);
    let next = stage.store(Term::Stm, "one more").await;
    let head = cx.memories.store.memory_head(user(1).id).await.unwrap();
    assert_eq!(head.tally(Term::Stm).rows, STM_ROWS_MAX as i64);
    let gone: Vec<bool> = {
        let found = cx.memories.store.find_memories(user(1).id, &ids).await.unwrap();
        ids.iter().map(|id| found.iter().all(|one| one.id != *id)).collect()
    };
    assert_eq!(gone.iter().filter(|gone| **gone).count(), 1);
    assert!(gone[..100].contains(&true), "one of the oldest");
    let large = "x".repeat(1 << 20);
    for _ in 0..4 {
        stage.clock.advance_s(1);
        stage.store(Term::Stm, &large[..(1 << 20) - 2_000]).await;
    }
    let head = cx.memories.store.memory_head(user(1).id).await.unwrap();
    assert!(head.tally(Term::Stm).size_bytes <= STM_BYTES_MAX);
    assert!(head.tally(Term::Stm).rows < 50, "bytes are bounded as well as rows");
    assert!(find(cx, stage.reads(1), next.id).await.is_ok(), "the newest of the small ones");
    let five = vec![new(Term::Stm, &large); 5];
    let refused = store_all(cx, changes, five, None).await;
    assert!(matches!(refused, Err(AppError::Invalid { field: "memories", .. })), "{refused:?}");
}

#[tokio::test]
async fn forgetting_takes_what_matches_and_says_how_much() {
    let stage = Stage::new();
    let (cx, changes) = (&stage.cx, stage.changes(1));
    let tagged = |term, tag: &str| {
        let tags = vec![tag.to_owned()];
        let draft = Draft { kind: "task".into(), input: "x".into(), tags, ..Draft::default() };
        NewMemory { content: draft.check().unwrap(), term, vector: None }
    };
    let new = vec![tagged(Term::Ltm, "a"), tagged(Term::Stm, "a"), tagged(Term::Ltm, "b")];
    let stored = store_all(cx, changes, new, None).await.unwrap();
    let other = store(cx, stage.changes(2), tagged(Term::Ltm, "a"), None).await.unwrap();
    let tags_any = novacore_memory::Tags::parse(vec!["a".into()]).unwrap();
    let gone = forget(cx, changes, Filter { tags_any, ..Filter::default() }, None).await.unwrap();
    let size = stored[0].memory.size_bytes();
    assert_eq!((gone.rows, gone.size_bytes, gone.charged_bytes), (2, 2 * size, size));
    let page = list(cx, stage.reads(1), ListAsk { filter: Filter::default(), offset: 0, limit: 9 });
    let left: Vec<MemoryId> = page.await.unwrap().rows.iter().map(|one| one.id).collect();
    assert_eq!(left, [stored[2].memory.id]);
    assert!(find(cx, stage.reads(2), other.memory.id).await.is_ok(), "it is another's");
    let nothing = Filter { term: Some(Term::Itm), ..Filter::default() };
    assert_eq!(forget(cx, changes, nothing, None).await.unwrap().rows, 0);
}

#[tokio::test]
async fn meaning_finds_what_is_near_and_words_what_is_said() {
    let stage = Stage::new();
    for text in ["my dog is a beagle", "the invoice is ERR-4711", "paris in may with my dog"] {
        stage.store(Term::Ltm, text).await;
        stage.clock.advance_s(1);
    }
    store(&stage.cx, stage.changes(2), new(Term::Ltm, "my dog is mine"), None).await.unwrap();
    let found = search(&stage.cx, stage.reads(1), ask("my dog is", Mode::Semantic)).await.unwrap();
    assert_eq!((found.mode, found.degraded, found.memories.len()), (Mode::Semantic, None, 3));
    let best = &found.memories[0];
    assert_eq!(best.memory.content.input.as_str(), "my dog is a beagle");
    assert_eq!(Some(best.score), best.similarity);
    assert_eq!(best.memory.access.count, 1);
    let words = texts_found(&stage, ask("ERR-4711", Mode::Keyword)).await;
    assert_eq!(words, ["the invoice is ERR-4711"]);
    let both = texts_found(&stage, ask("my beagle ERR-4711", Mode::Hybrid)).await;
    assert_eq!(both.len(), 3);
    let nothing = texts_found(&stage, ask("\"; DROP TABLE -- NEAR( *", Mode::Keyword)).await;
    assert_eq!(nothing.len(), 0);
}

#[tokio::test]
async fn a_search_sees_every_change_before_it() {
    let stage = Stage::new();
    let (cx, changes) = (&stage.cx, stage.changes(1));
    let mut ids = Vec::new();
    for number in 0..300 {
        ids.push(stage.store(Term::Ltm, &format!("number {number} of many")).await.id);
    }
    let near = ask("number of many", Mode::Semantic);
    assert_eq!(texts_found(&stage, near.clone()).await.len(), 5);
    // One by one they are come across, many at once are read anew.
    for id in &ids[..40] {
        delete(cx, changes, *id, None).await.unwrap();
    }
    update(cx, changes, ids[40], says("something else"), None).await.unwrap();
    let found = texts_found(&stage, SearchAsk { limit: 100, ..near.clone() }).await;
    assert_eq!(found.len(), 100);
    assert_eq!(
        texts_found(&stage, ask("something else", Mode::Semantic)).await[0],
        "something else"
    );
    // As another node would see it: nothing in its own memory tells it of these.
    let other = stage.with_model("words");
    let all = Filter { term: Some(Term::Ltm), ..Filter::default() };
    forget(&other.cx, changes, all, None).await.unwrap();
    assert_eq!(texts_found(&stage, near.clone()).await.len(), 0);
    stage.store(Term::Ltm, "number one").await;
    assert_eq!(texts_found(&stage, near).await, ["number one"]);
}

#[tokio::test]
async fn an_index_that_does_not_fit_is_searched_from_pages() {
    let options = MemoryOptions { index_bytes_max: 20_000, ..MemoryOptions::default() };
    let stage = Stage::with(options);
    for number in 0..30 {
        stage.store(Term::Ltm, &format!("number {number}")).await;
    }
    assert!(!texts_found(&stage, ask("number 7", Mode::Semantic)).await.is_empty());
    let before = stage.cx.memories.indexes.bytes();
    assert!(before > 0 && before <= 20_000);
    for number in 30..90 {
        stage.store(Term::Ltm, &format!("number {number}")).await;
    }
    let found = texts_found(&stage, ask("number 7", Mode::Semantic)).await;
    assert_eq!((found[0].as_str(), found.len()), ("number 7", 5));
    assert_eq!(stage.cx.memories.indexes.bytes(), 0);
}

/// Where the store searches by itself it does so for whoever has no index, until he searches again.
#[tokio::test]
async fn who_searches_once_has_the_store_search() {
    const CALLS: usize = 21;
    let stage = Stage::with(MemoryOptions::default());
    stage.store.find_nearest();
    stage.store(Term::Ltm, "number few").await;
    texts_found(&stage, ask("number few", Mode::Semantic)).await;
    assert_eq!(stage.store.nearest_found(), 0, "an index of few is read at once");
    stage.cx.memories.indexes.forget(user(1).id);
    for call in 0..CALLS {
        let rows = (0..100).map(|row| new(Term::Ltm, &format!("call {call} row {row}")));
        store_all(&stage.cx, stage.changes(1), rows.collect(), None).await.unwrap();
    }
    let one = || ask("call 7 row 7", Mode::Semantic);
    let first = texts_found(&stage, one()).await;
    assert_eq!((stage.store.nearest_found(), stage.cx.memories.indexes.bytes()), (1, 0));
    let again = texts_found(&stage, one()).await;
    assert_eq!((stage.store.nearest_found(), again), (1, first.clone()));
    assert!(stage.cx.memories.indexes.bytes() > 0);
    // Nobody keeps an index that does not fit: then it is the store each time.
    let options = MemoryOptions { index_bytes_max: 100_000, ..MemoryOptions::default() };
    let small = stage.with_options(options);
    assert_eq!(texts_found(&small, one()).await, first);
    assert_eq!(texts_found(&small, one()).await, first);
    assert_eq!((small.store.nearest_found(), small.cx.memories.indexes.bytes()), (3, 0));
}

#[tokio::test]
async fn an_index_that_fits_is_kept_whatever_room_it_grew_into() {
    let options = MemoryOptions { index_bytes_max: 36_000, ..MemoryOptions::default() };
    let stage = Stage::with(options);
    for number in 0..70 {
        stage.store(Term::Ltm, &format!("number {number}")).await;
    }
    texts_found(&stage, ask("number 7", Mode::Semantic)).await;
    let kept = stage.cx.memories.indexes.bytes();
    assert!(kept > 0 && kept <= 36_000, "{kept}");
}

#[tokio::test]
async fn tags_and_sessions_count_as_what_an_index_takes() {
    let options = MemoryOptions { index_bytes_max: 100_000, ..MemoryOptions::default() };
    let stage = Stage::with(options);
    for number in 0..20 {
        let mut large = new(Term::Ltm, &format!("number {number}"));
        let tags = (0..64).map(|tag| format!("{tag:0>100}")).collect();
        large.content.tags = novacore_memory::Tags::parse(tags).unwrap();
        store(&stage.cx, stage.changes(1), large, None).await.unwrap();
    }
    let found = texts_found(&stage, ask("number 7", Mode::Semantic)).await;
    assert_eq!(found[0], "number 7");
    assert_eq!(stage.cx.memories.indexes.bytes(), 0, "20 times 64 tags of 100 bytes do not fit");
    for number in 0..20 {
        let mut named = new(Term::Ltm, &format!("number {number}"));
        named.content.session = Some(SessionName::parse(&"s".repeat(255)).unwrap());
        store(&stage.cx, stage.changes(2), named, None).await.unwrap();
    }
    search(&stage.cx, stage.reads(2), ask("number 7", Mode::Semantic)).await.unwrap();
    assert!(stage.cx.memories.indexes.bytes() >= 20 * (255 + 64));
}

#[tokio::test]
async fn what_is_wrong_with_one_user_does_not_keep_the_others_from_being_swept() {
    let stage = Stage::new();
    let size = stage.store(Term::Itm, "a text").await.size_bytes();
    store(&stage.cx, stage.changes(2), new(Term::Itm, "a text"), None).await.unwrap();
    stage.give_back(size).await;
    stage.clock.advance_s(7 * 86_400);
    assert_eq!(sweep_expired(&stage.cx).await.unwrap(), (1, false));
    let left = async |number| stage.cx.memories.store.memory_head(user(number).id).await.unwrap();
    assert_eq!((left(1).await.charged_bytes(), left(2).await.charged_bytes()), (size, 0));
    assert!(sweep_expired(&stage.cx).await.is_err(), "and it is told");
}

#[tokio::test]
async fn what_has_no_embedding_is_found_by_words_and_embedded_later() {
    let stage = Stage::new();
    let down = EmbedError::Unavailable { why: "the model is on holiday".to_owned() };
    *stage.embedder.down.lock() = Some(down);
    let memory = stage.store(Term::Ltm, "my dog is a beagle").await;
    assert_eq!(stage.level().await, memory.size_bytes(), "charged in full");
    let found = search(&stage.cx, stage.reads(1), ask("beagle", Mode::Semantic)).await.unwrap();
    assert_eq!((found.mode, found.memories.len()), (Mode::Keyword, 1));
    assert_eq!(found.degraded.unwrap(), "there is no embedder: the model is on holiday");
    assert_eq!(found.memories[0].similarity, None);
    assert!(embed_waiting(&stage.cx, EmbedCursor::default()).await.is_err());
    *stage.embedder.down.lock() = None;
    let found = search(&stage.cx, stage.reads(1), ask("beagle", Mode::Semantic)).await.unwrap();
    assert_eq!((found.memories.len(), found.unembedded), (0, 1), "and says so");
    let step = embed_waiting(&stage.cx, EmbedCursor::default()).await.unwrap();
    assert_eq!(step.stored, 1);
    assert!(embed_waiting(&stage.cx, step.next).await.unwrap().is_end);
    assert_eq!(texts_found(&stage, ask("beagle", Mode::Semantic)).await.len(), 1);
    assert_eq!(stage.level().await, memory.size_bytes(), "and nothing more");
}

#[tokio::test]
async fn another_model_embeds_all_anew_but_for_what_it_refuses() {
    let stage = Stage::new();
    for number in 0..20 {
        let text = if number == 3 { "an unspeakable word".to_owned() } else { number.to_string() };
        stage.store(Term::Ltm, &text).await;
    }
    let other = stage.with_model("other-words");
    assert_eq!(texts_found(&other, ask("7", Mode::Semantic)).await.len(), 0, "not comparable");
    let step = embed_waiting(&other.cx, EmbedCursor::default()).await.unwrap();
    assert_eq!((step.stored, step.seen, step.is_end), (19, 20, false));
    let before = other.embedder.calls.lock().len();
    let again = embed_waiting(&other.cx, EmbedCursor::default()).await.unwrap();
    assert_eq!((again.stored, again.seen), (0, 1));
    assert_eq!(other.embedder.calls.lock().len(), before, "what was refused is not asked again");
    assert_eq!(texts_found(&other, ask("7", Mode::Semantic)).await[0], "7");
    let permit = novacore_access::Principal::service();
    assert!(permit.administer().is_err(), "a service is no administrator");
    let counts = other.cx.memories.store.embedding_counts().await.unwrap();
    assert_eq!(counts.iter().map(|one| one.rows).sum::<u64>(), 20);
}

#[tokio::test]
async fn vectors_may_be_brought() {
    let stage = Stage::new();
    let mut raw = vec![0.0_f32; 64];
    raw[5] = 3.0;
    let own = NewMemory { vector: Some(raw.clone()), ..new(Term::Ltm, "a text") };
    store(&stage.cx, stage.changes(1), own.clone(), None).await.unwrap();
    assert_eq!(stage.embedder.calls.lock().len(), 0);
    let near = SearchAsk { vector: Some(raw), ..ask("anything", Mode::Semantic) };
    let found = search(&stage.cx, stage.reads(1), near.clone()).await.unwrap();
    assert!(found.memories[0].score > 0.999);
    assert_eq!(stage.embedder.calls.lock().len(), 0);
    for bad in [vec![1.0; 63], vec![0.0; 64], vec![f32::NAN; 64], Vec::new()] {
        let new = NewMemory { vector: Some(bad.clone()), ..own.clone() };
        let refused = store(&stage.cx, stage.changes(1), new, None).await;
        assert!(matches!(refused, Err(AppError::Memory(_))), "{refused:?}");
        let ask = SearchAsk { vector: Some(bad), ..near.clone() };
        let refused = search(&stage.cx, stage.reads(1), ask).await;
        assert!(matches!(refused, Err(AppError::Memory(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn tokens_of_embeddings_are_metered_if_so_configured() {
    let tokens = async |stage: &Stage| {
        let view = stage.cx.ledger.account(user(1).id).await.unwrap();
        let name = novacore_vocab::ResourceName::parse("llm_tokens").unwrap();
        view.state.totals(&name, novacore_vocab::Window::Day, view.state.last_at).0
    };
    for (meter_embeddings, expected) in [(false, 0), (true, 5)] {
        let stage = Stage::with(MemoryOptions { meter_embeddings, ..MemoryOptions::default() });
        stage.store(Term::Ltm, "three words here").await;
        texts_found(&stage, ask("two words", Mode::Semantic)).await;
        assert_eq!(tokens(&stage).await, expected);
    }
}

#[tokio::test]
async fn a_context_has_its_session_what_is_read_and_what_is_relevant() {
    let stage = Stage::new();
    let (cx, changes, reads) = (&stage.cx, stage.changes(1), stage.reads(1));
    let in_session = |text: &str, session: &str| {
        let mut new = new(Term::Stm, text);
        new.content.session = Some(SessionName::parse(session).unwrap());
        new
    };
    store(cx, changes, in_session("hello", "s1"), None).await.unwrap();
    store(cx, changes, in_session("good-bye", "s2"), None).await.unwrap();
    let often = stage.store(Term::Itm, "read often").await;
    stage.clock.advance_s(1);
    stage.store(Term::Itm, "read never").await;
    stage.store(Term::Ltm, "my dog is a beagle").await;
    stage.store(Term::Ltm, "quarterly figures").await;
    find(cx, reads, often.id).await.unwrap();
    let session = Some(SessionName::parse("s1").unwrap());
    let request = ContextRequest { session, query: Some(query("my dog is a beagle")), limit: 1 };
    let found = context(cx, reads, request.clone()).await.unwrap();
    let texts = |part: &[FoundMemory]| -> Vec<String> {
        part.iter().map(|one| one.memory.content.input.as_str().to_owned()).collect()
    };
    assert_eq!(texts(&found.stm), ["hello"]);
    assert_eq!(texts(&found.itm), ["read often"]);
    assert_eq!(texts(&found.ltm), ["my dog is a beagle"]);
    assert!(found.ltm[0].score > 0.99);
    let newest = context(cx, reads, ContextRequest { query: None, limit: 9, ..request }).await;
    assert_eq!(newest.unwrap().ltm.len(), 2);
}

#[tokio::test]
async fn reads_are_counted_without_a_write_and_noted_later() {
    let stage = Stage::new();
    let memory = stage.store(Term::Ltm, "a text").await;
    for count in 1..=3 {
        let found = find(&stage.cx, stage.reads(1), memory.id).await.unwrap();
        assert_eq!(found.access.count, count);
    }
    let stored = async || {
        let rows = stage.cx.memories.store.find_memories(user(1).id, &[memory.id]).await;
        rows.unwrap()[0].access.count
    };
    assert_eq!(stored().await, 0);
    stage.store.set_writable(false);
    assert!(note_reads(&stage.cx).await.is_err());
    stage.store.set_writable(true);
    assert!(!note_reads(&stage.cx).await.unwrap());
    assert_eq!(stored().await, 3);
    let page =
        list(&stage.cx, stage.reads(1), ListAsk { filter: Filter::default(), offset: 0, limit: 1 });
    assert_eq!(page.await.unwrap().rows[0].access.count, 3, "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_keep_their_own_and_the_limit() {
    let stage = std::sync::Arc::new(Stage::new());
    let size = new(Term::Ltm, "12").content.size_bytes(stage.cx.memories.embedder.dims());
    stage.leave(20 * size).await;
    let stm = stage.store(Term::Stm, "one").await;
    let writers: Vec<_> = (0..64)
        .map(|number: usize| {
            let stage = stage.clone();
            tokio::spawn(async move {
                let (cx, changes) = (&stage.cx, stage.changes(1));
                match number % 4 {
                    0 | 1 => store(cx, changes, new(Term::Ltm, "12"), None).await.map(drop),
                    2 => store(cx, changes, new(Term::Stm, "123"), None).await.map(drop),
                    _ => {
                        let says = says(&format!("text {number}"));
                        update(cx, changes, stm.id, says, None).await.map(drop)
                    }
                }
            })
        })
        .collect();
    let mut refused = 0;
    for writer in writers {
        match writer.await.unwrap() {
            Ok(()) => {}
            Err(AppError::Refused(Refusal::Quota(_))) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((refused, stage.level().await), (12, 20 * size));
    assert_eq!(stage.charged().await, 20 * size);
}

#[tokio::test]
async fn however_many_change_the_same_at_once_each_has_its_turn() {
    let stage = std::sync::Arc::new(Stage::contended());
    let one = stage.store(Term::Ltm, "one").await;
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..300 {
        let stage = stage.clone();
        writers.spawn(async move {
            let (cx, changes) = (&stage.cx, stage.changes(1));
            let text = format!("text {number}");
            if number % 2 == 0 {
                store(cx, changes, new(Term::Stm, &text), None).await.map(drop)
            } else {
                update(cx, changes, one.id, says(&text), None).await.map(drop)
            }
        });
    }
    let done = writers.join_all().await;
    let failed = done.into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert!(failed.is_empty(), "{} of them: {:?}", failed.len(), failed[0]);
    let head = stage.cx.memories.store.memory_head(user(1).id).await.unwrap();
    assert_eq!((head.tally(Term::Stm).rows, head.change_no), (150, 301));
}

#[tokio::test]
async fn the_quota_check_speaks_the_platforms_words() {
    let stage = Stage::new();
    let check = async || quota_check(&stage.cx, stage.reads(1)).await.unwrap();
    assert_eq!(check().await.message, "Storage quota available");
    stage.leave((1 << 30) * 15 / 100).await;
    let warned = check().await;
    assert_eq!((warned.fits, &*warned.message), (true, "Warning: 85.0% of storage quota used"));
    stage.leave(0).await;
}
