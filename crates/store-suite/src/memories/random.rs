//! Random changes, on the store under test and on the one in memory: what is read is the same.

use super::*;
use crate::{ledger::user, memory::Memory as Model, ops::Ops};
use novacore_memory::{Access, Change, CreatedRange, Kind, PatchDraft, Tags};
use novacore_store::memories::{MemoryPlace, NewEmbedding, NewReads, NextEmbedding};

const STEPS: usize = 250;
const KINDS: [&str; 3] = ["lesson", "task", "error"];
const TAGS: [&str; 4] = ["a", "b", "c", "ä 'x'"];

struct Pair<'h, H> {
    harness: &'h mut H,
    model: Model,
    users: [UserId; 2],
    ops: Ops,
    numbers: u128,
}

/// Every read of both, after some hundred changes of every kind, is equal.
pub async fn random_changes_are_kept_like_the_model(harness: &mut impl MemoryHarness) {
    let clock = Arc::new(HandClock::at(harness.clock().now()));
    let model = Model::new(clock.clone());
    let users = [user(harness, 1, "free_trial").await, user(harness, 2, "pro").await];
    for user in users {
        let known = harness.directory().find_user(user).await.expect("a look-up");
        model.insert_user(known.expect("he was just made"));
    }
    let mut pair = Pair { harness, model, users, ops: Ops::new(20_261_130), numbers: 0 };
    for step in 0..STEPS {
        let seconds = pair.ops.below(if step % 50 == 0 { 4_000 } else { 30 });
        pair.harness.clock().advance_s(seconds);
        clock.set(pair.harness.clock().now());
        pair.step().await;
        if step % 25 == 24 {
            pair.compare().await;
        }
        if step == STEPS / 2 {
            pair.harness.reopen();
        }
    }
}

