//! What a batch writes, table by table and column by column.
//!
//! Invariant: one statement per table, whatever the number of rows; rows that are empty need none.
//! Invariant: a row is written once per batch: amounts of a day are added up before.

use super::{
    Batch,
    judge::{Changed, Judged},
};
use crate::{
    column::At,
    columns::{Sql, table},
    directory::{APPEND_AUDIT, NewAudit},
    distribution::Distribution,
    ledger::{
        entry::{flag_bits, kind_no, source_no, version_no},
        hold::{on_expiry_no, status_no},
        place::Place,
        text::{answer_text, head_text, held_text},
    },
    memories::tables::MemoryTables,
};
use novacore_ledger::{Entry, EntryKind, Hold, HoldStatus, KeyRecord, Policy};
use novacore_store::{book::kind_of, stored::crossing_text};
use novacore_vocab::{EntryId, ResourceKind, ResourceName, UserId, Version, Window};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

table! {
    /// Entries.
    Ledger {
        bucket: i32, user_id: Uuid, version: i64, counted_at: At, timestamp: At, occurred_at: At,
        expires_at: Option<At>, amount: i64, held: i64, hold_id: Option<i64>,
        corrects: Option<i64>, id: Uuid, kind: i16, source: i16, flags: i16,
        resource_type: String, idempotency_key: Option<String>, crossing: Option<String>,
        metadata: Option<String>,
    }
    |given| given.insert("usage_ledger", &[("crossing", "json"), ("metadata", "json")], "")
}

table! {
    /// Counters.
    Accounts {
        bucket: i32, user_id: Uuid, version: i64, last_at: At, open_holds: i32,
        next_due: Option<At>, head: String,
    }
    |given| format!(
        "UPDATE account SET version = n.version, last_at = n.last_at, \
         open_holds = n.open_holds, next_due = n.next_due, head = n.head::json \
         FROM {} WHERE {}",
        given.rows(), given.looked_up("account", &[])
    )
}

table! {
    /// Holds that are open after the batch.
    OpenHolds {
        bucket: i32, user_id: Uuid, version: i64, reserved_at: At, expires_at: At, on_expiry: i16,
        amounts: String,
    }
    |given| given.insert(
        "hold",
        &[("amounts", "json")],
        "ON CONFLICT (bucket, user_id, version) DO UPDATE \
         SET expires_at = excluded.expires_at, amounts = excluded.amounts",
    )
}

table! {
    /// Holds that were stored as open and have ended.
    ClosedHolds { bucket: i32, user_id: Uuid, version: i64 }
    |given| {
        let key = given.looked_up("hold", &["version"]);
        format!("DELETE FROM hold USING {} WHERE {key}", given.rows())
    }
}

table! {
    /// Holds that have ended, or have been settled late.
    EndedHolds {
        bucket: i32, user_id: Uuid, version: i64, reserved_at: At, expires_at: At, on_expiry: i16,
        amounts: String, status: i16,
    }
    |given| given.insert(
        "ended_hold",
        &[("amounts", "json")],
        "ON CONFLICT (bucket, user_id, version) DO UPDATE \
         SET amounts = excluded.amounts, status = excluded.status",
    )
}

table! {
    /// What corrections took back of an entry.
    Corrections { bucket: i32, user_id: Uuid, version: i64, corrected: i64 }
    |given| given.insert(
        "correction",
        &[],
        "ON CONFLICT (bucket, user_id, version) DO UPDATE \
         SET corrected = correction.corrected + excluded.corrected",
    )
}

table! {
    /// Keys with their first answers.
    Keys {
        bucket: i32, user_id: Uuid, key: String, fingerprint: Vec<u8>, answer: String,
        recorded_at: At,
    }
    |given| given.insert("idempotency", &[("answer", "json")], "")
}

table! {
    /// What the days add up to.
    Days {
        bucket: i32, user_id: Uuid, resource_type: String, day: i32, amount: i64,
        closing: Option<i64>,
    }
    |given| given.insert(
        "usage_day",
        &[],
        "ON CONFLICT (bucket, user_id, resource_type, day) DO UPDATE \
         SET amount = usage_day.amount + excluded.amount, closing = excluded.closing",
    )
}

