//! Which bucket an account lies in: the first column of every per-account key, and what the tables
//! would be distributed by.
//!
//! Invariant: the bucket of an organisation never changes; this function is part of what is stored.

use novacore_vocab::OrgId;

/// How many buckets there are.
pub(crate) const BUCKETS: u64 = 1_024;

/// The bucket of an organisation.
pub(crate) fn bucket_of(org: OrgId) -> i32 {
    let hash = blake3::hash(org.0.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    (u64::from_be_bytes(first) % BUCKETS) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use uuid::Uuid;

    #[test]
    fn buckets_are_what_they_have_always_been() {
        let bucket = |number| bucket_of(OrgId(Uuid::from_u128(number)));
        assert_eq!([bucket(0), bucket(1), bucket(u128::MAX)], [11, 26, 775]);
    }

    #[test]
    fn neighbours_spread_over_all_buckets() {
        let used: HashSet<i32> =
            (0..20_000).map(|number| bucket_of(OrgId(Uuid::from_u128(number)))).collect();
        assert_eq!(used.len() as u64, BUCKETS);
    }
}
