//! Reading back: whole rows, lists, scans, what has expired, reads.

use super::*;
use crate::ledger::{at, user};
use novacore_memory::{Access, Confidence, CreatedRange, Field, Kind, Tags};
use novacore_store::memories::{Digest, MemoryPlace, NewReads};

fn whole() -> Draft {
    Draft {
        kind: "achievement".into(),
        input: "ünï „x“ \u{1F980} ' \" \\ %_ \u{FFFD}\u{202E}; DROP TABLE memory; --".into(),
        output: Some(String::new()),
        session: Some("session: 7/ä".into()),
        outcome: Some("failure".into()),
        emotional_weight: Some(-0.125),
        confidence: Some(0.1),
        tags: vec!["b".into(), "a 'quoted' \"one\"".into(), "Ä{},[]".into()],
        metadata: Some(r#"{"b":1.0e3,"a":[1,2,"\u0007"],"c":12345678901234567890.10}"#.into()),
    }
}

/// To the microsecond, the bit and the byte; the largest text too.
pub async fn a_memory_reads_back_whole(harness: &mut impl MemoryHarness) {
    let user = user(harness, 1, "pro").await;
    harness.clock().set(at("2026-11-24T08:00:00.123457Z"));
    let first = of_draft(harness.clock(), 1, Term::Itm, whole());
    let large = Draft { input: "é".repeat(1 << 19), ..draft("") };
    let large = of_draft(harness.clock(), 2, Term::Ltm, large);
    applied(harness, user, store(vec![insert(&first), insert(&large)])).await;
    let later = harness.clock().now().plus_seconds(60);
    let promoted = first.promote(Term::Ltm, later).expect("upwards");
    applied(harness, user, store(vec![replace(&first, promoted.clone())])).await;
    harness.reopen();
    let ids = [id(2), id(3), id(1)];
    let found = harness.memories().find_memories(user, &ids).await;
    assert_eq!(found, Ok(vec![large.clone(), promoted.clone()]));
    let scanned = harness.memories().scan_memories(user, 0, 10).await.expect("a page");
    let scanned: Vec<_> = scanned.into_iter().map(|row| (row.change_no, row.memory)).collect();
    assert_eq!(scanned, [(2, large.clone()), (3, promoted.clone())]);
    let digests = harness.memories().scan_digests(user, 0, 10).await;
    assert_eq!(digests, Ok(vec![Digest::of(2, &large, None), Digest::of(3, &promoted, None)]));
}

fn tags(of: &[&str]) -> Tags {
    Tags::parse(of.iter().map(|tag| (*tag).to_owned()).collect()).expect("tags")
}

/// Every condition of a filter, both orders, pages, and what has expired.
pub async fn a_list_is_filtered_ordered_and_counted(harness: &mut impl MemoryHarness) {
    let user = user(harness, 1, "pro").await;
    let tagged = |number: u128, term, kind: &str, tags: &[&str], confidence| {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let session = number.is_multiple_of(2).then(|| "even".to_owned());
        let draft =
            Draft { kind: kind.into(), tags, confidence, session, ..draft(&number.to_string()) };
        harness.clock().advance_s(1);
        of_draft(harness.clock(), number, term, draft)
    };
    let rows = [
        tagged(1, Term::Stm, "task", &["a"], None),
        tagged(2, Term::Itm, "lesson", &["a", "b"], Some(0.5)),
        tagged(3, Term::Ltm, "error", &["b"], Some(0.9)),
        tagged(4, Term::Ltm, "task", &[], Some(0.2)),
        tagged(5, Term::Itm, "lesson", &["c"], None),
    ];
    applied(harness, user, store(rows.iter().map(insert).collect())).await;
    let created = |from, to| CreatedRange::new(from, to).expect("a range");
    let none = Filter::default;
    let confidence = Confidence::parse(0.5, Field::Confidence).expect("a confidence");
    let session = novacore_memory::SessionName::parse("even").expect("a name");
    for (filter, expected) in [
        (none(), &[5_u128, 4, 3, 2, 1][..]),
        (Filter { term: Some(Term::Ltm), ..none() }, &[4, 3]),
        (Filter { kinds: vec![Kind::Task, Kind::Error], ..none() }, &[4, 3, 1]),
        (Filter { tags_all: tags(&["a", "b"]), ..none() }, &[2]),
        (Filter { tags_any: tags(&["a", "c"]), ..none() }, &[5, 2, 1]),
        (Filter { tags_any: tags(&["A"]), ..none() }, &[]),
        (Filter { session: Some(session), ..none() }, &[4, 2]),
        (Filter { min_confidence: Some(confidence), ..none() }, &[3, 2]),
        (Filter { created: created(Some(rows[1].created_at), None), ..none() }, &[5, 4, 3, 2]),
        (Filter { created: created(None, Some(rows[1].created_at)), ..none() }, &[1]),
    ] {
        let page = list(harness, user, &newest(filter.clone(), harness.clock())).await;
        let ids: Vec<MemoryId> = page.rows.iter().map(|row| row.id).collect();
        let expected: Vec<MemoryId> = expected.iter().map(|number| id(*number)).collect();
        assert_eq!((ids, page.total), (expected.clone(), expected.len() as u64), "{filter:?}");
    }
    let query =
        MemoryQuery { offset: 1, rows_max: 2, ..newest(Filter::default(), harness.clock()) };
    let page = list(harness, user, &query).await;
    assert_eq!((page.rows, page.total), (vec![rows[3].clone(), rows[2].clone()], 5));
    harness.clock().advance_s(3_600);
    let page = list(harness, user, &newest(Filter::default(), harness.clock())).await;
    assert_eq!(page.total, 4, "short-term memory has expired");
    let beyond = MemoryQuery { offset: 9, ..newest(Filter::default(), harness.clock()) };
    let page = list(harness, user, &beyond).await;
    assert_eq!((page.rows, page.total), (vec![], 4));
}

/// Each change of a row gives it the next number, and a scan goes on after any of them.
pub async fn scans_follow_the_changes_of_rows(harness: &mut impl MemoryHarness) {
    let user = user(harness, 1, "pro").await;
    let rows: Vec<Memory> = (1..=4).map(|number| memory(harness, number, Term::Ltm)).collect();
    applied(harness, user, store(rows.iter().map(insert).collect())).await;
    let second = rows[1].promote(Term::Ltm, harness.clock().now());
    assert!(second.is_err(), "it is long-term already");
    let patch = novacore_memory::Patch {
        tags: novacore_memory::Change::Set(tags(&["new"])),
        ..novacore_memory::Patch::default()
    };
    let second = rows[1].update(&patch, harness.clock().now()).expect("it is there").memory;
    let changes = vec![replace(&rows[1], second.clone()), remove(&rows[2])];
    applied(harness, user, store(changes)).await;
    harness.reopen();
    let scan = async |after, rows_max| {
        let page = harness.memories().scan_memories(user, after, rows_max).await.expect("a page");
        let digests = harness.memories().scan_digests(user, after, rows_max).await;
        let expected = page.iter().map(|row| Digest::of(row.change_no, &row.memory, None));
        assert_eq!(digests, Ok(expected.collect()));
        page.into_iter().map(|row| (row.change_no, row.memory.id)).collect::<Vec<_>>()
    };
    assert_eq!(scan(0, 10).await, [(1, id(1)), (4, id(4)), (5, id(2))]);
    assert_eq!(scan(0, 2).await, [(1, id(1)), (4, id(4))]);
    assert_eq!(scan(4, 2).await, [(5, id(2))]);
    assert_eq!(scan(5, 2).await, []);
    let head = harness.memories().memory_head(user).await.expect("a head");
    assert_eq!((head.change_no, head.removals, head.stm_revision), (5, 1, 0));
}

/// Whoever scans holds a page: of texts of 2 MiB it has four.
pub async fn a_scan_ends_a_page_of_large_texts_early(harness: &mut impl MemoryHarness) {
    let user = user(harness, 1, "pro").await;
    for number in 1..=6 {
        let output = Some("b".repeat(1 << 20));
        let large = Draft { output, ..draft(&"a".repeat(1 << 20)) };
        let large = of_draft(harness.clock(), number, Term::Ltm, large);
        applied(harness, user, store(vec![insert(&large)])).await;
    }
    let scan = async |after, rows_max| {
        let page = harness.memories().scan_memories(user, after, rows_max).await.expect("a page");
        page.into_iter().map(|row| row.change_no).collect::<Vec<u64>>()
    };
    assert_eq!(scan(0, 100).await, [1, 2, 3, 4]);
    assert_eq!(scan(0, 2).await, [1, 2]);
    assert_eq!(scan(4, 100).await, [5, 6]);
    assert_eq!(scan(6, 100).await, [0_u64; 0]);
}

/// Over all users, those first that expired first; what was swept is not found again.
pub async fn what_has_expired_is_found_in_order(harness: &mut impl MemoryHarness) {
    let (one, two) = (user(harness, 1, "pro").await, user(harness, 2, "pro").await);
    let first = memory(harness, 1, Term::Stm);
    harness.clock().advance_s(1);
    let second = memory(harness, 2, Term::Stm);
    let third = memory(harness, 3, Term::Itm);
    applied(harness, two, store(vec![insert(&first)])).await;
    let rest = [&second, &third, &memory(harness, 4, Term::Ltm)].map(insert);
    applied(harness, one, store(rest.to_vec())).await;
    let expired = async |after_s, rows_max| {
        let now = first.created_at.plus_seconds(after_s);
        harness.memories().expired_memories(now, rows_max).await.expect("a page")
    };
    assert_eq!(expired(3_599, 10).await, []);
    assert_eq!(expired(3_600, 10).await, [(two, Trace::of(&first))]);
    let both = [(two, Trace::of(&first)), (one, Trace::of(&second))];
    assert_eq!(expired(3_601, 10).await, both);
    assert_eq!(expired(3_601, 1).await, both[..1]);
    let all = expired(8 * 86_400, 10).await;
    assert_eq!(all[2..], [(one, Trace::of(&third))]);
    for (user, trace) in all {
        let sweep = vec![MemoryChange::Remove { before: trace }];
        let write = MemoryWrite::new(sweep, None, Cause::Expire, None);
        applied(harness, user, write.clone()).await;
        assert_eq!(change(harness, user, write).await, Err(StoreError::Stale("memory")));
    }
    assert_eq!(expired(8 * 86_400, 10).await, []);
}

/// They add up, order a list, and leave revision and number as they are.
pub async fn reads_are_noted_and_are_no_change(harness: &mut impl MemoryHarness) {
    let user = user(harness, 1, "pro").await;
    let rows: Vec<Memory> = (1..=3).map(|number| memory(harness, number, Term::Itm)).collect();
    applied(harness, user, store(rows.iter().map(insert).collect())).await;
    let note = async |number, count, seconds| {
        let last_at = Some(rows[0].created_at.plus_seconds(seconds));
        let place = MemoryPlace { user, id: id(number) };
        let reads = NewReads { place, access: Access { count, last_at } };
        let other = MemoryPlace { user: ledger::user_id(9), id: id(number) };
        let elsewhere = NewReads { place: other, ..reads };
        let noted = harness.memories().note_reads(vec![reads, elsewhere]).await;
        assert_eq!(noted, Ok(()));
    };
    note(2, 2, 5).await;
    note(3, 1, 9).await;
    note(2, 1, 3).await;
    note(9, 1, 3).await;
    note(1, 1, 7).await;
    let order = MemoryOrder::MostRead;
    let query = MemoryQuery { order, ..newest(Filter::default(), harness.clock()) };
    let page = list(harness, user, &query).await;
    let read: Vec<_> = page.rows.iter().map(|row| (row.id, row.access.count)).collect();
    assert_eq!(read, [(id(2), 3), (id(3), 1), (id(1), 1)]);
    assert_eq!(page.rows[0].access.last_at, Some(rows[0].created_at.plus_seconds(5)));
    assert_eq!(page.rows[0].revision, 1);
    let head = harness.memories().memory_head(user).await.expect("a head");
    assert_eq!(head.change_no, 3);
    // A change by one who read it before keeps the reads that were noted meanwhile.
    let promoted = rows[1].promote(Term::Ltm, harness.clock().now()).expect("upwards");
    applied(harness, user, store(vec![replace(&rows[1], promoted)])).await;
    assert_eq!(find(harness, user, 2).await.map(|row| row.access.count), Some(3));
}
