//! Where accounts lie, as far as this node knows.
//!
//! Invariant: what is remembered never changes: a user's organisation is fixed, and the row of an
//! account is never removed.

use super::reads::query;
use crate::{bucket::bucket_of, distribution::Distribution, failure, pool::Pool};
use novacore_store::error::StoreError;
use novacore_vocab::{Account, OrgId, UserId};
use parking_lot::RwLock;
use std::collections::HashMap;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// Most places that are remembered; beyond that all are forgotten and looked up again.
const PLACES_MAX: usize = 1_000_000;

const FIND: &str =
    "SELECT user_id, org_id, bucket FROM account_place WHERE user_id = ANY($1::uuid[])";

/// Where an account lies. Ordered like the keys of the tables, in which locks are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) bucket: i32,
    pub(crate) user: UserId,
    pub(crate) org: OrgId,
}

impl Place {
    pub(crate) fn account(self) -> Account {
        Account { org: self.org, user: self.user }
    }
}

/// Keys below an account, column by column.
pub(crate) struct Keys<K> {
    pub(crate) buckets: Vec<i32>,
    pub(crate) users: Vec<Uuid>,
    pub(crate) keys: Vec<K>,
}

impl<K: Ord> Keys<K> {
    /// In the order in which rows are locked, each once.
    pub(crate) fn of(mut all: Vec<(Place, K)>) -> Keys<K> {
        all.sort();
        all.dedup();
        let mut keys = Keys { buckets: Vec::new(), users: Vec::new(), keys: Vec::new() };
        for (place, key) in all {
            keys.buckets.push(place.bucket);
            keys.users.push(place.user.0);
            keys.keys.push(key);
        }
        keys
    }
}

impl<K> Keys<K>
where
    Vec<K>: ToSql + Sync,
{
    /// The parameters of a statement about them.
    pub(crate) fn params(&self, distribution: Distribution) -> [&(dyn ToSql + Sync); 3] {
        [distribution.buckets(&self.buckets), &self.users, &self.keys]
    }
}

#[derive(Clone, Copy, Debug)]
struct Known {
    place: Place,
    /// Whether the account has its row.
    has_row: bool,
}

/// The places that are known.
#[derive(Debug, Default)]
pub(crate) struct Places {
    known: RwLock<HashMap<UserId, Known>>,
}

impl Places {
    /// Where a user's account lies.
    pub(crate) async fn find(&self, pool: &Pool, user: UserId) -> Result<Place, StoreError> {
        let found = self.find_all(pool, &[user]).await?;
        found.get(&user).copied().ok_or(StoreError::NotFound("user"))
    }

    /// Where the accounts of these users lie; those that there are.
    pub(crate) async fn find_all(
        &self,
        pool: &Pool,
        users: &[UserId],
    ) -> Result<HashMap<UserId, Place>, StoreError> {
        let mut places = HashMap::with_capacity(users.len());
        let mut unknown: Vec<Uuid> = Vec::new();
        {
            let known = self.known.read();
            for user in users {
                match known.get(user) {
                    Some(known) => drop(places.insert(*user, known.place)),
                    None => unknown.push(user.0),
                }
            }
        }
        if !unknown.is_empty() {
            for place in look_up(pool, &unknown).await? {
                self.remember(place);
                places.insert(place.user, place);
            }
        }
        Ok(places)
    }

    fn remember(&self, place: Place) {
        let mut known = self.known.write();
        if known.len() >= PLACES_MAX {
            known.clear();
        }
        known.entry(place.user).or_insert(Known { place, has_row: false });
    }

    /// Those of these accounts that may lack their row.
    pub(crate) fn without_row(&self, places: &[Place]) -> Vec<Place> {
        let known = self.known.read();
        let has_row = |place: &Place| known.get(&place.user).is_some_and(|known| known.has_row);
        places.iter().filter(|place| !has_row(place)).copied().collect()
    }

    /// These accounts have their rows, for good.
    pub(crate) fn note_rows(&self, places: &[Place]) {
        let mut known = self.known.write();
        for place in places {
            if let Some(known) = known.get_mut(&place.user) {
                known.has_row = true;
            }
        }
    }

    /// How many are known.
    pub(crate) fn len(&self) -> usize {
        self.known.read().len()
    }
}

async fn look_up(pool: &Pool, users: &[Uuid]) -> Result<Vec<Place>, StoreError> {
    let read = |row: &tokio_postgres::Row| {
        let place = Place { user: UserId(row.get(0)), org: OrgId(row.get(1)), bucket: row.get(2) };
        if place.bucket == bucket_of(place.org) {
            Ok(place)
        } else {
            Err(failure::damaged("account_place", format!("{} is misplaced", place.user)))
        }
    };
    query(pool, FIND, &[&users]).await?.iter().map(read).collect()
}
