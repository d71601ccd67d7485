//! A batch: the commands that queued while the last one was committed, in one transaction.
//!
//! Two flights of pipelined statements. The first begins, makes missing account rows and locks all
//! in the order of their keys, and reads in later statements what the judgement needs: a statement
//! that waits for a lock goes on with the snapshot from before the wait, a later one has its own.
//! The second writes everything and commits.
//!
//! Invariant: nothing is told before the commit; what was refused or replayed rests on committed
//! rows.
//! Invariant: a commit in doubt is looked up by the batch's op id, under the locks of its accounts,
//! for which the lost transaction has to end first; only if it is not there is the batch judged
//! again.
//! Invariant: on shards a batch has accounts of one bucket only.
//! Invariant: tries are bounded; when they are used up the caller hears `Unavailable`.

mod judge;
mod load;
mod memories;
mod patience;
mod tables;
mod texts;
mod write;

use super::{node::Node, place::Place};
use crate::{
    distribution::Distribution,
    failure,
    pool::{ANSWER, Client, Pool},
};
use judge::Judged;
use novacore_ledger::{Command, Entry, Outcome, Verb};
use novacore_store::{
    book::Posting, error::StoreError, lane::QUEUE_COMMANDS_MAX, memories::MemoryWrite,
};
use novacore_vocab::{Timestamp, UserId};
use patience::Patience;
use serde_json::value::RawValue;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

/// Tries of a batch whose transaction was refused for a conflict, or whose commit is in doubt.
const TRIES_MAX: u32 = 9;
/// Tries of a batch that certainly was not committed because connections fail.
const LOST_TRIES_MAX: u32 = 3;
/// How long after its beginning a commit in doubt may be run again if it is not found; what is
/// remembered of batches must outlast it.
pub(crate) const DOUBT_S_MAX: i64 = 900;
/// The pause before the second try; it doubles with every further one.
const PAUSE: Duration = Duration::from_millis(20);

/// What of a memory weighs as much as a command in a lane's queue.
const COMMAND_BYTES: usize = 16 << 10;
/// What a row of a memory weighs besides, that of one that goes too: it is looked up and locked,
/// and lies in several tables and indexes.
const ROW_BYTES: usize = 4 << 10;

/// A command on its way to its account.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) place: Place,
    pub(crate) command: Command,
    /// The changes of memories for which the command stands.
    pub(crate) write: Option<Box<MemoryWrite>>,
}

impl Ask {
    /// A command that stands for itself.
    pub(crate) fn plain(place: Place, command: Command) -> Ask {
        Ask { place, command, write: None }
    }

    /// Changes of memories, with their command.
    pub(crate) fn of_memories(place: Place, write: MemoryWrite) -> Ask {
        Ask { place, command: write.command().clone(), write: Some(Box::new(write)) }
    }

    /// Whether it takes longer than others should wait for it.
    pub(crate) fn is_long(&self) -> bool {
        self.write.as_deref().is_some_and(|write| write.changes().len() > patience::ROWS_MAX)
    }

    /// How many commands it counts for in a lane: a batch is bounded in its bytes too.
    pub(crate) fn weight(&self) -> usize {
        let changes = self.write.as_deref().map_or(&[][..], MemoryWrite::changes);
        let bytes = changes.iter().map(|change| {
            // The size counts an embedding, whether one comes along or not.
            let size = change.after().map_or(0, |memory| memory.size_bytes());
            usize::try_from(size).unwrap_or(usize::MAX).saturating_add(ROW_BYTES)
        });
        let bytes = bytes.fold(0, usize::saturating_add);
        // One that is alone has to fit, whatever its size.
        (1 + bytes / COMMAND_BYTES).min(QUEUE_COMMANDS_MAX / 2)
    }
}

/// The statement that locks accounts, in the order of its parameters: columns of their keys.
pub(crate) fn account_lock(distribution: Distribution) -> &'static str {
    &texts::Texts::of(distribution).lock
}

/// Per ask: an outcome, or why there is none.
pub(crate) type Results = Vec<Result<Outcome, StoreError>>;

/// What a committed batch came to.
pub(crate) struct Done {
    pub(crate) results: Results,
    /// What was written, by account, for those who listen.
    pub(crate) posted: Vec<(Place, Arc<[Entry]>)>,
}

/// The commands of a batch and what they have in common.
struct Batch {
    /// By this the batch is recognised if its commit is in doubt.
    op: Uuid,
    begun_at: Timestamp,
    asks: Vec<Ask>,
    /// The accounts concerned, in the order of their keys.
    places: Vec<Place>,
    patience: Patience,
}

/// Why a try came to nothing.
enum Failed {
    /// Another transaction was in the way; nothing was written.
    Conflict,
    /// The connection failed before the commit was sent; nothing was written.
    Lost,
    /// The connection failed after the commit was sent.
    InDoubt(Box<Judged>),
    /// It would fail again.
    Final(StoreError),
}