impl<H: MemoryHarness> Pair<'_, H> {
    fn user(&mut self) -> UserId {
        self.users[usize::from(self.ops.once_in(3))]
    }

    async fn rows(&self, user: UserId) -> Vec<Memory> {
        let page = self.model.scan_memories(user, 0, 1_000).await.expect("a page");
        page.into_iter().map(|row| row.memory).collect()
    }

    fn draft(&mut self) -> Draft {
        let ops = &mut self.ops;
        let text = "wörd ".repeat(1 + ops.below(40) as usize);
        Draft {
            kind: KINDS[ops.below(3) as usize].to_owned(),
            input: text,
            output: ops.once_in(2).then(|| "output".to_owned()),
            session: ops.once_in(2).then(|| format!("s{}", ops.below(2))),
            tags: TAGS.iter().filter(|_| ops.once_in(3)).map(|tag| (*tag).to_owned()).collect(),
            confidence: ops.once_in(2).then(|| ops.below(5) as f64 / 4.0),
            ..Draft::default()
        }
    }

    fn embedded(&mut self) -> Option<Embedded> {
        let by = ["m", "n"][self.ops.below(2) as usize];
        let direction = self.ops.below(4) as usize;
        (!self.ops.once_in(3)).then(|| super::embedded(by, direction))
    }

    /// A change of a row that is there, if there is one.
    fn one_of(&mut self, rows: &[Memory]) -> Option<Memory> {
        let index = self.ops.below(rows.len().max(1) as i64) as usize;
        rows.get(index).cloned()
    }

    async fn step(&mut self) {
        let user = self.user();
        let rows = self.rows(user).await;
        match self.ops.below(10) {
            0..4 => self.insert(user).await,
            4..6 => self.replace(user, &rows).await,
            6 => self.remove(user, &rows).await,
            7 => self.embed(user, &rows).await,
            8 => self.read(user, &rows).await,
            _ => self.tighten(user).await,
        }
    }

    async fn insert(&mut self, user: UserId) {
        let count = 1 + self.ops.below(3);
        let mut changes = Vec::new();
        for _ in 0..count {
            self.numbers += 1;
            let term = Term::ALL[self.ops.below(3) as usize];
            let (draft, embedded) = (self.draft(), self.embedded());
            let memory = of_draft(self.harness.clock(), self.numbers, term, draft);
            changes.push(MemoryChange::Insert { memory, embedded });
        }
        self.both(user, store(changes)).await;
    }

    async fn replace(&mut self, user: UserId, rows: &[Memory]) {
        let Some(before) = self.one_of(rows) else { return };
        let now = self.harness.clock().now();
        let draft = self.draft();
        let memory = if self.ops.once_in(3) {
            let target = Term::ALL[self.ops.below(3) as usize];
            before.promote(target, now).ok()
        } else {
            let patch = PatchDraft {
                input: Change::Set(draft.input),
                tags: Change::Set(draft.tags),
                session: draft.session.map_or(Change::Clear, Change::Set),
                ..PatchDraft::default()
            };
            before.update(&patch.check().expect("a patch"), now).ok().map(|after| after.memory)
        };
        let Some(memory) = memory.filter(|after| after.revision != before.revision) else { return };
        let embedded = match self.ops.once_in(2) {
            true => NextEmbedding::Keep,
            false => NextEmbedding::Set(self.embedded()),
        };
        let before = Trace::of(&before);
        self.both(user, store(vec![MemoryChange::Replace { before, memory, embedded }])).await;
    }

    async fn remove(&mut self, user: UserId, rows: &[Memory]) {
        let start = self.ops.below(rows.len().max(1) as i64) as usize;
        let leaving: Vec<_> = rows.iter().skip(start).take(2).map(remove).collect();
        self.both(user, store(leaving)).await;
    }

    async fn embed(&mut self, user: UserId, rows: &[Memory]) {
        let Some(row) = self.one_of(rows) else { return };
        let Some(embedded) = self.embedded() else { return };
        let place = MemoryPlace { user, id: row.id };
        let revision = row.revision + u64::from(self.ops.once_in(4));
        let new = vec![NewEmbedding { place, revision, embedded }];
        let stored = self.harness.memories().store_embeddings(new.clone()).await;
        assert_eq!(stored, self.model.store_embeddings(new).await);
    }

    async fn read(&mut self, user: UserId, rows: &[Memory]) {
        let Some(row) = self.one_of(rows) else { return };
        let last_at = Some(self.harness.clock().now().plus_seconds(-self.ops.below(99)));
        let access = Access { count: 1 + self.ops.below(3) as u64, last_at };
        let reads = vec![NewReads { place: MemoryPlace { user, id: row.id }, access }];
        let noted = self.harness.memories().note_reads(reads.clone()).await;
        assert_eq!(noted, self.model.note_reads(reads).await);
    }

    /// Use of another source, so that the limit is near.
    async fn tighten(&mut self, user: UserId) {
        let level = level(self.harness, user).await;
        let room = self.ops.below(3_000);
        let command = ledger::command(ledger::record("memory_storage", (1 << 30) - level - room));
        let ledgers: [&dyn novacore_store::ledger::Ledger; 2] =
            [&*self.harness.ledger(), &self.model];
        for ledger in ledgers {
            let used = ledger.account(user).await.expect("an account").state;
            let part = used.part(&ledger::name("memory_storage"), Source::Api);
            if part == 0 {
                let done = ledger.submit(user, command.clone()).await;
                assert!(matches!(done, Ok(Outcome::Applied(_))), "{done:?}");
            }
        }
    }

    async fn both(&mut self, user: UserId, write: MemoryWrite) {
        let expected = self.model.change_memories(user, write.clone()).await;
        let outcome = self.harness.memories().change_memories(user, write).await;
        assert_eq!(outcome, expected);
    }

    async fn compare(&mut self) {
        let filters: Vec<Filter> = (0..8).map(|_| self.filter()).collect();
        let store = self.harness.memories();
        let now = self.harness.clock().now();
        for user in self.users {
            assert_level(self.harness, user).await;
            assert_eq!(store.memory_head(user).await, self.model.memory_head(user).await);
            let after = self.model.memory_head(user).await.expect("a head").change_no / 2;
            for after in [0, after] {
                let scanned = store.scan_memories(user, after, 50).await;
                assert_eq!(scanned, self.model.scan_memories(user, after, 50).await);
                let digests = store.scan_digests(user, after, 50).await;
                assert_eq!(digests, self.model.scan_digests(user, after, 50).await);
            }
            for filter in &filters {
                for order in [MemoryOrder::Newest, MemoryOrder::MostRead] {
                    let filter = filter.clone();
                    let query =
                        MemoryQuery { filter, live_at: now, order, offset: 1, rows_max: 20 };
                    let page = store.list_memories(user, &query).await;
                    assert_eq!(page, self.model.list_memories(user, &query).await, "{query:?}");
                }
            }
        }
        let expired = store.expired_memories(now, 100).await;
        assert_eq!(expired, self.model.expired_memories(now, 100).await);
        let mut counts = store.embedding_counts().await.expect("counts");
        counts.sort();
        assert_eq!(Ok(counts), self.model.embedding_counts().await);
    }

    fn filter(&mut self) -> Filter {
        let now = self.harness.clock().now();
        let ops = &mut self.ops;
        let tags = |ops: &mut Ops| {
            let some: Vec<_> = TAGS.iter().filter(|_| ops.once_in(4)).collect();
            Tags::parse(some.into_iter().map(|tag| (*tag).to_owned()).collect()).expect("tags")
        };
        let from = ops.once_in(4).then(|| now.plus_seconds(-ops.below(5_000)));
        Filter {
            term: ops.once_in(3).then(|| Term::ALL[ops.below(3) as usize]),
            kinds: Kind::ALL.into_iter().filter(|_| ops.once_in(6)).collect(),
            tags_all: tags(ops),
            tags_any: tags(ops),
            session: ops
                .once_in(4)
                .then(|| novacore_memory::SessionName::parse("s1").expect("a name")),
            created: CreatedRange::new(from, None).expect("open on one side"),
            min_confidence: ops.once_in(5).then(|| {
                let field = novacore_memory::Field::MinConfidence;
                novacore_memory::Confidence::parse(0.5, field).expect("a confidence")
            }),
        }
    }
}
