//! The state of an account at the end of its detached months, as stored.
//!
//! Invariant: an opening holds no more than later entries need: its counters, and those holds that
//! they end.

use crate::{
    column::At,
    failure,
    ledger::{
        entry::version_no,
        hold::{self, on_expiry_no, status_no},
        place::Place,
        text::{head_text, held_text, read_head},
    },
};
use novacore_ledger::{Hold, Meter};
use novacore_store::error::StoreError;
use novacore_vocab::{ResourceName, Timestamp, UserId, Version};
use std::collections::{BTreeMap, HashMap};
use tokio_postgres::{Error, GenericClient};
use uuid::Uuid;

const OPENINGS: &str = "SELECT o.user_id, o.version, o.last_at, o.until, o.head::text \
     FROM unnest($1::int4[], $2::uuid[]) AS n (bucket, user_id) \
     JOIN opening o USING (bucket, user_id)";
const HOLDS: &str = "SELECT h.user_id, h.version, h.reserved_at, h.expires_at, h.on_expiry, \
     h.amounts::text, h.status FROM unnest($1::int4[], $2::uuid[]) AS n (bucket, user_id) \
     JOIN opening_hold h USING (bucket, user_id)";
const PUT: &str = "INSERT INTO opening (bucket, user_id, version, last_at, until, head) \
     SELECT n.bucket, n.user_id, n.version, n.last_at, $5, n.head::json \
     FROM unnest($1::int4[], $2::uuid[], $3::int8[], $4::timestamptz[], $6::text[]) \
     AS n (bucket, user_id, version, last_at, head) ON CONFLICT (bucket, user_id) DO UPDATE \
     SET version = excluded.version, last_at = excluded.last_at, until = excluded.until, \
     head = excluded.head";
const DROP_HOLDS: &str = "DELETE FROM opening_hold h \
     USING unnest($1::int4[], $2::uuid[]) AS n (bucket, user_id) \
     WHERE h.bucket = n.bucket AND h.user_id = n.user_id";
const PUT_HOLD: &str = "INSERT INTO opening_hold (bucket, user_id, version, reserved_at, \
     expires_at, on_expiry, amounts, status) VALUES ($1, $2, $3, $4, $5, $6, $7::text::json, $8)";

/// An account as it stood after its last detached entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opening {
    /// That entry, and so how many are detached.
    pub(crate) version: Version,
    pub(crate) last_at: Timestamp,
    /// The end of the month in which it was recorded.
    pub(crate) until: Timestamp,
    pub(crate) meters: BTreeMap<ResourceName, Meter>,
    /// Holds that later entries end.
    pub(crate) holds: Vec<Hold>,
}

/// The openings of these accounts, of those that have one.
pub(crate) async fn read(
    client: &impl GenericClient,
    places: &[Place],
) -> Result<HashMap<UserId, Opening>, StoreError> {
    let (buckets, users) = keys(places.iter().copied());
    let told = |error: Error| failure::told(&error);
    let mut openings = HashMap::new();
    for row in client.query(OPENINGS, &[&buckets, &users]).await.map_err(told)? {
        let opening = Opening {
            version: Version(row.get::<_, i64>(1) as u64),
            last_at: row.get::<_, At>(2).0,
            until: row.get::<_, At>(3).0,
            meters: read_head(row.get(4))?,
            holds: Vec::new(),
        };
        openings.insert(UserId(row.get(0)), opening);
    }
    for row in client.query(HOLDS, &[&buckets, &users]).await.map_err(told)? {
        // Holds without an opening are told of by `verify`.
        if let Some(opening) = openings.get_mut(&UserId(row.get(0))) {
            opening.holds.push(hold::read(&row, 1)?);
        }
    }
    Ok(openings)
}

/// Stores openings in place of those that these accounts had.
pub(super) async fn put(
    client: &impl GenericClient,
    until: Timestamp,
    openings: &[(Place, Opening)],
) -> Result<(), Error> {
    if openings.is_empty() {
        return Ok(());
    }
    let (buckets, users) = keys(openings.iter().map(|(place, _)| *place));
    let versions: Vec<i64> = openings.iter().map(|(_, one)| version_no(one.version)).collect();
    let last_at: Vec<At> = openings.iter().map(|(_, one)| At(one.last_at)).collect();
    let heads: Vec<String> = openings.iter().map(|(_, one)| head_text(&one.meters)).collect();
    let until = At(until);
    client.execute(PUT, &[&buckets, &users, &versions, &last_at, &until, &heads]).await?;
    client.execute(DROP_HOLDS, &[&buckets, &users]).await?;
    for (place, opening) in openings {
        for hold in &opening.holds {
            put_hold(client, *place, hold).await?;
        }
    }
    Ok(())
}

/// There are few: only those that were open over the end of the month.
async fn put_hold(client: &impl GenericClient, place: Place, hold: &Hold) -> Result<(), Error> {
    let (version, amounts) = (version_no(hold.version), held_text(&hold.amounts));
    let (reserved_at, expires_at) = (At(hold.reserved_at), At(hold.expires_at));
    let (on_expiry, status) = (on_expiry_no(hold.on_expiry), status_no(hold.status));
    let (bucket, user) = (&place.bucket, &place.user.0);
    client
        .execute(
            PUT_HOLD,
            &[bucket, user, &version, &reserved_at, &expires_at, &on_expiry, &amounts, &status],
        )
        .await?;
    Ok(())
}

fn keys(places: impl Iterator<Item = Place>) -> (Vec<i32>, Vec<Uuid>) {
    places.map(|place| (place.bucket, place.user.0)).unzip()
}
