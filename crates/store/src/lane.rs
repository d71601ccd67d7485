//! The queue before a writer, and its natural group commit: whatever queued while the last batch
//! was committed makes the next one; there are no timers.
//!
//! Invariant: the queue is bounded; what does not fit is refused at once, never waited for.

use crate::error::StoreError;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::mpsc;

/// Most jobs that wait for a lane.
pub const QUEUE_JOBS_MAX: usize = 8_192;
/// Most jobs of a batch.
pub const BATCH_JOBS_MAX: usize = 4_096;

const _: () = assert!(BATCH_JOBS_MAX <= QUEUE_JOBS_MAX);

/// The entrance of a lane.
#[derive(Debug)]
pub struct LaneSender<T> {
    jobs: mpsc::Sender<T>,
    depth: Arc<AtomicUsize>,
}

impl<T> Clone for LaneSender<T> {
    fn clone(&self) -> LaneSender<T> {
        LaneSender { jobs: self.jobs.clone(), depth: self.depth.clone() }
    }
}

/// The exit of a lane, owned by its writer.
#[derive(Debug)]
pub struct LaneReceiver<T> {
    jobs: mpsc::Receiver<T>,
    depth: Arc<AtomicUsize>,
}

/// A lane for at most [`QUEUE_JOBS_MAX`] waiting jobs.
pub fn lane<T>() -> (LaneSender<T>, LaneReceiver<T>) {
    let (sender, receiver) = mpsc::channel(QUEUE_JOBS_MAX);
    let depth = Arc::new(AtomicUsize::new(0));
    (LaneSender { jobs: sender, depth: depth.clone() }, LaneReceiver { jobs: receiver, depth })
}

impl<T> LaneSender<T> {
    /// Queues a job, or says at once why not.
    pub fn send(&self, job: T) -> Result<(), StoreError> {
        self.depth.fetch_add(1, Ordering::Relaxed);
        self.jobs.try_send(job).map_err(|refused| {
            self.depth.fetch_sub(1, Ordering::Relaxed);
            match refused {
                mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => StoreError::Unavailable,
            }
        })
    }

    /// How many jobs wait.
    pub fn depth(&self) -> usize {
        self.depth.load(Ordering::Relaxed)
    }
}

impl<T> LaneReceiver<T> {
    /// Waits for a job and takes it with all that queued behind it, until their weights add up to
    /// [`BATCH_JOBS_MAX`]. Empty once every sender is gone and the queue is drained.
    pub fn next_batch(&mut self, weigh: impl Fn(&T) -> usize) -> Vec<T> {
        let first = self.jobs.blocking_recv();
        self.with_queued(first, weigh)
    }

    /// As [`LaneReceiver::next_batch`], for a writer that is a task and no thread.
    pub async fn next_batch_async(&mut self, weigh: impl Fn(&T) -> usize) -> Vec<T> {
        let first = self.jobs.recv().await;
        self.with_queued(first, weigh)
    }

    fn with_queued(&mut self, first: Option<T>, weigh: impl Fn(&T) -> usize) -> Vec<T> {
        let mut batch = Vec::new();
        let mut weight = 0;
        let mut next = first;
        while let Some(job) = next {
            weight += weigh(&job);
            batch.push(job);
            next = if weight < BATCH_JOBS_MAX { self.jobs.try_recv().ok() } else { None };
        }
        self.depth.fetch_sub(batch.len(), Ordering::Relaxed);
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_queued_meanwhile_is_one_batch_and_what_does_not_fit_is_refused() {
        let (sender, mut receiver) = lane();
        for job in 0..QUEUE_JOBS_MAX {
            sender.send(job).unwrap();
        }
        assert_eq!(sender.send(0), Err(StoreError::Overloaded));
        assert_eq!(sender.depth(), QUEUE_JOBS_MAX);
        assert_eq!(receiver.next_batch(|_| 1), (0..BATCH_JOBS_MAX).collect::<Vec<_>>());
        assert_eq!(sender.depth(), QUEUE_JOBS_MAX - BATCH_JOBS_MAX);
        drop(sender);
        assert_eq!(receiver.next_batch(|_| 1).len(), QUEUE_JOBS_MAX - BATCH_JOBS_MAX);
        assert_eq!(receiver.next_batch(|_| 1), Vec::<usize>::new());
    }
}
