//! The statements of the first flight.
//!
//! Invariant: on shards each says the batch's bucket of every table of accounts.
//! Invariant: locks are taken in the order of the parameters, which is that of the keys. Were it
//! asked for by the keys' own names, a planner could take it from the index, and walk through every
//! account that there is for the few that are meant.
//! Invariant: those that ask about accounts, holds, keys and corrected entries take columns of keys
//! as parameters, in the order in which [`Needs`](super::load) has them.

use crate::{
    distribution::Distribution,
    ledger::{entry, profile::OVERRIDE_COLUMNS},
};
use std::sync::LazyLock;

pub(super) const POLICY: &str = "SELECT version, clock_timestamp() FROM policy";
pub(super) const IS_COMMITTED: &str =
    "SELECT EXISTS (SELECT 1 FROM batch_op WHERE bucket = $1 AND op_id = $2)";

const ACCOUNTS: &[(&str, &str)] = &[("bucket", "int4"), ("user_id", "uuid")];
const VERSIONS: &[(&str, &str)] = &[("bucket", "int4"), ("user_id", "uuid"), ("version", "int8")];
const KEYS: &[(&str, &str)] = &[("bucket", "int4"), ("user_id", "uuid"), ("key", "text")];
/// A hold's columns, but for its status.
const HOLD: &str =
    "h.user_id, h.version, h.reserved_at, h.expires_at, h.on_expiry, h.amounts::text";

/// What is asked about the accounts of a batch.
pub(super) struct Texts {
    pub(super) create: String,
    pub(super) lock: String,
    pub(super) heads: String,
    pub(super) overrides: String,
    pub(super) due: String,
    pub(super) next_due: String,
    pub(super) named_holds: String,
    pub(super) keys: String,
    pub(super) corrected: String,
}

impl Texts {
    /// The statements for tables that lie like this.
    pub(super) fn of(distribution: Distribution) -> &'static Texts {
        static NONE: LazyLock<Texts> = LazyLock::new(|| Texts::write(Distribution::None));
        static CITUS: LazyLock<Texts> = LazyLock::new(|| Texts::write(Distribution::Citus));
        match distribution {
            Distribution::None => &NONE,
            Distribution::Citus => &CITUS,
        }
    }

    fn write(distribution: Distribution) -> Texts {
        let given = distribution.keys(ACCOUNTS);
        let (rows, bucket) = (given.rows(), given.bucket());
        let (a, overrides) = (given.looked_up("a", &[]), given.all("user_override", "o"));
        let (account, user) = (given.one("account", "a", &[]), given.one("users", "u", &[]));
        Texts {
            create: format!(
                "INSERT INTO account (bucket, user_id, version, last_at, open_holds, head) \
                 SELECT {bucket}::int4, n.user_id, 0, $3, 0, '{{}}'::json FROM {rows} \
                 ORDER BY 1, 2 ON CONFLICT (bucket, user_id) DO NOTHING"
            ),
            lock: format!(
                "SELECT 1 FROM {} JOIN account a ON {a} ORDER BY n.place FOR UPDATE OF a",
                given.rows_in_order()
            ),
            heads: format!(
                "SELECT a.user_id, a.version, a.last_at, a.open_holds, a.next_due, \
                 a.head::text, u.tier FROM {rows} {account} {user}"
            ),
            overrides: format!(
                "SELECT o.user_id, {OVERRIDE_COLUMNS} FROM {rows} {overrides} \
                 ORDER BY o.resource, o.limit_name"
            ),
            due: due(distribution),
            next_due: next_due(distribution),
            named_holds: named_holds(distribution),
            keys: keys(distribution),
            corrected: corrected(distribution),
        }
    }
}

