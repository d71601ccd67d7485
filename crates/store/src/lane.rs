//! The queue before a writer, and its natural group commit: whatever queued while the last batch
//! was committed makes the next one; there are no timers.
//!
//! A job is as heavy as the commands that it brings.
//! Invariant: the queue is bounded; what does not fit is refused at once, never waited for.

use crate::{error::StoreError, ledger::SUBMIT_COMMANDS_MAX};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::mpsc;

/// Most commands that wait for a lane.
pub const QUEUE_COMMANDS_MAX: usize = 8_192;
/// A batch takes no further job once it has as many commands.
pub const BATCH_COMMANDS_MAX: usize = 4_096;

const _: () = assert!(BATCH_COMMANDS_MAX <= QUEUE_COMMANDS_MAX);
const _: () = assert!(SUBMIT_COMMANDS_MAX <= QUEUE_COMMANDS_MAX, "a job must fit when none waits");

/// How many commands a job brings; one that brings none takes up the room of one.
pub type Weigh<T> = fn(&T) -> usize;

/// The entrance of a lane.
#[derive(Debug)]
pub struct LaneSender<T> {
    jobs: mpsc::UnboundedSender<T>,
    depth: Arc<AtomicUsize>,
    weigh: Weigh<T>,
}

impl<T> Clone for LaneSender<T> {
    fn clone(&self) -> LaneSender<T> {
        let (jobs, depth) = (self.jobs.clone(), self.depth.clone());
        LaneSender { jobs, depth, weigh: self.weigh }
    }
}

/// The exit of a lane, owned by its writer.
#[derive(Debug)]
pub struct LaneReceiver<T> {
    jobs: mpsc::UnboundedReceiver<T>,
    depth: Arc<AtomicUsize>,
    weigh: Weigh<T>,
}

/// A lane for at most [`QUEUE_COMMANDS_MAX`] waiting commands.
pub fn lane<T>(weigh: Weigh<T>) -> (LaneSender<T>, LaneReceiver<T>) {
    // The weights bound it.
    let (sender, receiver) = mpsc::unbounded_channel();
    let depth = Arc::new(AtomicUsize::new(0));
    let entrance = LaneSender { jobs: sender, depth: depth.clone(), weigh };
    (entrance, LaneReceiver { jobs: receiver, depth, weigh })
}

impl<T> LaneSender<T> {
    /// Queues a job, or says at once why not.
    pub fn send(&self, job: T) -> Result<(), StoreError> {
        let weight = (self.weigh)(&job).max(1);
        let before = self.depth.fetch_add(weight, Ordering::Relaxed);
        let sent = if before + weight > QUEUE_COMMANDS_MAX {
            Err(StoreError::Overloaded)
        } else {
            self.jobs.send(job).map_err(|_| StoreError::Unavailable)
        };
        if sent.is_err() {
            self.depth.fetch_sub(weight, Ordering::Relaxed);
        }
        sent
    }

    /// How many commands wait.
    pub fn depth(&self) -> usize {
        self.depth.load(Ordering::Relaxed)
    }
}

impl<T> LaneReceiver<T> {
    /// Waits for a job and takes it with all that queued behind it, up to [`BATCH_COMMANDS_MAX`].
    /// Empty once every sender is gone and the queue is drained.
    pub fn next_batch(&mut self) -> Vec<T> {
        let first = self.jobs.blocking_recv();
        self.with_queued(first)
    }

    /// As [`LaneReceiver::next_batch`], for a writer that is a task and no thread.
    pub async fn next_batch_async(&mut self) -> Vec<T> {
        let first = self.jobs.recv().await;
        self.with_queued(first)
    }

    fn with_queued(&mut self, first: Option<T>) -> Vec<T> {
        let mut batch = Vec::new();
        let mut weight = 0;
        let mut next = first;
        while let Some(job) = next {
            weight += (self.weigh)(&job).max(1);
            batch.push(job);
            next = if weight < BATCH_COMMANDS_MAX { self.jobs.try_recv().ok() } else { None };
        }
        self.depth.fetch_sub(weight, Ordering::Relaxed);
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_queued_meanwhile_is_one_batch_and_what_does_not_fit_is_refused() {
        let (sender, mut receiver) = lane(|_| 1);
        for job in 0..QUEUE_COMMANDS_MAX {
            sender.send(job).unwrap();
        }
        assert_eq!(sender.send(0), Err(StoreError::Overloaded));
        assert_eq!(sender.depth(), QUEUE_COMMANDS_MAX);
        assert_eq!(receiver.next_batch(), (0..BATCH_COMMANDS_MAX).collect::<Vec<_>>());
        assert_eq!(sender.depth(), QUEUE_COMMANDS_MAX - BATCH_COMMANDS_MAX);
        drop(sender);
        assert_eq!(receiver.next_batch().len(), QUEUE_COMMANDS_MAX - BATCH_COMMANDS_MAX);
        assert_eq!(receiver.next_batch(), Vec::<usize>::new());
    }

    #[test]
    fn a_job_takes_the_room_of_its_commands() {
        let (sender, mut receiver) = lane(|job: &usize| *job);
        let heavy = QUEUE_COMMANDS_MAX - 2;
        sender.send(heavy).unwrap();
        sender.send(0).unwrap();
        assert_eq!(sender.send(2), Err(StoreError::Overloaded));
        assert_eq!(sender.depth(), QUEUE_COMMANDS_MAX - 1);
        sender.send(1).unwrap();
        assert_eq!(receiver.next_batch(), [heavy]);
        assert_eq!(receiver.next_batch(), [0, 1]);
        assert_eq!(sender.depth(), 0);
    }
}
