//! One account counted again from its entries.
//!
//! Invariant: memory is bounded by what is open, expired or rolled up, not by the number of
//! entries: a hold that nothing can follow is compared and dropped.

use super::{VerifyReport, Wrong};
use crate::{
    ledger::{entry, hold, place::Place},
    pool::Client,
    retention::Opening,
};
use novacore_ledger::{AccountState, Entry, EntryKind, Hold, HoldStatus, Policy, Profile};
use novacore_store::{book::kind_of, ledger::ENTRY_PAGE_ROWS_MAX};
use novacore_vocab::{EntryId, ResourceKind, ResourceName, TierName, Version, Window};
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};
use uuid::Uuid;

/// What a day adds up to: its amount, and of a level where it closes.
pub(crate) type Day = (i64, Option<i64>);

pub(crate) struct Recount {
    place: Place,
    policy: Arc<Policy>,
    pub(crate) state: AccountState,
    pub(crate) days: BTreeMap<(ResourceName, i64), Day>,
    pub(crate) corrections: BTreeMap<Version, i64>,
    /// Holds that ended for good since they were last compared.
    ended: Vec<Hold>,
    pub(super) ended_count: i64,
    /// Where it began, if not with the first entry.
    pub(crate) opening: Option<Opening>,
    /// An entry did not follow from those before it.
    pub(crate) is_broken: bool,
}

impl Recount {
    pub(crate) fn new(place: Place, policy: Arc<Policy>) -> Recount {
        let tier = TierName::parse("none").expect("a valid name");
        // Nothing is judged here, so it does not matter by which profile.
        let profile = Profile { tier, overrides: Vec::new() };
        Recount {
            place,
            policy,
            state: AccountState::new(place.account(), profile),
            days: BTreeMap::new(),
            corrections: BTreeMap::new(),
            ended: Vec::new(),
            ended_count: 0,
            opening: None,
            is_broken: false,
        }
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Goes on from the end of the detached months, instead of beginning with the first entry.
    pub(crate) fn begin(&mut self, opening: Opening) {
        self.state.version = opening.version;
        self.state.last_at = opening.last_at;
        self.state.meters = opening.meters.clone();
        opening.holds.iter().cloned().for_each(|hold| self.state.insert_hold(hold));
        self.opening = Some(opening);
    }

    /// Folds all entries; `false` if one does not follow from those before it.
    pub(super) async fn run(
        &mut self,
        client: &Client,
        report: &mut VerifyReport,
    ) -> Result<bool, Wrong> {
        while self.fold_page(client, report).await? {
            self.compare_ended(client, report).await?;
        }
        Ok(!self.is_broken)
    }

    /// Holds that ended for good since this was last asked.
    pub(crate) fn take_ended(&mut self) -> Vec<Hold> {
        std::mem::take(&mut self.ended)
    }

    /// Folds the next page; `false` if there is none, or if an entry does not follow.
    pub(crate) async fn fold_page(
        &mut self,
        client: &Client,
        report: &mut VerifyReport,
    ) -> Result<bool, Wrong> {
        let sql = format!(
            "SELECT {}, l.id FROM usage_ledger l WHERE bucket = $1 AND user_id = $2 \
             AND version > $3 ORDER BY version LIMIT $4",
            entry::COLUMNS
        );
        let page = client.prepare_cached(&sql).await?;
        let rows_max = ENTRY_PAGE_ROWS_MAX as i64;
        let after = entry::version_no(self.state.version);
        let (bucket, user) = (&self.place.bucket, &self.place.user.0);
        let rows = client.query(&page, &[bucket, user, &after, &rows_max]).await?;
        for row in &rows {
            let read = entry::read(row, 0)?;
            report.entries += 1;
            if let Err(why) = self.fold(&read, row.get(entry::COLUMNS_COUNT)) {
                report.note(format!("{} entry {}: {why}", self.place.user, read.version));
                self.is_broken = true;
                return Ok(false);
            }
        }
        Ok(!rows.is_empty())
    }

    /// Folds one entry, or says why it does not follow.
    pub(crate) fn fold(&mut self, entry: &Entry, id: Uuid) -> Result<(), String> {
        if entry.version != self.state.version.next() {
            return Err(format!("it follows version {}", self.state.version));
        }
        if entry.recorded_at < self.state.last_at {
            return Err("it is older than the one before".to_owned());
        }
        if id != EntryId::of(self.place.user, entry.version, entry.recorded_at).0 {
            return Err("its id is not its own".to_owned());
        }
        let kind = kind_of(&self.policy, &entry.resource);
        let apply = AssertUnwindSafe(|| self.state.apply(entry, kind));
        catch_unwind(apply).map_err(|_| "it does not follow from those before".to_owned())?;
        // What was corrected of an entry is forgotten with the entry.
        let begun = self.opening.as_ref().map_or(Version(0), |opening| opening.version);
        let corrects = entry.corrects.filter(|version| *version > begun);
        if let (EntryKind::Correction, Some(version)) = (entry.kind, corrects) {
            *self.corrections.entry(version).or_default() -= entry.amount;
        }
        self.roll_up(entry, kind);
        self.drop_ended(entry);
        Ok(())
    }

    fn roll_up(&mut self, entry: &Entry, kind: ResourceKind) {
        if entry.amount == 0 {
            return;
        }
        let (at, closing) = match kind {
            ResourceKind::Flow => (entry.occurred_at, None),
            ResourceKind::Level => {
                let now = entry.recorded_at;
                (now, Some(self.state.totals(&entry.resource, Window::Lifetime, now).0))
            }
        };
        let day = self.days.entry((entry.resource.clone(), at.day_number())).or_default();
        *day = (day.0 + entry.amount, closing);
    }

    /// A late settle may follow an expiry; nothing follows the other ends.
    fn drop_ended(&mut self, entry: &Entry) {
        let Some(version) = entry.hold else { return };
        let has_ended = self.state.holds.get(&version).is_some_and(|hold| match hold.status {
            HoldStatus::Settled | HoldStatus::Released | HoldStatus::SettledLate => true,
            HoldStatus::Open | HoldStatus::Expired => false,
        });
        if has_ended {
            self.ended.extend(self.state.holds.remove(&version));
            self.ended_count += 1;
        }
    }

    async fn compare_ended(
        &mut self,
        client: &Client,
        report: &mut VerifyReport,
    ) -> Result<(), Wrong> {
        let ended = self.take_ended();
        compare_ended(client, self.place, &ended, report).await
    }
}

/// Compares holds that have ended with their rows.
pub(super) async fn compare_ended(
    client: &Client,
    place: Place,
    ended: &[Hold],
    report: &mut VerifyReport,
) -> Result<(), Wrong> {
    const STORED: &str = "SELECT version, reserved_at, expires_at, on_expiry, amounts::text, \
         status FROM ended_hold WHERE bucket = $1 AND user_id = $2 AND version = ANY($3)";
    if ended.is_empty() {
        return Ok(());
    }
    let versions: Vec<i64> = ended.iter().map(|hold| entry::version_no(hold.version)).collect();
    let stored = client.prepare_cached(STORED).await?;
    let rows = client.query(&stored, &[&place.bucket, &place.user.0, &versions]).await?;
    let stored = rows.iter().map(|row| hold::read(row, 0)).collect::<Result<Vec<_>, _>>()?;
    let stored: BTreeMap<Version, Hold> =
        stored.into_iter().map(|hold| (hold.version, hold)).collect();
    for hold in ended.iter().filter(|hold| stored.get(&hold.version) != Some(*hold)) {
        report.note(format!("{} hold {} is not as its entries say", place.user, hold.version));
    }
    Ok(())
}
