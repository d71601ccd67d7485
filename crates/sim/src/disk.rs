//! An append-only file of frames, with what is synced apart from what is only written.
//!
//! A frame is a batch: its postings, their checksum, and the chain over all frames before. A torn
//! write leaves fewer entries than the checksum was taken over, as a torn frame of bytes would.
//!
//! Invariant: what was synced never changes.

use crate::fault::Survival;
use novacore_ledger::{Answer, Entry};
use novacore_store::book::Posting;
use std::sync::Arc;

/// One batch on the disk.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// The chain over this frame and those before.
    pub(crate) chain: u64,
    /// The checksum of the postings as they were written.
    sum: u64,
    /// The postings as they are on the disk.
    pub(crate) postings: Arc<Vec<Posting>>,
}

impl Frame {
    pub(crate) fn new(after: u64, postings: Vec<Posting>) -> Frame {
        let sum = checksum(&postings);
        Frame { chain: mix(after, sum), sum, postings: Arc::new(postings) }
    }

    /// Whether all that was written is there, as the continuation of `after`.
    pub(crate) fn is_whole(&self, after: u64) -> bool {
        checksum(&self.postings) == self.sum && self.chain == mix(after, self.sum)
    }

    /// The first part of this frame; `place` picks where it is cut, always before its last entry.
    fn torn(&self, place: u64) -> Frame {
        let entries: usize = self.postings.iter().map(|posting| posting.entries.len()).sum();
        let mut left = usize::try_from(place % entries as u64).expect("below a usize");
        let mut postings = Vec::new();
        for posting in self.postings.iter() {
            let mut cut = posting.clone();
            cut.entries.truncate(left);
            left -= cut.entries.len();
            if cut.entries.is_empty() {
                break;
            }
            postings.push(cut);
        }
        Frame { postings: Arc::new(postings), ..*self }
    }
}

/// The file.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    frames: Vec<Frame>,
    synced: usize,
}

impl Disk {
    /// Every frame that can be read, synced or not.
    pub(crate) fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Those frames that would survive anything.
    pub(crate) fn synced(&self) -> &[Frame] {
        &self.frames[..self.synced]
    }

    /// The chain over all frames.
    pub(crate) fn chain(&self) -> u64 {
        self.chain_at(self.frames.len())
    }

    /// The chain over the first `count` frames.
    pub(crate) fn chain_at(&self, count: usize) -> u64 {
        count.checked_sub(1).map_or(0, |last| self.frames[last].chain)
    }

    pub(crate) fn append(&mut self, frame: Frame) {
        self.frames.push(frame);
    }

    pub(crate) fn sync(&mut self) {
        self.synced = self.frames.len();
    }

    /// Drops frames from the end, as recovery does with a torn one.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.frames.truncate(count);
        self.synced = self.synced.min(count);
    }

    /// The power fails: of the unsynced frames only what `survival` says is there afterwards.
    pub(crate) fn power_loss(&mut self, survival: Survival) {
        match survival {
            Survival::Lost => self.frames.truncate(self.synced),
            Survival::Whole => {}
            Survival::Torn(place) => {
                if let Some(first) = self.frames.get(self.synced) {
                    let torn = first.torn(place);
                    self.frames.truncate(self.synced);
                    if !torn.postings.is_empty() {
                        self.frames.push(torn);
                    }
                }
            }
        }
        self.synced = self.frames.len();
    }
}

fn mix(sum: u64, value: u64) -> u64 {
    (sum ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).wrapping_add(1)
}

fn checksum(postings: &[Posting]) -> u64 {
    postings.iter().fold(0, |sum, posting| {
        let user = posting.user.0.as_u128();
        let sum = mix(sum, (user >> 64) as u64 ^ user as u64);
        let sum = posting.entries.iter().fold(sum, entry_sum);
        match &posting.key {
            None => mix(sum, 0),
            Some(record) => answer_sum(mix(sum, record.fingerprint as u64), &record.answer),
        }
    })
}

fn entry_sum(sum: u64, entry: &Entry) -> u64 {
    [
        entry.version.0,
        entry.kind as u64,
        entry.amount as u64,
        entry.held as u64,
        entry.recorded_at.micros() as u64,
        entry.counted_at.micros() as u64,
        entry.hold.map_or(0, |hold| hold.0),
        entry.resource.as_str().len() as u64,
        u64::from(entry.flags.0),
    ]
    .into_iter()
    .fold(sum, mix)
}

fn answer_sum(sum: u64, answer: &Answer) -> u64 {
    mix(mix(sum, answer.version.0), answer.recorded_at.micros() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Rulebook, user_at};
    use novacore_ledger::{Command, Expect, Record, Verb};
    use novacore_store::book::{Book, Item};
    use novacore_vocab::{Amount, Source, Timestamp};

    fn frame(after: u64, records: i64) -> Frame {
        let rulebook = Rulebook::new();
        let mut book = Book::new(rulebook.policy.clone());
        book.load(rulebook.fresh_account(user_at(0)));
        let item = |amount| {
            let record = Record {
                resource: rulebook.resources[0].clone(),
                amount: Amount::new(amount).unwrap(),
                source: Source::Api,
                expect: Expect::Fact,
                corrects: None,
                occurred_at: None,
                metadata: None,
            };
            let command = Command { key: None, fingerprint: 0, verb: Verb::Record(record) };
            Item { user: user_at(0), command, seen: None }
        };
        let items: Vec<Item> = (1..=records).map(item).collect();
        Frame::new(after, book.run(&items, Timestamp::from_seconds(0)).postings)
    }

    #[test]
    fn a_torn_frame_is_noticed_wherever_it_is_cut() {
        let whole = frame(7, 5);
        assert!(whole.is_whole(7) && !whole.is_whole(8));
        for place in 0..5 {
            assert!(!whole.torn(place).is_whole(7), "cut at {place}");
        }
    }

    #[test]
    fn a_power_loss_spares_what_was_synced() {
        for (survival, left) in [
            (Survival::Lost, 1),
            (Survival::Whole, 2),
            (Survival::Torn(2), 2),
            (Survival::Torn(0), 1),
        ] {
            let mut disk = Disk::default();
            disk.append(frame(0, 2));
            disk.sync();
            disk.append(frame(disk.chain(), 3));
            disk.power_loss(survival);
            assert_eq!(disk.frames().len(), left, "{survival:?}");
            assert!(disk.frames()[0].is_whole(0));
            assert_eq!(disk.synced().len(), left);
        }
    }
}
