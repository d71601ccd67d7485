//! Rankings over random rows: each is a function of what is ranked and not of the order in which it
//! came, and agrees with the plainest way to compute it.

use novacore_memory::{
    Access, Candidate, Content, Context, ContextAsk, Dims, Draft, Hit, Keywords, LtmOrder, Memory,
    Query, Score, SessionName, Term, TopK, assemble, fuse, keyword_ranking,
};
use novacore_vocab::{MemoryId, Timestamp};
use proptest::{collection::vec, option, prelude::*, sample::select};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

fn id(number: u8) -> MemoryId {
    format!("{number:032x}").parse().expect("a UUID")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

/// Few scores and few instants, so that ties are many.
fn score() -> impl Strategy<Value = Score> {
    let few = prop_oneof![(-4..5_i8).prop_map(|raw| f64::from(raw) / 4.0), Just(-0.0), -1.0..1.0];
    few.prop_map(|raw| Score::new(raw).expect("a finite score"))
}

/// Hits of distinct memories; a memory has one creation, whichever ranking it is in.
fn hits() -> impl Strategy<Value = Vec<Hit>> {
    vec((any::<u8>(), score()), 0..60).prop_map(|rows| {
        let rows: BTreeMap<u8, Score> = rows.into_iter().collect();
        let hit =
            |(number, score)| Hit { score, created_at: at(i64::from(number % 3)), id: id(number) };
        rows.into_iter().map(hit).collect()
    })
}

fn shuffled<T: Clone + std::fmt::Debug + 'static>(
    rows: impl Strategy<Value = Vec<T>>,
) -> impl Strategy<Value = (Vec<T>, Vec<T>)> {
    rows.prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle()))
}

/// Sorted by hand, without the order that hits have.
fn sorted(hits: &[Hit]) -> Vec<Hit> {
    let mut hits = hits.to_vec();
    hits.sort_by(|a, b| {
        let by_score = b.score.get().partial_cmp(&a.score.get()).expect("scores are numbers");
        by_score.then(b.created_at.cmp(&a.created_at)).then(a.id.cmp(&b.id))
    });
    hits
}

fn top(hits: &[Hit], limit: usize) -> Vec<Hit> {
    let mut top = TopK::new(limit);
    top.extend(hits.iter().copied());
    top.into_best_first()
}

/// Words of a small language, so that texts share some.
fn text() -> impl Strategy<Value = String> {
    vec(select(&["dog", "Dog", "cat", "the", "bird", "fish", "42"][..]), 1..8)
        .prop_map(|words| words.join(" "))
}

fn content(input: String) -> Content {
    let draft = Draft { kind: "lesson".to_owned(), input, ..Draft::default() };
    draft.check().expect("a valid draft")
}

fn found(query: &str, rows: &[(u8, Content)], limit: usize) -> Vec<Hit> {
    let keywords = Keywords::of(&Query::parse(query).expect("a query"));
    let rows =
        rows.iter().map(|(number, content)| (id(*number), at(i64::from(number % 3)), content));
    keyword_ranking(&keywords, rows, limit)
}

prop_compose! {
    fn memory()(
        number in any::<u8>(),
        term in select(&Term::ALL[..]),
        input in text(),
        session in option::of(select(&["s", "t"][..])),
        second in 0..8_000_i64,
        count in 0..3_u64,
        last_at in option::of((0..3_i64).prop_map(at)),
    ) -> Memory {
        let session = session.map(str::to_owned);
        let draft = Draft { kind: "task".to_owned(), input, session, ..Draft::default() };
        let dims = Dims::new(384).expect("a dimension");
        let content = draft.check().expect("a valid draft");
        let memory = Memory::new(id(number), term, content, dims, at(second));
        Memory { access: Access { count, last_at }, ..memory }
    }
}

