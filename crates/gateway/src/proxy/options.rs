//! What an operator may set of a route, and what makes sense of it.
//!
//! Invariant: a route that was made has no prefix of our own paths, no zero limit, and upstreams
//! that are plain addresses. The error names the field.

use super::{path::Prefix, route::Limits, upstreams::Base};
use crate::{breaker::BreakerLimits, options::OptionsError};
use axum::http::{HeaderValue, Uri};
use novacore_access::Role;
use std::{net::IpAddr, path::PathBuf, time::Duration};

/// Paths that are served here: no prefix may be one, lie under one, or have one under it.
const OWN_PATHS: [&str; 12] = [
    "/api/usage",
    "/api/auth",
    "/api/admin",
    "/api/status",
    "/usage",
    "/auth",
    "/admin",
    "/v1",
    "/docs",
    "/health",
    "/metrics",
    "/openapi.json",
];
/// Likewise, though no prefix could be spelled so that it were one.
const WELL_KNOWN: &str = "/.well-known";
/// Most upstreams of a route.
const UPSTREAMS_MAX: usize = 64;
/// Longest time limit: a day.
const LIMIT_MS_MAX: u64 = 86_400_000;

/// Routes to services.
#[derive(Clone, Debug, Default)]
pub struct ProxyOptions {
    /// The routes.
    pub routes: Vec<RouteOptions>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
}

/// One route.
#[derive(Clone, Debug)]
pub struct RouteOptions {
    /// Paths under it are forwarded.
    pub prefix: String,
    /// Where to; several take turns.
    pub urls: Vec<String>,
    /// What stands in the prefix's place; none leaves the path as it is.
    pub rewrite: Option<String>,
    /// Whom the signed token is for; none stands for the prefix.
    pub audience: Option<String>,
    /// Roles that may call; empty: every signed-in user.
    pub roles: Vec<String>,
    /// Whether the service speaks HTTP/2 without TLS.
    pub http2: bool,
    /// Certificates of the authorities that are believed of it, in PEM format; none stands for the
    /// system's.
    pub ca_file: Option<PathBuf>,
    /// Until the head of the answer.
    pub timeout_ms: u64,
    /// Between two parts of an answer.
    pub idle_ms: u64,
    /// Largest body of a request.
    pub body_bytes_max: u64,
    /// Between two parts of a request's body.
    pub body_idle_ms: u64,
    /// For all of a request's body.
    pub body_timeout_ms: u64,
    /// Calls at once.
    pub in_flight_max: u64,
    /// Failures in a row after which an upstream is left alone.
    pub breaker_failures: u64,
    /// For how long.
    pub breaker_pause_ms: u64,
}

impl Default for RouteOptions {
    fn default() -> RouteOptions {
        RouteOptions {
            prefix: String::new(),
            urls: Vec::new(),
            rewrite: None,
            audience: None,
            roles: Vec::new(),
            http2: false,
            ca_file: None,
            timeout_ms: 30_000,
            idle_ms: 300_000,
            body_bytes_max: 10 << 20,
            body_idle_ms: 30_000,
            body_timeout_ms: 600_000,
            in_flight_max: 1_024,
            breaker_failures: 5,
            breaker_pause_ms: 5_000,
        }
    }
}

/// A route that makes sense.
#[derive(Debug)]
pub(super) struct Parsed {
    /// Its place in the configuration.
    pub(super) index: usize,
    pub(super) prefix: Prefix,
    pub(super) bases: Vec<Base>,
    pub(super) rewrite: Option<String>,
    pub(super) audience: String,
    pub(super) roles: Vec<Role>,
    pub(super) http2: bool,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) limits: Limits,
    pub(super) breaker: BreakerLimits,
}

/// All routes, those with the longer prefixes first.
pub(super) fn parse(routes: &[RouteOptions]) -> Result<Vec<Parsed>, OptionsError> {
    let mut all: Vec<Parsed> = Vec::with_capacity(routes.len());
    for (index, route) in routes.iter().enumerate() {
        let fail = |key: &str, why: String| {
            Err(OptionsError::new(format!("upstreams[{index}].{key}"), why))
        };
        let parsed = match parse_one(index, route) {
            Ok(parsed) => parsed,
            Err((key, why)) => return fail(key, why),
        };
        let twin =
            |other: &Parsed| other.prefix.as_str().eq_ignore_ascii_case(parsed.prefix.as_str());
        if all.iter().any(twin) {
            return fail("prefix", format!("{} is there already", parsed.prefix.as_str()));
        }
        all.push(parsed);
    }
    all.sort_by_key(|route| std::cmp::Reverse(route.prefix.depth()));
    Ok(all)
}

