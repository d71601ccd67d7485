//! What a dashboard asks, on the full ledger.

use super::{database::Database, nodes::options};
use crate::{
    Cli,
    command::RunningClock,
    load::{Run, run},
};
use anyhow::ensure;
use novacore_store::ledger::{DayRange, EntryQuery, Ledger};
use novacore_store_postgres::PostgresStore;
use novacore_vocab::{ResourceKind, ResourceName, Timestamp, UserId};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Days of a series and of the statistics.
const DAYS: i64 = 90;
/// Rows of a page of entries.
const PAGE_ROWS: usize = 50;
/// How a session is told to explain each of its statements. PostgreSQL's own `auto_explain` shows
/// the plan with which the statement was run, and the times of that very run.
const EXPLAIN: &[&str] = &[
    "session_preload_libraries=auto_explain",
    "auto_explain.log_min_duration=0",
    "auto_explain.log_analyze=on",
    "auto_explain.log_buffers=on",
    "auto_explain.log_level=warning",
];

/// A question of a dashboard.
#[derive(Clone, Copy, Debug)]
enum Query {
    /// `/usage/timeseries`: one amount for each of 90 days.
    Days,
    /// `/usage/stats`: the account and the days of each flow.
    Stats,
    /// `/usage/tokens`: the account.
    Tokens,
    /// `/usage/history`: the newest entries.
    History,
    /// The operator's overview of all users.
    Overview,
}

impl Query {
    const ALL: [Query; 5] =
        [Query::Days, Query::Stats, Query::Tokens, Query::History, Query::Overview];

    fn name(self) -> &'static str {
        match self {
            Query::Days => "day series, 90 days",
            Query::Stats => "stats, 90 days",
            Query::Tokens => "tokens",
            Query::History => "newest 50 entries",
            Query::Overview => "operator's overview, 90 days, all users",
        }
    }

    async fn ask(self, store: &PostgresStore, user: UserId, now: Timestamp) -> anyhow::Result<()> {
        let range = DayRange::last_days(DAYS, now);
        match self {
            Query::Days => {
                let days = store.days(user, &ResourceName::parse("llm_tokens")?, range).await?;
                ensure!(days.iter().any(|day| day.amount > 0), "an empty series");
            }
            Query::Stats => {
                store.account(user).await?;
                for spec in store.policy().resources() {
                    if spec.kind == ResourceKind::Flow {
                        store.days(user, &spec.name, range).await?;
                    }
                }
            }
            Query::Tokens => drop(store.account(user).await?),
            Query::History => {
                let rows = store.entries(&EntryQuery::newest(user, PAGE_ROWS)).await?;
                ensure!(!rows.is_empty(), "an empty page");
            }
            Query::Overview => drop(store.totals(range, 10).await?),
        }
        Ok(())
    }
}

/// Asks every question for a while, one caller alone; the plans if they are wanted.
pub(super) async fn measure(
    database: &Database,
    users: &[UserId],
    cli: &Cli,
) -> anyhow::Result<()> {
    let ordinary = users[users.len() / 2];
    let whose = [("hot user", users[0]), ("ordinary user", ordinary)];
    let clock = Arc::new(RunningClock(Instant::now()));
    let store = PostgresStore::open(options(&database.url, clock.clone())?).await?;
    let (store, now) = (Arc::new(store), novacore_store::clock::Clock::now(&*clock));
    println!("\n| query | of | p50 us | p99 us | most us |");
    println!("|---|---|---|---|---|");
    for query in Query::ALL {
        for (whose, user) in whose {
            let store = store.clone();
            let ask = move |_, _| {
                let store = store.clone();
                async move { query.ask(&store, user, now).await }
            };
            let run = run(1, Duration::from_millis(cli.millis), ask).await?;
            show(query, whose, &run);
        }
    }
    if cli.plans {
        plans(database, &whose, now).await?;
    }
    Ok(())
}

fn show(query: Query, whose: &str, run: &Run) {
    let at = |quantile| run.latency.value_at_quantile(quantile);
    println!("| {} | {whose} | {} | {} | {} |", query.name(), at(0.5), at(0.99), at(1.0));
}

/// Asks every question once in sessions that explain what they run. The client passes on what the
/// server remarks as log records, and a subscriber prints them.
async fn plans(
    database: &Database,
    whose: &[(&str, UserId)],
    now: Timestamp,
) -> anyhow::Result<()> {
    let settings = EXPLAIN.iter().map(|setting| format!("-c%20{}", setting.replace('=', "%3D")));
    let url = format!("{}?options={}", database.url, settings.collect::<Vec<_>>().join("%20"));
    let clock = Arc::new(RunningClock(Instant::now()));
    let store = PostgresStore::open(options(&url, clock)?).await?;
    let remarks = tracing_subscriber::fmt().with_max_level(tracing::Level::INFO);
    remarks.without_time().with_level(false).with_target(false).with_ansi(false).init();
    for query in Query::ALL {
        for (whose, user) in whose {
            println!("\n### {}, {whose}\n", query.name());
            query.ask(&store, *user, now).await?;
        }
    }
    Ok(())
}