table! {
    /// The batch itself.
    Ops { bucket: i32, op_id: Uuid, written_at: At }
    |given| given.insert("batch_op", &[], "")
}

/// Everything that a batch writes.
#[derive(Default)]
pub(super) struct Tables {
    ledger: Ledger,
    accounts: Accounts,
    open_holds: OpenHolds,
    closed_holds: ClosedHolds,
    ended_holds: EndedHolds,
    corrections: Corrections,
    keys: Keys,
    days: Days,
    ops: Ops,
    memories: MemoryTables,
    audits: Vec<NewAudit>,
}

impl Tables {
    pub(super) fn of(batch: &Batch, judged: &Judged) -> Tables {
        let mut tables = Tables::default();
        let mut by_user: HashMap<UserId, Vec<&Entry>> = HashMap::new();
        let places: HashMap<UserId, Place> =
            batch.places.iter().map(|place| (place.user, *place)).collect();
        for posting in &judged.postings {
            let Some(place) = places.get(&posting.user) else { continue };
            let mut key = posting.key.as_deref();
            for entry in &posting.entries {
                tables.ledger.push(ledger_row(*place, entry, key.take()));
            }
            if let Some(key) = &posting.key {
                tables.keys.push(key_row(*place, key));
            }
            by_user.entry(posting.user).or_default().extend(&posting.entries);
        }
        for place in &batch.places {
            let written = by_user.get(&place.user).zip(judged.accounts.get(&place.user));
            if let Some((entries, changed)) = written {
                tables.add_account(*place, changed, entries);
                tables.add_corrections(*place, entries);
                tables.add_days(*place, changed, entries, &judged.policy);
            }
        }
        tables.memories = judged.shelved.tables(batch);
        let audits = judged.shelved.audits(batch);
        tables.audits = audits.map(|audit| NewAudit::of(audit, None)).collect();
        tables.ops.push((batch.bucket(), batch.op, At(judged.now)));
        tables
    }

    /// The row of an account that changes, and its holds.
    fn add_account(&mut self, place: Place, changed: &Changed, entries: &[&Entry]) {
        let state = &changed.state;
        self.accounts.push((
            place.bucket,
            place.user.0,
            version_no(state.version),
            At(state.last_at),
            i32::try_from(state.open_holds()).unwrap_or(i32::MAX),
            changed.next_due.map(At),
            head_text(&state.meters),
        ));
        let concerned = entries.iter().filter_map(|entry| entry.hold);
        for version in concerned.collect::<BTreeSet<Version>>() {
            if let Some(hold) = state.holds.get(&version) {
                self.add_hold(place, hold);
            }
        }
    }

    fn add_hold(&mut self, place: Place, hold: &Hold) {
        let (bucket, user) = (place.bucket, place.user.0);
        let version = version_no(hold.version);
        let (reserved_at, expires_at) = (At(hold.reserved_at), At(hold.expires_at));
        let (on_expiry, amounts) = (on_expiry_no(hold.on_expiry), held_text(&hold.amounts));
        if hold.status == HoldStatus::Open {
            let row = (bucket, user, version, reserved_at, expires_at, on_expiry, amounts);
            self.open_holds.push(row);
        } else {
            self.closed_holds.push((bucket, user, version));
            let status = status_no(hold.status);
            let row = (bucket, user, version, reserved_at, expires_at, on_expiry, amounts, status);
            self.ended_holds.push(row);
        }
    }

    fn add_corrections(&mut self, place: Place, entries: &[&Entry]) {
        let mut sums: BTreeMap<Version, i64> = BTreeMap::new();
        for entry in entries {
            if let (EntryKind::Correction, Some(version)) = (entry.kind, entry.corrects) {
                *sums.entry(version).or_default() -= entry.amount;
            }
        }
        for (version, corrected) in sums {
            self.corrections.push((place.bucket, place.user.0, version_no(version), corrected));
        }
    }

