//! `novacore ledger import`: a data directory into an empty database.
//!
//! Invariant: the data directory is only read.

use super::runtime;
use crate::{clock::SystemClock, compose::postgres_options, config::Config};
use anyhow::{Context, bail};
use novacore_app::metrics::Metrics;
use novacore_store_postgres::{Import, Moved, Options};
use novacore_store_sqlite::Source;
use std::sync::Arc;

/// After how many entries or memories the operator hears of it.
const TOLD_ROWS: u64 = 100_000;

/// Moves the data directory into the database, all of it or nothing.
pub(crate) fn run(config: &Config) -> anyhow::Result<()> {
    let Some(url) = &config.store.database_url else {
        bail!("store.database_url is not set: it says where to import to");
    };
    let options = postgres_options(config, url, Arc::new(SystemClock), Arc::new(Metrics::new()))?;
    let source = Source::open(&config.store.data_dir).context("store.data_dir")?;
    println!("the chain of {} entries verifies", source.inventory().entries);
    println!("{} memories are what was noted of them", source.inventory().memories);
    let moved = runtime()?.block_on(import(source, &options))?;
    println!(
        "moved {} users, {} sessions, {} API keys, {} tiers, {} overrides, {} audit entries",
        moved.users, moved.sessions, moved.api_keys, moved.tiers, moved.overrides, moved.audit
    );
    println!(
        "moved {} entries of {} accounts, {} idempotency keys, {} open holds",
        moved.entries, moved.accounts, moved.keys, moved.open_holds
    );
    println!("moved {} memories, {} with an embedding", moved.memories, moved.embeddings);
    println!("the database verifies");
    Ok(())
}

async fn import(mut source: Source, options: &Options) -> anyhow::Result<Moved> {
    let to = "store.database_url";
    let mut import = Import::begin(options, source.inventory()).await.context(to)?;
    let all = source.inventory().entries + source.inventory().memories;
    let mut told = 0;
    while let Some(page) = source.next_page().context("store.data_dir")? {
        import.write(&page).await.context(to)?;
        let moved = import.moved();
        let rows = moved.entries + moved.memories;
        if rows / TOLD_ROWS > told {
            told = rows / TOLD_ROWS;
            println!("{rows} of {all} entries and memories written");
        }
    }
    println!("all is written; counting every account, twice");
    import.finish().await.context(to)
}
