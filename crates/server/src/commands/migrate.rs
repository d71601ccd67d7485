//! `novacore migrate`.

use super::{ledger, runtime};
use crate::config::{Config, Distribution};
use anyhow::Context;
use novacore_store_postgres::{self as postgres, Vectors};
use novacore_store_sqlite::SqliteStore;
use secrecy::{ExposeSecret, SecretString};

/// Brings the database, or the data directory where none is configured, to this release's schema.
pub(crate) fn run(config: &Config) -> anyhow::Result<()> {
    match &config.store.database_url {
        Some(url) => {
            migrate_database(url)?;
            match config.store.distribution {
                Distribution::None => add_vectors(url),
                Distribution::Citus => distribute(url),
            }
        }
        None => migrate_data_directory(config),
    }
}

fn migrate_database(url: &SecretString) -> anyhow::Result<()> {
    let migrated = runtime()?.block_on(postgres::migrate(url.expose_secret()));
    let migrated = migrated.context("store.database_url")?;
    if migrated.from == migrated.to {
        println!("the database has this release's schema, version {}", migrated.to);
    } else {
        println!("the database went from schema version {} to {}", migrated.from, migrated.to);
    }
    Ok(())
}

/// Makes the column of vectors where there is pgvector.
fn add_vectors(url: &SecretString) -> anyhow::Result<()> {
    let added = runtime()?.block_on(postgres::add_vectors(url.expose_secret()));
    match added.context("store.database_url")? {
        Vectors::NoExtension => {}
        Vectors::Ready => println!("the database searches memories by pgvector"),
        Vectors::Added => println!("the database searches memories by pgvector from now on"),
    }
    Ok(())
}

/// Spreads the tables over shards, those that do not lie there yet.
fn distribute(url: &SecretString) -> anyhow::Result<()> {
    let moved = runtime()?.block_on(postgres::distribute(url.expose_secret()));
    match moved.context("store.distribution")?.as_slice() {
        [] => println!("every table lies on its shards"),
        moved => println!("spread over shards: {}", moved.join(", ")),
    }
    Ok(())
}

/// Opens the store, which brings an older schema forward.
fn migrate_data_directory(config: &Config) -> anyhow::Result<()> {
    SqliteStore::open(ledger::options(config)?)?;
    println!("the data directory has this release's schema");
    Ok(())
}
