//! Which answers are compressed for clients that accept it.
//!
//! Invariant: only JSON whose length is known when it begins: a compressor holds back what it was
//! given, so nothing that comes bit by bit goes through one.
//! Invariant: what was encoded already, or must not be changed, is left alone.

use axum::{
    body::HttpBody,
    http::{HeaderMap, Response, header},
};
use tower_http::compression::{CompressionLayer, predicate::Predicate};

/// Shorter ones are not worth it: they fit into one packet.
const BYTES_MIN: u64 = 1_400;

/// Compresses what is worth it.
pub(crate) fn layer() -> CompressionLayer<WholeJson> {
    CompressionLayer::new().compress_when(WholeJson)
}

/// JSON that is there as a whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WholeJson;

impl Predicate for WholeJson {
    fn should_compress<B: HttpBody>(&self, response: &Response<B>) -> bool {
        let length = response.body().size_hint().exact();
        length.is_some_and(|bytes| bytes >= BYTES_MIN) && may_change(response.headers())
    }
}

fn may_change(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = text(header::CONTENT_TYPE).split(';').next().unwrap_or_default();
    let media_type = media_type.trim().to_ascii_lowercase();
    let is_json = media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"));
    let forbids = text(header::CACHE_CONTROL).to_ascii_lowercase().contains("no-transform");
    // A strong one says that the bytes are the same.
    let is_strong = headers.contains_key(header::ETAG) && !text(header::ETAG).starts_with("W/");
    is_json && !forbids && !is_strong
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, http::HeaderValue};

    fn compresses(body: Body, headers: &[(&'static str, &'static str)]) -> bool {
        let mut response = Response::new(body);
        for (name, value) in headers {
            response.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        WholeJson.should_compress(&response)
    }

    #[test]
    fn only_long_json_that_may_be_changed() {
        let json = ("content-type", "application/json; charset=utf-8");
        let long = || Body::from("x".repeat(2_000));
        let parts = futures::stream::iter([Ok::<_, std::io::Error>("x".repeat(2_000))]);
        for (body, headers, want) in [
            (long(), vec![json], true),
            (long(), vec![("content-type", "application/problem+json")], true),
            (long(), vec![json, ("etag", "W/\"1\"")], true),
            (long(), vec![json, ("etag", "\"1\"")], false),
            (long(), vec![json, ("cache-control", "private, no-transform")], false),
            (long(), vec![("content-type", "text/event-stream")], false),
            (long(), vec![("content-type", "application/x-ndjson")], false),
            (long(), vec![], false),
            (Body::from("{}"), vec![json], false),
            (Body::from_stream(parts), vec![json], false),
        ] {
            assert_eq!(compresses(body, &headers), want, "{headers:?}");
        }
    }
}
