//! Hearing of what other nodes have committed.
//!
//! Invariant: a connection of its own, made again when it fails; what was said meanwhile is not
//! heard, so after each beginning the policy is read, and streams are told of a gap.
//! Invariant: nothing is enforced by what is heard here: every batch reads for itself.

use super::{
    node::Node,
    policy, reads,
    tell::{CHANNEL, News, PEOPLE_CHANGED, POLICY_CHANGED, read_payload},
};
use crate::directory::follow;
use novacore_store::ledger::{ENTRY_PAGE_ROWS_MAX, EntryQuery, Heard, Posted};
use novacore_vocab::Version;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Config, NoTls};

/// The pause before a lost connection is made again.
const PAUSE: Duration = Duration::from_millis(500);
/// Notifications that wait to be read.
const QUEUE_MAX: usize = 4_096;

/// Listens until the task is aborted.
pub(crate) async fn listen(node: Arc<Node>, config: Config) {
    loop {
        if let Err(error) = listen_once(&node, &config).await {
            tracing::debug!("notifications are not heard: {error}");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen_once(node: &Arc<Node>, config: &Config) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = config.connect(NoTls).await?;
    let (said, heard) = mpsc::channel(QUEUE_MAX);
    let missed = Arc::new(AtomicBool::new(false));
    let overflowed = missed.clone();
    let driver = tokio::spawn(async move {
        let mut messages = futures::stream::poll_fn(move |cx| connection.poll_message(cx));
        while let Some(message) = futures::StreamExt::next(&mut messages).await {
            match message {
                Ok(AsyncMessage::Notification(said_now)) => {
                    if said.try_send(said_now.payload().to_owned()).is_err() {
                        tracing::debug!("more notifications than can be read");
                        overflowed.store(true, Ordering::Release);
                    }
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    });
    // Both talk over the one connection: while it is down, neither hears.
    let ended = tokio::select! {
        ended = hear(node, &client, heard, &missed) => ended,
        ended = follow(node, &client) => ended,
    };
    driver.abort();
    ended
}

async fn hear(
    node: &Arc<Node>,
    client: &tokio_postgres::Client,
    mut heard: mpsc::Receiver<String>,
    missed: &AtomicBool,
) -> Result<(), tokio_postgres::Error> {
    client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
    tell_of_gap(node);
    refresh_policy(node).await;
    while let Some(payload) = heard.recv().await {
        if missed.swap(false, Ordering::AcqRel) {
            tell_of_gap(node);
            node.hearing.hint();
        }
        match payload.as_str() {
            POLICY_CHANGED => refresh_policy(node).await,
            PEOPLE_CHANGED => node.hearing.hint(),
            _ => {}
        }
        for news in read_payload(node.id, &payload).unwrap_or_default() {
            node.count_entries(news.last.0.saturating_sub(news.first.0) + 1);
            if node.posted.receiver_count() > 0 {
                post(node, news).await;
            }
        }
    }
    Ok(())
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
async fn post(node: &Node, news: News) {
    let mut after = Version(news.first.0.saturating_sub(1));
    while after < news.last {
        let mut query = EntryQuery::newest(news.place.user, ENTRY_PAGE_ROWS_MAX);
        query.after = Some(after);
        query.before = Some(news.last.next());
        let page = match reads::entries(&node.pool, news.place, &query).await {
            Ok(page) if !page.is_empty() => page,
            Ok(_) | Err(_) => return tell_of_gap(node),
        };
        after = page.last().map_or(news.last, |entry| entry.version);
        let posted = Posted { account: news.place.account(), entries: page.into() };
        // Nobody listening any more is fine.
        let _ = node.posted.send(Heard::Posted(posted));
    }
}

/// Lets streams look for themselves.
fn tell_of_gap(node: &Node) {
    // Nobody listening is fine.
    let _ = node.posted.send(Heard::Gap);
}
