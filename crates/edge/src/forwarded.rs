//! Where a request comes from, through proxies in front of us.
//!
//! Invariant: `X-Forwarded-For` and `X-Forwarded-Proto` are believed from trusted proxies alone,
//! and of a chain only the part that such proxies have written.

use axum::http::HeaderMap;
use std::net::IpAddr;

/// The hops that are believed: the client, then the proxies up to and with the peer.
///
/// The client is the last address that is no proxy of ours: what stands before it, he may have
/// written himself.
pub fn chain(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> Vec<IpAddr> {
    if !trusted.contains(&peer) {
        return vec![peer];
    }
    let mut said = said(headers);
    let client = said.iter().rposition(|address| !trusted.contains(address));
    match client {
        Some(client) => said.drain(..client),
        // All are ours, so that the first one called by itself; who it is that called is the peer.
        None => said.drain(..),
    };
    said.push(peer);
    said
}

/// The client of a caller that is believed whatever its address is, such as a service.
pub fn client_said(headers: &HeaderMap, trusted: &[IpAddr]) -> Option<IpAddr> {
    said(headers).into_iter().rfind(|address| !trusted.contains(address))
}

/// Whether the client's connection was encrypted, if a trusted proxy says so.
pub fn proto(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> &'static str {
    let said =
        trusted.contains(&peer).then(|| headers.get_all("x-forwarded-proto").iter().next_back());
    let said = said.flatten().and_then(|value| value.to_str().ok());
    match said.and_then(|text| text.rsplit(',').next()).map(str::trim) {
        Some(text) if text.eq_ignore_ascii_case("https") => "https",
        _ => "http",
    }
}

fn said(headers: &HeaderMap) -> Vec<IpAddr> {
    let values = headers.get_all("x-forwarded-for").iter();
    let texts = values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    texts.filter_map(|text| text.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_what_trusted_proxies_wrote_is_believed() {
        let trusted: Vec<IpAddr> = ["10.0.0.1", "10.0.0.2"].map(|a| a.parse().unwrap()).into();
        for (peer, said, want) in [
            ("9.9.9.9", "1.1.1.1", "9.9.9.9"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "1.1.1.1", "1.1.1.1 10.0.0.1"),
            ("10.0.0.1", "6.6.6.6, 1.1.1.1", "1.1.1.1 10.0.0.1"),
            ("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1 10.0.0.2 10.0.0.1"),
            ("10.0.0.1", "10.0.0.2", "10.0.0.1"),
            ("10.0.0.1", "nonsense, 1.1.1.1", "1.1.1.1 10.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", HeaderValue::from_static(said));
            let chain = chain(peer.parse().unwrap(), &headers, &trusted);
            let chain: Vec<_> = chain.iter().map(IpAddr::to_string).collect();
            assert_eq!(chain.join(" "), want, "{peer} says {said}");
        }
    }

    #[test]
    fn the_scheme_is_believed_likewise() {
        let trusted = ["10.0.0.1".parse().unwrap()];
        for (peer, said, want) in [
            ("10.0.0.1", "https", "https"),
            ("10.0.0.1", "http, HTTPS", "https"),
            ("10.0.0.1", "https, http", "http"),
            ("10.0.0.1", "gopher", "http"),
            ("9.9.9.9", "https", "http"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-proto", HeaderValue::from_static(said));
            assert_eq!(proto(peer.parse().unwrap(), &headers, &trusted), want, "{peer} {said}");
        }
    }
}
