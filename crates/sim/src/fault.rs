//! What goes wrong, in words of a file and a process, so that a simulated log and a file-system
//! shim can share them.
//!
//! Invariant: a fault is drawn before the step that it hits, from a stream of its own.
//! Not here: what the faults do to a medium (the simulated disk).

use crate::rng::Rng;

/// Something that goes wrong while a batch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The power fails before anything is written.
    CrashBeforeWrite,
    /// The power fails after the write and before the sync.
    CrashBeforeSync(Survival),
    /// The process is killed after the write and before the sync; the system lives on and keeps
    /// what was written.
    KillBeforeSync,
    /// The sync fails. Whether the data are on the disk is unknown, and asking again does not help:
    /// the process must stop, after which the power fails too.
    SyncFails(Survival),
    /// The sync takes this many microseconds.
    SyncSlow(i64),
    /// The power fails after the sync and before anyone is told.
    CrashAfterSync,
    /// The write is refused for want of space; nothing of it is on the disk.
    DiskFull,
}

/// What the disk has of writes that were not synced when the power failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// Nothing.
    Lost,
    /// A first part, cut anywhere; the number picks where.
    Torn(u64),
    /// All.
    Whole,
}

/// How often faults strike, in thousandths of the batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultRates {
    /// The power fails or the process is killed, at some point of the batch.
    pub crash: u32,
    /// The sync fails.
    pub sync_fails: u32,
    /// The sync is slow.
    pub sync_slow: u32,
    /// The disk is full.
    pub disk_full: u32,
}

impl FaultRates {
    /// A world without faults.
    pub const NONE: FaultRates = FaultRates { crash: 0, sync_fails: 0, sync_slow: 0, disk_full: 0 };

    /// Rates of one world: each kind of fault is absent, rare or frequent, so that no kind hides
    /// another for ever.
    pub fn draw(rng: &mut Rng) -> FaultRates {
        let mut rate = |rates: [u32; 3]| *rng.pick(&rates);
        FaultRates {
            crash: rate([0, 3, 20]),
            sync_fails: rate([0, 1, 5]),
            sync_slow: rate([0, 5, 50]),
            disk_full: rate([0, 3, 20]),
        }
    }

    /// The fault of the next batch, if any.
    pub fn next(&self, rng: &mut Rng) -> Option<Fault> {
        if rng.per_mille(self.crash) {
            return Some(match rng.below(4) {
                0 => Fault::CrashBeforeWrite,
                1 => Fault::CrashBeforeSync(Survival::draw(rng)),
                2 => Fault::KillBeforeSync,
                _ => Fault::CrashAfterSync,
            });
        }
        if rng.per_mille(self.sync_fails) {
            return Some(Fault::SyncFails(Survival::draw(rng)));
        }
        if rng.per_mille(self.sync_slow) {
            return Some(Fault::SyncSlow(rng.within(100_000, 20_000_000)));
        }
        rng.per_mille(self.disk_full).then_some(Fault::DiskFull)
    }
}

impl Survival {
    /// One of the three.
    pub fn draw(rng: &mut Rng) -> Survival {
        match rng.below(4) {
            0 => Survival::Lost,
            1 => Survival::Whole,
            _ => Survival::Torn(rng.draw()),
        }
    }
}
