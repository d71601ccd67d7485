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
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use std::borrow::Cow;

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

/// The parameters of a query, one by one, for calls that take one of them several times.
///
/// What is no UTF-8 once it is decoded is refused: it would find, or store, something else than was
/// meant.
pub(crate) struct Pairs(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Pairs {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Pairs, Failure> {
        Pairs::read(parts.uri.query().unwrap_or(""))
    }
}

impl Pairs {
    fn read(query: &str) -> Result<Pairs, Failure> {
        let decoded = |text: &str| {
            let text = text.replace('+', " ");
            let text = percent_decode_str(&text).decode_utf8().map(Cow::into_owned);
            text.map_err(|_| Failure::new(ProblemKind::MalformedRequest, "the query is not UTF-8"))
        };
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let pairs = pairs.map(|(name, value)| Ok((decoded(name)?, decoded(value)?)));
        Ok(Pairs(pairs.collect::<Result<_, Failure>>()?))
    }

    /// The value of a parameter that may be given once.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Failure> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Failure::invalid(name, "must be given once"));
        }
        Ok(first.map(|(_, value)| value.as_str()))
    }

    /// The values of a parameter that may be given again and again.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let values = self.0.iter().filter(|(known, _)| known == name);
        values.map(|(_, value)| value.clone()).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_pair_by_pair() {
        let pairs = Pairs::read("tag=a+b&tag=%C3%A9&&flag&x=1=2&tag=").unwrap();
        assert_eq!(pairs.all("tag"), ["a b", "é", ""]);
        assert_eq!(pairs.one("x").unwrap(), Some("1=2"));
        assert_eq!(pairs.one("flag").unwrap(), Some(""));
        assert_eq!(pairs.one("none").unwrap(), None);
        assert!(pairs.one("tag").is_err());
        for (query, reads) in [("", true), ("a=%zz", true), ("a=%ff", false), ("%c3=1", false)] {
            assert_eq!(Pairs::read(query).is_ok(), reads, "{query}");
        }
    }
}
