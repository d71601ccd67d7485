//! Live streams of an account's entries, bounded per user.

use crate::{cx::Cx, error::AppError};
use novacore_access::{Permit, ReadUsage};
use novacore_ledger::Entry;
use novacore_store::ledger::{ENTRY_PAGE_ROWS_MAX, EntryQuery, Ledger, Posted};
use novacore_vocab::{UserId, Version};
use parking_lot::Mutex;
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};
use tokio::sync::broadcast::{self, error::RecvError};

/// Most streams that one user may have open.
pub const STREAMS_PER_USER_MAX: usize = 64;

/// The open streams.
#[derive(Debug)]
pub struct Streams {
    ledger: Arc<dyn Ledger>,
    open: Mutex<HashMap<UserId, usize>>,
}

impl Streams {
    pub(crate) fn new(ledger: Arc<dyn Ledger>) -> Streams {
        Streams { ledger, open: Mutex::default() }
    }

    fn enter(self: &Arc<Self>, user: UserId) -> Result<Place, AppError> {
        let mut open = self.open.lock();
        let count = open.entry(user).or_default();
        if *count >= STREAMS_PER_USER_MAX {
            return Err(AppError::TooManyStreams);
        }
        *count += 1;
        Ok(Place { streams: self.clone(), user })
    }
}

/// A place among a user's streams, given back when dropped.
#[derive(Debug)]
struct Place {
    streams: Arc<Streams>,
    user: UserId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.open.lock();
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user);
            }
        }
    }
}

/// An open stream: entries in the order of their versions, without gaps.
#[derive(Debug)]
pub struct Stream {
    place: Place,
    posted: broadcast::Receiver<Posted>,
    sent: Version,
    ready: VecDeque<Entry>,
    /// Whether entries may have been posted that the receiver does not have.
    behind: bool,
}

/// Opens a stream that begins after `after`, or with what comes next.
pub async fn open(
    cx: &Cx,
    permit: Permit<ReadUsage>,
    after: Option<Version>,
) -> Result<Stream, AppError> {
    let user = permit.account().user;
    let place = cx.streams.enter(user)?;
    // Listening begins before the ledger is read, so that nothing falls between.
    let posted = cx.ledger.subscribe(user);
    let last = cx.ledger.account(user).await?.state.version;
    let sent = after.unwrap_or(last).min(last);
    Ok(Stream { place, posted, sent, ready: VecDeque::new(), behind: sent < last })
}

impl Stream {
    /// The next entry; waits for it. `None` once the store is gone.
    pub async fn next(&mut self) -> Option<Entry> {
        loop {
            if let Some(entry) = self.ready.pop_front() {
                self.sent = entry.version;
                return Some(entry);
            }
            if self.behind {
                self.catch_up().await?;
                continue;
            }
            match self.posted.recv().await {
                Ok(posted) if posted.account.user == self.place.user => self.take(&posted.entries),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => self.behind = true,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn take(&mut self, entries: &[Entry]) {
        for entry in entries {
            let last = self.ready.back().map_or(self.sent, |last| last.version);
            if entry.version == last.next() {
                self.ready.push_back(entry.clone());
            } else if entry.version > last {
                self.behind = true;
                return;
            }
        }
    }

    async fn catch_up(&mut self) -> Option<()> {
        let mut query = EntryQuery::newest(self.place.user, ENTRY_PAGE_ROWS_MAX);
        query.after = Some(self.sent);
        let page = self.place.streams.ledger.entries(&query).await.ok()?;
        self.behind = page.len() == ENTRY_PAGE_ROWS_MAX;
        self.ready = page.into();
        Some(())
    }
}