/// What holds of every context.
fn check_context(context: &Context<'_>, ask: &ContextAsk<'_>) -> Result<(), TestCaseError> {
    let parts = [&context.stm, &context.itm, &context.ltm];
    let all: Vec<&Memory> =
        parts.iter().flat_map(|part| part.iter().map(|one| one.memory)).collect();
    let ids: BTreeSet<MemoryId> = all.iter().map(|memory| memory.id).collect();
    let texts: BTreeSet<&str> = all.iter().map(|memory| memory.content.input.as_str()).collect();
    prop_assert_eq!((ids.len(), texts.len()), (all.len(), all.len()));
    for (part, term) in parts.into_iter().zip(Term::ALL) {
        prop_assert!(part.len() <= ask.limit);
        prop_assert!(part.iter().all(|one| one.memory.term == term && one.memory.is_live(ask.now)));
    }
    let sessions = context.stm.iter().map(|one| one.memory.content.session.as_ref());
    prop_assert!(sessions.into_iter().all(|session| session == ask.session));
    let stored = context.stm.iter().map(|one| Reverse(one.memory.created_at));
    prop_assert!(stored.is_sorted());
    let read = context.itm.iter().map(|one| one.memory.access);
    prop_assert!(read.map(|access| Reverse((access.count, access.last_at))).is_sorted());
    match ask.ltm {
        LtmOrder::Recency => {
            let stored = context.ltm.iter().map(|one| Reverse(one.memory.created_at));
            prop_assert!(stored.is_sorted());
        }
        LtmOrder::Relevance { floor } => {
            prop_assert!(context.ltm.iter().all(|one| one.relevance >= Some(floor)));
            prop_assert!(context.ltm.iter().map(|one| Reverse(one.relevance)).is_sorted());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_top_is_sort_and_take((hits, other_order) in shuffled(hits()), limit in 0..70_usize) {
        let mut want = sorted(&hits);
        want.truncate(limit);
        prop_assert_eq!(&top(&hits, limit), &want);
        prop_assert_eq!(&top(&other_order, limit), &want);
    }

    #[test]
    fn fusing_does_not_depend_on_the_order(
        (meaning, meaning_too) in shuffled(hits()),
        (words, words_too) in shuffled(hits()),
        limit in 0..150_usize,
    ) {
        let fused = fuse(&meaning, &words, limit);
        prop_assert_eq!(&fuse(&meaning_too, &words_too, limit), &fused);

        // Each memory's gains, from its ranks by the plainest count of who is better.
        let all = fuse(&meaning, &words, usize::MAX);
        prop_assert_eq!(&all[..fused.len()], &fused[..]);
        let gain = |hits: &[Hit], id: MemoryId, weight: f64| {
            let place = sorted(hits).iter().position(|hit| hit.id == id);
            place.map_or(0.0, |place| weight / (61.0 + place as f64))
        };
        for one in &all {
            let want = gain(&meaning, one.hit.id, 1.0) + gain(&words, one.hit.id, 0.3);
            prop_assert!((one.hit.score.get() - want).abs() < 1e-12);
            prop_assert!(one.cosine.is_some() || one.text.is_some());
        }
        prop_assert_eq!(sorted(&all.iter().map(|one| one.hit).collect::<Vec<_>>()),
            all.iter().map(|one| one.hit).collect::<Vec<_>>());
    }

    #[test]
    fn words_find_what_has_them_in_any_order_of_rows(
        (rows, other_order) in shuffled(vec((any::<u8>(), text().prop_map(content)), 0..40)),
        query in text(),
    ) {
        let mut want: Vec<MemoryId> = Vec::new();
        let lower = query.to_lowercase();
        let telling = || lower.split(' ').filter(|word| *word != "the");
        for (number, content) in &rows {
            let text = content.input.as_str().to_lowercase();
            let has = |word: &str| text.split(' ').any(|one| one == word);
            let is_idle = telling().next().is_none();
            let wanted = if is_idle { has("the") } else { telling().any(has) };
            if wanted {
                want.push(id(*number));
            }
        }
        want.sort();
        let hits = found(&query, &rows, usize::MAX);
        let mut got: Vec<MemoryId> = hits.iter().map(|hit| hit.id).collect();
        got.sort();
        prop_assert_eq!(got, want);
        prop_assert_eq!(sorted(&hits), hits.clone());
        prop_assert!(hits.iter().all(|hit| hit.score.get() > 0.0));
        prop_assert_eq!(&found(&query, &other_order, usize::MAX), &hits);
        prop_assert_eq!(&found(&query, &rows, 5)[..], &hits[..hits.len().min(5)]);
    }

    /// Keyboards and systems write one letter as one character or as several.
    #[test]
    fn letters_in_parts_find_letters_as_one(word in "[a-zà-öø-ÿἀ-ἇа-яё가-힣]{1,8}") {
        use unicode_normalization::UnicodeNormalization;
        let keywords = |text: &str| Keywords::of(&Query::parse(text).expect("a query"));
        let composed: String = word.nfc().collect();
        let parts: String = word.nfd().collect();
        prop_assert_eq!(keywords(&parts), keywords(&composed));
        prop_assert_eq!(keywords(&word.to_uppercase()).as_slice().len(), 1);
    }

    #[test]
    fn any_text_can_be_asked_and_searched(query in "[^\0]{0,30}[^\0\\s]", text in "[^\0]{0,60}.") {
        let keywords = Keywords::of(&Query::parse(&query).expect("a query"));
        let counts = keywords.count_in([text.as_str()]);
        prop_assert!(!counts.has_any() || !keywords.as_slice().is_empty());
        let own = keywords.count_in([query.as_str()]);
        prop_assert_eq!(own.has_any(), !keywords.as_slice().is_empty());
    }

    #[test]
    fn a_context_is_in_order_without_repeats_and_of_the_session(
        (memories, other_order) in shuffled(vec((memory(), option::of(score())), 0..40)),
        limit in 0..6_usize,
        floor in option::of(score()),
    ) {
        // An id is one memory, in either order.
        let known: BTreeMap<MemoryId, (Memory, Option<Score>)> =
            memories.iter().map(|row| (row.0.id, row.clone())).collect();
        let rows = |order: &[(Memory, Option<Score>)]| -> Vec<MemoryId> {
            order.iter().map(|row| row.0.id).collect()
        };
        let candidates = |ids: &[MemoryId]| -> Vec<Candidate<'_>> {
            let candidate = |id| {
                let (memory, relevance) = &known[id];
                Candidate { memory, relevance: *relevance }
            };
            ids.iter().map(candidate).collect()
        };
        let session = SessionName::parse("s").expect("a valid name");
        let ltm = floor.map_or(LtmOrder::Recency, |floor| LtmOrder::Relevance { floor });
        let now = at(8_000);
        let ask = ContextAsk { session: Some(&session), limit, ltm, now };
        let context = assemble(&candidates(&rows(&memories)), &ask);
        prop_assert_eq!(&assemble(&candidates(&rows(&other_order)), &ask), &context);

        check_context(&context, &ask)?;
    }
}
