//! Who detaches months: a node from time to time, or an operator.
//!
//! Invariant: a machine whose clock is off detaches nothing.

use super::{
    DetachError, DetachedMonth, Month, OldMonth, RETAIN_MONTHS_MIN, Retain, RetainError,
    detach::{attached, detach_next},
};
use crate::{
    address::Address,
    column::At,
    distribution::Distribution,
    ledger::{ClockReading, Node, policy},
    migrate,
    open::{OpenError, Options},
    pool::{Client, Pool},
};
use novacore_store::clock::Clock;
use novacore_vocab::Timestamp;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Ticks of a node between its looks at old months; the first look is at the first tick.
const TICKS: u32 = 600;

const CLOCK: &str = "SELECT clock_timestamp()";
const COUNTS: &str = "SELECT date_trunc('month', timestamp), count(*) FROM usage_ledger \
     WHERE counted_at < $1 AND timestamp < $1 GROUP BY 1";

/// Detaches what a node no longer keeps, until the task is aborted.
pub(crate) async fn run(node: Arc<Node>, pool: Pool, retain: Retain, tick: Duration) {
    // The first look is not at the start itself: nodes that restart again and again have more
    // urgent work.
    let mut next = tick;
    loop {
        tokio::time::sleep(next).await;
        next = tick.saturating_mul(TICKS);
        match detach_old(&node, &pool, retain).await {
            Ok(()) => {}
            Err(error) if error.passes() => tracing::info!("old months stay for now: {error}"),
            Err(error) => tracing::error!("old months stay in the ledger: {error}"),
        }
    }
}

async fn detach_old(node: &Node, pool: &Pool, retain: Retain) -> Result<(), DetachError> {
    let mut client = pool.get().await?;
    let policy = node.policy.load().policy.clone();
    let detached = async {
        loop {
            let now = now(&client, &*node.clock, node.clock_offset_max).await?;
            let first_kept = retain.first_kept(Month::at(now));
            if detach_next(&mut client, &policy, first_kept, now).await?.is_none() {
                return Ok(());
            }
        }
    };
    let detached = detached.await;
    // It may stand in the middle of a transaction.
    Pool::discard(client);
    detached
}

/// The months before `first_kept` that are in the ledger.
pub async fn detachable(
    options: &Options,
    first_kept: Month,
) -> Result<Vec<OldMonth>, DetachError> {
    let (client, _) = open(options, first_kept).await?;
    client.batch_execute("SET statement_timeout = 0").await?;
    let plain: &tokio_postgres::Client = &client;
    let attached = attached(plain).await?.into_iter().filter(|month| *month < first_kept);
    let mut months: BTreeMap<Month, u64> = attached.map(|month| (month, 0)).collect();
    for row in client.query(COUNTS, &[&At(first_kept.start())]).await? {
        let month = Month::at(row.get::<_, At>(0).0);
        months.insert(month, row.get::<_, i64>(1) as u64);
    }
    Pool::discard(client);
    Ok(months.into_iter().map(|(month, entries)| OldMonth { month, entries }).collect())
}

/// Detaches every month before `first_kept`, the oldest first, and tells of each. What was detached
/// before a failure stays so.
pub async fn detach_before(
    options: &Options,
    first_kept: Month,
    mut tell: impl FnMut(&DetachedMonth),
) -> Result<(), DetachError> {
    let (mut client, now) = open(options, first_kept).await?;
    let policy = policy::read(&client, &options.resources).await?.policy;
    let detached = async {
        while let Some(month) = detach_next(&mut client, &policy, first_kept, now).await? {
            tell(&month);
        }
        Ok(())
    };
    let detached = detached.await;
    Pool::discard(client);
    detached
}

/// A connection to a database of this schema, and the time there.
async fn open(options: &Options, first_kept: Month) -> Result<(Client, Timestamp), DetachError> {
    check(options.distribution)?;
    let pool = Pool::new(Address::parse(&options.url)?, 1)?;
    let client = pool.get().await?;
    migrate::check(&client).await?;
    let now = now(&client, &*options.clock, options.clock_offset_max).await?;
    let latest = Retain::months(RETAIN_MONTHS_MIN)?.first_kept(Month::at(now));
    if first_kept > latest {
        return Err(DetachError::TooLate(latest));
    }
    Ok((client, now))
}

/// Whether months are detached from tables that lie like this.
pub(crate) fn check(distribution: Distribution) -> Result<(), RetainError> {
    match distribution {
        Distribution::None => Ok(()),
        Distribution::Citus => Err(RetainError::Citus),
    }
}

/// The time, if this machine's clock and the database's agree on it.
async fn now(
    client: &tokio_postgres::Client,
    clock: &dyn Clock,
    offset_max: Option<Duration>,
) -> Result<Timestamp, DetachError> {
    let before = clock.now();
    let database = client.query_one(CLOCK, &[]).await?.get::<_, At>(0).0;
    let after = clock.now();
    ClockReading { before, database, after }.check(offset_max)?;
    Ok(after)
}

impl From<RetainError> for OpenError {
    fn from(error: RetainError) -> OpenError {
        OpenError::Retain(error)
    }
}
