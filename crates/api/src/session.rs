//! The session of the web app: its refresh token is in a cookie that no script reads.
//!
//! A call asks for that with `NovaCore-Session: cookie`. Then it has to come from a page of the
//! host that it was sent to, or of an origin that the operator named: a browser says so in
//! `Origin`, which no page can change.
//!
//! Invariant: without the header no cookie is read and none is set.
//! Invariant: a token that is in the cookie is in no body.
//! Not here: what a token is good for (`app::auth`); cookies of others.

use crate::{
    body::Json,
    caller::Mount,
    router::{ApiState, peer},
};
use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, HeaderValue, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use novacore_app::auth::Tokens;
use novacore_edge::{Failure, forwarded};
use novacore_vocab::Timestamp;
use novacore_wire::{auth::RefreshRequest, problem::ProblemKind};
use secrecy::{ExposeSecret, SecretString};

/// What asks for the cookie.
const SESSION: &str = "novacore-session";
const COOKIE: &str = "novacore_refresh";

/// How the refresh token of a session travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// In bodies.
    Body,
    /// In the cookie; `is_secure` if the page came over TLS.
    Cookie {
        /// Whether the cookie may travel over TLS alone.
        is_secure: bool,
    },
}

impl FromRequestParts<ApiState> for Carrier {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Carrier, Failure> {
        let mut asked = parts.headers.get_all(SESSION).iter();
        let Some(how) = asked.next() else { return Ok(Carrier::Body) };
        if how != "cookie" || asked.next().is_some() {
            return Err(Failure::invalid("NovaCore-Session", "must be cookie"));
        }
        // A service keeps its token itself, and has no page.
        if state.mount == Mount::Internal {
            return Err(Failure::invalid("NovaCore-Session", "is for calls under /api"));
        }
        let mut origins = parts.headers.get_all(header::ORIGIN).iter();
        let (Some(origin), None) = (origins.next(), origins.next()) else {
            return Err(foreign("one Origin is needed"));
        };
        let proxies = &state.options.trusted_proxies;
        let is_tls = forwarded::proto(peer(parts), &parts.headers, proxies) == "https";
        let is_own = is_same(origin, &parts.uri, &parts.headers, is_tls);
        if !is_own && !state.options.origins.has(origin) {
            return Err(foreign("the Origin is another"));
        }
        Ok(Carrier::Cookie { is_secure: origin.as_bytes().starts_with(b"https://") })
    }
}

fn foreign(why: &str) -> Failure {
    Failure::new(ProblemKind::Forbidden, format!("a session in a cookie: {why}"))
}

/// Whether an origin is that of the host that was asked. Whether we are behind TLS is known only
/// from a proxy that says so; then the origin has to be, too.
fn is_same(origin: &HeaderValue, uri: &Uri, headers: &HeaderMap, is_tls: bool) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    let (host, default) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(host), _) => (host, ":443"),
        (None, Some(host)) if !is_tls => (host, ":80"),
        (None, _) => return false,
    };
    let asked = match uri.authority() {
        Some(authority) => authority.as_str(),
        None => {
            let mut hosts = headers.get_all(header::HOST).iter();
            let host = hosts.next().and_then(|host| host.to_str().ok());
            let (Some(host), None) = (host, hosts.next()) else { return false };
            host
        }
    };
    let asked = asked.strip_suffix(default).unwrap_or(asked);
    !host.is_empty() && host.eq_ignore_ascii_case(asked)
}

impl Carrier {
    /// Where the refresh token goes: into the body, or into a cookie as a header.
    pub(crate) fn carry(
        self,
        tokens: &Tokens,
        now: Timestamp,
    ) -> (Option<String>, Option<HeaderValue>) {
        let token = tokens.refresh.expose_secret();
        match self {
            Carrier::Body => (Some(token.to_owned()), None),
            Carrier::Cookie { is_secure } => {
                let rest_s = now.seconds_until_ceil(tokens.refresh_expires_at);
                (None, Some(cookie(token, rest_s, is_secure)))
            }
        }
    }

    /// An answer with which the session is over: nothing of it stays in the browser.
    pub(crate) fn over(self, answer: impl IntoResponse) -> Response {
        match self {
            Carrier::Body => answer.into_response(),
            Carrier::Cookie { is_secure } => with_cookie(answer, Some(cookie("", 0, is_secure))),
        }
    }

    /// An answer that refuses; a 401 ends what the browser has of the session.
    pub(crate) fn refused(self, failure: Failure) -> Response {
        if failure.0.kind.status() == 401 { self.over(failure) } else { failure.into_response() }
    }
}

/// An answer with tokens, which nobody on the way may keep.
pub(crate) fn with_cookie(answer: impl IntoResponse, cookie: Option<HeaderValue>) -> Response {
    let mut response = answer.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie {
        headers.insert(header::SET_COOKIE, cookie);
    }
    response
}

fn cookie(token: &str, max_age_s: i64, is_secure: bool) -> HeaderValue {
    let secure = if is_secure { "; Secure" } else { "" };
    let text = format!(
        "{COOKIE}={token}; Path=/api/auth; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}"
    );
    let mut value =
        HeaderValue::try_from(text).expect("a token is letters, digits and underscores");
    value.set_sensitive(true);
    value
}

/// A refresh token as it was shown, and how the answer carries the next one.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) carrier: Carrier,
    token: InCookie,
}

/// What there is of our cookie, or the token of a body.
#[derive(Debug)]
enum InCookie {
    None,
    One(SecretString),
    /// Which one the browser got from us cannot be told.
    Several,
}

