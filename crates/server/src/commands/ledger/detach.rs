//! `novacore ledger detach`.

use crate::{clock::SystemClock, commands::runtime, compose::postgres_options, config::Config};
use anyhow::{Context, bail};
use novacore_app::metrics::Metrics;
use novacore_store::clock::Clock;
use novacore_store_postgres::{self as postgres, DetachedMonth, Month, Options};
use std::sync::Arc;

/// What is asked: where, and the first month that stays.
struct Ask {
    options: Options,
    first_kept: Month,
}

/// Says which months would go, and changes nothing.
pub(super) fn show(config: &Config, before: Option<&str>) -> anyhow::Result<()> {
    let Ask { options, first_kept } = ask(config, before)?;
    let months = runtime()?.block_on(postgres::detachable(&options, first_kept))?;
    for old in &months {
        println!("{}  {} entries  -> table {}", old.month, old.entries, old.month.table());
    }
    match months.len() {
        0 => println!("the ledger has nothing from before {first_kept}"),
        1 => println!("1 month would be detached; add --apply to do it"),
        count => println!("{count} months would be detached; add --apply to do it"),
    }
    Ok(())
}

/// Detaches them, and says what has become of each.
pub(super) fn apply(config: &Config, before: Option<&str>) -> anyhow::Result<()> {
    let Ask { options, first_kept } = ask(config, before)?;
    let mut count = 0;
    let tell = |month: &DetachedMonth| {
        count += 1;
        let DetachedMonth { month, table, entries, accounts } = month;
        println!("{month}  {entries} entries of {accounts} accounts  now table {table}");
    };
    runtime()?.block_on(postgres::detach_before(&options, first_kept, tell))?;
    if count == 0 {
        println!("the ledger has nothing from before {first_kept}");
    }
    Ok(())
}

fn ask(config: &Config, before: Option<&str>) -> anyhow::Result<Ask> {
    let Some(url) = &config.store.database_url else {
        bail!(
            "store.database_url is not set, and months are detached from a database only: a data \
             directory keeps every entry"
        );
    };
    let (clock, metrics) = (Arc::new(SystemClock), Arc::new(Metrics::new()));
    let options = postgres_options(config, url, clock.clone(), metrics)?;
    let first_kept = match (before, options.retain) {
        (Some(text), _) => Month::parse(text)
            .with_context(|| format!("--before {text}: must be a month, such as 2025-01"))?,
        (None, Some(retain)) => retain.first_kept(Month::at(clock.now())),
        (None, None) => bail!("say --before YYYY-MM, or set store.retain_months"),
    };
    Ok(Ask { options, first_kept })
}
