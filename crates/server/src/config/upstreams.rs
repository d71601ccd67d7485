//! An element of `upstreams`: a route of the gateway to a service.
//!
//! Not here: what makes sense of it, and the defaults; both are `novacore_gateway`'s.

use novacore_gateway::RouteOptions;
use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};
use std::{fmt, path::PathBuf};

/// An element of `upstreams`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upstream {
    prefix: String,
    url: Urls,
    rewrite: Option<String>,
    audience: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    http2: bool,
    ca_file: Option<PathBuf>,
    timeout_ms: Option<u64>,
    idle_ms: Option<u64>,
    body_bytes_max: Option<u64>,
    body_idle_ms: Option<u64>,
    body_timeout_ms: Option<u64>,
    in_flight_max: Option<u64>,
    breaker_failures: Option<u64>,
    breaker_pause_ms: Option<u64>,
}

/// One address, or an array of them.
#[derive(Clone, Debug)]
struct Urls(Vec<String>);

impl<'de> Deserialize<'de> for Urls {
    /// By hand, since an untagged enum would not say what is wrong.
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Urls, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Urls;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a URL or an array of URLs")
            }
            fn visit_str<E: Error>(self, one: &str) -> Result<Urls, E> {
                Ok(Urls(vec![one.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut many: A) -> Result<Urls, A::Error> {
                let mut urls = Vec::new();
                while let Some(url) = many.next_element()? {
                    urls.push(url);
                }
                Ok(Urls(urls))
            }
        }
        source.deserialize_any(OneOrMany)
    }
}

impl Upstream {
    /// As the gateway is told.
    pub(crate) fn route(&self) -> RouteOptions {
        let own = self.clone();
        let or = RouteOptions::default();
        RouteOptions {
            prefix: own.prefix,
            urls: own.url.0,
            rewrite: own.rewrite,
            audience: own.audience,
            roles: own.roles,
            http2: own.http2,
            ca_file: own.ca_file,
            timeout_ms: own.timeout_ms.unwrap_or(or.timeout_ms),
            idle_ms: own.idle_ms.unwrap_or(or.idle_ms),
            body_bytes_max: own.body_bytes_max.unwrap_or(or.body_bytes_max),
            body_idle_ms: own.body_idle_ms.unwrap_or(or.body_idle_ms),
            body_timeout_ms: own.body_timeout_ms.unwrap_or(or.body_timeout_ms),
            in_flight_max: own.in_flight_max.unwrap_or(or.in_flight_max),
            breaker_failures: own.breaker_failures.unwrap_or(or.breaker_failures),
            breaker_pause_ms: own.breaker_pause_ms.unwrap_or(or.breaker_pause_ms),
        }
    }
}
