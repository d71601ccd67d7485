//! A month's entries, folded into the openings of their accounts.
//!
//! Invariant: memory is bounded by a page of entries, one account, and what was recorded after the
//! month and counts in it.

use super::{DetachError, Month, Opening, opening};
use crate::{
    column::At,
    ledger::{
        entry::{self, version_no},
        place::Place,
    },
    verify::recount::Recount,
};
use novacore_ledger::{Entry, Hold, HoldStatus, Policy};
use novacore_vocab::{OrgId, UserId, Version};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

/// Entries that are read at once.
const PAGE_ROWS: i32 = 2_000;

/// What a month came to.
#[derive(Debug, Default)]
pub(super) struct Folded {
    /// Entries that were read: what counts in the month, and what counts before it and was recorded
    /// later than that.
    pub(super) read: i64,
    /// Those that go.
    pub(super) entries: i64,
    /// Of how many accounts.
    pub(super) accounts: i64,
    /// Those that were recorded later, and stay.
    pub(super) stay: Keys,
}

/// Keys of entries, column by column.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) buckets: Vec<i32>,
    pub(super) users: Vec<Uuid>,
    pub(super) versions: Vec<i64>,
}

/// An account whose entries are being read.
struct Current {
    place: Place,
    recount: Recount,
    entries: i64,
    /// Holds that entries concern which stay.
    followed: BTreeSet<Version>,
}

struct Fold<'a> {
    policy: &'a Arc<Policy>,
    month: Month,
    openings: HashMap<UserId, Opening>,
    current: Option<Current>,
    /// Not stored yet.
    done: Vec<(Place, Opening)>,
    folded: Folded,
}

/// Folds what was recorded until the end of a month; everything of earlier months is gone already.
pub(super) async fn fold(
    tx: &Transaction<'_>,
    policy: &Arc<Policy>,
    month: Month,
) -> Result<Folded, DetachError> {
    // An entry never counts later than it is recorded. The keys give the order.
    let sql = format!(
        "SELECT {}, l.id, l.bucket, l.user_id FROM usage_ledger l WHERE l.counted_at < $1 \
         ORDER BY l.bucket, l.user_id, l.version",
        entry::COLUMNS
    );
    let portal = tx.bind(sql.as_str(), &[&At(month.until())]).await?;
    let mut fold = Fold {
        policy,
        month,
        openings: HashMap::new(),
        current: None,
        done: Vec::new(),
        folded: Folded::default(),
    };
    loop {
        let rows = tx.query_portal(&portal, PAGE_ROWS).await?;
        let mut places: Vec<Place> = rows.iter().map(place_of).collect();
        places.dedup();
        fold.openings = opening::read(tx, &places).await?;
        for row in &rows {
            fold.take(row)?;
        }
        let is_last = rows.len() < PAGE_ROWS as usize;
        if is_last {
            fold.finish()?;
        }
        opening::put(tx, month.until(), &fold.done).await?;
        fold.done.clear();
        if is_last {
            return Ok(fold.folded);
        }
    }
}

fn place_of(row: &Row) -> Place {
    let (bucket, user) = (row.get(entry::COLUMNS_COUNT + 1), row.get(entry::COLUMNS_COUNT + 2));
    // The organisation plays no part in what is folded.
    Place { bucket, user: UserId(user), org: OrgId(user) }
}

impl Fold<'_> {
    fn take(&mut self, row: &Row) -> Result<(), DetachError> {
        let (place, read) = (place_of(row), entry::read(row, 0)?);
        self.folded.read += 1;
        let mut current = match self.current.take() {
            Some(current) if current.place == place => current,
            other => {
                self.current = other;
                self.finish()?;
                self.begin(place)
            }
        };
        if read.recorded_at < self.month.until() {
            current.fold(&read, row.get(entry::COLUMNS_COUNT))?;
            self.folded.entries += 1;
        } else {
            current.followed.extend(read.hold);
            let stay = &mut self.folded.stay;
            stay.buckets.push(place.bucket);
            stay.users.push(place.user.0);
            stay.versions.push(version_no(read.version));
        }
        self.current = Some(current);
        Ok(())
    }

    fn begin(&mut self, place: Place) -> Current {
        let mut recount = Recount::new(place, self.policy.clone());
        if let Some(opening) = self.openings.remove(&place.user) {
            recount.begin(opening);
        }
        Current { place, recount, entries: 0, followed: BTreeSet::new() }
    }

    /// Ends the account in hand. One of which nothing goes keeps the opening that it has.
    fn finish(&mut self) -> Result<(), DetachError> {
        let Some(current) = self.current.take().filter(|current| current.entries > 0) else {
            return Ok(());
        };
        self.folded.accounts += 1;
        self.done.push((current.place, current.opening(self.month)?));
        Ok(())
    }
}

impl Current {
    fn fold(&mut self, read: &Entry, id: Uuid) -> Result<(), DetachError> {
        self.entries += 1;
        let folded = self.recount.fold(read, id);
        // What ended for good was compared by nobody; here it only has to be forgotten.
        self.recount.take_ended();
        folded.map_err(|why| self.broken(read.version, why))
    }

    fn broken(&self, version: Version, why: String) -> DetachError {
        DetachError::Broken { user: self.place.user, version, why }
    }

    fn opening(self, month: Month) -> Result<Opening, DetachError> {
        let is_followed = |hold: &&Hold| self.followed.contains(&hold.version);
        let endless = self.recount.state.holds.values().filter(|hold| !is_followed(hold));
        if let Some(hold) = { endless }.find(|hold| hold.status == HoldStatus::Open) {
            return Err(self.broken(hold.version, "its reservation never ends".to_owned()));
        }
        let state = &self.recount.state;
        Ok(Opening {
            version: state.version,
            last_at: state.last_at,
            until: month.until(),
            meters: state.meters.clone(),
            holds: state.holds.values().filter(is_followed).cloned().collect(),
        })
    }
}
