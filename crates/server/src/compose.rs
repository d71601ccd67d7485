//! Composition: the store, authentication and use-cases, put together once.

use crate::{
    clock::SystemClock,
    config::{Config, Distribution, llm_options, policy_of},
    secrets,
};
use anyhow::{Context, bail};
use novacore_app::{
    auth::{Auth, AuthOptions, AuthSecrets},
    cx::Cx,
    memories::{
        MemoryOptions, MemoryService,
        embedder::{Embedder, NoEmbedder},
    },
    metrics::Metrics,
};
use novacore_gateway::{Gateway, Options, ProxyOptions};
use novacore_store::{clock::Clock, directory::Directory, ledger::Ledger, memories::Memories};
use novacore_store_postgres::{self as postgres, PostgresStore, Retain, RetainError};
use novacore_store_sqlite::{self as embedded, OnFatal, SqliteStore};
use novacore_vocab::TierName;
use secrecy::{ExposeSecret, SecretString};
use std::{sync::Arc, time::Duration};

/// As much as a machine without a database to compare with may be off.
const CLOCK_OFFSET_MS_MAX: u32 = 300_000;

/// How the data directory is opened.
pub(crate) fn embedded_options(
    config: &Config,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
) -> anyhow::Result<embedded::Options> {
    if config.store.retain_months.is_some() {
        bail!(
            "store.retain_months: a data directory keeps every entry; months are detached from a \
             database only (store.database_url)"
        );
    }
    let policy = policy_of(config)?;
    Ok(embedded::Options {
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

/// How a database is opened.
pub(crate) fn postgres_options(
    config: &Config,
    url: &SecretString,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
) -> anyhow::Result<postgres::Options> {
    let policy = policy_of(config)?;
    let offset_ms_max = config.store.clock_offset_ms_max.get();
    if offset_ms_max > CLOCK_OFFSET_MS_MAX {
        bail!("store.clock_offset_ms_max: at most {CLOCK_OFFSET_MS_MAX}");
    }
    let distribution = match config.store.distribution {
        Distribution::None => postgres::Distribution::None,
        Distribution::Citus => postgres::Distribution::Citus,
    };
    Ok(postgres::Options {
        retain: retain(config, distribution).context("store.retain_months")?,
        observer: metrics,
        clock_offset_max: Some(Duration::from_millis(offset_ms_max.into())),
        resources: policy.resources().cloned().collect(),
        tiers: policy.tiers().into_iter().cloned().collect(),
        connections_max: config.store.connections_max.get(),
        lanes: config.store.lanes.get(),
        distribution,
        ..postgres::Options::new(url.expose_secret().to_owned(), clock)
    })
}

fn retain(
    config: &Config,
    distribution: postgres::Distribution,
) -> Result<Option<Retain>, RetainError> {
    match (config.store.retain_months, distribution) {
        (None, _) => Ok(None),
        (Some(_), postgres::Distribution::Citus) => Err(RetainError::Citus),
        (Some(months), postgres::Distribution::None) => Retain::months(months).map(Some),
    }
}

/// Opens the store and composes everything on it, for a command that embeds nothing.
pub(crate) async fn compose(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Cx> {
    let embedder = Arc::new(NoEmbedder::of_default("this command does not embed"));
    compose_with(config, clock, embedder).await
}

/// As [`compose`], for a server that embeds.
pub(crate) async fn compose_server(
    config: &Config,
    embedder: Arc<dyn Embedder>,
) -> anyhow::Result<Cx> {
    compose_with(config, Arc::new(SystemClock), embedder).await
}

async fn compose_with(
    config: &Config,
    clock: Arc<dyn Clock>,
    embedder: Arc<dyn Embedder>,
) -> anyhow::Result<Cx> {
    let metrics = Arc::new(Metrics::new());
    match &config.store.database_url {
        None => {
            let options = embedded_options(config, clock.clone(), metrics.clone())?;
            let store = Arc::new(SqliteStore::open(options)?);
            on_store(
                store,
                config,
                Parts { secrets: secrets::load(config)?, clock, metrics, embedder },
            )
        }
        Some(url) => {
            let secrets = secrets::load(config)?;
            let options = postgres_options(config, url, clock.clone(), metrics.clone())?;
            let store = PostgresStore::open(options).await.context("store.database_url")?;
            on_store(Arc::new(store), config, Parts { secrets, clock, metrics, embedder })
        }
    }
}

/// What stands beside the store.
struct Parts {
    secrets: AuthSecrets,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    embedder: Arc<dyn Embedder>,
}

fn on_store<S: Ledger + Directory + Memories + 'static>(
    store: Arc<S>,
    config: &Config,
    parts: Parts,
) -> anyhow::Result<Cx> {
    let Parts { secrets, clock, metrics, embedder } = parts;
    let first_tier = TierName::parse(&config.auth.first_tier).context("auth.first_tier")?;
    let options = AuthOptions {
        access_ttl_s: config.auth.access_ttl_seconds,
        trial_days: config.auth.trial_days,
        first_tier,
        attempts: config.auth.attempts(),
        // Whoever has his account in memory is asked for just as often.
        cache_rows_max: config.store.accounts_max,
        ..AuthOptions::default()
    };
    let auth = Auth::new(store.clone(), clock.clone(), &secrets, options)?;
    let options = MemoryOptions {
        index_bytes_max: config.memory.index_bytes_max,
        meter_embeddings: config.embedder.meter,
    };
    let memories = Arc::new(MemoryService::new(store.clone(), embedder, options));
    Ok(Cx::new(store.clone(), store, memories, clock, Arc::new(auth), metrics))
}

/// As [`compose`], under the machine's clock.
pub(crate) async fn compose_now(config: &Config) -> anyhow::Result<Cx> {
    compose(config, Arc::new(SystemClock)).await
}

/// The data plane over these use-cases.
pub(crate) fn gateway(config: &Config, cx: &Cx) -> anyhow::Result<Gateway> {
    let options = Options { llm: llm_options(config)?, proxy: proxy_options(config) };
    Ok(Gateway::new(cx.clone(), options)?)
}

fn proxy_options(config: &Config) -> ProxyOptions {
    ProxyOptions {
        routes: config.upstreams.iter().map(|upstream| upstream.route()).collect(),
        trusted_proxies: config.server.trusted_proxies.clone(),
    }
}
