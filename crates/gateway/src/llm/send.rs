//! The way of a call to a provider, until the head of its answer.
//!
//! Invariant: a provider gets the headers named here and nothing else of the caller.

use super::{
    asked::Asked,
    catalog::{Provider, Target},
    echo,
    fault::Refused,
    options::Dialect,
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header},
};
use bytes::Bytes;
use novacore_dialects::{Edits, Family, Request as Read};
use novacore_outbound::Chain;

/// Headers of the caller that are sent on: which version of its API he means.
const PASSED_ON: [&str; 3] = ["anthropic-version", "anthropic-beta", "openai-beta"];
const VERSION: HeaderName = HeaderName::from_static("anthropic-version");
/// For callers who do not say.
const VERSION_DEFAULT: HeaderValue = HeaderValue::from_static("2023-06-01");
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum SendError {
    /// No connection, or it broke.
    Unreachable,
    /// No head within the time.
    TimedOut,
    /// An answer that is packed though nobody asked for that, so that it cannot be metered.
    Packed,
    /// An answer that refuses.
    Refused(Box<Refused>),
}

impl SendError {
    /// Whether another provider may do better.
    pub(crate) fn is_worth_another(&self) -> bool {
        match self {
            SendError::Refused(refused) => refused.fault.is_worth_another(),
            SendError::Unreachable | SendError::TimedOut | SendError::Packed => true,
        }
    }

    /// Whether the next call would fare no better, whatever it asks.
    pub(crate) fn is_of_provider(&self) -> bool {
        match self {
            SendError::Refused(refused) => refused.fault.is_of_provider(),
            SendError::Unreachable | SendError::TimedOut | SendError::Packed => true,
        }
    }
}

/// What is asked of the provider beyond what the caller asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    /// Whether the answer is to come as a stream.
    pub(crate) stream: bool,
    /// A maximum to which that of the caller is lowered.
    pub(crate) clamp: Option<u64>,
}

/// The caller's headers that a provider may see.
pub(crate) fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for name in PASSED_ON {
        if let Some(value) = headers.get(name) {
            kept.insert(HeaderName::from_static(name), value.clone());
        }
    }
    kept
}

/// Sends the call to one provider; an answer is one of a model.
pub(crate) async fn send(
    asked: &Asked,
    target: &Target,
    headers: &HeaderMap,
    wish: Wish,
) -> Result<Response<Body>, SendError> {
    let provider = &target.provider;
    if provider.dialect == Dialect::Echo {
        return Ok(echo::answer(asked, wish.stream));
    }
    let mut request = Request::new(Body::from(body(asked, target, wish)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = provider.uri(asked.route);
    *request.headers_mut() = head(asked, target, headers, wish);
    let head = within(provider, provider.client.request(request)).await?.map(Body::new);
    let is_packed = is_packed(head.headers());
    if !head.status().is_success() {
        let refused = Refused::read(asked.route, head, is_packed).await;
        return Err(SendError::Refused(Box::new(refused)));
    }
    if is_packed { Err(SendError::Packed) } else { Ok(head) }
}

fn is_packed(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

async fn within<R, E: std::error::Error>(
    provider: &Provider,
    work: impl Future<Output = Result<R, E>>,
) -> Result<R, SendError> {
    match tokio::time::timeout(provider.head_timeout, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => {
            let (provider, error) = (&provider.name, Chain(&error));
            tracing::warn!(provider, %error, "a provider could not be reached");
            Err(SendError::Unreachable)
        }
        Err(_) => Err(SendError::TimedOut),
    }
}

/// The caller's body, with what has to differ; the same bytes if nothing has to.
fn body(asked: &Asked, target: &Target, wish: Wish) -> Bytes {
    let name = target.upstream_name();
    let edits = Edits {
        model: (name != asked.model).then_some(name),
        max_output: wish.clamp.map(novacore_dialects::Maximum::Clamp),
        stream: (wish.stream != asked.stream).then_some(wish.stream),
        ask_usage: wish.stream && asked.route.asks_for_usage() && !asked.include_usage,
    };
    let untouched = edits.model.is_none()
        && edits.max_output.is_none()
        && edits.stream.is_none()
        && !edits.ask_usage;
    if untouched {
        return asked.body.clone();
    }
    match Read::read(asked.route, &asked.body) {
        Ok(read) => read.edited(&edits).into(),
        // It was read before, so that it can be read now.
        Err(_) => asked.body.clone(),
    }
}

fn head(asked: &Asked, target: &Target, passed_on: &HeaderMap, wish: Wish) -> HeaderMap {
    let mut head = HeaderMap::new();
    head.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let accept = if wish.stream { "text/event-stream" } else { "application/json" };
    head.insert(header::ACCEPT, HeaderValue::from_static(accept));
    head.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    head.insert(header::USER_AGENT, HeaderValue::from_static("novacore"));
    for (name, value) in passed_on {
        let is_anthropic = name.as_str().starts_with("anthropic");
        if is_anthropic == (asked.route.family() == Family::Anthropic) {
            head.insert(name, value.clone());
        }
    }
    if asked.route.family() == Family::Anthropic {
        head.entry(VERSION).or_insert(VERSION_DEFAULT);
    }
    if let Some(key) = &target.provider.key {
        let name = match target.provider.dialect {
            Dialect::Anthropic => API_KEY,
            Dialect::OpenAi | Dialect::Echo => header::AUTHORIZATION,
        };
        head.insert(name, key.clone());
    }
    head
}