impl FromRequest<ApiState> for Shown {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &ApiState) -> Result<Shown, Failure> {
        let (mut parts, body) = request.into_parts();
        let carrier = Carrier::from_request_parts(&mut parts, state).await?;
        let token = match carrier {
            Carrier::Cookie { .. } => in_cookies(&parts.headers),
            Carrier::Body => {
                let request = Request::from_parts(parts, body);
                let Json(ask) = Json::<RefreshRequest>::from_request(request, state).await?;
                InCookie::One(SecretString::from(ask.refresh_token))
            }
        };
        Ok(Shown { carrier, token })
    }
}

impl Shown {
    /// The token; nothing if the browser has none.
    pub(crate) fn token(&self) -> Result<Option<&str>, Failure> {
        match &self.token {
            InCookie::None => Ok(None),
            InCookie::One(token) => Ok(Some(token.expose_secret())),
            InCookie::Several => {
                let why = format!("there are several cookies {COOKIE}");
                Err(Failure::new(ProblemKind::CredentialInvalid, why))
            }
        }
    }

    /// The token of a call that needs one.
    pub(crate) fn needed(&self) -> Result<&str, Failure> {
        let missing =
            || Failure::new(ProblemKind::CredentialMissing, format!("there is no cookie {COOKIE}"));
        self.token()?.ok_or_else(missing)
    }
}

fn in_cookies(headers: &HeaderMap) -> InCookie {
    let values = headers.get_all(header::COOKIE).iter();
    let pairs = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    let mut tokens = pairs.filter_map(|pair| {
        let token = pair.trim_ascii().strip_prefix(COOKIE.as_bytes())?.strip_prefix(b"=")?;
        Some(String::from_utf8_lossy(token).into_owned())
    });
    match (tokens.next(), tokens.next()) {
        (None, _) => InCookie::None,
        (Some(token), None) => InCookie::One(SecretString::from(token)),
        (Some(_), Some(_)) => InCookie::Several,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_ours_if_it_is_the_host_that_was_asked() {
        for (origin, host, is_tls, want) in [
            ("http://localhost:8080", "localhost:8080", false, true),
            ("https://nova.example.com", "nova.example.com", false, true),
            ("https://nova.example.com", "nova.example.com", true, true),
            ("https://nova.example.com", "Nova.Example.com:443", false, true),
            ("http://nova.example.com", "nova.example.com:80", false, true),
            ("http://[::1]:8080", "[::1]:8080", false, true),
            ("http://nova.example.com", "nova.example.com", true, false),
            ("http://nova.example.com", "nova.example.com:443", false, false),
            ("http://localhost:8081", "localhost:8080", false, false),
            ("http://localhost", "localhost:8080", false, false),
            ("http://127.0.0.1:8080", "localhost:8080", false, false),
            ("https://evil.example", "nova.example.com", false, false),
            ("https://nova.example.com.evil.example", "nova.example.com", false, false),
            ("https://evil.example/nova.example.com", "nova.example.com", false, false),
            ("null", "nova.example.com", false, false),
            ("null", "null", false, false),
            ("http://", "", false, false),
            ("", "", false, false),
            ("ftp://nova.example.com", "nova.example.com", false, false),
        ] {
            let headers =
                HeaderMap::from_iter([(header::HOST, HeaderValue::from_str(host).unwrap())]);
            let said = HeaderValue::from_str(origin).unwrap();
            let found = is_same(&said, &Uri::from_static("/api"), &headers, is_tls);
            assert_eq!(found, want, "{origin} at {host}");
        }
        let origin = HeaderValue::from_static("http://a");
        assert!(!is_same(&origin, &Uri::from_static("/"), &HeaderMap::new(), false));
        // HTTP/2 names the host in the address.
        let uri = Uri::from_static("http://a/api");
        assert!(is_same(&origin, &uri, &HeaderMap::new(), false));
    }

    #[test]
    fn our_cookie_is_found_among_others_and_twice_is_told() {
        for (sent, want) in [
            (&["a=1; novacore_refresh=x; b=2"][..], Some("x")),
            (&["a=1", "novacore_refresh=x"], Some("x")),
            (&["novacore_refresh="], Some("")),
            (&["xnovacore_refresh=x; novacore_refreshx=y; NovaCore_refresh=z"], None),
            (&["a=novacore_refresh=x"], None),
            (&["novacore_refresh"], None),
            (&[], None),
        ] {
            let pairs = sent.iter().map(|text| (header::COOKIE, HeaderValue::from_static(text)));
            let mut headers = HeaderMap::new();
            pairs.for_each(|(name, value)| _ = headers.append(name, value));
            let shown = Shown { carrier: Carrier::Body, token: in_cookies(&headers) };
            assert_eq!(shown.token().unwrap(), want, "{sent:?}");
            assert_eq!(shown.needed().is_ok(), want.is_some(), "{sent:?}");
        }
        let twice = HeaderValue::from_static("novacore_refresh=x; novacore_refresh=x");
        let headers = HeaderMap::from_iter([(header::COOKIE, twice)]);
        assert!(matches!(in_cookies(&headers), InCookie::Several));
    }

    #[test]
    fn a_cookie_says_all_that_keeps_it_in() {
        assert_eq!(
            cookie("nvr_1", 60, true),
            "novacore_refresh=nvr_1; Path=/api/auth; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
        );
        let plain = cookie("", 0, false);
        assert_eq!(
            plain,
            "novacore_refresh=; Path=/api/auth; Max-Age=0; HttpOnly; SameSite=Strict"
        );
        assert!(plain.is_sensitive(), "it stays out of logs");
    }
}
