//! The lanes of a node: each a queue and a task that runs its batches one after the other.
//!
//! Invariant: the commands of an account that are in flight share a lane, so that within a node
//! they are judged in the order in which they came.
//! Invariant: what takes long keeps nobody waiting but its account, unless something of that was in
//! flight before.
//! Invariant: a batch that panics fails its own callers; the lane goes on.

mod router;

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
use router::{Router, Together};
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
    router: Arc<Router>,
}

impl Lanes {
    /// Starts `count` lanes, at least one, and one for what takes long.
    pub(crate) fn start(node: &Arc<Node>, teller: &Teller, count: usize) -> Lanes {
        let router = Arc::new(Router::new(count));
        let start = |number| {
            let (entrance, exit) = lane(|job: &Job| job.asks.iter().map(Ask::weight).sum());
            let (node, teller, router) = (node.clone(), teller.clone(), router.clone());
            tokio::spawn(run_lane(Lane { number, node, teller, router, exit }));
            entrance
        };
        let entrances = (0..router.lanes()).map(start).collect();
        Lanes { entrances, distribution: node.distribution, router }
    }

    /// Runs commands; one result per command, in their order.
    pub(crate) async fn submit(&self, asks: Vec<Ask>) -> Results {
        // From here to the queues nothing waits, so that what is assigned is also queued.
        let long = asks.iter().map(Ask::is_long);
        let order = self.router.assign(together(self.distribution, &asks).into_iter().zip(long));
        let mut split: Vec<Vec<Ask>> = self.entrances.iter().map(|_| Vec::new()).collect();
        for (ask, lane) in asks.into_iter().zip(&order) {
            split[*lane].push(ask);
        }
        let sent = split.into_iter().enumerate().map(|(lane, asks)| self.send(lane, asks));
        let answers = futures::future::join_all(sent.collect::<Vec<_>>()).await;
        let mut answers: Vec<_> = answers.into_iter().map(Vec::into_iter).collect();
        let next = |lane: usize| answers[lane].next().unwrap_or(Err(StoreError::Unavailable));
        order.into_iter().map(next).collect()
    }

    /// How many jobs wait.
    pub(crate) fn depth(&self) -> usize {
        self.entrances.iter().map(LaneSender::depth).sum()
    }

    /// Queues commands at once, and returns what waits for their answer.
    fn send(&self, lane: usize, asks: Vec<Ask>) -> impl Future<Output = Results> + use<> {
        let commands = together(self.distribution, &asks);
        let (reply, answer) = oneshot::channel();
        let queued = match asks.is_empty() {
            true => Ok(()),
            false => self.entrances[lane].send(Job { asks, reply }),
        };
        if queued.is_err() {
            self.router.finish(lane, &commands);
        }
        async move {
            let count = commands.len();
            match queued {
                Ok(()) if count == 0 => Vec::new(),
                Ok(()) => {
                    answer.await.unwrap_or_else(|_| vec![Err(StoreError::Unavailable); count])
                }
                Err(error) => vec![Err(error); count],
            }
        }
    }
}

/// A lane and what it works with.
struct Lane {
    number: usize,
    node: Arc<Node>,
    teller: Teller,
    router: Arc<Router>,
    exit: LaneReceiver<Job>,
}

/// What each command must be in one lane with.
fn together(distribution: Distribution, asks: &[Ask]) -> Vec<Together> {
    let of = |ask: &Ask| match distribution {
        Distribution::None => Together::Account(ask.place.user),
        Distribution::Citus => Together::Bucket(ask.place.bucket),
    };
    asks.iter().map(of).collect()
}

async fn run_lane(mut lane: Lane) {
    loop {
        let jobs = lane.exit.next_batch_async().await;
        if jobs.is_empty() {
            return;
        }
        let (mut asks, mut callers) = (Vec::new(), Vec::new());
        for job in jobs {
            callers.push((job.asks.len(), job.reply));
            asks.extend(job.asks);
        }
        let commands = together(lane.node.distribution, &asks);
        let running = lane.node.clone();
        let done = tokio::spawn(async move { batch::run(&running, asks).await }).await;
        let mut results = match done {
            Ok(done) => {
                lane.teller.committed(done.posted);
                done.results
            }
            Err(error) => {
                tracing::error!("a batch panicked: {error}");
                vec![Err(StoreError::Internal("the batch panicked".into())); commands.len()]
            }
        }
        .into_iter();
        // Before anybody is answered: his next command may go where there is room.
        lane.router.finish(lane.number, &commands);
        for (count, reply) in callers {
            // One who has gone away needs no answer.
            let _ = reply.send(results.by_ref().take(count).collect());
        }
    }
}
