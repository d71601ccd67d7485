//! Configuration: one typed tree from `novacore.toml`, then the environment, then flags.
//!
//! Invariant: an unknown key is an error that names the nearest known one; nothing is ignored.
//! Invariant: secrets are never printed.

mod policy;
mod reference;
mod source;

pub(crate) use policy::policy_of;
pub(crate) use reference::{KEYS, reference, value_of};
pub(crate) use source::{Flags, load};

use secrecy::SecretString;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

/// The whole configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(crate) struct Config {
    pub(crate) server: Server,
    pub(crate) store: Store,
    pub(crate) auth: Auth,
    pub(crate) log: Log,
    pub(crate) resources: Vec<Resource>,
    pub(crate) tiers: BTreeMap<String, TierConfig>,
}

/// Section `server`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Server {
    pub(crate) listen: SocketAddr,
    pub(crate) internal_listen: Option<SocketAddr>,
    pub(crate) trusted_proxies: Vec<IpAddr>,
    pub(crate) drain_seconds: u64,
    pub(crate) connections_max: usize,
}

impl Default for Server {
    fn default() -> Server {
        Server {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            internal_listen: None,
            trusted_proxies: Vec::new(),
            drain_seconds: 20,
            connections_max: 10_000,
        }
    }
}

/// Section `store`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Store {
    pub(crate) data_dir: PathBuf,
    pub(crate) accounts_max: usize,
    pub(crate) free_bytes_min: u64,
    pub(crate) key_filter_bytes_max: u64,
    pub(crate) database_url: Option<SecretString>,
}

impl Default for Store {
    fn default() -> Store {
        Store {
            data_dir: PathBuf::from("data"),
            accounts_max: 100_000,
            free_bytes_min: 64 << 20,
            key_filter_bytes_max: 16 << 20,
            database_url: None,
        }
    }
}

/// Section `auth`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Auth {
    pub(crate) access_ttl_seconds: i64,
    pub(crate) trial_days: i64,
    pub(crate) first_tier: String,
    pub(crate) jwt_secret: Option<SecretString>,
    pub(crate) service_token: Option<SecretString>,
    pub(crate) admin_email: String,
    pub(crate) admin_password: Option<SecretString>,
}

impl Default for Auth {
    fn default() -> Auth {
        Auth {
            access_ttl_seconds: 900,
            trial_days: 14,
            first_tier: "free_trial".to_owned(),
            jwt_secret: None,
            service_token: None,
            admin_email: "admin@localhost".to_owned(),
            admin_password: None,
        }
    }
}

/// How logs look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people.
    Pretty,
}

/// Section `log`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    pub(crate) format: LogFormat,
    pub(crate) level: String,
}

impl Default for Log {
    fn default() -> Log {
        Log { format: LogFormat::Pretty, level: "info".to_owned() }
    }
}

/// An element of `resources`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resource {
    pub(crate) name: String,
    pub(crate) kind: novacore_vocab::ResourceKind,
    pub(crate) unit: String,
}

/// A table of `tiers`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TierConfig {
    pub(crate) rank: Option<u32>,
    pub(crate) limits: BTreeMap<String, Limits>,
}

/// One limit of a resource, or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Limits {
    /// One.
    One(LimitConfig),
    /// Several, each with a name.
    Many(Vec<LimitConfig>),
}

/// One limit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitConfig {
    pub(crate) name: Option<String>,
    pub(crate) cap: i64,
    pub(crate) window: novacore_vocab::Window,
    pub(crate) mode: Option<String>,
    pub(crate) warn_at: Option<Vec<u8>>,
}
