//! Writes of the work behind users: embeddings that were computed, and reads that were noted.
//!
//! Invariant: an embedding is a change of its row, so it is stored under the lock of the account,
//! with the head, in one commit. A commit in doubt is told as such and may be repeated: the rows
//! then get further numbers and are otherwise the same.
//! Invariant: a read changes nothing that a change rests on, so it is noted under the lock of the
//! row alone, and nobody who reads keeps a batch waiting.

use super::{
    row::{read_head, read_revision},
    tables::MemoryTables,
    texts::Texts,
};
use crate::{
    address::BY_KEY,
    directory::work::{Failed, Work, commit},
    distribution::Distribution,
    failure,
    ledger::{
        Node, account_lock,
        place::{Keys, Place},
    },
};
use async_trait::async_trait;
use novacore_store::{
    error::StoreError,
    memories::{MemoryHead, NewEmbedding, NewReads},
};
use novacore_vocab::{MemoryId, UserId};
use std::collections::{BTreeMap, HashMap};
use tokio_postgres::Transaction;
use uuid::Uuid;

/// Most rows of one transaction.
const ROWS_MAX: usize = 1_000;

/// Stores embeddings; how many.
pub(super) async fn store(node: &Node, new: Vec<NewEmbedding>) -> Result<usize, StoreError> {
    let mut stored = 0;
    let placed = with_places(node, new, |one| one.place.user).await?;
    for rows in groups(node.distribution, placed) {
        let work = Embed { distribution: node.distribution, rows };
        stored += commit(&node.pool, &work).await?;
    }
    Ok(stored)
}

/// Adds reads to what is stored of them.
pub(super) async fn note(node: &Node, reads: Vec<NewReads>) -> Result<(), StoreError> {
    // A row is written once, whatever the number of reads.
    let mut by_place = BTreeMap::new();
    for one in reads {
        let sum =
            by_place.entry(one.place).or_insert(NewReads { access: Default::default(), ..one });
        sum.access = sum.access.plus(one.access);
    }
    let reads: Vec<NewReads> = by_place.into_values().collect();
    let placed = with_places(node, reads, |one| one.place.user).await?;
    for rows in groups(node.distribution, placed) {
        commit(&node.pool, &Note { distribution: node.distribution, rows }).await?;
    }
    Ok(())
}

/// Each with the place of its user; those of users who are not there are passed over.
async fn with_places<T>(
    node: &Node,
    all: Vec<T>,
    user: fn(&T) -> UserId,
) -> Result<Vec<(Place, T)>, StoreError> {
    let users: Vec<UserId> = all.iter().map(user).collect();
    let places = node.places.find_all(&node.pool, &users).await?;
    Ok(all.into_iter().filter_map(|one| Some((*places.get(&user(&one))?, one))).collect())
}

/// In the order of places, as many as a transaction takes, and on shards of one bucket.
fn groups<T>(distribution: Distribution, mut all: Vec<(Place, T)>) -> Vec<Vec<(Place, T)>> {
    all.sort_by_key(|(place, _)| *place);
    let mut groups: Vec<Vec<(Place, T)>> = Vec::new();
    for (place, one) in all {
        let fits = |group: &&mut Vec<(Place, T)>| {
            let same = match distribution {
                Distribution::None => true,
                Distribution::Citus => group[0].0.bucket == place.bucket,
            };
            same && group.len() < ROWS_MAX
        };
        match groups.last_mut().filter(fits) {
            Some(group) => group.push((place, one)),
            None => groups.push(vec![(place, one)]),
        }
    }
    groups
}

/// The keys of rows, in the order in which they are locked.
fn keys(of: impl Iterator<Item = (Place, MemoryId)>) -> Keys<Uuid> {
    Keys::of(of.map(|(place, id)| (place, id.0)).collect())
}

async fn write(
    tx: &Transaction<'_>,
    tables: &MemoryTables,
    distribution: Distribution,
) -> Result<(), Failed> {
    for (sql, params) in tables.statements(distribution) {
        tx.execute(sql, &params).await?;
    }
    Ok(())
}

struct Embed {
    distribution: Distribution,
    rows: Vec<(Place, NewEmbedding)>,
}

/// What is stored of the rows that are named.
struct Stored {
    revisions: HashMap<(UserId, MemoryId), u64>,
    heads: HashMap<UserId, MemoryHead>,
}

impl Embed {
    /// Locks the accounts, then reads.
    async fn load(&self, tx: &Transaction<'_>) -> Result<Stored, Failed> {
        tx.batch_execute(BY_KEY).await?;
        let texts = Texts::of(self.distribution);
        let places = self.rows.iter().map(|(place, new)| (*place, new.place.id));
        let (named, accounts) =
            (keys(places.clone()), Keys::of(places.map(|at| (at.0, ())).collect()));
        let accounts: [&(dyn tokio_postgres::types::ToSql + Sync); 2] =
            [self.distribution.buckets(&accounts.buckets), &accounts.users];
        tx.query(account_lock(self.distribution), &accounts).await?;
        let rows = tx.query(&texts.lock, &named.params(self.distribution)).await?;
        let revision = |row: &tokio_postgres::Row| {
            Ok(((UserId(row.get(0)), MemoryId(row.get(1))), read_revision(row, 2)?))
        };
        let revisions = rows.iter().map(revision).collect::<Result<_, StoreError>>()?;
        let rows = tx.query(&texts.heads, &accounts).await?;
        let head = |row: &tokio_postgres::Row| Ok((UserId(row.get(0)), read_head(row, 1)?));
        let heads = rows.iter().map(head).collect::<Result<_, StoreError>>()?;
        Ok(Stored { revisions, heads })
    }
}

#[async_trait]
impl Work for Embed {
    type Done = usize;

    async fn run(&self, tx: &Transaction<'_>) -> Result<usize, Failed> {
        let Stored { revisions, mut heads } = self.load(tx).await?;
        // Of several for one memory the last is kept, with the last of their numbers.
        let mut last: BTreeMap<(Place, MemoryId), (u64, &NewEmbedding)> = BTreeMap::new();
        let mut stored = 0;
        for (place, new) in &self.rows {
            let user = place.user;
            if revisions.get(&(user, new.place.id)) == Some(&new.revision) {
                let missing = || failure::damaged("memory_head", "it is missing");
                let head = heads.get_mut(&user).ok_or_else(missing)?;
                head.change_no += 1;
                last.insert((*place, new.place.id), (head.change_no, new));
                stored += 1;
            }
        }
        let mut tables = MemoryTables::default();
        let mut changed: BTreeMap<Place, MemoryHead> = BTreeMap::new();
        for ((place, id), (change_no, new)) in last {
            tables.add_computed(place, id, change_no, &new.embedded);
            changed.extend(heads.get(&place.user).map(|head| (place, *head)));
        }
        for (place, head) in &changed {
            tables.add_head(*place, head);
        }
        write(tx, &tables, self.distribution).await?;
        Ok(stored)
    }
}

struct Note {
    distribution: Distribution,
    rows: Vec<(Place, NewReads)>,
}

#[async_trait]
impl Work for Note {
    type Done = ();

    async fn run(&self, tx: &Transaction<'_>) -> Result<(), Failed> {
        tx.batch_execute(BY_KEY).await?;
        let named = keys(self.rows.iter().map(|(place, reads)| (*place, reads.place.id)));
        let lock = &Texts::of(self.distribution).lock;
        tx.query(lock, &named.params(self.distribution)).await?;
        let mut tables = MemoryTables::default();
        for (place, reads) in &self.rows {
            tables.add_reads(*place, reads);
        }
        write(tx, &tables, self.distribution).await
    }
}
