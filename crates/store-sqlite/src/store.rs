//! The store as callers hold it, and the ledger's port on it.

use crate::{
    accounts::{Seen, Slot},
    failure, keys, profile,
    readers::Readers,
    row::Seq,
    writer::{Ask, Job, Shared, Touch, control},
};
use async_trait::async_trait;
use novacore_access::AuditEntry;
use novacore_ledger::{
    Command, Entry, Hold, KeyRecord, LimitName, Outcome, Override, Policy, Tier,
};
use novacore_store::{
    changes::Listeners,
    changes::Outdated,
    clock::Clock,
    error::StoreError,
    lane::LaneSender,
    ledger::{
        AccountView, DayAmount, DayRange, ENTRY_PAGE_ROWS_MAX, EntryQuery, Ledger, Posted, Series,
        StoreHealth, Totals, refuse_too_many,
    },
};
use novacore_vocab::{HoldId, IdempotencyKey, ResourceName, UserId};
use rusqlite::Connection;
use std::sync::{Arc, atomic::Ordering};
use tokio::sync::{broadcast, oneshot};

/// The embedded store. Dropping it drains the queue and stops its threads.
#[derive(Debug)]
pub struct SqliteStore {
    pub(crate) jobs: LaneSender<Job>,
    pub(crate) readers: Readers,
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) listeners: Listeners,
    pub(crate) _threads: crate::open::Threads,
}

impl SqliteStore {
    /// Makes a write of the control plane durable.
    pub(crate) async fn control<R: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> Result<(R, Touch), StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        control(&self.jobs, write).await
    }

    /// The account of a user, loaded if need be.
    async fn slot(&self, user: UserId) -> Result<Arc<Slot>, StoreError> {
        loop {
            if let Some(slot) = self.shared.accounts.get(user) {
                return Ok(slot);
            }
            let epoch = self.shared.accounts.epoch();
            let shared = self.shared.clone();
            let slot = self.readers.read(move |connection| load_slot(&shared, connection, user));
            if let Some(slot) = self.shared.accounts.insert(slot.await?, epoch) {
                return Ok(slot);
            }
        }
    }

    /// A command with all that can be loaded for it here.
    pub(crate) async fn ask(&self, user: UserId, command: Command) -> Result<Ask, StoreError> {
        let slot = self.slot(user).await?;
        let (seen, keys_through) = match &command.key {
            Some(key) => self.find_key(&slot, key).await?,
            None => (None, Seq::MAX),
        };
        Ok(Ask { slot, command, seen, keys_through, memories: None })
    }

    /// What is stored under a key, as far as the index shows it. Nearly always the index alone says
    /// that there is nothing, without a read of the ledger.
    async fn find_key(
        &self,
        slot: &Arc<Slot>,
        key: &IdempotencyKey,
    ) -> Result<(Option<KeyRecord>, Seq), StoreError> {
        let user = slot.account.user;
        let (candidates, through) = keys::candidates(&self.shared.derived, user, key)?;
        if candidates.is_empty() {
            return Ok((None, through));
        }
        let (key, user_no) = (key.clone(), slot.user_no);
        let found =
            self.readers.read(move |connection| keys::read(connection, user_no, &key, &candidates));
        Ok((found.await?, through))
    }

    /// Queues commands and waits for what comes of them.
    pub(crate) async fn send(
        &self,
        asks: Vec<Ask>,
    ) -> Result<Vec<Result<Outcome, StoreError>>, StoreError> {
        let (reply, results) = oneshot::channel();
        self.jobs.send(Job::Commands(asks, reply))?;
        results.await.map_err(|_| StoreError::Unavailable)
    }

    /// The committed counters of an account without holds that have run out.
    async fn seen(&self, user: UserId) -> Result<(Arc<Slot>, Seen), StoreError> {
        let slot = self.slot(user).await?;
        let seen = slot.seen();
        let now = self.clock.now().max(seen.view.state.last_at);
        if seen.next_due.is_none_or(|due| now < due) {
            return Ok((slot, seen));
        }
        // Reads go on while writes are refused: what has run out then shows as held for a while.
        if let Err(refused) = self.send(vec![Ask::sweep(slot.clone())]).await {
            tracing::debug!("a read could not sweep: {refused}");
        }
        let seen = slot.seen();
        Ok((slot, seen))
    }
}

/// Loads an account that is not in memory; everything of it is behind the watermark.
pub(crate) fn load_slot(
    shared: &Shared,
    connection: &Connection,
    user: UserId,
) -> Result<Slot, StoreError> {
    let found = profile::find(connection, user).map_err(failure::of_read)?;
    let (user_no, account, profile) = found.ok_or(StoreError::NotFound("user"))?;
    let (state, _) = shared.derived.load_account(user_no, account, profile)?;
    Ok(Slot::new(user_no, state))
}

#[async_trait]
impl Ledger for SqliteStore {
    async fn submit(&self, user: UserId, command: Command) -> Result<Outcome, StoreError> {
        let ask = self.ask(user, command).await?;
        self.send(vec![ask]).await?.pop().ok_or(StoreError::Unavailable)?
    }

