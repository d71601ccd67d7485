//! Fills the ledger in the database itself: 90 days of entries, spread over the accounts, a tenth
//! of them on one hot user.
//!
//! Invariant: what is filled is what as many records would have left behind, so that a verification
//! finds nothing wrong with it.

use super::{database::Database, nodes::options};
use crate::command::{METADATA, START_S, user};
use anyhow::{Context, ensure};
use novacore_store::{clock::Clock, directory::Users};
use novacore_store_postgres::PostgresStore;
use novacore_vocab::{EntryId, Timestamp, UserId, Version};
use std::{sync::Arc, time::Instant};
use uuid::Uuid;

/// How far the entries reach back.
const DAYS: i64 = 90;
/// Users that are made at once.
const AT_ONCE: usize = 64;

/// A time that stands.
#[derive(Debug)]
struct Standing(i64);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0)
    }
}

const ACCOUNTS: &str = "CREATE UNLOGGED TABLE bench_account AS \
     SELECT n - 1 AS number, p.bucket, p.user_id, a.head, a.tail \
     FROM unnest($1::uuid[], $2::text[], $3::int8[]) WITH ORDINALITY AS a (user_id, head, tail, n) \
     JOIN account_place p USING (user_id)";
/// Entry `n` of all comes at its own time, the last one just before the clock's start.
const ENTRIES: &str = "CREATE UNLOGGED TABLE bench_entry AS \
     SELECT a.bucket, a.user_id, a.head, a.tail, e.n, 1 + e.n % 10 AS amount, \
     row_number() OVER (PARTITION BY a.user_id ORDER BY e.n) AS version, \
     to_timestamp($2::int8) - ($1::int8 - e.n) * ($3::int8 * 86400e6 / $1)::int8 \
     * interval '1 microsecond' AS at \
     FROM (SELECT n, CASE WHEN n % 10 = 0 THEN 0 ELSE (hashint8(n) & 2147483647) % $4::int8 END \
     AS number FROM generate_series(0::int8, $1::int8 - 1) AS n) AS e JOIN bench_account a USING (number)";
const LEDGER: &str = "INSERT INTO usage_ledger (bucket, user_id, version, counted_at, timestamp, \
     occurred_at, amount, held, id, kind, source, flags, resource_type, idempotency_key, metadata) \
     SELECT bucket, user_id, version, at, at, at, amount, 0, \
     (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::int8), 12, '0') || head \
     || to_hex(tail | version))::uuid, \
     0, 0, 0, 'llm_tokens', lpad(to_hex(n), 16, '0'), $1::text::json FROM bench_entry ORDER BY n";
const KEYS: &str = "INSERT INTO idempotency SELECT bucket, user_id, lpad(to_hex(n), 16, '0'), \
     decode(lpad('1', 32, '0'), 'hex'), json_build_object('version', version, 'recorded_at', \
     (extract(epoch FROM at) * 1000000)::int8, 'standings', '[]'::json), at FROM bench_entry";
const USED_BY_DAY: &str = "INSERT INTO usage_day \
     SELECT bucket, user_id, 'llm_tokens', floor(extract(epoch FROM at) / 86400)::int4 AS day, \
     sum(amount), NULL FROM bench_entry GROUP BY bucket, user_id, day";
/// What a counter is kept of: the window of an account's last entry and the one before it, of each
/// kind, and all time.
const HEADS: &str = "WITH last AS (SELECT bucket, user_id, max(version) AS version, max(at) AS at \
     FROM bench_entry GROUP BY bucket, user_id), \
     kind AS (SELECT * FROM (VALUES ('hour', interval '1 hour'), ('day', interval '1 day'), \
     ('week', interval '7 days'), ('month', interval '1 month')) AS k (word, step)), \
     used AS (SELECT e.user_id, k.word, \
     (extract(epoch FROM date_trunc(k.word, e.at)) * 1000000)::int8 AS start, sum(e.amount) AS used \
     FROM bench_entry e JOIN last l USING (user_id) CROSS JOIN kind k \
     WHERE e.at >= date_trunc(k.word, l.at) - k.step GROUP BY e.user_id, k.word, start \
     UNION ALL SELECT user_id, 'lifetime', $1::int8, sum(amount) FROM bench_entry GROUP BY user_id) \
     INSERT INTO account (bucket, user_id, version, last_at, open_holds, head) \
     SELECT l.bucket, l.user_id, l.version, l.at, 0, json_build_object('llm_tokens', \
     json_build_object('windows', w.windows)) FROM last l JOIN (SELECT user_id, json_agg( \
     json_build_object('window', word, 'start', start, 'used', used)) AS windows \
     FROM used GROUP BY user_id) AS w USING (user_id)";
