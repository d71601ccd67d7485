//! Configuration: one typed tree from `novacore.toml`, then the environment, then flags.
//!
//! Invariant: an unknown key is an error that names the nearest known one; nothing is ignored.
//! Invariant: secrets are never printed.

mod embedder;
mod gateway;
mod policy;
mod reference;
mod source;
mod upstreams;

pub(crate) use embedder::{EmbedderConfig, EmbedderKind};
pub(crate) use gateway::llm_options;
pub(crate) use policy::policy_of;
pub(crate) use reference::{KEYS, reference, value_of};
pub(crate) use source::{Flags, load};

use gateway::{AliasConfig, GatewayConfig, ProviderConfig};
use novacore_app::{
    auth::attempts::{AttemptLimits, AttemptRate},
    memories::INDEX_BYTES_MAX_DEFAULT,
};
use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer,
    de::{
        MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};
use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
};

/// The whole configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    pub(crate) server: Server,
    pub(crate) store: Store,
    pub(crate) auth: Auth,
    pub(crate) log: Log,
    pub(crate) memory: Memory,
    pub(crate) embedder: EmbedderConfig,
    pub(crate) gateway: GatewayConfig,
    pub(crate) providers: Vec<ProviderConfig>,
    pub(crate) models: Vec<AliasConfig>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) tiers: BTreeMap<String, TierConfig>,
    pub(crate) upstreams: Vec<upstreams::Upstream>,
}

/// Section `server`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Server {
    pub(crate) listen: SocketAddr,
    pub(crate) internal_listen: Option<SocketAddr>,
    pub(crate) trusted_proxies: Vec<IpAddr>,
    pub(crate) cors_origins: Vec<String>,
    pub(crate) drain_seconds: u64,
    pub(crate) connections_max: usize,
    pub(crate) head_seconds: u64,
    pub(crate) request_seconds: u64,
}

impl Default for Server {
    fn default() -> Server {
        Server {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            internal_listen: None,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            drain_seconds: 20,
            connections_max: 10_000,
            head_seconds: 10,
            request_seconds: 60,
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
    pub(crate) connections_max: NonZeroUsize,
    pub(crate) lanes: NonZeroUsize,
    pub(crate) clock_offset_ms_max: NonZeroU32,
    pub(crate) distribution: Distribution,
    pub(crate) retain_months: Option<u32>,
}

impl Default for Store {
    fn default() -> Store {
        Store {
            data_dir: PathBuf::from("data"),
            accounts_max: 100_000,
            free_bytes_min: 64 << 20,
            key_filter_bytes_max: 16 << 20,
            database_url: None,
            connections_max: NonZeroUsize::new(16).expect("not zero"),
            lanes: NonZeroUsize::new(1).expect("not zero"),
            clock_offset_ms_max: NonZeroU32::new(250).expect("not zero"),
            distribution: Distribution::None,
            retain_months: None,
        }
    }
}

/// Section `memory`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Memory {
    pub(crate) index_bytes_max: usize,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory { index_bytes_max: INDEX_BYTES_MAX_DEFAULT }
    }
}

/// How the tables lie on PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Distribution {
    /// On one server.
    None,
    /// On the shards of a Citus cluster.
    Citus,
}

/// Section `auth`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Auth {
    pub(crate) access_ttl_seconds: i64,
    pub(crate) trial_days: i64,
    pub(crate) first_tier: String,
    pub(crate) jwt_secret: Option<SecretString>,
    pub(crate) refresh_secret: Option<SecretString>,
    pub(crate) service_token: Option<SecretString>,
    pub(crate) admin_email: String,
    pub(crate) admin_password: Option<SecretString>,
    pub(crate) login_per_address_burst: NonZeroU32,
    pub(crate) login_per_address_seconds: u32,
    pub(crate) login_per_email_burst: NonZeroU32,
    pub(crate) login_per_email_seconds: u32,
    pub(crate) register_per_address_burst: NonZeroU32,
    pub(crate) register_per_address_seconds: u32,
}

impl Default for Auth {
    fn default() -> Auth {
        let attempts = AttemptLimits::default();
        Auth {
            access_ttl_seconds: 900,
            trial_days: 14,
            first_tier: "free_trial".to_owned(),
            jwt_secret: None,
            refresh_secret: None,
            service_token: None,
            admin_email: "admin@localhost".to_owned(),
            admin_password: None,
            login_per_address_burst: attempts.login_per_address.burst,
            login_per_address_seconds: attempts.login_per_address.refill_s,
            login_per_email_burst: attempts.login_per_email.burst,
            login_per_email_seconds: attempts.login_per_email.refill_s,
            register_per_address_burst: attempts.register_per_address.burst,
            register_per_address_seconds: attempts.register_per_address.refill_s,
        }
    }
}

impl Auth {
    /// How often login and register may be tried.
    pub(crate) fn attempts(&self) -> AttemptLimits {
        let rate = |burst, refill_s| AttemptRate { burst, refill_s };
        AttemptLimits {
            login_per_address: rate(self.login_per_address_burst, self.login_per_address_seconds),
            login_per_email: rate(self.login_per_email_burst, self.login_per_email_seconds),
            register_per_address: rate(
                self.register_per_address_burst,
                self.register_per_address_seconds,
            ),
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

/// The limits of a resource: a table is one, an array of tables are several.
#[derive(Clone, Debug)]
pub(crate) struct Limits(pub(crate) Vec<LimitConfig>);

impl<'de> Deserialize<'de> for Limits {
    /// By hand, since an untagged enum would not say which key is unknown.
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Limits, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Limits;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a limit or an array of limits")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Limits, A::Error> {
                LimitConfig::deserialize(MapAccessDeserializer::new(map))
                    .map(|one| Limits(vec![one]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Limits, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Limits)
            }
        }
        source.deserialize_any(OneOrMany)
    }
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