    async fn submit_all(
        &self,
        commands: Vec<(UserId, Command)>,
    ) -> Vec<Result<Outcome, StoreError>> {
        if let Some(refused) = refuse_too_many(commands.len()) {
            return refused;
        }
        let mut asks = Vec::with_capacity(commands.len());
        let mut results = Vec::with_capacity(commands.len());
        for (user, command) in commands {
            match self.ask(user, command).await {
                Ok(ask) => {
                    asks.push(ask);
                    results.push(None);
                }
                Err(error) => results.push(Some(Err(error))),
            }
        }
        let count = asks.len();
        let sent = if asks.is_empty() { Ok(Vec::new()) } else { self.send(asks).await };
        let mut sent = match sent {
            Ok(results) => results.into_iter(),
            Err(error) => vec![Err(error); count].into_iter(),
        };
        let next = |result: Option<_>| result.or_else(|| sent.next());
        let results = results.into_iter().map(next);
        results.map(|result| result.unwrap_or(Err(StoreError::Unavailable))).collect()
    }

    async fn account(&self, user: UserId) -> Result<AccountView, StoreError> {
        Ok(self.seen(user).await?.1.view)
    }

    async fn hold(&self, id: HoldId) -> Result<Option<Hold>, StoreError> {
        let slot = match self.seen(id.user).await {
            Ok((slot, _)) => slot,
            Err(StoreError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        // The tail is read first: what leaves it meanwhile has reached the derived files.
        let tail = slot.tail();
        let (shared, version) = (self.shared.clone(), id.version);
        let read = move |_: &Connection| shared.derived.load_hold(slot.user_no, version);
        let (stored, watermark) = self.readers.read(read).await?;
        Ok(crate::overlay::hold(stored, watermark, id.version, &tail))
    }

    async fn entries(&self, query: &EntryQuery) -> Result<Vec<Entry>, StoreError> {
        let (slot, _) = self.seen(query.user).await?;
        let mut query = query.clone();
        query.rows_max = query.rows_max.min(ENTRY_PAGE_ROWS_MAX);
        let tail = slot.tail();
        let shared = self.shared.clone();
        let read = move |connection: &Connection| {
            let stored = shared.derived.entries(connection, slot.user_no, &query)?;
            Ok(crate::overlay::entries(stored, &tail, &query))
        };
        self.readers.read(read).await
    }

    async fn days(
        &self,
        user: UserId,
        resource: &ResourceName,
        range: DayRange,
    ) -> Result<Vec<DayAmount>, StoreError> {
        let (slot, _) = self.seen(user).await?;
        let tail = slot.tail();
        let (shared, resource) = (self.shared.clone(), resource.clone());
        let read = move |_: &Connection| {
            let kind = novacore_store::book::kind_of(&shared.policy.load(), &resource);
            let (stored, watermark) = shared.derived.days(slot.user_no, &resource, range)?;
            let tail = tail.iter().filter(|(seq, _)| *seq > watermark).map(|(_, entry)| entry);
            Ok(crate::overlay::days(stored, kind, tail.filter(|entry| entry.resource == resource)))
        };
        self.readers.read(read).await
    }

    async fn totals(&self, range: DayRange, top: usize) -> Result<Totals, StoreError> {
        let (shared, counted_at) = (self.shared.clone(), self.clock.now());
        let read = move |connection: &Connection| {
            shared.derived.catch_up_to(shared.entries.load(Ordering::Acquire))?;
            let (active_users, resources) = shared.derived.totals(connection, range, top)?;
            Ok(Totals { counted_at, active_users, resources })
        };
        self.readers.read(read).await
    }

    async fn series(&self, resource: &ResourceName, range: DayRange) -> Result<Series, StoreError> {
        let (shared, counted_at) = (self.shared.clone(), self.clock.now());
        let resource = resource.clone();
        let read = move |_: &Connection| {
            shared.derived.catch_up_to(shared.entries.load(Ordering::Acquire))?;
            Ok(Series { counted_at, days: shared.derived.series(&resource, range)? })
        };
        self.readers.read(read).await
    }

    fn subscribe(&self, _user: UserId) -> broadcast::Receiver<Posted> {
        self.shared.posted.subscribe()
    }

    fn policy(&self) -> Arc<Policy> {
        self.shared.policy.load_full()
    }

    async fn put_tier(&self, tier: Tier, audit: &AuditEntry) -> Result<Arc<Policy>, StoreError> {
        let (base, audit) = (self.policy(), audit.clone());
        let put = self.control(move |connection| {
            let policy = crate::policy::put_tier(connection, &base, &tier, &audit)?;
            let policy = Arc::new(policy);
            Ok((policy.clone(), Touch::Policy(policy)))
        });
        let put = put.await;
        self.listeners.tell(Outdated::Tiers);
        put
    }

    async fn put_override(
        &self,
        user: UserId,
        value: Override,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let audit = audit.clone();
        let put = self.control(move |connection| {
            crate::policy::put_override(connection, user, &value, &audit)?;
            Ok(((), Touch::Profile(user)))
        });
        let put = put.await;
        self.listeners.tell(Outdated::User(user));
        put
    }

    async fn remove_override(
        &self,
        user: UserId,
        resource: &ResourceName,
        limit: Option<&LimitName>,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let (resource, limit, audit) = (resource.clone(), limit.cloned(), audit.clone());
        let removed = self.control(move |connection| {
            crate::policy::remove_override(connection, user, &resource, limit.as_ref(), &audit)?;
            Ok(((), Touch::Profile(user)))
        });
        let removed = removed.await;
        self.listeners.tell(Outdated::User(user));
        removed
    }

    fn health(&self) -> StoreHealth {
        let trouble = self.shared.trouble.read().clone();
        let entries = self.shared.entries.load(Ordering::Acquire);
        StoreHealth {
            writable: trouble.is_none(),
            why: trouble.map(|error| error.to_string()),
            queue_depth: self.jobs.depth(),
            derived_lag: entries.saturating_sub(self.shared.derived.watermark()),
            accounts_loaded: self.shared.accounts.len(),
            entries,
        }
    }
}
