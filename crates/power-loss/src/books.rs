//! What is on the disk for certain, and what may be.
//!
//! Invariant: `durable` with every change applied is the file as it is read now.
//! Not here: who writes (`vfs`).

use crate::fate::{Dice, Fate, Loss, SECTOR_BYTES};

/// What a write or a truncation does to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Write { offset: u64, bytes: Vec<u8> },
    Resize { bytes: u64 },
}

/// How far a change has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Pending,
    /// It was pending when a sync failed; no later sync makes it durable.
    Forsaken,
    /// Durable, but behind one that may not be.
    Synced,
}

#[derive(Clone, Debug)]
struct Change {
    action: Action,
    progress: Progress,
}

/// The books of one file.
#[derive(Clone, Debug)]
pub(crate) struct FileBooks {
    durable: Vec<u8>,
    changes: Vec<Change>,
    /// The size of the file while the power is on.
    pub(crate) bytes: u64,
    /// Whether its name would survive: it was there before us, or has been synced.
    pub(crate) is_named: bool,
    /// How many connections have it open.
    pub(crate) opened: usize,
}

impl FileBooks {
    pub(crate) fn new(content: Vec<u8>, is_named: bool) -> FileBooks {
        let bytes = content.len() as u64;
        FileBooks { durable: content, changes: Vec::new(), bytes, is_named, opened: 0 }
    }

    pub(crate) fn note(&mut self, action: Action) {
        self.bytes = match &action {
            Action::Write { offset, bytes } => self.bytes.max(offset + bytes.len() as u64),
            Action::Resize { bytes } => *bytes,
        };
        self.changes.push(Change { action, progress: Progress::Pending });
    }

    pub(crate) fn sync(&mut self) {
        self.is_named = true;
        for change in &mut self.changes {
            if change.progress == Progress::Pending {
                change.progress = Progress::Synced;
            }
        }
        let settled = |change: &Change| change.progress == Progress::Synced;
        let settled = self.changes.iter().take_while(|change| settled(change)).count();
        for change in self.changes.drain(..settled) {
            apply(&mut self.durable, &change.action, Fate::Kept);
        }
    }

    pub(crate) fn fail_sync(&mut self) {
        for change in &mut self.changes {
            if change.progress == Progress::Pending {
                change.progress = Progress::Forsaken;
            }
        }
    }

    /// How many changes may be lost.
    pub(crate) fn unsynced(&self) -> usize {
        self.changes.iter().filter(|change| change.progress != Progress::Synced).count()
    }

    /// The file as it is read while the power is on.
    pub(crate) fn current(&self) -> Vec<u8> {
        let mut content = self.durable.clone();
        for change in &self.changes {
            apply(&mut content, &change.action, Fate::Kept);
        }
        content
    }

    /// The file as a power loss leaves it; `None` if its name is gone.
    pub(crate) fn after_loss(&self, dice: &mut Dice, loss: &mut Loss) -> Option<Vec<u8>> {
        if !self.is_named && !dice.keeps() {
            loss.files_lost += 1;
            loss.lost += self.changes.len();
            return None;
        }
        let mut content = self.durable.clone();
        for change in &self.changes {
            let fate = match change.progress {
                Progress::Synced => Fate::Kept,
                Progress::Pending | Progress::Forsaken => {
                    let fate = dice.fate(change.action.sectors());
                    match fate {
                        Fate::Kept => loss.kept += 1,
                        Fate::Lost | Fate::Zeroed => loss.lost += 1,
                        Fate::Torn(_) => loss.torn += 1,
                    }
                    fate
                }
            };
            apply(&mut content, &change.action, fate);
        }
        Some(content)
    }
}

impl Action {
    /// How many sectors of the file it touches; a change of size is one step.
    fn sectors(&self) -> u64 {
        match self {
            Action::Write { offset, bytes } => {
                let end = offset + bytes.len() as u64;
                end.div_ceil(SECTOR_BYTES) - offset / SECTOR_BYTES
            }
            Action::Resize { .. } => 1,
        }
    }
}

fn apply(content: &mut Vec<u8>, action: &Action, fate: Fate) {
    match (action, fate) {
        (_, Fate::Lost) | (Action::Resize { .. }, Fate::Zeroed | Fate::Torn(_)) => {}
        (Action::Resize { bytes }, Fate::Kept) => content.resize(*bytes as usize, 0),
        (Action::Write { offset, bytes }, fate) => {
            let (start, end) = (*offset as usize, *offset as usize + bytes.len());
            if content.len() < end && !matches!(fate, Fate::Torn(_)) {
                content.resize(end, 0);
            }
            let reached = match fate {
                Fate::Kept => end,
                Fate::Zeroed | Fate::Lost => start,
                Fate::Torn(sectors) => ((offset / SECTOR_BYTES + sectors) * SECTOR_BYTES) as usize,
            };
            if content.len() < reached {
                content.resize(reached, 0);
            }
            content[start..reached].copy_from_slice(&bytes[..reached - start]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, FileBooks};
    use crate::fate::{Dice, Loss};
    use std::collections::BTreeSet;

    fn write(offset: u64, byte: u8, bytes: usize) -> Action {
        Action::Write { offset, bytes: vec![byte; bytes] }
    }

    /// Every content that some seed leaves behind.
    fn losses(books: &FileBooks) -> BTreeSet<Option<Vec<u8>>> {
        (0..500).map(|seed| books.after_loss(&mut Dice::new(seed), &mut Loss::default())).collect()
    }

    #[test]
    fn what_was_synced_is_in_every_loss() {
        let mut books = FileBooks::new(Vec::new(), false);
        books.note(write(0, 1, 700));
        books.note(Action::Resize { bytes: 600 });
        books.sync();
        assert_eq!(losses(&books), BTreeSet::from([Some(vec![1; 600])]));
    }

    #[test]
    fn an_unsynced_write_is_kept_lost_zeroed_or_torn_at_a_sector() {
        let mut books = FileBooks::new(Vec::new(), true);
        books.note(write(500, 1, 600));
        let with = |ones: usize, bytes: usize| {
            let mut content = vec![0; bytes];
            content[500..500 + ones].fill(1);
            Some(content)
        };
        let expected = [Some(Vec::new()), with(600, 1_100), with(0, 1_100)];
        let torn = [with(12, 512), with(524, 1_024)];
        assert_eq!(losses(&books), expected.into_iter().chain(torn).collect());
    }

    #[test]
    fn a_later_write_may_be_kept_without_an_earlier_one() {
        let mut books = FileBooks::new(vec![0; 2], true);
        books.note(write(0, 1, 1));
        books.note(write(1, 2, 1));
        let all = [vec![0, 0], vec![1, 0], vec![0, 2], vec![1, 2]];
        assert_eq!(losses(&books), all.into_iter().map(Some).collect());
    }

    #[test]
    fn a_file_that_was_never_synced_may_be_gone_or_empty() {
        let mut books = FileBooks::new(Vec::new(), false);
        books.note(write(0, 1, 1));
        let expected = [None, Some(vec![]), Some(vec![0]), Some(vec![1])];
        assert_eq!(losses(&books), expected.into());
    }

    #[test]
    fn what_a_failed_sync_forsook_no_later_sync_saves() {
        let mut books = FileBooks::new(vec![0; 2], true);
        books.note(write(0, 1, 1));
        books.fail_sync();
        books.note(write(1, 2, 1));
        books.sync();
        assert_eq!(losses(&books), [Some(vec![0, 2]), Some(vec![1, 2])].into());
        assert_eq!((books.unsynced(), books.current()), (1, vec![1, 2]));
    }
}
