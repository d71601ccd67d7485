//! Live streams of what happens to an account, bounded per user: its entries, what limits refused
//! on this node, and that its limits are others now.
//!
//! Invariant: entries come in the order of their versions, without gaps. The rest comes when it is
//! heard of, and says nothing that cannot be read elsewhere.

use crate::{cx::Cx, error::AppError, refusals::Refused};
use novacore_access::{Permit, ReadUsage};
use novacore_ledger::{AccountState, Cap, Entry, LimitName, Mode, Policy};
use novacore_store::{
    changes::{Changes, Forgets, Outdated},
    clock::Clock,
    ledger::{ENTRY_PAGE_ROWS_MAX, EntryQuery, Ledger, Posted},
};
use novacore_vocab::{ResourceName, TierName, Timestamp, UserId, Version};
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

/// Notes that wait for a stream that is slow; of more it hears that it has missed some.
const NOTES_MAX: usize = 64;

/// The open streams.
#[derive(Debug)]
pub struct Streams {
    ledger: Arc<dyn Ledger>,
    open: Mutex<HashMap<UserId, Listeners>>,
}

/// The open streams of a user.
#[derive(Debug)]
struct Listeners {
    count: usize,
    notes: broadcast::Sender<Note>,
}

/// What a stream is told beside entries.
#[derive(Clone, Debug)]
enum Note {
    /// A limit has refused.
    Refused(Arc<Refused>),
    /// The limits may be others.
    Limits,
}

impl Streams {
    /// None yet; hears of changed limits from now on.
    pub(crate) fn new<C: Changes + ?Sized>(ledger: Arc<dyn Ledger>, changes: &C) -> Arc<Streams> {
        let streams = Arc::new(Streams { ledger, open: Mutex::default() });
        let listener: Arc<dyn Forgets> = streams.clone();
        changes.on_change(&listener);
        streams
    }

    fn enter(
        self: &Arc<Self>,
        user: UserId,
    ) -> Result<(Place, broadcast::Receiver<Note>), AppError> {
        let mut open = self.open.lock();
        let fresh = || Listeners { count: 0, notes: broadcast::channel(NOTES_MAX).0 };
        let own = open.entry(user).or_insert_with(fresh);
        if own.count >= STREAMS_PER_USER_MAX {
            return Err(AppError::TooManyStreams);
        }
        own.count += 1;
        let notes = own.notes.subscribe();
        Ok((Place { streams: self.clone(), user }, notes))
    }

    /// Tells a user's streams, if he has any, that a limit has refused.
    pub(crate) fn tell(&self, refused: &Arc<Refused>) {
        if let Some(own) = self.open.lock().get(&refused.user) {
            // Without a receiver nobody wants to know.
            let _ = own.notes.send(Note::Refused(refused.clone()));
        }
    }
}

impl Forgets for Streams {
    fn forget(&self, outdated: Outdated) {
        let open = self.open.lock();
        let told = |own: &Listeners| drop(own.notes.send(Note::Limits));
        match outdated {
            Outdated::User(user) => open.get(&user).into_iter().for_each(told),
            Outdated::Tiers | Outdated::Everything => open.values().for_each(told),
            Outdated::Key(_) => {}
        }
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
        if let Some(own) = open.get_mut(&self.user) {
            own.count -= 1;
            if own.count == 0 {
                open.remove(&self.user);
            }
        }
    }
}

/// What a stream tells.
#[derive(Clone, Debug)]
pub enum Event {
    /// An entry was written.
    Entry(Entry),
    /// A limit has refused, on this node.
    Refused(Arc<Refused>),
    /// The tier, an override, or what the tier allows is another now; the tier.
    Limits(TierName),
}

/// A tier and the limits that a user has: resource, name, cap, mode, version. The version tells
/// changes of the rest.
type Allowed = (TierName, Vec<(ResourceName, LimitName, Cap, Mode, u64)>);

