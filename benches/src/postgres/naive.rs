//! The naive path: a transaction per operation, that inserts a row of the ledger under a unique key
//! and counts it up where the cap allows.
//!
//! The entry first, so that the counter's row is locked for as short as possible.

use super::{Asked, Load, database::Database};
use crate::{
    command::{METADATA, key_text},
    crowd::Crowd,
};
use anyhow::ensure;
use deadpool_postgres::{Manager, Pool, Runtime};
use novacore_vocab::UserId;
use tokio_postgres::NoTls;
use uuid::Uuid;

/// Connections of its pool.
const CONNECTIONS: usize = 64;

const TABLES: &str = "
CREATE TABLE naive_counter (
    user_id  uuid NOT NULL,
    resource text NOT NULL,
    used     bigint NOT NULL,
    cap      bigint NOT NULL,
    PRIMARY KEY (user_id, resource)
) WITH (fillfactor = 40);
CREATE TABLE naive_ledger (
    id          uuid PRIMARY KEY,
    user_id     uuid NOT NULL,
    resource    text NOT NULL,
    amount      bigint NOT NULL,
    key         text NOT NULL,
    metadata    json,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, key)
);";
const COUNTERS: &str = "INSERT INTO naive_counter \
     SELECT user_id, 'llm_tokens', 0, 1125899906842624 FROM unnest($1::uuid[]) AS u (user_id)";
const INSERT: &str = "INSERT INTO naive_ledger (id, user_id, resource, amount, key, metadata) \
     VALUES ($1, $2, 'llm_tokens', $3, $4, $5::text::json) ON CONFLICT (user_id, key) DO NOTHING";
const COUNT: &str = "UPDATE naive_counter SET used = used + $2 \
     WHERE user_id = $1 AND resource = 'llm_tokens' AND used + $2 <= cap";
const BOTH: &str = "WITH entry AS (\
     INSERT INTO naive_ledger (id, user_id, resource, amount, key, metadata) \
     VALUES ($1, $2, 'llm_tokens', $3, $4, $5::text::json) \
     ON CONFLICT (user_id, key) DO NOTHING RETURNING user_id) \
     UPDATE naive_counter SET used = used + $3 WHERE user_id = (SELECT user_id FROM entry) \
     AND resource = 'llm_tokens' AND used + $3 <= cap";

/// How the two statements are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// As an application would: begin, insert, update, commit.
    Transaction,
    /// As one statement, the best that can be made of it. One that finds no headroom would leave
    /// its entry behind, so it serves as a yardstick only.
    Statement,
}

impl Way {
    pub(super) const ALL: [Way; 2] = [Way::Transaction, Way::Statement];

    pub(super) fn name(self) -> &'static str {
        match self {
            Way::Transaction => "naive: transaction per record",
            Way::Statement => "naive: one statement per record",
        }
    }
}

/// The naive path with its connections.
#[derive(Clone)]
pub(super) struct Naive {
    pool: Pool,
    load: Load,
    crowd: Crowd,
    way: Way,
}

impl Naive {
    pub(super) async fn make_tables(database: &Database, users: &[UserId]) -> anyhow::Result<()> {
        let client = database.connect().await?;
        client.batch_execute(TABLES).await?;
        let users: Vec<Uuid> = users.iter().map(|user| user.0).collect();
        client.execute(COUNTERS, &[&users]).await?;
        client.batch_execute("VACUUM ANALYZE naive_counter").await?;
        Ok(())
    }

    pub(super) fn connect(
        database: &Database,
        load: Load,
        crowd: Crowd,
        way: Way,
    ) -> anyhow::Result<Naive> {
        let manager = Manager::new(database.url.parse()?, NoTls);
        let pool = Pool::builder(manager).max_size(CONNECTIONS).runtime(Runtime::Tokio1).build()?;
        Ok(Naive { pool, load, crowd, way })
    }
}

impl Asked for Naive {
    async fn ask(&self, _: usize) -> anyhow::Result<()> {
        let (number, UserId(user)) = self.load.next(&self.crowd);
        let (id, amount) = (Uuid::from_u128(u128::from(number)), 1 + (number % 10) as i64);
        let key = key_text(number);
        let mut client = self.pool.get().await?;
        match self.way {
            Way::Transaction => {
                let insert = client.prepare_cached(INSERT).await?;
                let count = client.prepare_cached(COUNT).await?;
                let tx = client.transaction().await?;
                let new = tx.execute(&insert, &[&id, &user, &amount, &key, &METADATA]).await?;
                let counted = tx.execute(&count, &[&user, &amount]).await?;
                ensure!((new, counted) == (1, 1), "refused");
                tx.commit().await?;
            }
            Way::Statement => {
                let both = client.prepare_cached(BOTH).await?;
                let args: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
                    [&id, &user, &amount, &key, &METADATA];
                ensure!(client.execute(&both, &args).await? == 1, "refused");
            }
        }
        Ok(())
    }
}
