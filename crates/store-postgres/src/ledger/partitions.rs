//! The months of the ledger.
//!
//! Invariant: partitions are made before their month begins; an entry that finds none goes into the
//! default partition, where it counts all the same.
//! Not here: what is done with old months (`retention`).

use crate::failure;
use novacore_store::error::StoreError;
use novacore_vocab::{Timestamp, Window};
use tokio_postgres::{Client, Error, error::SqlState};

/// How many months after the present one have their partition.
const AHEAD: usize = 3;
/// Serialises nodes that make partitions or detach them; not on the path of any batch. "part" in
/// ASCII.
pub(crate) const LOCK: i64 = 0x7061_7274;

const EXISTS: &str = "SELECT to_regclass($1) IS NOT NULL";

/// A month by its name in the table's name and its bounds.
#[derive(Debug, PartialEq, Eq)]
struct Month {
    table: String,
    from: String,
    until: String,
}

/// Makes the partitions of the month before `now`, of its own and of some after it.
pub(crate) async fn make(client: &mut Client, now: Timestamp) -> Result<(), StoreError> {
    for month in months(now) {
        match make_one(client, &month).await {
            Ok(()) => {}
            // Its entries are there already, because no node was there in time to make it.
            Err(error) if error.code() == Some(&SqlState::CHECK_VIOLATION) => {
                tracing::warn!("{} stays in the default partition", month.table);
            }
            // Another node works on the months. There are months in hand.
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                tracing::warn!("{} is made later", month.table);
            }
            Err(error) => return Err(failure::told(&error)),
        }
    }
    Ok(())
}

async fn make_one(client: &mut Client, month: &Month) -> Result<(), Error> {
    if client.query_one(EXISTS, &[&month.table]).await?.get(0) {
        return Ok(());
    }
    let tx = client.transaction().await?;
    tx.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let is_made: bool = tx.query_one(EXISTS, &[&month.table]).await?.get(0);
    if !is_made {
        tx.batch_execute(&attach(month)).await?;
        tracing::info!("the ledger has a partition {}", month.table);
    }
    tx.commit().await
}

/// Made apart and then attached: making it in place would lock the whole ledger against writers.
fn attach(Month { table, from, until }: &Month) -> String {
    format!(
        "CREATE TABLE {table} (LIKE usage_ledger INCLUDING ALL);
         ALTER TABLE usage_ledger ATTACH PARTITION {table} FOR VALUES FROM ('{from}') TO ('{until}')"
    )
}

/// Makes the partition of the month of `at` in a transaction that has locked the ledger.
pub(crate) async fn make_locked(client: &Client, at: Timestamp) -> Result<(), Error> {
    let month = month(at);
    if client.query_one(EXISTS, &[&month.table]).await?.get(0) {
        return Ok(());
    }
    client.batch_execute(&attach(&month)).await
}

fn months(now: Timestamp) -> Vec<Month> {
    let before = Timestamp::from_micros(Window::Month.span_at(now).start.micros() - 1);
    let mut start = Window::Month.span_at(before).start;
    let mut months = Vec::with_capacity(AHEAD + 2);
    for _ in 0..AHEAD + 2 {
        months.push(month(start));
        start = Window::Month.span_at(start).end;
    }
    months
}

fn month(at: Timestamp) -> Month {
    let span = Window::Month.span_at(at);
    let date = span.start.date();
    let name: String = date.chars().filter(char::is_ascii_digit).take(6).collect();
    Month {
        table: format!("usage_ledger_{name}"),
        from: span.start.to_string(),
        until: span.end.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_each_other_over_the_end_of_a_year() {
        let months = months("2026-11-24T08:00:00Z".parse().unwrap());
        let tables: Vec<&str> = months.iter().map(|month| month.table.as_str()).collect();
        assert_eq!(
            tables,
            [
                "usage_ledger_202610",
                "usage_ledger_202611",
                "usage_ledger_202612",
                "usage_ledger_202701",
                "usage_ledger_202702"
            ]
        );
        assert!(months.windows(2).all(|pair| pair[0].until == pair[1].from));
        assert_eq!(months[0].from, "2026-10-01T00:00:00Z");
    }
}
