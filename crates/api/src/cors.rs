//! Which pages of other origins may read our answers: none, unless an operator names them.
//!
//! Invariant: an origin is named exactly; there is no pattern, and no answer says `*`.
//! Invariant: no page of another origin sends cookies; the bearer is in a header. Where a proxy
//! names another host to us than the page has, the page's origin is named as well, for `session`.

use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use std::time::Duration;
use thiserror::Error;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may remember what it was allowed.
const PREFLIGHT_AGE: Duration = Duration::from_secs(600);

/// Text that is no origin.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is no origin: one is like https://app.example.com, in lower case, without a path")]
pub struct OriginError(String);

/// Origins whose pages may read our answers.
#[derive(Clone, Debug, Default)]
pub struct Origins(Vec<HeaderValue>);

impl Origins {
    /// Of their texts.
    pub fn parse(texts: &[String]) -> Result<Origins, OriginError> {
        let parse = |text: &String| origin(text).ok_or_else(|| OriginError(text.clone()));
        texts.iter().map(parse).collect::<Result<_, _>>().map(Origins)
    }

    /// Whether this is one of them.
    pub(crate) fn has(&self, origin: &HeaderValue) -> bool {
        self.0.contains(origin)
    }

    /// What says so in answers; nothing if there is no such origin.
    pub(crate) fn layer(&self) -> Option<CorsLayer> {
        let name = HeaderName::from_static;
        let methods =
            [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD];
        let sent = [
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            name("idempotency-key"),
            name("last-event-id"),
            name("novacore-user"),
        ];
        let read = [
            header::RETRY_AFTER,
            name("idempotent-replayed"),
            name("ratelimit"),
            name("ratelimit-policy"),
            name("x-request-id"),
        ];
        (!self.0.is_empty()).then(|| {
            CorsLayer::new()
                .allow_origin(AllowOrigin::list(self.0.iter().cloned()))
                .allow_methods(methods)
                .allow_headers(sent)
                .expose_headers(read)
                .max_age(PREFLIGHT_AGE)
        })
    }
}

/// A browser sends an origin in one spelling, and it is compared as text.
fn origin(text: &str) -> Option<HeaderValue> {
    let uri: Uri = text.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let plain = format!("{scheme}://{authority}");
    let is_default =
        matches!((scheme, authority.port_u16()), ("http", Some(80)) | ("https", Some(443)));
    let is_web = matches!(scheme, "http" | "https");
    let is_one = plain == text && text == text.to_ascii_lowercase() && !text.contains(['@', '*']);
    (is_web && is_one && !is_default).then(|| HeaderValue::try_from(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_exact() {
        for good in ["https://app.example.com", "http://localhost:3000", "http://127.0.0.1:5173"] {
            assert!(Origins::parse(&[good.to_owned()]).is_ok(), "{good}");
        }
        for bad in [
            "*",
            "null",
            "",
            "app.example.com",
            "https://*.example.com",
            "https://app.example.com/",
            "https://app.example.com/x",
            "https://App.example.com",
            "https://app.example.com:443",
            "https://me@app.example.com",
            "ftp://app.example.com",
        ] {
            assert!(Origins::parse(&[bad.to_owned()]).is_err(), "{bad}");
        }
        assert!(Origins::default().layer().is_none());
    }
}