impl Failed {
    /// An error before the commit was sent.
    fn before_commit(error: &tokio_postgres::Error) -> Failed {
        if failure::is_conflict(error) {
            Failed::Conflict
        } else if failure::is_disconnect(error) {
            Failed::Lost
        } else {
            tracing::warn!("a batch failed: {}", failure::told(error));
            Failed::Final(failure::told(error))
        }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Failed {
        Failed::Final(error)
    }
}

/// Runs commands to their end: all in one batch, or on shards in one batch for each bucket.
pub(crate) async fn run(node: &Node, asks: Vec<Ask>) -> Done {
    match node.distribution {
        Distribution::None => run_together(node, asks).await,
        Distribution::Citus => {
            let buckets: Vec<i32> = asks.iter().map(|ask| ask.place.bucket).collect();
            let mut done: BTreeMap<i32, _> = BTreeMap::new();
            let mut posted = Vec::new();
            for (bucket, asks) in by_bucket(asks) {
                let ran = run_together(node, asks).await;
                posted.extend(ran.posted);
                done.insert(bucket, ran.results.into_iter());
            }
            let next = |bucket| done.get_mut(&bucket).and_then(Iterator::next);
            let results = buckets.into_iter().map(next);
            let results = results.map(|result| result.unwrap_or(Err(StoreError::Unavailable)));
            Done { results: results.collect(), posted }
        }
    }
}

/// The commands of each bucket, in their order.
fn by_bucket(asks: Vec<Ask>) -> BTreeMap<i32, Vec<Ask>> {
    let mut split: BTreeMap<i32, Vec<Ask>> = BTreeMap::new();
    for ask in asks {
        split.entry(ask.place.bucket).or_default().push(ask);
    }
    split
}

async fn run_together(node: &Node, asks: Vec<Ask>) -> Done {
    let mut sound = Vec::with_capacity(asks.len());
    let mut refused: Vec<Option<StoreError>> = Vec::with_capacity(asks.len());
    for ask in asks {
        match check(&ask) {
            Ok(()) => {
                sound.push(ask);
                refused.push(None);
            }
            Err(error) => refused.push(Some(error)),
        }
    }
    let count = sound.len();
    let mut done = match Batch::of(sound, node.clock.now()) {
        Some(batch) => run_batch(node, &batch)
            .await
            .unwrap_or_else(|error| Done { results: vec![Err(error); count], posted: Vec::new() }),
        None => Done { results: Vec::new(), posted: Vec::new() },
    };
    let mut results = done.results.drain(..);
    let next = |refused: Option<StoreError>| match refused {
        Some(error) => Err(error),
        None => results.next().unwrap_or(Err(StoreError::Unavailable)),
    };
    let results = refused.into_iter().map(next).collect();
    Done { results, posted: done.posted }
}

/// Metadata are stored as JSON: what is none must not fail the commands beside it.
fn check(ask: &Ask) -> Result<(), StoreError> {
    let metadata = match &ask.command.verb {
        Verb::Record(record) => record.metadata.as_deref(),
        Verb::Reserve(reserve) => reserve.metadata.as_deref(),
        Verb::Settle(settle) => settle.metadata.as_deref(),
        Verb::Extend(_) | Verb::Release(_) | Verb::Sweep => None,
    };
    let bounded = metadata.filter(|text| text.len() <= novacore_ledger::METADATA_BYTES_MAX);
    match bounded.map(serde_json::from_str::<&RawValue>) {
        Some(Err(_)) => Err(StoreError::Internal("metadata are not JSON".into())),
        // Too long ones are refused by the ledger itself.
        Some(Ok(_)) | None => Ok(()),
    }
}

impl Batch {
    fn of(asks: Vec<Ask>, begun_at: Timestamp) -> Option<Batch> {
        let places: BTreeSet<Place> = asks.iter().map(|ask| ask.place).collect();
        let places: Vec<Place> = places.into_iter().collect();
        let (op, patience) = (Uuid::new_v4(), Patience::of(&asks));
        (!places.is_empty()).then_some(Batch { op, begun_at, asks, places, patience })
    }

