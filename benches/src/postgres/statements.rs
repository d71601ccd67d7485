//! What each statement of a row cost the database, by the account of `pg_stat_statements`.

use super::Database;

/// How the server is told to count.
pub(super) const SETTINGS: &[(&str, &str)] = &[
    ("shared_preload_libraries", "pg_stat_statements"),
    ("pg_stat_statements.track_planning", "on"),
];

/// Statements that are shown, the costliest.
const SHOWN: i64 = 24;
/// Characters of a statement that are shown.
const TEXT_CHARS: i32 = 90;

const TOTALS: &str = "SELECT calls, rows, total_exec_time, total_plan_time, \
     shared_blks_hit, wal_records, wal_bytes::int8, left(query, $2) \
     FROM pg_stat_statements WHERE calls > 0 ORDER BY total_exec_time DESC LIMIT $1";

/// Begins to count anew.
pub(super) async fn reset(database: &Database) -> anyhow::Result<()> {
    let client = database.connect().await?;
    client.batch_execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").await?;
    client.execute("SELECT pg_stat_statements_reset()", &[]).await?;
    Ok(())
}

/// Prints what was counted over so many answers.
pub(super) async fn show(database: &Database, answers: u64) -> anyhow::Result<()> {
    let client = database.connect().await?;
    println!("\n| calls | rows | us each | us per answer | pages | WAL records | WAL bytes | |");
    println!("|---|---|---|---|---|---|---|---|");
    for row in client.query(TOTALS, &[&SHOWN, &TEXT_CHARS]).await? {
        let calls: i64 = row.get(0);
        let per_call = |column| row.get::<_, i64>(column) as f64 / calls as f64;
        let spent_us = (row.get::<_, f64>(2) + row.get::<_, f64>(3)) * 1e3;
        println!(
            "| {calls} | {:.1} | {:.1} | {:.2} | {:.1} | {:.1} | {:.0} | {} |",
            per_call(1),
            spent_us / calls as f64,
            spent_us / answers as f64,
            per_call(4),
            per_call(5),
            per_call(6),
            row.get::<_, &str>(7).replace('\n', " "),
        );
    }
    println!();
    Ok(())
}