const SETTLE: &[&str] = &["DROP TABLE bench_entry, bench_account", "VACUUM ANALYZE", "CHECKPOINT"];

/// Makes the users and so many entries.
pub(super) async fn fill(
    database: &Database,
    users: &[UserId],
    entries: u64,
) -> anyhow::Result<()> {
    ensure!(entries > 0, "an empty ledger proves nothing");
    let begun = Instant::now();
    make_users(database, users).await?;
    let mut client = database.connect().await?;
    let entries = i64::try_from(entries)?;
    let tx = client.transaction().await?;
    // Windows begin in UTC.
    tx.batch_execute("SET LOCAL timezone = 'UTC'").await?;
    let ids: Vec<Uuid> = users.iter().map(|user| user.0).collect();
    let (heads, tails): (Vec<String>, Vec<i64>) = users.iter().map(|user| id_parts(*user)).unzip();
    tx.execute(ACCOUNTS, &[&ids, &heads, &tails]).await.context("accounts")?;
    let accounts = i64::try_from(users.len())?;
    tx.execute(ENTRIES, &[&entries, &START_S, &DAYS, &accounts]).await.context("entries")?;
    tx.execute(LEDGER, &[&METADATA]).await.context("the ledger")?;
    tx.execute(KEYS, &[]).await.context("keys")?;
    tx.execute(USED_BY_DAY, &[]).await.context("days")?;
    tx.execute(HEADS, &[&Timestamp::MIN.micros()]).await.context("heads")?;
    tx.commit().await?;
    for statement in SETTLE {
        client.batch_execute(statement).await?;
    }
    println!("filled: {entries} keyed records in {:.0} s", begun.elapsed().as_secs_f64());
    Ok(())
}

/// Users as the store itself makes them. It is opened in every month that the entries lie in, for
/// the ledger's partitions.
async fn make_users(database: &Database, users: &[UserId]) -> anyhow::Result<()> {
    for days_ago in (30..=DAYS).step_by(30) {
        let clock = Arc::new(Standing(START_S - days_ago * 86_400));
        PostgresStore::open(options(&database.url, clock)?).await?;
    }
    let options = options(&database.url, Arc::new(Standing(START_S)))?;
    let store = Arc::new(PostgresStore::open(options).await?);
    for chunk in users.chunks(AT_ONCE) {
        let made = chunk.iter().map(|id| {
            let (store, id) = (store.clone(), *id);
            tokio::spawn(async move { store.ensure_user(&user(id)?).await.context("a user") })
        });
        for user in made.collect::<Vec<_>>() {
            user.await??;
        }
    }
    Ok(())
}

/// What the ids of a user's entries have in common: four digits after the time, and the low half
/// without the version.
fn id_parts(user: UserId) -> (String, i64) {
    let id = EntryId::of(user, Version(0), Timestamp::from_seconds(0)).0.as_u128();
    let (head, tail) = ((id >> 64) & 0xFFFF, id as u64);
    (format!("{head:04x}"), tail.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::users;
    use novacore_store_postgres::verify;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_filled_verifies() {
        let database = Database::start().await.unwrap();
        fill(&database, &users(40), 5_000).await.unwrap();
        let options = options(&database.url, Arc::new(Standing(START_S))).unwrap();
        let report = verify(&options).await.unwrap();
        assert_eq!(report.findings, Vec::<String>::new());
        assert_eq!((report.entries, report.accounts), (5_000, 40));
    }
}
