//! The one thread that writes `ledger.db`.
//!
//! It drains what queued, judges it in memory, appends it in one synced transaction, shows it to
//! readers, answers, and hands it to the derived files.
//!
//! Invariant: nobody is answered, and no reader sees anything, before the commit has returned.
//! Invariant: a batch that could not be committed leaves no trace in memory; if the disk's state is
//! unknown, we stop.

mod batch;
mod control;
mod lookup;
mod memories;
mod settle_down;
#[cfg(test)]
mod tests;

use crate::{
    accounts::{Accounts, Slot},
    checkpoint::Checkpointer,
    derived::Derived,
    journal::Head,
    names::Names,
    row::Seq,
};
use arc_swap::ArcSwap;
use novacore_ledger::{Command, KeyRecord, Outcome, Policy, Verb};
use novacore_store::{
    book::Book,
    clock::Clock,
    error::StoreError,
    lane::{BATCH_COMMANDS_MAX, LaneReceiver, LaneSender},
    ledger::Posted,
    memories::MemoryWrite,
    observe::Observer,
};
use novacore_vocab::{IdempotencyKey, Timestamp, UserId};
use parking_lot::RwLock;
use rusqlite::Connection;
use std::{
    collections::{BTreeSet, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
};
use tokio::sync::{broadcast, oneshot};

pub(crate) use control::{Control, Touch, control};

/// A clock further behind the last commit than this is refused, in seconds.
const CLOCK_BEHIND_S_MAX: i64 = 300;

/// A command with all that was loaded for it.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) slot: Arc<Slot>,
    pub(crate) command: Command,
    /// What the key index knew of the command's key.
    pub(crate) seen: Option<KeyRecord>,
    /// The row up to which that look-up was complete.
    pub(crate) keys_through: Seq,
    /// The memories that change if the command is applied.
    pub(crate) memories: Option<Box<MemoryWrite>>,
}

impl Ask {
    /// Asks to expire what is due in an account.
    pub(crate) fn sweep(slot: Arc<Slot>) -> Ask {
        let command = Command { key: None, fingerprint: 0, verb: Verb::Sweep };
        Ask { slot, command, seen: None, keys_through: Seq::MAX, memories: None }
    }

    fn weight(&self) -> usize {
        self.memories.as_ref().map_or(1, |write| memories::weight(write, BATCH_COMMANDS_MAX))
    }
}

/// Results of commands, in their order.
pub(crate) type Results = Vec<Result<Outcome, StoreError>>;

/// Work for the writer.
pub(crate) enum Job {
    /// Commands of callers.
    Commands(Vec<Ask>, oneshot::Sender<Results>),
    /// A write of the control plane.
    Control(Control),
    /// Write the expiry of every hold that has run out.
    Sweep,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Job::Commands(asks, _) => f.debug_tuple("Commands").field(asks).finish(),
            Job::Control(_) => f.write_str("Control"),
            Job::Sweep => f.write_str("Sweep"),
        }
    }
}

impl Job {
    /// How much of a batch this takes up.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Job::Commands(asks, _) => asks.iter().map(Ask::weight).sum(),
            Job::Control(_) | Job::Sweep => 1,
        }
    }
}

/// What the writer shares with readers.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) accounts: Accounts,
    pub(crate) names: Names,
    pub(crate) policy: ArcSwap<Policy>,
    pub(crate) derived: Derived,
    pub(crate) posted: broadcast::Sender<Posted>,
    pub(crate) entries: AtomicU64,
    /// Why commands are refused, if they are.
    pub(crate) trouble: RwLock<Option<StoreError>>,
}

/// What the writer is set up with.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) connection: Connection,
    pub(crate) ledger_path: PathBuf,
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) accounts_max: usize,
    pub(crate) free_bytes_min: u64,
    pub(crate) on_fatal: OnFatal,
}

/// Called when going on would be unsafe; in the binary it ends the process.
#[derive(Clone)]
pub struct OnFatal(pub Arc<dyn Fn(&str) + Send + Sync>);

impl std::fmt::Debug for OnFatal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnFatal")
    }
}

/// The writer's own state.
pub(crate) struct Writer {
    setup: Setup,
    book: Book,
    head: Head,
    checkpointer: Checkpointer,
    /// Open holds by end, over all accounts in memory.
    due: BTreeSet<(Timestamp, UserId)>,
    /// Keys that look-ups may not find yet, oldest first.
    recent_keys: VecDeque<(Seq, UserId, IdempotencyKey)>,
    /// Keys up to this row were dropped from memory, since look-ups find them.
    keys_dropped_through: Seq,
    /// Accounts with ended holds or corrected entries in memory.
    cluttered: BTreeSet<UserId>,
    batches: u64,
    disk_full: bool,
}

/// Why the writer stopped before it was asked to.
pub(crate) struct Fatal(pub(crate) String);

impl Writer {
    pub(crate) fn new(setup: Setup, book: Book, head: Head) -> Writer {
        let checkpointer = Checkpointer::start(&setup.ledger_path);
        let keys_dropped_through = setup.shared.derived.keys_covered_through();
        Writer {
            book,
            head,
            checkpointer,
            due: BTreeSet::new(),
            recent_keys: VecDeque::new(),
            keys_dropped_through,
            cluttered: BTreeSet::new(),
            batches: 0,
            disk_full: false,
            setup,
        }
    }

    /// Remembers a key that was stored before the start and that look-ups do not find yet.
    pub(crate) fn remember_key(&mut self, seq: Seq, user: UserId, record: KeyRecord) {
        self.recent_keys.push_back((seq, user, record.key.clone()));
        self.book.remember_key(user, Arc::new(record));
    }

    /// Notes when an account that was loaded at the start must be swept.
    pub(crate) fn note_due(&mut self, slot: &Slot) {
        if let Some(due) = slot.next_due() {
            self.due.insert((due, slot.account.user));
        }
    }

    /// Works until every sender is gone, or until going on would be unsafe.
    pub(crate) fn run(mut self, mut jobs: LaneReceiver<Job>) {
        loop {
            let batch = jobs.next_batch();
            if batch.is_empty() {
                break;
            }
            // What panics outside of a command's judgement leaves memory in an unknown state.
            let ran = catch_unwind(AssertUnwindSafe(|| self.run_batch(batch)));
            let ran = ran.unwrap_or_else(|_| Err(Fatal("the writer panicked".into())));
            if let Err(Fatal(why)) = ran {
                *self.setup.shared.trouble.write() = Some(StoreError::Unavailable);
                (self.setup.on_fatal.0)(&why);
                return;
            }
        }
        self.checkpointer.finish(&self.setup.connection);
    }
}

/// Posts a sweep every second until the writer is gone.
pub(crate) fn sweep_every_second(jobs: LaneSender<Job>, stop: std::sync::mpsc::Receiver<()>) {
    let second = std::time::Duration::from_secs(1);
    while let Err(std::sync::mpsc::RecvTimeoutError::Timeout) = stop.recv_timeout(second) {
        // A full lane sweeps by itself: every command expires what is due in its account.
        if jobs.send(Job::Sweep) == Err(StoreError::Unavailable) {
            return;
        }
    }
}