type Fault = (&'static str, String);

fn parse_one(index: usize, route: &RouteOptions) -> Result<Parsed, Fault> {
    let ms = |key, value| in_range(key, value, LIMIT_MS_MAX).map(Duration::from_millis);
    let most = |key, value| in_range(key, value, u64::from(u32::MAX));
    let prefix = prefix(&route.prefix)?;
    let audience = route.audience.clone().unwrap_or_else(|| prefix.as_str().to_owned());
    if audience.trim().is_empty() {
        return Err(("audience", "must not be empty".to_owned()));
    }
    Ok(Parsed {
        index,
        bases: bases(&route.urls)?,
        rewrite: route.rewrite.as_deref().map(rewrite).transpose()?,
        audience,
        roles: roles(&route.roles)?,
        http2: route.http2,
        ca_file: route.ca_file.clone(),
        limits: Limits {
            head: ms("timeout_ms", route.timeout_ms)?,
            idle: ms("idle_ms", route.idle_ms)?,
            body_bytes_max: in_range("body_bytes_max", route.body_bytes_max, 1 << 50)?,
            body_idle: ms("body_idle_ms", route.body_idle_ms)?,
            body: ms("body_timeout_ms", route.body_timeout_ms)?,
            in_flight_max: most("in_flight_max", route.in_flight_max)? as usize,
        },
        breaker: BreakerLimits {
            failures_max: most("breaker_failures", route.breaker_failures)? as u32,
            pause: ms("breaker_pause_ms", route.breaker_pause_ms)?,
        },
        prefix,
    })
}

fn in_range(key: &'static str, value: u64, most: u64) -> Result<u64, Fault> {
    match (1..=most).contains(&value) {
        true => Ok(value),
        false => Err((key, format!("must be 1 to {most}"))),
    }
}

fn prefix(text: &str) -> Result<Prefix, Fault> {
    let fail = |why: String| Err(("prefix", why));
    if text == WELL_KNOWN || text.starts_with("/.well-known/") {
        return fail(format!("{WELL_KNOWN} is served here"));
    }
    let Some(prefix) = Prefix::parse(text) else {
        return fail(format!(
            "{text:?} must be like /name: segments of letters, digits, -, ., _ or ~, without a \
             slash at the end"
        ));
    };
    let own = |own: &&&str| Prefix::parse(own).is_some_and(|own| own.meets(&prefix));
    match OWN_PATHS.iter().find(own) {
        Some(own) => fail(format!("{text} meets {own}, which is served here")),
        None => Ok(prefix),
    }
}

fn bases(urls: &[String]) -> Result<Vec<Base>, Fault> {
    if urls.is_empty() || urls.len() > UPSTREAMS_MAX {
        return Err(("url", format!("1 to {UPSTREAMS_MAX} are needed")));
    }
    urls.iter().map(|url| base(url).map_err(|why| ("url", why.to_owned()))).collect()
}

/// Never repeats what was given: it may hold a password.
fn base(url: &str) -> Result<Base, &'static str> {
    if url.contains(['?', '#']) {
        return Err("must have neither query nor fragment");
    }
    let uri: Uri = url.parse().map_err(|_| "is no URL")?;
    let parts = uri.into_parts();
    let scheme = parts.scheme.ok_or("must begin with http:// or https://")?;
    if !matches!(scheme.as_str(), "http" | "https") {
        return Err("must begin with http:// or https://");
    }
    let authority = parts.authority.ok_or("names no host")?;
    if authority.as_str().contains('@') {
        return Err("must have neither user nor password");
    }
    if authority.host().is_empty() {
        return Err("names no host");
    }
    let path = parts.path_and_query.map_or(String::new(), |path| path.path().to_owned());
    Ok(Base { scheme, authority, path: path.trim_end_matches('/').to_owned() })
}

fn rewrite(text: &str) -> Result<String, Fault> {
    let trimmed = text.trim_end_matches('/');
    let is_path = text == "/" || Prefix::parse(trimmed).is_some();
    match is_path && HeaderValue::from_str(text).is_ok() {
        true => Ok(trimmed.to_owned()),
        false => Err(("rewrite", "must be / or a path like /name".to_owned())),
    }
}

