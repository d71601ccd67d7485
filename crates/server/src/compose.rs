//! Composition: the store, authentication and use-cases, put together once.

use crate::{
    clock::SystemClock,
    config::{Config, policy_of},
    secrets,
};
use anyhow::{Context, bail};
use novacore_app::{
    auth::{Auth, AuthOptions},
    cx::Cx,
    metrics::Metrics,
};
use novacore_ledger::Policy;
use novacore_store::clock::Clock;
use novacore_store_sqlite::{OnFatal, Options, SqliteStore};
use novacore_vocab::TierName;
use std::sync::Arc;

/// How the data directory is opened.
pub(crate) fn store_options(
    config: &Config,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
) -> anyhow::Result<Options> {
    if config.store.database_url.is_some() {
        bail!("store.database_url: this release serves from the embedded store only; remove it");
    }
    let policy: Policy = policy_of(config)?;
    Ok(Options {
        dir: config.store.data_dir.clone(),
        resources: policy.resources().cloned().collect(),
        tiers: policy.tiers().into_iter().cloned().collect(),
        clock,
        observer: metrics,
        accounts_max: config.store.accounts_max,
        free_bytes_min: config.store.free_bytes_min,
        key_filter_bytes_max: config.store.key_filter_bytes_max,
        on_fatal: OnFatal(Arc::new(|why| {
            tracing::error!("the ledger cannot go on: {why}");
            std::process::exit(i32::from(crate::EXIT_FATAL));
        })),
    })
}

/// Opens the store and composes everything on it.
pub(crate) fn compose(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Cx> {
    let metrics = Arc::new(Metrics::new());
    let options = store_options(config, clock.clone(), metrics.clone())?;
    let store = Arc::new(SqliteStore::open(options)?);
    let secrets = secrets::load(config)?;
    let first_tier = TierName::parse(&config.auth.first_tier).context("auth.first_tier")?;
    let options = AuthOptions {
        access_ttl_s: config.auth.access_ttl_seconds,
        trial_days: config.auth.trial_days,
        first_tier,
        attempts: config.auth.attempts(),
        ..AuthOptions::default()
    };
    let auth = Auth::new(store.clone(), clock.clone(), &secrets, options)?;
    Ok(Cx::new(store.clone(), store, clock, Arc::new(auth), metrics))
}

/// As [`compose`], under the machine's clock.
pub(crate) fn compose_now(config: &Config) -> anyhow::Result<Cx> {
    compose(config, Arc::new(SystemClock))
}
