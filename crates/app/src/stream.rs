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
    time::Duration,
};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::timeout,
};

/// Most streams that one user may have open.
pub const STREAMS_PER_USER_MAX: usize = 64;

/// How long a stream trusts that nothing has happened since it heard of anything: a node that dies
/// may have told nobody of its last entries.
const QUIET: Duration = Duration::from_secs(15);

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
    /// The next entry; waits for it. `None` once the store is out of reach.
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
            let Ok(heard) = timeout(QUIET, self.posted.recv()).await else {
                self.behind = true;
                continue;
            };
            match heard {
                Ok(posted) if posted.account.user == self.place.user => self.take(&posted.entries),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => self.behind = true,
                Err(RecvError::Closed) => {
                    self.posted = self.place.streams.ledger.subscribe(self.place.user);
                    self.behind = true;
                }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auth::testing, memories::MemoryService, metrics::Metrics};
    use novacore_access::{Principal, Role, User};
    use novacore_ledger::{Command, Expect, Record, Verb};
    use novacore_store::directory::{Credentials, Users};
    use novacore_store_suite::memory::{HandClock, Memory};
    use novacore_vocab::{Amount, OrgId, ResourceName, Source, TierName, Timestamp};
    use uuid::Uuid;

    fn compose() -> (Cx, Arc<Memory>) {
        let clock = Arc::new(HandClock::at(Timestamp::from_seconds(1_800_000_000)));
        let store = Arc::new(Memory::new(clock.clone()));
        let auth = testing::auth(&store, &clock);
        let metrics = Arc::new(Metrics::new());
        let memories = MemoryService::without_model(store.clone(), "a test has none");
        let memories = Arc::new(memories);
        let auth = Arc::new(auth);
        (Cx::new(store.clone(), store.clone(), memories, clock, auth, metrics), store)
    }

    fn user(now: Timestamp) -> User {
        let id = Uuid::from_u128(7);
        User {
            id: UserId(id),
            org: OrgId(id),
            email: None,
            role: Role::Student,
            tier: TierName::parse("pro").unwrap(),
            disabled: false,
            trial_ends_at: None,
            created_at: now,
        }
    }

    async fn record(store: &Memory, user: UserId) {
        let verb = Verb::Record(Record {
            resource: ResourceName::parse("llm_tokens").unwrap(),
            amount: Amount::new(1).unwrap(),
            source: Source::Api,
            expect: Expect::Fact,
            corrects: None,
            occurred_at: None,
            metadata: None,
        });
        let command = Command { key: None, fingerprint: 0, verb };
        store.submit(user, command).await.unwrap();
    }

    async fn opened() -> (Stream, Arc<Memory>, UserId) {
        let (cx, store) = compose();
        let user = user(cx.clock.now());
        store.create_user(&Credentials { user: user.clone(), password: None }, None).await.unwrap();
        let permit = Principal::service().read_usage(&user.subject()).unwrap();
        (open(&cx, permit, None).await.unwrap(), store, user.id)
    }

    #[tokio::test]
    async fn what_was_missed_is_read_once_it_is_said_that_something_was() {
        let (mut stream, store, user) = opened().await;
        record(&store, user).await;
        assert_eq!(stream.next().await.unwrap().version, Version(1));
        store.set_hearing(false);
        record(&store, user).await;
        record(&store, user).await;
        store.set_hearing(true);
        assert_eq!(stream.next().await.unwrap().version, Version(2));
        assert_eq!(stream.next().await.unwrap().version, Version(3));
        record(&store, user).await;
        assert_eq!(stream.next().await.unwrap().version, Version(4));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_hears_of_nothing_looks_for_itself() {
        let (mut stream, store, user) = opened().await;
        store.set_hearing(false);
        record(&store, user).await;
        assert_eq!(stream.next().await.unwrap().version, Version(1));
    }
}
