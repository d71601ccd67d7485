//! Sizes, charges and room over random contents and histories: whatever happens to a user's
//! memories, what the ledger was told adds up to the bytes that are there.

use novacore_memory::{
    Change, Content, Dims, Draft, Held, Memory, PatchDraft, Term, charge, charged_bytes,
    limits::{STM_BYTES_MAX, STM_ROWS_MAX},
    make_room,
};
use novacore_vocab::{MemoryId, Timestamp};
use proptest::{collection::vec, option, prelude::*, sample::select};
use std::collections::BTreeMap;

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

fn id(number: u32) -> MemoryId {
    format!("{number:032x}").parse().expect("a UUID")
}

fn dims(raw: u16) -> Dims {
    Dims::new(raw).expect("a dimension")
}

/// Any text that a memory may have.
fn text() -> impl Strategy<Value = String> {
    "[^\0]{0,40}"
}

/// Names, so that some come again.
fn tags() -> impl Strategy<Value = Vec<String>> {
    vec(prop_oneof!["[a-cé]", "\\PC{1,20}"], 0..8)
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        text().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            vec((text(), inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// A JSON object as people write it, with white space.
fn metadata() -> impl Strategy<Value = String> {
    vec((text(), json()), 0..4).prop_map(|members| {
        let object: serde_json::Value = members.into_iter().collect();
        serde_json::to_string_pretty(&object).expect("any value can be written")
    })
}

prop_compose! {
    fn draft()(
        input in "[^\0]{0,40}[a-z]",
        output in option::of(text()),
        tags in tags(),
        metadata in option::of(metadata()),
    ) -> Draft {
        Draft { kind: "lesson".to_owned(), input, output, tags, metadata, ..Draft::default() }
    }
}

fn change<T: std::fmt::Debug + Clone>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Change<T>> {
    prop_oneof![Just(Change::Keep), Just(Change::Clear), value.prop_map(Change::Set)]
}

#[derive(Clone, Debug)]
enum Step {
    Store(u32, Term, Draft, u16),
    Update(u32, PatchDraft),
    Promote(u32, Term),
    Delete(u32),
    /// Time passes, and what has expired is swept.
    Sweep(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let which = || 0_u32..6;
    let term = || select(&Term::ALL[..]);
    let patch = (change(text()), change(tags()), change(metadata()));
    let patch = patch.prop_map(|(output, tags, metadata)| PatchDraft {
        output,
        tags,
        metadata,
        ..PatchDraft::default()
    });
    prop_oneof![
        (which(), term(), draft(), 1..2_000_u16)
            .prop_map(|(number, term, draft, dims)| Step::Store(number, term, draft, dims)),
        (which(), patch).prop_map(|(number, patch)| Step::Update(number, patch)),
        (which(), term()).prop_map(|(number, term)| Step::Promote(number, term)),
        which().prop_map(Step::Delete),
        (0..400_000_i64).prop_map(Step::Sweep),
    ]
}

/// One user's memories beside the sum of what the ledger was told.
#[derive(Default)]
struct Books {
    rows: BTreeMap<MemoryId, Memory>,
    told: i64,
    now: Timestamp,
}

impl Books {
    fn take(&mut self, step: Step) {
        match step {
            Step::Store(number, term, draft, raw_dims) => {
                let content = draft.check().expect("a valid draft");
                let memory = Memory::new(id(number), term, content, dims(raw_dims), self.now);
                self.put(id(number), Some(memory));
            }
            Step::Update(number, patch) => {
                let patch = patch.check().expect("a valid patch");
                let before = self.rows.get(&id(number));
                if let Some(Ok(updated)) = before.map(|memory| memory.update(&patch, self.now)) {
                    self.put(id(number), Some(updated.memory));
                }
            }
            Step::Promote(number, target) => {
                let before = self.rows.get(&id(number));
                if let Some(Ok(after)) = before.map(|memory| memory.promote(target, self.now)) {
                    self.put(id(number), Some(after));
                }
            }
            Step::Delete(number) => self.put(id(number), None),
            Step::Sweep(seconds) => {
                self.now = self.now.plus_seconds(seconds);
                let gone = self.rows.values().filter(|memory| !memory.is_live(self.now));
                for id in gone.map(|memory| memory.id).collect::<Vec<_>>() {
                    self.put(id, None);
                }
            }
        }
    }

    fn put(&mut self, id: MemoryId, after: Option<Memory>) {
        self.told += charge(self.rows.get(&id), after.as_ref());
        match after {
            Some(memory) => drop(self.rows.insert(id, memory)),
            None => drop(self.rows.remove(&id)),
        }
    }
}

/// The bytes that the contract lists, laid out one after the other and counted.
fn laid_out(draft: &Draft, content: &Content, dims: Dims) -> usize {
    let mut bytes = draft.input.clone().into_bytes();
    bytes.extend(draft.output.iter().flat_map(|output| output.bytes()));
    for tag in content.tags.as_slice() {
        bytes.extend(tag.as_str().bytes());
        bytes.extend(0_u32.to_le_bytes());
    }
    if let Some(raw) = &draft.metadata {
        let value: serde_json::Value = serde_json::from_str(raw).expect("what was drawn is JSON");
        bytes.extend(serde_json::to_vec(&value).expect("any value can be written"));
    }
    bytes.extend((0..dims.get()).flat_map(|_| 0.0_f32.to_le_bytes()));
    bytes.extend([0; 162]);
    bytes.len()
}

prop_compose! {
    fn held()(rows in vec((0..4_000_u32, 0..50_i64, 1..40_000_i64), 0..1_300)) -> Vec<Held> {
        let rows: BTreeMap<u32, Held> = rows
            .into_iter()
            .map(|(number, second, size_bytes)| {
                let created_at = Timestamp::from_seconds(second);
                (number, Held { id: id(number), created_at, size_bytes })
            })
            .collect();
        rows.into_values().collect()
    }
}

fn fits(rows: &[&Held]) -> bool {
    let bytes: i64 = rows.iter().map(|row| row.size_bytes).sum();
    rows.len() <= STM_ROWS_MAX && bytes <= STM_BYTES_MAX
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_size_is_the_bytes_laid_out(draft in draft(), raw_dims in 1..4_097_u16) {
        let content = draft.clone().check().expect("a valid draft");
        let want = i64::try_from(laid_out(&draft, &content, dims(raw_dims))).expect("small");
        prop_assert_eq!(content.size_bytes(dims(raw_dims)), want);
    }

    #[test]
    fn charges_add_up_to_what_is_there(steps in vec(step(), 0..60)) {
        let mut books = Books::default();
        for step in steps {
            books.take(step);
            let there: i64 = books.rows.values().map(charged_bytes).sum();
            prop_assert_eq!(books.told, there);
        }
        for id in books.rows.keys().copied().collect::<Vec<_>>() {
            books.put(id, None);
        }
        prop_assert_eq!(books.told, 0);
    }

    #[test]
    fn just_enough_of_the_oldest_make_room(
        held in held(),
        number in 0..5_000_u32,
        size_bytes in 1..=STM_BYTES_MAX,
    ) {
        let created_at = Timestamp::from_seconds(60);
        let incoming = Held { id: id(number), created_at, size_bytes };
        let leaving = make_room(&held, &incoming).expect("one memory fits");
        let mut reversed = held.clone();
        reversed.reverse();
        let leaving_too = make_room(&reversed, &incoming);
        prop_assert_eq!(leaving_too.as_ref(), Ok(&leaving));

        let mut others: Vec<&Held> = held.iter().filter(|row| row.id != incoming.id).collect();
        others.sort_by_key(|row| (row.created_at, row.id));
        let (left, kept) = others.split_at(leaving.len());
        prop_assert_eq!(left.iter().map(|row| row.id).collect::<Vec<_>>(), leaving);
        prop_assert!(fits(&[kept, &[&incoming]].concat()));
        if let Some(last) = left.last() {
            prop_assert!(!fits(&[kept, &[&incoming, last]].concat()), "one left for nothing");
        }
    }
}
