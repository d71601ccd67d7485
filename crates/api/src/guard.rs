//! What happens around every request: its path is checked, its id is made, its answer is counted.

use crate::{router::ApiState, site::AnsweredBy};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use novacore_edge::Failure;
use novacore_wire::problem::ProblemKind;
use std::{panic::AssertUnwindSafe, time::Instant};
use uuid::Uuid;

/// Names the request in logs and to the caller. One that a client sends is not believed.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// An answer is what it says it is, not what a browser takes it for.
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
/// Whoever follows a link from here does not tell where he was.
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");

/// Runs a request between its check and its count.
pub(crate) async fn guard(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let id = Uuid::new_v4();
    let id_value = HeaderValue::try_from(id.to_string()).expect("an id is a header's value");
    request.headers_mut().insert(REQUEST_ID, id_value.clone());
    let method = method_word(request.method());
    let path = request.extensions().get::<MatchedPath>().cloned();
    let mut response = match unclear(request.method(), request.uri().path()) {
        Some(why) => Failure::new(ProblemKind::MalformedRequest, why).into_response(),
        // A defect must cost its caller an answer, not everyone on the connection theirs.
        None => match AssertUnwindSafe(next.run(request)).catch_unwind().await {
            Ok(response) => response,
            Err(_) => Failure::new(ProblemKind::Internal, "internal error").into_response(),
        },
    };
    let status = response.status();
    let spent = begun.elapsed();
    let answered_by = response.extensions().get::<AnsweredBy>().map(|by| by.0);
    let route = answered_by.or(path.as_ref().map(MatchedPath::as_str)).unwrap_or("none");
    state.cx.metrics.answered(method, route, status.as_u16(), spent);
    let code = status.as_u16();
    if status.is_server_error() {
        tracing::warn!(request.id = %id, http.route = route, http.status = code, "failed");
    } else {
        tracing::debug!(request.id = %id, http.route = route, http.status = code, "answered");
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id_value);
    // What a service says of its own answers stands.
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(NOSNIFF);
    headers.entry(header::REFERRER_POLICY).or_insert(NO_REFERRER);
    response
}

/// Paths that two readers may understand differently are refused before anyone reads them.
fn unclear(method: &Method, path: &str) -> Option<&'static str> {
    let plain = |pair: &[u8]| pair != b"//" && pair != b"/.";
    if !path.contains(['%', '\\']) && path.as_bytes().windows(2).all(plain) {
        return None;
    }
    let lower = path.to_ascii_lowercase();
    if (lower.contains("%2f") && !is_model(method, path))
        || lower.contains("%5c")
        || path.contains('\\')
    {
        return Some("the path has an encoded slash or a backslash");
    }
    if lower.contains("%00") {
        return Some("the path has a NUL");
    }
    if path.contains("//") {
        return Some("the path has an empty segment");
    }
    let dots = |segment: &str| matches!(segment.replace("%2e", ".").as_str(), "." | "..");
    if lower.split('/').any(dots) {
        return Some("the path has a dot segment");
    }
    None
}

/// The one path in which a slash may be encoded. Names of models have some, and SDKs encode them.
/// The last segment leads nowhere: it is decoded once and compared with names, nothing is routed or
/// sent on by it.
fn is_model(method: &Method, path: &str) -> bool {
    let name = path.strip_prefix("/v1/models/");
    *method == Method::GET && name.is_some_and(|name| !name.contains('/'))
}

/// Methods in metrics come from a fixed set.
fn method_word(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_can_be_read_in_two_ways_are_refused() {
        for bad in [
            "/api/usage%2Fstats",
            "/api/%2e%2e/x",
            "/api/../x",
            "/api/./x",
            "/api//usage",
            "/api/%00",
            "/api/a%5Cb",
        ] {
            assert!(unclear(&Method::GET, bad).is_some(), "{bad}");
        }
        for good in ["/", "/api/usage/stats", "/api/usage/timeseries/llm_tokens", "/a..b/.c"] {
            assert_eq!(unclear(&Method::GET, good), None, "{good}");
        }
    }

    #[test]
    fn a_slash_is_encoded_in_the_name_of_a_model_and_nowhere_else() {
        for name in ["meta%2Fllama", "meta%2fllama%2F3", "%2F", "..%2F..%2Fetc", "a%252Fb"] {
            let path = format!("/v1/models/{name}");
            assert_eq!(unclear(&Method::GET, &path), None, "{path}");
        }
        for (method, path) in [
            (Method::POST, "/v1/models/meta%2Fllama"),
            (Method::HEAD, "/v1/models/meta%2Fllama"),
            (Method::GET, "/v1/models/meta%2Fllama/x"),
            (Method::GET, "/v1/models/x/meta%2Fllama"),
            (Method::GET, "/v1/models%2Fmeta%2Fllama"),
            (Method::GET, "/v1/Models/meta%2Fllama"),
            (Method::GET, "/v1/%6Dodels/meta%2Fllama"),
            (Method::GET, "/x/v1/models/meta%2Fllama"),
            (Method::GET, "/v1/models/meta%5Cllama"),
            (Method::GET, "/v1/models/meta%2Fllama%00"),
            (Method::GET, "/v1/models/%2e%2e"),
        ] {
            assert!(unclear(&method, path).is_some(), "{method} {path}");
        }
    }
}
