//! What services are told in headers, and what clients and services may not say.
//!
//! Invariant: a header that we set is never one that a client sent, in whatever spelling.
//! Invariant: what `Connection` names is removed before anything of ours is set, so nobody can have
//! ours removed.
//! Not here: who the caller is.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use novacore_access::{Email, User};
use std::net::IpAddr;

/// The signed token that says for whom a call is.
const CONTEXT: HeaderName = HeaderName::from_static("x-novacore-context");
/// The name of a request in logs; made by the guard in front of us.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// The cookie in which the web application keeps its refresh token.
const REFRESH_COOKIE: &str = "novacore_refresh";

/// What concerns one connection, not the message.
const HOPS: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];
/// What services hear from us alone, or not at all. `expect` was answered when the body was read.
const OURS: [&str; 12] = [
    "authorization",
    "expect",
    "forwarded",
    "host",
    "novacore-user",
    "true-client-ip",
    "x-client-ip",
    "x-original-url",
    "x-original-uri",
    "x-real-ip",
    "x-request-id",
    "x-rewrite-url",
];
const OUR_FAMILIES: [&str; 4] = ["x-user-", "x-service-", "x-forwarded-", "x-novacore-"];
/// Which pages may read an answer is for us to say, who know the origins.
const ANSWER_FAMILIES: [&str; 2] = ["access-control-", "x-novacore-"];

/// For whom and from where a call is.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    pub(crate) user: &'a User,
    pub(crate) token: &'a str,
    pub(crate) request_id: Option<HeaderValue>,
    pub(crate) hops: &'a [IpAddr],
    pub(crate) proto: &'static str,
    pub(crate) host: Option<HeaderValue>,
}

/// Removes from a request what no service may hear from a client.
pub(crate) fn scrub_request(headers: &mut HeaderMap) {
    let takes_trailers = takes_trailers(headers);
    remove_hops(headers);
    let is_foreign = |name: &HeaderName| {
        let name = name.as_str();
        // Many a server makes `X_User_Id` and `X-User-Id` the same variable.
        name.contains('_')
            || OURS.contains(&name)
            || OUR_FAMILIES.iter().any(|family| name.starts_with(family))
    };
    remove_if(headers, is_foreign);
    remove_refresh_cookie(headers);
    if takes_trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
}

/// Removes from an answer what is not for the client.
pub(crate) fn scrub_answer(headers: &mut HeaderMap) {
    remove_hops(headers);
    remove_if(headers, |name| {
        ANSWER_FAMILIES.iter().any(|family| name.as_str().starts_with(family))
    });
}

/// Says for whom a call is, once.
pub(crate) fn tell(headers: &mut HeaderMap, told: &Told<'_>) {
    let hops: Vec<String> = told.hops.iter().map(IpAddr::to_string).collect();
    let texts = [
        ("x-user-id", told.user.id.to_string()),
        ("x-user-email", told.user.email.as_ref().map_or("", Email::as_str).to_owned()),
        ("x-user-role", told.user.role.as_str().to_owned()),
        ("x-user-tier", told.user.tier.as_str().to_owned()),
        ("x-forwarded-for", hops.join(", ")),
        ("x-forwarded-proto", told.proto.to_owned()),
    ];
    for (name, text) in texts {
        // An address with letters from beyond ASCII is sent as its bytes.
        if let (false, Ok(value)) = (text.is_empty(), HeaderValue::from_bytes(text.as_bytes())) {
            headers.insert(name, value);
        }
    }
    if let Ok(mut token) = HeaderValue::try_from(told.token) {
        token.set_sensitive(true);
        headers.insert(CONTEXT, token);
    }
    let both = [(REQUEST_ID, &told.request_id), (FORWARDED_HOST, &told.host)];
    for (name, value) in both {
        if let Some(value) = value {
            headers.insert(name, value.clone());
        }
    }
}

/// Whether a client asks for trailers, which is the one thing of `TE` that is passed on.
fn takes_trailers(headers: &HeaderMap) -> bool {
    tokens(headers, &header::TE).iter().any(|token| token == "trailers")
}

fn remove_hops(headers: &mut HeaderMap) {
    for named in tokens(headers, &header::CONNECTION) {
        headers.remove(named.as_str());
    }
    for name in HOPS {
        headers.remove(name);
    }
}

/// The comma-separated words of a header, in lower case.
pub(crate) fn tokens(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let words =
        values.flat_map(|text| text.split(',')).map(|word| word.trim().to_ascii_lowercase());
    words.filter(|word| !word.is_empty()).collect()
}

fn remove_if(headers: &mut HeaderMap, is_gone: impl Fn(&HeaderName) -> bool) {
    let gone: Vec<HeaderName> = headers.keys().filter(|name| is_gone(name)).cloned().collect();
    for name in gone {
        headers.remove(name);
    }
}

/// Takes our own cookie out of the others.
fn remove_refresh_cookie(headers: &mut HeaderMap) {
    let has_it = |value: &HeaderValue| {
        let needle = REFRESH_COOKIE.as_bytes();
        value.as_bytes().windows(needle.len()).any(|part| part.eq_ignore_ascii_case(needle))
    };
    if !headers.get_all(header::COOKIE).iter().any(has_it) {
        return;
    }
    let is_other = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default().trim();
        !name.eq_ignore_ascii_case(REFRESH_COOKIE)
    };
    let kept: Vec<HeaderValue> = headers
        .get_all(header::COOKIE)
        .iter()
        // One that is no text cannot be taken apart, so it goes whole.
        .filter_map(|value| value.to_str().ok())
        .map(|text| text.split(';').filter(is_other).map(str::trim).collect::<Vec<_>>().join("; "))
        .filter(|text| !text.is_empty())
        .filter_map(|text| HeaderValue::try_from(text).ok())
        .collect();
    headers.remove(header::COOKIE);
    for value in kept {
        headers.append(header::COOKIE, value);
    }
}

#[cfg(test)]
mod tests;