fn roles(words: &[String]) -> Result<Vec<Role>, Fault> {
    let role = |word: &String| word.parse().map_err(|error| ("roles", format!("{error}")));
    words.iter().map(role).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut RouteOptions);

    fn route(change: impl Fn(&mut RouteOptions)) -> RouteOptions {
        let mut route = RouteOptions {
            prefix: "/chat".to_owned(),
            urls: vec!["http://127.0.0.1:9000".to_owned()],
            ..RouteOptions::default()
        };
        change(&mut route);
        route
    }

    fn error(change: impl Fn(&mut RouteOptions)) -> String {
        parse(&[route(change)]).expect_err("it is wrong").to_string()
    }

    #[test]
    fn prefixes_of_our_own_paths_are_refused() {
        let own = OWN_PATHS.into_iter().chain([
            "/.well-known",
            "/.well-known/jwks.json",
            "/api",
            "/api/usage/x",
            "/API/Usage",
            "/usage/tokens",
            "/v1/chat",
            "/health/live",
            "/",
            "",
            "chat",
            "/chat/",
            "/ch%61t",
            "/chat?x",
        ]);
        for prefix in own {
            let told = error(|route| route.prefix = prefix.to_owned());
            assert!(told.starts_with("upstreams[0].prefix: "), "{prefix}: {told}");
        }
        for prefix in ["/api/chat", "/v2", "/apiary", "/usages", "/health-check", "/a/usage"] {
            let parsed = parse(&[route(|route| route.prefix = prefix.to_owned())]);
            assert!(parsed.is_ok(), "{prefix}");
        }
        let twins = [route(|_| {}), route(|route| route.prefix = "/Chat".to_owned())];
        let told = parse(&twins).expect_err("twins").to_string();
        assert_eq!(told, "upstreams[1].prefix: /Chat is there already");
    }

    #[test]
    fn urls_are_plain_and_never_repeated() {
        for (url, why) in [
            ("ftp://host", "must begin with http:// or https://"),
            ("host:9000", "must begin with http:// or https://"),
            ("/path", "must begin with http:// or https://"),
            ("http://", "is no URL"),
            ("http://user:hush@host", "must have neither user nor password"),
            ("http://host?hush", "must have neither query nor fragment"),
            ("http://host/#hush", "must have neither query nor fragment"),
            ("http://ho st", "is no URL"),
        ] {
            let told = error(|route| route.urls = vec![url.to_owned()]);
            assert_eq!(told, format!("upstreams[0].url: {why}"), "{url}");
        }
        assert_eq!(error(|route| route.urls.clear()), "upstreams[0].url: 1 to 64 are needed");
    }

    #[test]
    fn limits_are_not_zero_and_words_are_known() {
        let zeros: [(&str, Change); 8] = [
            ("timeout_ms", |route| route.timeout_ms = 0),
            ("idle_ms", |route| route.idle_ms = 0),
            ("body_bytes_max", |route| route.body_bytes_max = 0),
            ("body_idle_ms", |route| route.body_idle_ms = 0),
            ("body_timeout_ms", |route| route.body_timeout_ms = u64::MAX),
            ("in_flight_max", |route| route.in_flight_max = 0),
            ("breaker_failures", |route| route.breaker_failures = 0),
            ("breaker_pause_ms", |route| route.breaker_pause_ms = 0),
        ];
        for (key, zero) in zeros {
            let told = error(zero);
            assert!(told.starts_with(&format!("upstreams[0].{key}: must be 1 to ")), "{told}");
        }
        for (key, change) in [
            ("roles", (|route| route.roles = vec!["root".to_owned()]) as Change),
            ("audience", |route| route.audience = Some(" ".to_owned())),
            ("rewrite", |route| route.rewrite = Some("x".to_owned())),
            ("rewrite", |route| route.rewrite = Some("/a?b".to_owned())),
            ("rewrite", |route| route.rewrite = Some("/../a".to_owned())),
        ] {
            let told = error(change);
            assert!(told.starts_with(&format!("upstreams[0].{key}: ")), "{told}");
        }
    }

    #[test]
    fn longer_prefixes_come_first() {
        let prefixes = ["/a", "/a/b/c", "/a/b", "/d"];
        let routes: Vec<_> =
            prefixes.iter().map(|text| route(|route| route.prefix = (*text).to_owned())).collect();
        let parsed = parse(&routes).unwrap();
        let order: Vec<_> = parsed.iter().map(|route| route.prefix.as_str()).collect();
        assert_eq!(order, ["/a/b/c", "/a/b", "/a", "/d"]);
        assert_eq!(parsed[0].audience, "/a/b/c");
    }
}
