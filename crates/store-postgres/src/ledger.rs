//! The ledger's port on PostgreSQL.
//!
//! Invariant: every write of an account goes through a lane; every read is of committed rows, so
//! that it sees whatever was acknowledged before by any node.

mod audience;
mod batch;
pub(crate) mod entry;
pub(crate) mod hold;
mod lanes;
mod listen;
mod missed;
mod node;
mod overrides;
mod overviews;
pub(crate) mod partitions;
pub(crate) mod place;
pub(crate) mod policy;
mod profile;
pub(crate) mod reads;
mod reports;
mod start;
mod sweep;
mod tell;
pub(crate) mod text;

pub(crate) use batch::account_lock;
pub(crate) use node::{ClockReading, Node};
pub(crate) use start::{Started, start};
pub(crate) use tell::{PEOPLE_CHANGED, notify};

use crate::open::PostgresStore;
use async_trait::async_trait;
use batch::Ask;
use novacore_access::AuditEntry;
use novacore_ledger::{Command, Entry, Hold, LimitName, Outcome, Override, Policy, Tier};
use novacore_store::{
    changes::Outdated,
    error::StoreError,
    ledger::{
        AccountView, DayAmount, DayRange, EntryQuery, Ledger, Posted, Series, StoreHealth, Totals,
        refuse_too_many,
    },
    memories::MemoryWrite,
};
use novacore_vocab::{HoldId, ResourceName, Timestamp, UserId};
use place::Place;
use std::sync::{Arc, atomic::Ordering};
use tokio::sync::broadcast;

impl PostgresStore {
    /// Has changes of memories judged and, if they are applied, written in the same commit.
    pub(crate) async fn submit_memories(
        &self,
        place: Place,
        write: MemoryWrite,
    ) -> Result<Outcome, StoreError> {
        let ask = Ask::of_memories(place, write);
        let results = self.ledger.lanes.submit(vec![ask]).await;
        results.into_iter().next().unwrap_or(Err(StoreError::Unavailable))
    }

    async fn place(&self, user: UserId) -> Result<Place, StoreError> {
        self.ledger.node.places.find(&self.pool, user).await
    }

    /// An account without holds that have run out, as far as writing is possible.
    async fn seen(&self, place: Place) -> Result<AccountView, StoreError> {
        let (view, next_due) = reads::account(&self.pool, place).await?;
        let now = self.clock.now().max(view.state.last_at);
        if !self.has_run_out(place, next_due, now).await? {
            return Ok(view);
        }
        self.sweep(place).await;
        Ok(reads::account(&self.pool, place).await?.0)
    }

    async fn has_run_out(
        &self,
        place: Place,
        next_due: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        match next_due {
            Some(due) if due <= now => reads::is_due(&self.pool, place, now).await,
            Some(_) | None => Ok(false),
        }
    }

    /// Expires what has run out. Reads go on while writes are refused: what has run out then shows
    /// as held for a while.
    async fn sweep(&self, place: Place) {
        let ask = Ask::plain(place, sweep::sweep_command());
        for result in self.ledger.lanes.submit(vec![ask]).await {
            if let Err(refused) = result {
                tracing::debug!("a read could not sweep: {refused}");
            }
        }
    }
}

#[async_trait]
impl Ledger for PostgresStore {
    async fn submit(&self, user: UserId, command: Command) -> Result<Outcome, StoreError> {
        let place = self.place(user).await?;
        let results = self.ledger.lanes.submit(vec![Ask::plain(place, command)]).await;
        results.into_iter().next().unwrap_or(Err(StoreError::Unavailable))
    }

    async fn submit_all(
        &self,
        commands: Vec<(UserId, Command)>,
    ) -> Vec<Result<Outcome, StoreError>> {
        if let Some(refused) = refuse_too_many(commands.len()) {
            return refused;
        }
        let users: Vec<UserId> = commands.iter().map(|(user, _)| *user).collect();
        let places = match self.ledger.node.places.find_all(&self.pool, &users).await {
            Ok(places) => places,
            Err(error) => return vec![Err(error); commands.len()],
        };
        let is_known: Vec<bool> = users.iter().map(|user| places.contains_key(user)).collect();
        let asks = commands.into_iter().filter_map(|(user, command)| {
            places.get(&user).map(|place| Ask::plain(*place, command))
        });
        let mut results = self.ledger.lanes.submit(asks.collect()).await.into_iter();
        let next = |known: bool| match known {
            true => results.next().unwrap_or(Err(StoreError::Unavailable)),
            false => Err(StoreError::NotFound("user")),
        };
        is_known.into_iter().map(next).collect()
    }