    /// A flow is rolled up by when it occurred, a level by when it was recorded.
    fn add_days(&mut self, place: Place, changed: &Changed, entries: &[&Entry], policy: &Policy) {
        let mut days: BTreeMap<(&ResourceName, i64), i64> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| entry.amount != 0) {
            let at = match kind_of(policy, &entry.resource) {
                ResourceKind::Flow => entry.occurred_at,
                ResourceKind::Level => entry.recorded_at,
            };
            *days.entry((&entry.resource, at.day_number())).or_default() += entry.amount;
        }
        let state = &changed.state;
        for ((resource, day), amount) in days {
            // Entries of one batch have one time, and times ascend: the level now closes this day.
            let closing = match kind_of(policy, resource) {
                ResourceKind::Flow => None,
                ResourceKind::Level => {
                    Some(state.totals(resource, Window::Lifetime, state.last_at).0)
                }
            };
            let name = resource.as_str().to_owned();
            self.days.push((place.bucket, place.user.0, name, day as i32, amount, closing));
        }
    }

    /// The statements, none for a table without rows.
    pub(super) fn statements(&self, distribution: Distribution) -> Vec<Sql<'_>> {
        let all = [
            self.ledger.sql(distribution),
            self.keys.sql(distribution),
            self.accounts.sql(distribution),
            self.open_holds.sql(distribution),
            self.closed_holds.sql(distribution),
            self.ended_holds.sql(distribution),
            self.corrections.sql(distribution),
            self.days.sql(distribution),
            self.ops.sql(distribution),
        ];
        let memories = self.memories.statements(distribution);
        // Last: every other entry of the audit log waits for this commit from here on.
        let audits = self.audits.iter().map(|audit| (APPEND_AUDIT, audit.params().to_vec()));
        all.into_iter().flatten().chain(memories).chain(audits).collect()
    }
}

type LedgerRow = (
    i32,
    Uuid,
    i64,
    At,
    At,
    At,
    Option<At>,
    i64,
    i64,
    Option<i64>,
    Option<i64>,
    Uuid,
    i16,
    i16,
    i16,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
);

fn ledger_row(place: Place, entry: &Entry, key: Option<&KeyRecord>) -> LedgerRow {
    (
        place.bucket,
        place.user.0,
        version_no(entry.version),
        At(entry.counted_at),
        At(entry.recorded_at),
        At(entry.occurred_at),
        entry.expires_at.map(At),
        entry.amount,
        entry.held,
        entry.hold.map(version_no),
        entry.corrects.map(version_no),
        EntryId::of(place.user, entry.version, entry.recorded_at).0,
        kind_no(entry.kind),
        source_no(entry.source),
        flag_bits(entry.flags),
        entry.resource.as_str().to_owned(),
        key.map(|key| key.key.as_str().to_owned()),
        entry.crossing.as_ref().map(crossing_text),
        entry.metadata.as_deref().map(str::to_owned),
    )
}

fn key_row(place: Place, record: &KeyRecord) -> (i32, Uuid, String, Vec<u8>, String, At) {
    (
        place.bucket,
        place.user.0,
        record.key.as_str().to_owned(),
        record.fingerprint.to_be_bytes().to_vec(),
        answer_text(&record.answer),
        At(record.answer.recorded_at),
    )
}

/// The statements that join a table, with the parameters behind bucket and user, and the last
/// column of its key.
#[cfg(test)]
pub(super) fn joined() -> [(&'static str, &'static str, &'static str); 2] {
    let counters = ", ARRAY[1], ARRAY[now()], ARRAY[0], ARRAY[now()], ARRAY['{}']";
    [
        (Accounts::text(Distribution::None), counters, "user_id"),
        (ClosedHolds::text(Distribution::None), ", ARRAY[1]", "version"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_shards_every_statement_says_its_bucket() {
        let texts = [
            Ledger::text(Distribution::Citus),
            Keys::text(Distribution::Citus),
            Accounts::text(Distribution::Citus),
            OpenHolds::text(Distribution::Citus),
            ClosedHolds::text(Distribution::Citus),
            EndedHolds::text(Distribution::Citus),
            Corrections::text(Distribution::Citus),
            Days::text(Distribution::Citus),
            Ops::text(Distribution::Citus),
        ];
        for text in texts {
            let inserts = text.contains("(bucket, ") && text.contains("SELECT $1::int4, ");
            assert!(inserts || text.contains(".bucket = $1 AND "), "{text}");
            assert!(!text.contains("n.bucket"), "{text}");
        }
    }
}
