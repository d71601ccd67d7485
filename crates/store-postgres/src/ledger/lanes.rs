//! The lanes of a node: each a queue and a task that runs its batches one after the other.
//!
//! Invariant: the commands of an account share a lane, so that within a node they are judged in the
//! order in which they came.
//! Invariant: a batch that panics fails its own callers; the lane goes on.

use super::{
    batch::{self, Ask, Results},
    node::Node,
    tell::Teller,
};
use crate::distribution::Distribution;
use novacore_store::{
    error::StoreError,
    lane::{LaneReceiver, LaneSender, lane},
};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Commands that wait for one answer.
#[derive(Debug)]
struct Job {
    asks: Vec<Ask>,
    reply: oneshot::Sender<Results>,
}

/// The entrances of a node's lanes. Once dropped, the lanes finish what is queued and end.
#[derive(Clone, Debug)]
pub(crate) struct Lanes {
    entrances: Arc<[LaneSender<Job>]>,
    distribution: Distribution,
}

impl Lanes {
    /// Starts `count` lanes, at least one.
    pub(crate) fn start(node: &Arc<Node>, teller: &Teller, count: usize) -> Lanes {
        let start = |_| {
            let (entrance, exit) = lane(|job: &Job| job.asks.len());
            tokio::spawn(run_lane(node.clone(), teller.clone(), exit));
            entrance
        };
        let entrances = (0..count.max(1)).map(start).collect();
        Lanes { entrances, distribution: node.distribution }
    }

    /// Runs commands; one result per command, in their order.
    pub(crate) async fn submit(&self, asks: Vec<Ask>) -> Results {
        let count = self.entrances.len();
        // On shards a batch has one bucket, so that lanes that share one would halve its batches.
        let lane_of = |ask: &Ask| match self.distribution {
            Distribution::None => (ask.place.user.0.as_u128() % count as u128) as usize,
            Distribution::Citus => ask.place.bucket.unsigned_abs() as usize % count,
        };
        let order: Vec<usize> = asks.iter().map(lane_of).collect();
        let mut split: Vec<Vec<Ask>> = (0..count).map(|_| Vec::new()).collect();
        for (ask, lane) in asks.into_iter().zip(&order) {
            split[*lane].push(ask);
        }
        let sent = self.entrances.iter().zip(split).map(|(entrance, asks)| send(entrance, asks));
        let answers = futures::future::join_all(sent.collect::<Vec<_>>()).await;
        let mut answers: Vec<_> = answers.into_iter().map(Vec::into_iter).collect();
        let next = |lane: usize| answers[lane].next().unwrap_or(Err(StoreError::Unavailable));
        order.into_iter().map(next).collect()
    }

    /// How many jobs wait.
    pub(crate) fn depth(&self) -> usize {
        self.entrances.iter().map(LaneSender::depth).sum()
    }
}

/// Queues commands at once, and returns what waits for their answer.
fn send(entrance: &LaneSender<Job>, asks: Vec<Ask>) -> impl Future<Output = Results> + use<> {
    let count = asks.len();
    let (reply, answer) = oneshot::channel();
    let queued = if asks.is_empty() { Ok(()) } else { entrance.send(Job { asks, reply }) };
    async move {
        match queued {
            Ok(()) if count == 0 => Vec::new(),
            Ok(()) => answer.await.unwrap_or_else(|_| vec![Err(StoreError::Unavailable); count]),
            Err(error) => vec![Err(error); count],
        }
    }
}

async fn run_lane(node: Arc<Node>, teller: Teller, mut exit: LaneReceiver<Job>) {
    loop {
        let jobs = exit.next_batch_async().await;
        if jobs.is_empty() {
            return;
        }
        let (mut asks, mut callers) = (Vec::new(), Vec::new());
        for job in jobs {
            callers.push((job.asks.len(), job.reply));
            asks.extend(job.asks);
        }
        let count = asks.len();
        let running = node.clone();
        let done = tokio::spawn(async move { batch::run(&running, asks).await }).await;
        let mut results = match done {
            Ok(done) => {
                teller.committed(done.posted);
                done.results
            }
            Err(error) => {
                tracing::error!("a batch panicked: {error}");
                vec![Err(StoreError::Internal("the batch panicked".into())); count]
            }
        }
        .into_iter();
        for (count, reply) in callers {
            // One who has gone away needs no answer.
            let _ = reply.send(results.by_ref().take(count).collect());
        }
    }
}
