//! Bodies, queries and headers of requests.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    http::{HeaderMap, header, request::Parts},
    response::IntoResponse,
};
use novacore_edge::Failure;
use novacore_vocab::IdempotencyKey;
use novacore_wire::{body, problem::ProblemKind};
use serde::de::DeserializeOwned;

/// A JSON body of a shape.
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Json<T>, Failure> {
        let media = media_type(request.headers());
        if !matches!(media.as_deref(), None | Some("application/json")) {
            let detail = "this call reads application/json";
            return Err(Failure::new(ProblemKind::UnsupportedMediaType, detail));
        }
        let bytes = read_bytes(request, state).await?;
        Ok(Json(body::read(&bytes)?))
    }
}

/// All bytes of a body within the route's bound.
pub(crate) async fn read_bytes<S: Send + Sync>(
    request: Request,
    state: &S,
) -> Result<Bytes, Failure> {
    Bytes::from_request(request, state).await.map_err(|rejection: BytesRejection| {
        if rejection.into_response().status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
            Failure::new(ProblemKind::TooLarge, "the body is too large")
        } else {
            Failure::new(ProblemKind::MalformedRequest, "the body could not be read")
        }
    })
}

/// The media type of a body without its parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().unwrap_or("?");
    Some(text.split(';').next().unwrap_or("").trim().to_ascii_lowercase())
}

/// The `Idempotency-Key` of a request, if it has one.
pub(crate) struct Key(pub(crate) Option<IdempotencyKey>);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Key, Failure> {
        let mut values = parts.headers.get_all("idempotency-key").iter();
        let Some(value) = values.next() else { return Ok(Key(None)) };
        if values.next().is_some() {
            return Err(Failure::invalid("Idempotency-Key", "must be given once"));
        }
        let text = std::str::from_utf8(value.as_bytes());
        let key = text.ok().and_then(|text| IdempotencyKey::parse(text).ok());
        let why = "has 1 to 255 characters and no control characters";
        key.map(|key| Key(Some(key))).ok_or_else(|| Failure::invalid("Idempotency-Key", why))
    }
}

/// A query string of a shape.
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query<T>, Failure> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(value)| Query(value))
            .map_err(|rejection| Failure::invalid("query", rejection.body_text()))
    }
}

/// The parameters of a path.
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Failure> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        // What is not UTF-8 once it is decoded.
        read.map(|axum::extract::Path(value)| Path(value))
            .map_err(|_| Failure::new(ProblemKind::MalformedRequest, "the path is not UTF-8"))
    }
}

/// A part of the path that must be what `parse` makes of it; what is not cannot exist.
pub(crate) fn path<T: std::str::FromStr>(text: &str) -> Result<T, Failure> {
    text.parse().map_err(|_| Failure::new(ProblemKind::NotFound, "not found"))
}

/// A whole number of a query within bounds; `default` if absent.
pub(crate) fn bounded(
    field: &str,
    text: Option<&str>,
    default: i64,
    most: i64,
) -> Result<i64, Failure> {
    let Some(text) = text else { return Ok(default) };
    let number = text.parse::<i64>().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| Failure::invalid(field, format!("must be a whole number, 1 to {most}")))
}
