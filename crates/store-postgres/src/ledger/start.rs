//! A node's ledger from its start to its end.
//!
//! Invariant: dropping it lets the lanes finish what is queued, and ends everything else.

use super::{
    audience::Audience,
    lanes::Lanes,
    listen::{Ear, listen},
    node::Node,
    overviews::{self, DaySeries, Overviews, Totals},
    partitions,
    place::Places,
    policy, sweep,
    tell::Teller,
};
use crate::{
    address::Address, directory::Hearing, failure, memories::vectors, open::Options, pool::Pool,
    retention,
};
use arc_swap::ArcSwap;
use novacore_store::{changes::Listeners, error::StoreError};
use parking_lot::RwLock;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64},
};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// The running ledger of a node.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) node: Arc<Node>,
    pub(crate) lanes: Lanes,
    pub(crate) overviews: Arc<Totals>,
    pub(crate) series: Arc<DaySeries>,
    /// A connection of its own, so that no report takes one from readers.
    pub(crate) counting_by: Pool,
    listener: JoinHandle<()>,
    sweeper: JoinHandle<()>,
    /// Detaches old months, if any are to be.
    retaining: Option<JoinHandle<()>>,
    /// Ends when the last lane has, and what it committed is told.
    telling: Option<JoinHandle<()>>,
}

impl Started {
    /// Ends the node, and waits until what is queued is committed and told to other nodes.
    pub(crate) async fn end(mut self) {
        let telling = self.telling.take();
        drop(self);
        if let Some(telling) = telling {
            // One that panicked has said so already.
            let _ = telling.await;
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.overviews.end();
        self.series.end();
        self.listener.abort();
        self.sweeper.abort();
        if let Some(retaining) = &self.retaining {
            retaining.abort();
        }
    }
}

/// Puts the configured tiers in force and starts the node's tasks.
pub(crate) async fn start(
    options: Options,
    address: Address,
    pool: Pool,
) -> Result<Started, StoreError> {
    let told = |error: tokio_postgres::Error| failure::told(&error);
    let mut client = pool.get().await?;
    partitions::make(&mut client, options.clock.now()).await?;
    let plain: &mut tokio_postgres::Client = &mut client;
    let tx = plain.transaction().await.map_err(told)?;
    let policy = policy::configure(&tx, &options.resources, &options.tiers).await?;
    tx.commit().await.map_err(told)?;
    drop(client);
    // A month may take long, and must not take a connection from readers.
    let retaining_by = Pool::new(address.clone(), 1)?;
    let counting_by = Pool::new(address.for_reports(), 1)?;
    // Before anybody can subscribe, so that nothing is missed.
    let ear = Ear::open(&address).await.map_err(told)?;
    let node = Arc::new(Node {
        id: Uuid::new_v4(),
        pool,
        writers: Pool::new(address.for_lanes(), options.lanes.max(1) + 1)?,
        distribution: options.distribution,
        clock: options.clock,
        clock_offset_max: options.clock_offset_max,
        observer: options.observer,
        resources: options.resources,
        policy: ArcSwap::from_pointee(policy),
        places: Places::default(),
        audience: Audience::default(),
        listeners: Listeners::default(),
        hearing: Hearing::default(),
        entries: AtomicU64::new(0),
        trouble: RwLock::new(None),
        vectors: AtomicBool::new(false),
    });
    vectors::look(&node).await?;
    let turn = overviews::turn();
    let overviews = Overviews::new(node.clock.clone(), turn.clone());
    let series = Overviews::new(node.clock.clone(), turn);
    let (teller, telling) = Teller::start(&node);
    let lanes = Lanes::start(&node, &teller, options.lanes);
    let listener = tokio::spawn(listen(node.clone(), address, ear));
    let sweeper = tokio::spawn(sweep::run(node.clone(), lanes.clone(), options.tick));
    let retain = |retain| {
        let work = retention::run(node.clone(), retaining_by, retain, options.tick);
        tokio::spawn(work)
    };
    let retaining = options.retain.map(retain);
    let telling = Some(telling);
    Ok(Started {
        node,
        lanes,
        overviews,
        series,
        counting_by,
        listener,
        sweeper,
        retaining,
        telling,
    })
}
