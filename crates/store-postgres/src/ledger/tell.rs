//! Who hears of what was committed: listeners of this node at once, other nodes by NOTIFY.
//!
//! A notification is sent after the commit and on its own: within the transaction it would make
//! every commit of every node wait for the one before. It can get lost with a node that dies just
//! then; who listens elsewhere is told by `missed`. The first is sent at once; what is committed
//! shortly after it goes with the next.
//!
//! Invariant: what is told is committed.
//! Not here: order between nodes; entries carry their versions.

use super::{node::Node, place::Place};
use crate::failure;
use novacore_ledger::Entry;
use novacore_store::{error::StoreError, ledger::Posted};
use novacore_vocab::{OrgId, UserId, Version};
use std::{collections::HashMap, fmt::Write, sync::Arc, time::Duration};
use tokio::{sync::mpsc, task::JoinHandle};
use uuid::Uuid;

/// The channel on which nodes talk.
pub(crate) const CHANNEL: &str = "novacore";
/// What is said after a change of tiers.
pub(crate) const POLICY_CHANGED: &str = "policy";
/// What is said after a change of a user or key.
pub(crate) const PEOPLE_CHANGED: &str = "people";

/// Accounts that wait to be told of; beyond that they are not.
const QUEUE_MAX: usize = 16_384;
/// How long other nodes are told nothing more after a notification. Each is a transaction of its
/// own that wakes every node; under load one for each batch would cost as much as the batches.
const REST: Duration = Duration::from_millis(20);
/// The pause before a notification is tried again.
const PAUSE: Duration = Duration::from_millis(200);
/// Bytes of a notification; the server's bound is 8,000.
const PAYLOAD_BYTES_MAX: usize = 7_800;

/// New entries of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) place: Place,
    pub(crate) first: Version,
    pub(crate) last: Version,
}

/// Takes what was committed to those who listen.
#[derive(Clone, Debug)]
pub(crate) struct Teller {
    node: Arc<Node>,
    queue: mpsc::Sender<News>,
}

impl Teller {
    /// Starts the task that notifies; it ends when the last teller is dropped.
    pub(crate) fn start(node: &Arc<Node>) -> (Teller, JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let telling = tokio::spawn(notify_all(node.clone(), waiting));
        (Teller { node: node.clone(), queue }, telling)
    }

    /// Tells of entries that this node has committed.
    pub(crate) fn committed(&self, posted: Vec<(Place, Arc<[Entry]>)>) {
        for (place, entries) in posted {
            let (Some(first), Some(last)) = (entries.first(), entries.last()) else { continue };
            let news = News { place, first: first.version, last: last.version };
            if self.queue.try_send(news).is_err() {
                tracing::debug!("too much waits to be told to other nodes");
            }
            self.node.audience.post(Posted { account: place.account(), entries });
        }
    }
}

async fn notify_all(node: Arc<Node>, mut waiting: mpsc::Receiver<News>) {
    let mut news = Vec::new();
    while waiting.recv_many(&mut news, QUEUE_MAX).await > 0 {
        let payloads = payloads(node.id, &joined(&mut news));
        while let Err(error) = notify(&node, &payloads).await {
            // What queues meanwhile is told afterwards.
            tracing::debug!("other nodes are not notified yet: {error}");
            tokio::time::sleep(PAUSE).await;
            if waiting.is_closed() {
                return;
            }
        }
        // A node that is closed tells the last of it at once.
        if !waiting.is_closed() {
            tokio::time::sleep(REST).await;
        }
    }
}

/// News of an account that follow one another, as one; what another node wrote in between is told
/// by that node.
fn joined(news: &mut Vec<News>) -> Vec<News> {
    let mut joined: Vec<News> = Vec::new();
    let mut newest: HashMap<UserId, usize> = HashMap::new();
    for one in news.drain(..) {
        match newest.get(&one.place.user).map(|at| &mut joined[*at]) {
            Some(before) if before.last.next() == one.first => before.last = one.last,
            Some(_) | None => {
                newest.insert(one.place.user, joined.len());
                joined.push(one);
            }
        }
    }
    joined
}

/// Sends notifications.
pub(crate) async fn notify(node: &Node, payloads: &[String]) -> Result<(), StoreError> {
    const NOTIFY: &str = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS n (payload)";
    let told = |error: tokio_postgres::Error| failure::told(&error);
    let client = node.pool.get().await?;
    let notify = client.prepare_cached(NOTIFY).await.map_err(told)?;
    client.query(&notify, &[&CHANNEL, &payloads]).await.map_err(told)?;
    Ok(())
}

/// Notifications: the node, then per account its organisation, user, bucket, first and last
/// version.
fn payloads(node: Uuid, news: &[News]) -> Vec<String> {
    let start = node.simple().to_string();
    let mut payloads = vec![start.clone()];
    for one in news {
        let Place { bucket, user, org } = one.place;
        let mut part = String::new();
        let (user, org) = (user.0.simple(), org.0.simple());
        write!(part, " {org}:{user}:{bucket}:{}:{}", one.first, one.last)
            .expect("a string takes any text");
        match payloads.last_mut() {
            Some(last) if last.len() + part.len() <= PAYLOAD_BYTES_MAX => last.push_str(&part),
            _ => payloads.push(format!("{start}{part}")),
        }
    }
    payloads
}

/// Reads a notification; `None` if this node has sent it, or it is none of ours.
pub(crate) fn read_payload(own: Uuid, payload: &str) -> Option<Vec<News>> {
    let mut parts = payload.split(' ');
    let sender = Uuid::try_parse(parts.next()?).ok()?;
    if sender == own {
        return None;
    }
    parts.map(read_news).collect()
}

fn read_news(part: &str) -> Option<News> {
    let mut fields = part.split(':');
    let org = OrgId(Uuid::try_parse(fields.next()?).ok()?);
    let user = UserId(Uuid::try_parse(fields.next()?).ok()?);
    let bucket = fields.next()?.parse().ok()?;
    let first = Version(fields.next()?.parse().ok()?);
    let last = Version(fields.next()?.parse().ok()?);
    Some(News { place: Place { bucket, user, org }, first, last })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(number: u128) -> News {
        let place = Place {
            bucket: 7,
            user: UserId(Uuid::from_u128(number)),
            org: OrgId(Uuid::from_u128(number + 1)),
        };
        News { place, first: Version(3), last: Version(1 << 39) }
    }

    #[test]
    fn news_that_follow_one_another_are_told_as_one() {
        let of =
            |user, first, last| News { first: Version(first), last: Version(last), ..news(user) };
        let mut heard = vec![of(1, 1, 4), of(2, 7, 7), of(1, 5, 5), of(1, 8, 9), of(2, 8, 8)];
        let told = [of(1, 1, 5), of(2, 7, 8), of(1, 8, 9)];
        assert_eq!(joined(&mut heard), told);
        assert!(heard.is_empty());
    }

    #[test]
    fn news_read_back_whatever_their_number() {
        let (node, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for count in [1, 2, 500] {
            let all: Vec<News> = (0..count).map(news).collect();
            let sent = payloads(node, &all);
            assert!(sent.iter().all(|payload| payload.len() < 8_000));
            let heard = sent.iter().filter_map(|payload| read_payload(other, payload)).flatten();
            assert_eq!(heard.collect::<Vec<_>>(), all);
            assert_eq!(read_payload(node, &sent[0]), None);
        }
        assert_eq!(read_payload(other, POLICY_CHANGED), None);
        assert_eq!(read_payload(other, PEOPLE_CHANGED), None);
    }
}
