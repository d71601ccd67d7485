//! Hearing of what other nodes have committed.
//!
//! Invariant: a connection of its own, made again when it fails. What was said meanwhile is not
//! heard: the policy is read again, and those who listen here lose their receivers, so that they
//! read the gap when they come back.
//! Invariant: nothing is enforced by what is heard here: every batch reads for itself.

use super::{
    node::Node,
    policy, reads,
    tell::{CHANNEL, News, PEOPLE_CHANGED, POLICY_CHANGED, read_payload},
};
use crate::{address::Address, directory::follow};
use novacore_store::ledger::{ENTRY_PAGE_ROWS_MAX, EntryQuery, Posted};
use novacore_vocab::Version;
use std::{sync::Arc, time::Duration};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_postgres::{AsyncMessage, Client, Connection, Error};

/// The pause before a lost connection is made again.
const PAUSE: Duration = Duration::from_millis(500);
/// Notifications that wait to be read. Beyond that the connection counts as lost.
const QUEUE_MAX: usize = 4_096;

/// A connection that listens.
#[derive(Debug)]
pub(crate) struct Ear {
    heard: mpsc::Receiver<String>,
    driver: JoinHandle<()>,
    /// Its end would end the connection; the audit log is read over it.
    client: Client,
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Ear {
    /// Connects and listens; from when this returns, everything is heard.
    pub(crate) async fn open(address: &Address) -> Result<Ear, Error> {
        let (client, connection) = address.config.connect(address.tls.clone()).await?;
        let (say, heard) = mpsc::channel(QUEUE_MAX);
        let driver = tokio::spawn(drive(connection, say));
        let ear = Ear { heard, driver, client };
        ear.client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
        Ok(ear)
    }
}

/// Moves a connection along until it fails, or more is said than is read.
async fn drive<S, T>(mut connection: Connection<S, T>, say: mpsc::Sender<String>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut messages = futures::stream::poll_fn(move |cx| connection.poll_message(cx));
    while let Some(Ok(message)) = futures::StreamExt::next(&mut messages).await {
        let AsyncMessage::Notification(said) = message else { continue };
        if say.try_send(said.payload().to_owned()).is_err() {
            tracing::warn!("more notifications than can be read");
            return;
        }
    }
}

/// Listens until the task is aborted.
pub(crate) async fn listen(node: Arc<Node>, address: Address, mut ear: Ear) {
    loop {
        // Both over the one connection: while it is down, neither is current.
        tokio::select! {
            () = hear_all(&node, &mut ear.heard) => {}
            ended = follow(&node, &ear.client) => {
                if let Err(error) = ended {
                    tracing::debug!("the audit log is not followed: {error}");
                }
            }
        }
        tracing::debug!("notifications are not heard");
        ear = loop {
            match Ear::open(&address).await {
                Ok(ear) => break ear,
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        };
        refresh_policy(&node).await;
        node.audience.end();
    }
}

async fn hear_all(node: &Node, heard: &mut mpsc::Receiver<String>) {
    while let Some(payload) = heard.recv().await {
        hear(node, &payload).await;
    }
}

async fn hear(node: &Node, payload: &str) {
    match payload {
        POLICY_CHANGED => refresh_policy(node).await,
        PEOPLE_CHANGED => node.hearing.hint(),
        _ => {}
    }
    for news in read_payload(node.id, payload).unwrap_or_default() {
        if node.audience.has(news.place.user) {
            post(node, news).await;
        }
    }
}

/// Reads the policy for display.
pub(crate) async fn refresh_policy(node: &Node) {
    let Ok(client) = node.pool.get().await else { return };
    match policy::read(&client, &node.resources).await {
        Ok(read) => drop(node.take_policy(read)),
        Err(error) => tracing::warn!("the policy could not be read: {error}"),
    }
}

/// Reads the entries of another node and passes them on.
pub(crate) async fn post(node: &Node, news: News) {
    let mut after = Version(news.first.0.saturating_sub(1));
    while after < news.last {
        let mut query = EntryQuery::newest(news.place.user, ENTRY_PAGE_ROWS_MAX);
        query.after = Some(after);
        query.before = Some(news.last.next());
        let page = match reads::entries(&node.pool, news.place, &query).await {
            Ok(page) if !page.is_empty() => page,
            Ok(_) | Err(_) => return,
        };
        after = page.last().map_or(news.last, |entry| entry.version);
        node.audience.post(Posted { account: news.place.account(), entries: page.into() });
    }
}
