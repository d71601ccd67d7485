//! Hearing of what other nodes have changed, by following the audit log.
//!
//! Each change of a user or key has its entry in the log, in its own transaction, and entries are
//! numbered in the order of commits: who reads on from the last number misses none. The log is read
//! four times a second, and at once when another node says that there is something.
//!
//! Invariant: a change is told before the reading that saw it counts. So whatever was acknowledged
//! before that reading began is forgotten, whether or not a notification was heard.
//! Invariant: whoever begins to follow forgets everything first: what the database was before, and
//! whether it is still the same, nobody knows.

use crate::{
    ledger::{Node, PEOPLE_CHANGED, notify},
    open::PostgresStore,
};
use novacore_store::changes::{Changes, Forgets, Outdated};
use novacore_vocab::{KeyId, Timestamp, UserId};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::MissedTickBehavior};
use tokio_postgres::{Client, Error, Statement};

/// Between two readings of the log.
const EVERY: Duration = Duration::from_millis(250);
/// How old the last reading may be for what is remembered to be used.
const CURRENT_US: i64 = 1_000_000;
/// Entries that are read at once.
const ROWS_MAX: i64 = 1_000;

const _: () = assert!(EVERY.as_micros() * 3 < CURRENT_US as u128);

const LAST: &str = "SELECT seq FROM audit_last";
const READ: &str = "SELECT seq, user_id, key_id FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2";

/// Up to when this node has heard of changes.
#[derive(Debug)]
pub(crate) struct Hearing {
    /// When the last reading began, in microseconds.
    read_at: AtomicI64,
    hint: Notify,
}

impl Default for Hearing {
    fn default() -> Hearing {
        Hearing { read_at: AtomicI64::new(i64::MIN), hint: Notify::new() }
    }
}

impl Hearing {
    /// There is something to read.
    pub(crate) fn hint(&self) {
        self.hint.notify_one();
    }

    fn has_read(&self, began: Timestamp) {
        self.read_at.store(began.micros(), Ordering::Release);
    }

    /// A clock that was set back proves nothing either.
    fn is_current(&self, now: Timestamp) -> bool {
        let age_us = now.micros().checked_sub(self.read_at.load(Ordering::Acquire));
        age_us.is_some_and(|age_us| (0..CURRENT_US).contains(&age_us))
    }
}

impl Changes for PostgresStore {
    fn on_change(&self, listener: &Arc<dyn Forgets>) {
        self.ledger.node.listeners.add(listener);
    }

    fn is_current(&self, now: Timestamp) -> bool {
        self.ledger.node.hearing.is_current(now)
    }
}

impl PostgresStore {
    /// Tells of a change that this node has made, whatever came of it: an error may mean that
    /// nobody knows. Other nodes are told so that they need not wait for their next reading.
    pub(crate) async fn changed(&self, outdated: Outdated) {
        let node = &self.ledger.node;
        node.listeners.tell(outdated);
        if let Err(error) = notify(node, &[PEOPLE_CHANGED.to_owned()]).await {
            tracing::debug!("other nodes were not notified: {error}");
        }
    }
}

/// Follows the log until the connection fails.
pub(crate) async fn follow(node: &Node, client: &Client) -> Result<(), Error> {
    let read = client.prepare(READ).await?;
    let began = node.clock.now();
    let mut last: i64 = client.query_one(LAST, &[]).await?.get(0);
    node.listeners.tell(Outdated::Everything);
    node.hearing.has_read(began);
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = node.hearing.hint.notified() => {}
        }
        last = read_on(node, client, &read, last).await?;
    }
}

/// Reads what is new and tells of it; the last number.
async fn read_on(
    node: &Node,
    client: &Client,
    read: &Statement,
    mut last: i64,
) -> Result<i64, Error> {
    loop {
        let began = node.clock.now();
        let rows = client.query(read, &[&last, &ROWS_MAX]).await?;
        for row in &rows {
            last = row.get(0);
            if let Some(user) = row.get(1) {
                node.listeners.tell(Outdated::User(UserId(user)));
            }
            if let Some(key) = row.get(2) {
                node.listeners.tell(Outdated::Key(KeyId(key)));
            }
        }
        if rows.len() < ROWS_MAX as usize {
            node.hearing.has_read(began);
            return Ok(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_counts_for_a_second_from_its_beginning() {
        let hearing = Hearing::default();
        let at = Timestamp::from_millis;
        assert!(!hearing.is_current(at(5_000)), "nothing was read yet");
        hearing.has_read(at(5_000));
        for (now, expected) in [(4_999, false), (5_000, true), (5_999, true), (6_000, false)] {
            assert_eq!(hearing.is_current(at(now)), expected, "{now}");
        }
    }
}