/// A bound that is reached makes the account's open holds be looked through: those that have run
/// out are needed, and the first of the others is the next bound. Whether it is reached is decided
/// first, or every batch would walk all that a hot account holds.
fn reached(distribution: Distribution) -> String {
    let given = distribution.keys(ACCOUNTS);
    format!(
        "WITH n AS MATERIALIZED (SELECT a.bucket, a.user_id, greatest($3, a.last_at) AS at \
         FROM {} {} WHERE a.next_due <= greatest($3, a.last_at))",
        given.rows(),
        given.one("account", "a", &[])
    )
}

fn due(distribution: Distribution) -> String {
    let (reached, holds) = (reached(distribution), distribution.keys(ACCOUNTS).all("hold", "h"));
    format!("{reached} SELECT {HOLD}, 0::smallint FROM n {holds} WHERE h.expires_at <= n.at")
}

fn next_due(distribution: Distribution) -> String {
    let (reached, holds) = (reached(distribution), distribution.keys(ACCOUNTS).all("hold", "h"));
    format!(
        "{reached} SELECT h.user_id, min(h.expires_at) FROM n {holds} \
         WHERE h.expires_at > n.at GROUP BY h.user_id"
    )
}

fn named_holds(distribution: Distribution) -> String {
    let given = distribution.keys(VERSIONS);
    let rows = given.rows();
    let (open, ended) =
        (given.one("hold", "h", &["version"]), given.one("ended_hold", "h", &["version"]));
    format!(
        "SELECT {HOLD}, 0::smallint FROM {rows} {open} UNION ALL \
         SELECT {HOLD}, h.status FROM {rows} {ended}"
    )
}

fn keys(distribution: Distribution) -> String {
    let given = distribution.keys(KEYS);
    let (rows, stored) = (given.rows(), given.one("idempotency", "i", &["key"]));
    format!("SELECT i.user_id, i.key, i.fingerprint, i.answer::text FROM {rows} {stored}")
}