    /// The bucket in which the batch is noted.
    fn bucket(&self) -> i32 {
        self.places[0].bucket
    }
}

async fn run_batch(node: &Node, batch: &Batch) -> Result<Done, StoreError> {
    let mut doubt: Option<Box<Judged>> = None;
    let mut lost = 0;
    for tries in 0..TRIES_MAX {
        if tries > 0 {
            tokio::time::sleep(PAUSE * 2_u32.pow(tries - 1)).await;
        }
        match attempt(node, batch, doubt.as_deref()).await {
            Ok(done) => {
                node.note_trouble(None);
                return Ok(done);
            }
            Err(Failed::Conflict) => tracing::debug!("a batch is tried again after a conflict"),
            Err(Failed::Lost) => lost += 1,
            Err(Failed::InDoubt(judged)) => doubt = Some(judged),
            Err(Failed::Final(error)) if doubt.is_none() => {
                node.observer.commit_failed();
                node.note_failure(&error);
                return Err(error);
            }
            // Whether it was applied is still unknown.
            Err(Failed::Final(error)) => tracing::warn!("a commit stays in doubt: {error}"),
        }
        if doubt.is_none() && lost >= LOST_TRIES_MAX {
            break;
        }
    }
    node.observer.commit_failed();
    node.note_trouble(Some(StoreError::Unavailable));
    match doubt {
        Some(_) => tracing::error!("a batch of {} commands is in doubt", batch.asks.len()),
        None => tracing::warn!("a batch of {} commands was not committed", batch.asks.len()),
    }
    Err(StoreError::Unavailable)
}

async fn attempt(node: &Node, batch: &Batch, doubt: Option<&Judged>) -> Result<Done, Failed> {
    let client = node.writers.get().await.map_err(|error| match error {
        StoreError::Unavailable => Failed::Lost,
        other => Failed::Final(other),
    })?;
    let done = transact(node, &client, batch, doubt).await;
    match &done {
        Ok(_) => {}
        Err(Failed::Conflict | Failed::Final(_)) => end(client).await,
        Err(Failed::Lost | Failed::InDoubt(_)) => Pool::discard(client),
    }
    done
}

/// Ends a transaction that failed, and with it its locks.
async fn end(client: Client) {
    if !matches!(timeout(ANSWER, client.batch_execute("ROLLBACK")).await, Ok(Ok(()))) {
        Pool::discard(client);
    }
}

async fn transact(
    node: &Node,
    client: &Client,
    batch: &Batch,
    doubt: Option<&Judged>,
) -> Result<Done, Failed> {
    let loading = load::load(node, client, batch, doubt.is_some());
    let patience = batch.patience.answer();
    let loaded = timeout(patience, loading).await.map_err(|_| Failed::Lost)??;
    if let (true, Some(judged)) = (loaded.is_committed, doubt) {
        end_reading(client).await?;
        return Ok(Done::of(judged.results.clone(), judged.postings.clone(), batch));
    }
    if doubt.is_some() && loaded.clocks.after > batch.begun_at.plus_seconds(DOUBT_S_MAX) {
        // This process stood still so long that what was remembered of the batch may be gone.
        return Err(Failed::Final(StoreError::Unavailable));
    }
    node.check_clock(loaded.clocks)?;
    let judged = judge::judge(batch, &loaded)?;
    if judged.postings.is_empty() && judged.shelved.is_empty() {
        end_reading(client).await?;
        node.places.note_rows(&batch.places);
        return Ok(Done::of(judged.results, judged.postings, batch));
    }
    let (begun, judged) = (Instant::now(), Box::new(judged));
    let writing = write::write(client, batch, &judged, node.distribution);
    match timeout(patience, writing).await {
        Ok(Ok(())) => {}
        Ok(Err(write::Failed::Before(error))) => return Err(Failed::before_commit(&error)),
        Ok(Err(write::Failed::InDoubt)) | Err(_) => return Err(Failed::InDoubt(judged)),
    }
    node.places.note_rows(&batch.places);
    node.count_entries(judged.entries() as u64);
    node.observer.committed(batch.asks.len(), judged.entries(), begun.elapsed());
    let Judged { results, postings, .. } = *judged;
    Ok(Done::of(results, postings, batch))
}

/// Commits a transaction that wrote nothing: at most it made rows for accounts.
async fn end_reading(client: &Client) -> Result<(), Failed> {
    let ended = timeout(ANSWER, client.batch_execute("COMMIT")).await;
    ended.map_err(|_| Failed::Lost)?.map_err(|_| Failed::Lost)
}

impl Judged {
    fn entries(&self) -> usize {
        self.postings.iter().map(|posting| posting.entries.len()).sum()
    }
}

impl Done {
    fn of(results: Results, postings: Vec<Posting>, batch: &Batch) -> Done {
        let mut by_user: HashMap<UserId, Vec<Entry>> = HashMap::new();
        for posting in postings {
            by_user.entry(posting.user).or_default().extend(posting.entries);
        }
        let posted = batch.places.iter().filter_map(|place| {
            let entries = by_user.remove(&place.user)?.into();
            Some((*place, entries))
        });
        Done { posted: posted.collect(), results }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use novacore_memory::Term;
    use novacore_store::memories::{Cause, MemoryChange, Trace};
    use novacore_vocab::{MemoryId, OrgId};

    #[test]
    fn rows_that_go_weigh_too_and_whatever_is_alone_fits() {
        let place = Place { bucket: 0, user: UserId(Uuid::nil()), org: OrgId(Uuid::nil()) };
        let weight = |rows: u128| {
            let remove = |number| {
                let id = MemoryId(Uuid::from_u128(number));
                let before =
                    Trace { id, revision: 1, term: Term::Ltm, size_bytes: 2_000, text_bytes: 9 };
                MemoryChange::Remove { before }
            };
            let changes = (0..rows).map(remove).collect();
            Ask::of_memories(place, MemoryWrite::new(changes, None, Cause::Forget, None)).weight()
        };
        assert_eq!([0, 1, 4_000, 1_000_000].map(weight), [1, 1, 1_001, QUEUE_COMMANDS_MAX / 2]);
    }
}
