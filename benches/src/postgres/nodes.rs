//! The store under load: one node, or several on one database, each asked by its share of callers.

use super::{Asked, Load, database::Database};
use crate::{
    Cli,
    command::{RunningClock, applied, hold_and_settle, record, tier},
    crowd::Crowd,
};
use novacore_store::{clock::Clock, ledger::Ledger};
use novacore_store_postgres::{Options, PostgresStore};
use std::{sync::Arc, time::Instant};

/// What the callers ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// A keyed record each time.
    Record,
    /// A hold and its settlement: two operations, and one answer.
    Pair,
}

impl Work {
    pub(super) const ALL: [Work; 2] = [Work::Record, Work::Pair];

    pub(super) fn name(self) -> &'static str {
        match self {
            Work::Record => "record",
            Work::Pair => "reserve + settle (pairs)",
        }
    }
}

/// Nodes with what they are asked.
#[derive(Clone)]
pub(super) struct Nodes {
    nodes: Arc<[Arc<PostgresStore>]>,
    load: Load,
    crowd: Crowd,
    work: Work,
}

/// How a node is opened, under a clock that begins on a fixed day.
pub(crate) fn options(url: &str, clock: Arc<dyn Clock>) -> anyhow::Result<Options> {
    Ok(Options {
        clock_offset_max: None,
        tiers: vec![tier()?],
        ..Options::new(url.to_owned(), clock)
    })
}

impl Nodes {
    pub(super) async fn open(
        database: &Database,
        load: Load,
        crowd: Crowd,
        work: Work,
        count: usize,
        cli: &Cli,
    ) -> anyhow::Result<Nodes> {
        let clock = Arc::new(RunningClock(Instant::now()));
        let mut nodes = Vec::with_capacity(count);
        for _ in 0..count {
            let mut options = options(&database.url, clock.clone())?;
            options.lanes = cli.lanes.unwrap_or(options.lanes);
            nodes.push(Arc::new(PostgresStore::open(options).await?));
        }
        Ok(Nodes { nodes: nodes.into(), load, crowd, work })
    }
}

impl Asked for Nodes {
    async fn ask(&self, caller: usize) -> anyhow::Result<()> {
        let store = &*self.nodes[caller % self.nodes.len()];
        let (number, user) = self.load.next(&self.crowd);
        match self.work {
            Work::Record => applied(store.submit(user, record(number)).await?).map(drop),
            Work::Pair => hold_and_settle(store, user).await,
        }
    }
}