fn corrected(distribution: Distribution) -> String {
    let given = distribution.keys(VERSIONS);
    let (rows, entries) = (given.rows(), given.one("usage_ledger", "l", &["version"]));
    let corrections = given.one_or_none("correction", "c", &["version"]);
    format!(
        "SELECT l.user_id, coalesce(c.corrected, 0), {} FROM {rows} {entries} {corrections}",
        entry::COLUMNS
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ledger::batch::tables,
        memories::{self, texts::Texts as MemoryTexts},
        pool::Client,
    };

    /// Tables of accounts, as often as a statement asks them, and buckets that it says.
    fn check(text: &str, tables: usize) {
        assert_eq!(text.matches(".bucket = $1").count(), tables, "{text}");
        let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.');
        assert!(words.all(|word| word != "n.bucket"), "{text}");
    }

    #[test]
    fn on_shards_every_statement_says_its_bucket() {
        let texts = Texts::of(Distribution::Citus);
        assert!(texts.create.contains("SELECT $1::int4, n.user_id"), "{}", texts.create);
        check(&texts.lock, 1);
        check(&texts.heads, 2);
        check(&texts.overrides, 1);
        check(&texts.due, 2);
        check(&texts.next_due, 2);
        check(&texts.named_holds, 2);
        check(&texts.keys, 1);
        check(&texts.corrected, 2);
    }

    const EMPTY: &str = "DELETE FROM account; DELETE FROM hold; DELETE FROM ended_hold; \
         DELETE FROM idempotency; DELETE FROM user_override; DELETE FROM correction; \
         DELETE FROM usage_ledger; DELETE FROM memory; DELETE FROM memory_text; \
         DELETE FROM memory_embedding; DELETE FROM memory_head";
    const LOOK: &str = "VACUUM ANALYZE account, users, hold, ended_hold, idempotency, \
         user_override, correction, usage_ledger, memory, memory_text, memory_embedding, memory_head";
    const ACCOUNTS_MADE: &str = "INSERT INTO account (bucket, user_id, version, last_at, \
         open_holds, head) SELECT n % 1024, gen_random_uuid(), 0, now(), 0, '{}' \
         FROM generate_series(1, 20000) AS n; ANALYZE account";

    /// Each scan of a table follows a key to its last column: whatever is stored, and whatever is
    /// known of it.
    async fn check_plans(client: &Client) {
        let texts = Texts::of(Distribution::None);
        let asked = [
            (&texts.lock, "", "user_id"),
            (&texts.heads, "", "user_id"),
            (&texts.overrides, "", "user_id"),
            (&texts.due, ", now()", "user_id"),
            (&texts.next_due, ", now()", "user_id"),
            (&texts.named_holds, ", ARRAY[1]", "version"),
            (&texts.keys, ", ARRAY['']", "key"),
            (&texts.corrected, ", ARRAY[1]", "version"),
        ];
        for (text, more, key) in asked {
            check_plan(client, text, &of_accounts(more), key).await;
        }
        let memories = MemoryTexts::of(Distribution::None);
        check_plan(client, &memories.heads, &of_accounts(""), "user_id").await;
        check_plan(client, &memories.lock, &of_memories(""), "id").await;
        check_plan(client, &memories.waiting, &of_memories(", ''"), "id").await;
        for (text, more) in memories::tables::joined() {
            check_plan(client, text, &of_memories(more), "id").await;
        }
        for (text, more, key) in tables::joined() {
            check_plan(client, text, &of_accounts(more), key).await;
        }
    }

    fn of_accounts(more: &str) -> String {
        format!("ARRAY[1], ARRAY[gen_random_uuid()]{more}")
    }

    fn of_memories(more: &str) -> String {
        of_accounts(&format!(", ARRAY[gen_random_uuid()]{more}"))
    }

    async fn check_plan(client: &Client, text: &str, values: &str, key: &str) {
        client.batch_execute(&format!("PREPARE asked AS {text}")).await.unwrap();
        let rows = client.query(&format!("EXPLAIN EXECUTE asked({values})"), &[]).await.unwrap();
        let plan: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
        for (at, line) in plan.iter().enumerate() {
            let is_scan = line.contains("Index Scan") || line.contains("Index Only Scan");
            let below = plan.get(at + 1).copied().unwrap_or_default();
            let is_by_key = below.contains("Index Cond: ") && below.contains(&format!("({key} = "));
            assert!(!is_scan || is_by_key, "{text}\n{plan:#?}");
            assert!(!line.contains("Seq Scan"), "{text}\n{plan:#?}");
            let is_memory = line.contains("Scan") && line.contains(" on memory ");
            assert!(!is_memory || line.contains("memory_pkey"), "{text}\n{plan:#?}");
        }
        client.batch_execute("DEALLOCATE asked").await.unwrap();
    }

    /// What is read by ids, in a session that is no lane's.
    async fn check_reads(client: &Client) {
        for (text, more) in memories::by_ids() {
            let values = format!("1, gen_random_uuid(), ARRAY[gen_random_uuid()]{more}");
            check_plan(client, text, &values, "id").await;
        }
    }

    #[tokio::test]
    async fn a_batch_reads_its_own_rows_and_no_others() {
        let server = novacore_postgres_fixture::Server::shared();
        let url = server.fresh_database();
        crate::migrate(&url).await.unwrap();
        let address = crate::address::Address::parse(&url).unwrap();
        let session = async |address| crate::pool::Pool::new(address, 1).unwrap().get().await;
        let client = session(address.for_lanes()).await.unwrap();
        let reader = session(address.for_reads()).await.unwrap();
        check_plans(&client).await;
        check_reads(&reader).await;
        client.batch_execute(ACCOUNTS_MADE).await.unwrap();
        check_plans(&client).await;
        // Of a table that is known to be empty a planner believes that all of it is one row; the
        // plan stays while millions come.
        client.batch_execute(EMPTY).await.unwrap();
        client.batch_execute(LOOK).await.unwrap();
        check_plans(&client).await;
        check_reads(&reader).await;
    }
}
