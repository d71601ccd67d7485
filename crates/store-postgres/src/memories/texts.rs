//! Statements that look rows of memories up by key, for many users at once.
//!
//! Invariant: rows of memories are locked in the order of their keys, by whoever locks any: batches
//! and embeddings under the locks of the accounts, noted reads without.
//! Invariant: what is read of a user's memories to change them is read under the lock of his
//! account, in a later statement. So the statement that locks the rows may read them too: another
//! who has one can only be noting reads, which changes nothing that is asked for here.

use super::row::{HEAD_COLUMNS, MEMORY_COLUMNS};
use crate::distribution::Distribution;
use std::sync::LazyLock;

const USERS: &[(&str, &str)] = &[("bucket", "int4"), ("user_id", "uuid")];
const PLACES: &[(&str, &str)] = &[("bucket", "int4"), ("user_id", "uuid"), ("id", "uuid")];

/// What is asked by key. Parameters are columns of keys, in the order of these.
pub(crate) struct Texts {
    /// User, id and revision of rows, which it locks in the order of the parameters.
    pub(crate) lock: String,
    /// User and head.
    pub(crate) heads: String,
    /// User and memory of those places whose embedding is by another model than the last
    /// parameter.
    pub(crate) waiting: String,
}

impl Texts {
    /// The statements for tables that lie like this.
    pub(crate) fn of(distribution: Distribution) -> &'static Texts {
        static NONE: LazyLock<Texts> = LazyLock::new(|| Texts::write(Distribution::None));
        static CITUS: LazyLock<Texts> = LazyLock::new(|| Texts::write(Distribution::Citus));
        match distribution {
            Distribution::None => &NONE,
            Distribution::Citus => &CITUS,
        }
    }

    fn write(distribution: Distribution) -> Texts {
        let (users, places) = (distribution.keys(USERS), distribution.keys(PLACES));
        let (memory, text) =
            (places.one("memory", "m", &["id"]), places.one_or_none("memory_text", "t", &["id"]));
        Texts {
            lock: format!(
                "SELECT m.user_id, m.id, m.revision FROM {} JOIN memory m ON {} \
                 ORDER BY n.place FOR UPDATE OF m",
                places.rows_in_order(),
                places.looked_up("m", &["id"])
            ),
            heads: format!(
                "SELECT h.user_id, {HEAD_COLUMNS} FROM {} {}",
                users.rows(),
                users.one("memory_head", "h", &[])
            ),
            waiting: format!(
                "SELECT m.user_id, {MEMORY_COLUMNS} FROM {} {memory} {text} \
                 WHERE m.model IS DISTINCT FROM $4",
                places.rows()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_shards_every_statement_says_its_bucket() {
        let texts = Texts::of(Distribution::Citus);
        for (text, tables) in [(&texts.lock, 1), (&texts.heads, 1), (&texts.waiting, 2)] {
            assert_eq!(text.matches(".bucket = $1").count(), tables, "{text}");
            assert!(!text.contains("n.bucket"), "{text}");
        }
    }
}
