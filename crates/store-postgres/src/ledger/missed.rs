//! Tells listeners what they have missed: a node may die between its commit and its notification.
//!
//! The accounts that somebody listens to here are looked up, and what has not been told a look
//! later is read and told. A look costs one row by its key for each such account.
//!
//! Invariant: whoever listens hears of every committed entry within two looks, whatever becomes of
//! notifications.

use super::{listen::post, node::Node, place::Place, reads::query, tell::News};
use novacore_store::error::StoreError;
use novacore_vocab::{UserId, Version};

/// Accounts that are looked up at once.
const ACCOUNTS_MAX: usize = 1_000;

const VERSIONS: &str = "SELECT a.user_id, a.version \
     FROM unnest($1::int4[], $2::uuid[]) AS n (bucket, user_id) \
     JOIN account a USING (bucket, user_id)";

/// Looks once.
pub(crate) async fn tell(node: &Node) -> Result<(), StoreError> {
    let users = node.audience.users();
    for users in users.chunks(ACCOUNTS_MAX) {
        let places = node.places.find_all(&node.pool, users).await?;
        let (buckets, ids): (Vec<i32>, Vec<_>) =
            places.values().map(|place| (place.bucket, place.user.0)).unzip();
        for row in query(&node.pool, VERSIONS, &[&buckets, &ids]).await? {
            let Some(place) = places.get(&UserId(row.get(0))) else { continue };
            tell_account(node, *place, Version(row.get::<_, i64>(1) as u64)).await;
        }
    }
    Ok(())
}

async fn tell_account(node: &Node, place: Place, last: Version) {
    if let Some(first) = node.audience.note(place, last) {
        tracing::debug!("entries {first} to {last} of {} were not told in time", place.user);
        post(node, News { place, first, last }).await;
    }
}