    async fn account(&self, user: UserId) -> Result<AccountView, StoreError> {
        let place = self.place(user).await?;
        self.seen(place).await
    }

    async fn hold(&self, id: HoldId) -> Result<Option<Hold>, StoreError> {
        let place = match self.place(id.user).await {
            Ok(place) => place,
            Err(StoreError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        self.seen(place).await?;
        reads::hold(&self.pool, place, id.version).await
    }

    async fn entries(&self, query: &EntryQuery) -> Result<Vec<Entry>, StoreError> {
        let place = self.place(query.user).await?;
        self.seen(place).await?;
        reads::entries(&self.pool, place, query).await
    }

    async fn days(
        &self,
        user: UserId,
        resource: &ResourceName,
        range: DayRange,
    ) -> Result<Vec<DayAmount>, StoreError> {
        let place = self.place(user).await?;
        self.seen(place).await?;
        reports::days(&self.pool, place, &self.policy(), resource, range).await
    }

    async fn totals(&self, range: DayRange, top: usize) -> Result<Totals, StoreError> {
        let (policy, distribution) = (self.policy(), self.ledger.node.distribution);
        if reports::are_few(&self.pool).await? {
            let counted_at = self.clock.now();
            let all = reports::totals(&self.pool, distribution, &policy, range, top).await?;
            return Ok(all.told(counted_at, top));
        }
        let pool = self.ledger.counting_by.clone();
        let count = move |top| async move {
            reports::totals(&pool, distribution, &policy, range, top).await
        };
        let overviews = &self.ledger.overviews;
        let (counted_at, all) = overviews.totals(range, top, count).await?;
        Ok(all.told(counted_at, top))
    }

    async fn series(&self, resource: &ResourceName, range: DayRange) -> Result<Series, StoreError> {
        let kind = novacore_store::book::kind_of(&self.policy(), resource);
        if reports::are_few(&self.pool).await? {
            let counted_at = self.clock.now();
            let days = reports::series(&self.pool, kind, resource, range).await?;
            return Ok(Series { counted_at, days });
        }
        let (pool, name) = (self.ledger.counting_by.clone(), resource.clone());
        let count = async move { reports::series(&pool, kind, &name, range).await };
        let key = (resource.clone(), range.first, range.last);
        let (counted_at, days) = self.ledger.series.get(key, count).await?;
        Ok(Series { counted_at, days })
    }

    fn subscribe(&self, user: UserId) -> broadcast::Receiver<Posted> {
        self.ledger.node.audience.subscribe(user)
    }

    fn policy(&self) -> Arc<Policy> {
        self.ledger.node.policy.load().policy.clone()
    }

    async fn put_tier(&self, tier: Tier, audit: &AuditEntry) -> Result<Arc<Policy>, StoreError> {
        overrides::put_tier(&self.ledger.node, &tier, audit).await
    }

    async fn put_override(
        &self,
        user: UserId,
        value: Override,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let place = self.place(user).await?;
        let put = overrides::put(&self.pool, place, &value, audit).await;
        self.changed(Outdated::User(user)).await;
        put
    }

    async fn remove_override(
        &self,
        user: UserId,
        resource: &ResourceName,
        limit: Option<&LimitName>,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let place = self.place(user).await?;
        let removed = overrides::remove(&self.pool, place, resource, limit, audit).await;
        self.changed(Outdated::User(user)).await;
        removed
    }

    fn health(&self) -> StoreHealth {
        let node = &self.ledger.node;
        let trouble = node.trouble();
        StoreHealth {
            writable: trouble.is_none(),
            why: trouble.map(|error| error.to_string()),
            queue_depth: self.ledger.lanes.depth(),
            derived_lag: 0,
            accounts_loaded: node.places.len(),
            entries: node.entries.load(Ordering::Acquire),
        }
    }
}