/// An open stream.
#[derive(Debug)]
pub struct Stream {
    place: Place,
    posted: broadcast::Receiver<Posted>,
    notes: broadcast::Receiver<Note>,
    clock: Arc<dyn Clock>,
    /// What the listener knows to be allowed.
    allowed: Allowed,
    /// Whether that may be no longer so.
    limits_in_doubt: bool,
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
    let (place, notes) = cx.streams.enter(user)?;
    // Listening begins before the ledger is read, so that nothing falls between.
    let posted = cx.ledger.subscribe(user);
    let state = cx.ledger.account(user).await?.state;
    let allowed = allowed(&state, &cx.ledger.policy(), cx.clock.now());
    let sent = after.unwrap_or(state.version).min(state.version);
    let behind = sent < state.version;
    Ok(Stream {
        place,
        posted,
        notes,
        clock: cx.clock.clone(),
        allowed,
        limits_in_doubt: false,
        sent,
        ready: VecDeque::new(),
        behind,
    })
}

fn allowed(state: &AccountState, policy: &Policy, now: Timestamp) -> Allowed {
    let of = |resource: &ResourceName| {
        let limits = policy.limits(&state.profile, resource, now);
        let limits = limits.map(|limit| {
            (resource.clone(), limit.name.clone(), limit.cap, limit.mode, limit.version)
        });
        limits.collect::<Vec<_>>()
    };
    let limits = policy.resources().flat_map(|spec| of(&spec.name));
    (state.profile.tier.clone(), limits.collect())
}

impl Stream {
    /// The next event; waits for it. `None` once the store is out of reach.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(entry) = self.ready.pop_front() {
                self.sent = entry.version;
                return Some(Event::Entry(entry));
            }
            if self.behind {
                self.catch_up().await?;
                continue;
            }
            if self.limits_in_doubt {
                if let Some(tier) = self.look_at_limits().await? {
                    return Some(Event::Limits(tier));
                }
                continue;
            }
            let heard = timeout(QUIET, async {
                tokio::select! {
                    posted = self.posted.recv() => Heard::Posted(posted),
                    note = self.notes.recv() => Heard::Note(note),
                }
            });
            let Ok(heard) = heard.await else {
                (self.behind, self.limits_in_doubt) = (true, true);
                continue;
            };
            match heard {
                Heard::Posted(posted) => self.hear(posted),
                Heard::Note(Ok(Note::Refused(refused))) => return Some(Event::Refused(refused)),
                // What was missed may have been of either kind. The sender lives as long as we do.
                Heard::Note(Ok(Note::Limits) | Err(_)) => self.limits_in_doubt = true,
            }
        }
    }

    fn hear(&mut self, posted: Result<Posted, RecvError>) {
        match posted {
            Ok(posted) if posted.account.user == self.place.user => self.take(&posted.entries),
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => self.behind = true,
            Err(RecvError::Closed) => {
                self.posted = self.place.streams.ledger.subscribe(self.place.user);
                self.behind = true;
            }
        }
    }

    /// The tier, if it or what it allows is another than the listener knows.
    async fn look_at_limits(&mut self) -> Option<Option<TierName>> {
        let ledger = &self.place.streams.ledger;
        let state = ledger.account(self.place.user).await.ok()?.state;
        let now = allowed(&state, &ledger.policy(), self.clock.now());
        self.limits_in_doubt = false;
        if now == self.allowed {
            return Some(None);
        }
        self.allowed = now;
        Some(Some(self.allowed.0.clone()))
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

/// What has woken a stream.
enum Heard {
    Posted(Result<Posted, RecvError>),
    Note(Result<Note, RecvError>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auth::testing, memories::MemoryService, metrics::Metrics};
    use novacore_access::{Principal, Role, User};
    use novacore_ledger::{Command, Expect, Record, Verb};
    use novacore_store::directory::{Credentials, Users};
    use novacore_store_suite::memory::{HandClock, Memory};
    use novacore_vocab::{Amount, OrgId, Source};
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

    /// The version of the next entry.
    async fn version(stream: &mut Stream) -> Version {
        match stream.next().await.unwrap() {
            Event::Entry(entry) => entry.version,
            other => panic!("{other:?}"),
        }
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
        assert_eq!(version(&mut stream).await, Version(1));
        store.set_hearing(false);
        record(&store, user).await;
        record(&store, user).await;
        store.set_hearing(true);
        assert_eq!(version(&mut stream).await, Version(2));
        assert_eq!(version(&mut stream).await, Version(3));
        record(&store, user).await;
        assert_eq!(version(&mut stream).await, Version(4));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_hears_of_nothing_looks_for_itself() {
        let (mut stream, store, user) = opened().await;
        store.set_hearing(false);
        record(&store, user).await;
        assert_eq!(version(&mut stream).await, Version(1));
    }
}
