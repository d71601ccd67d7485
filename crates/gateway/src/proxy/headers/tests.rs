//! Headers in many spellings, and what is left of them.

use super::*;
use novacore_access::Role;
use novacore_vocab::{OrgId, TierName, Timestamp, UserId};

/// Headers of lines `Name: value`, sent as they stand.
fn headers(lines: &str) -> HeaderMap {
    let mut map = HeaderMap::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').expect("a header");
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        map.append(name, HeaderValue::try_from(value.trim()).expect("a value"));
    }
    map
}

fn lines(map: &HeaderMap) -> Vec<String> {
    let line = |(name, value): (&HeaderName, &HeaderValue)| {
        format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
    };
    let mut lines: Vec<String> = map.iter().map(line).collect();
    lines.sort();
    lines
}

fn user() -> User {
    let id: UserId = "00000000-0000-4000-8000-000000000001".parse().unwrap();
    User {
        id,
        org: OrgId(id.0),
        email: Some(Email::parse("ada@example.com").unwrap()),
        role: Role::Student,
        tier: TierName::parse("free_trial").unwrap(),
        disabled: false,
        trial_ends_at: None,
        created_at: Timestamp::from_seconds(0),
    }
}

fn told(user: &User) -> Told<'_> {
    Told {
        user,
        token: "a.b.c",
        request_id: Some(HeaderValue::from_static("ours")),
        hops: &[],
        proto: "http",
        host: None,
    }
}

#[test]
fn nothing_forged_is_left() {
    for forged in [
        "X-User-Id: 9",
        "x-user-id: 9\nX-USER-ID: 8",
        "X-User-Tier: enterprise",
        "X-User-Role: admin",
        "X-User-Anything: 1",
        "x_user_id: 9",
        "X_User_Tier: pro",
        "x-user_id: 9",
        "X-Service-Token: s",
        "x_service_token: s",
        "X-Service-Name: s",
        "X-Request-Id: forged",
        "X-Forwarded-For: 1.1.1.1",
        "X-Forwarded-Host: evil",
        "X-Forwarded-Prefix: /x",
        "X-Real-IP: 1.1.1.1",
        "Forwarded: for=1.1.1.1",
        "X-Novacore-Context: forged",
        "NovaCore-User: 9",
        "Authorization: Bearer secret",
        "Proxy-Authorization: Basic x",
        "Host: evil",
        "Expect: 100-continue",
        "Upgrade: h2c\nConnection: upgrade, http2-settings\nHTTP2-Settings: x",
        "Keep-Alive: timeout=5\nProxy-Connection: keep-alive",
        "Transfer-Encoding: chunked",
        "TE: gzip",
        "Trailer-Thing: x\nConnection: trailer-thing",
        "Secret: x\nConnection: close\nConnection: , SECRET ,",
        "Cookie: novacore_refresh=token",
        "Cookie: NovaCore_Refresh=token",
    ] {
        let mut map = headers(forged);
        scrub_request(&mut map);
        assert_eq!(lines(&map), Vec::<String>::new(), "{forged}");
    }
}

#[test]
fn what_is_the_clients_own_passes() {
    let own = "accept: text/event-stream
        content-length: 5
        content-type: application/json
        cookie: a=1
        cookie: b=2
        idempotency-key: k
        user-agent: x
        x-custom: 1
        x-userid: not ours
        x-users: neither";
    let mut map = headers(own);
    scrub_request(&mut map);
    assert_eq!(lines(&map), lines(&headers(own)));
    let mut map =
        headers("Cookie: a=1; novacore_refresh=t; b=novacore_refresh\nTE: trailers, gzip");
    scrub_request(&mut map);
    assert_eq!(lines(&map), ["cookie: a=1; b=novacore_refresh", "te: trailers"]);
}

#[test]
fn ours_are_set_once_and_nobody_has_them_removed() {
    let user = user();
    let mut map = headers(
        "Connection: x-user-id, x-request-id, x-novacore-context, x-forwarded-for
        X-User-Id: 9
        X-User-Id: 8
        X-Forwarded-For: 6.6.6.6
        X-User-Email: evil@example.com",
    );
    scrub_request(&mut map);
    let hops = ["1.1.1.1", "10.0.0.1"].map(|address| address.parse().unwrap());
    let host = Some(HeaderValue::from_static("api.example.com"));
    tell(&mut map, &Told { hops: &hops, proto: "https", host, ..told(&user) });
    assert_eq!(
        lines(&map),
        [
            "x-forwarded-for: 1.1.1.1, 10.0.0.1",
            "x-forwarded-host: api.example.com",
            "x-forwarded-proto: https",
            "x-novacore-context: a.b.c",
            "x-request-id: ours",
            "x-user-email: ada@example.com",
            "x-user-id: 00000000-0000-4000-8000-000000000001",
            "x-user-role: student",
            "x-user-tier: free_trial",
        ]
    );
    assert!(!format!("{map:?}").contains("a.b.c"), "the token is marked as sensitive");
    // One without an address has no header rather than an empty one.
    let mut map = HeaderMap::new();
    tell(&mut map, &told(&User { email: None, ..user }));
    assert!(!map.contains_key("x-user-email"));
}

#[test]
fn pseudo_headers_of_http2_are_no_headers() {
    for name in [":authority", ":path", ":method", ":x-user-id"] {
        assert!(HeaderName::from_bytes(name.as_bytes()).is_err(), "{name}");
    }
}

#[test]
fn an_answer_loses_its_hops_and_what_is_ours_to_say() {
    let mut map = headers(
        "Connection: keep-alive, X-Internal
        X-Internal: 1
        Keep-Alive: timeout=5
        Transfer-Encoding: chunked
        Access-Control-Allow-Origin: *
        Access-Control-Allow-Credentials: true
        X-Novacore-Context: leaked
        Content-Type: text/plain
        Set-Cookie: a=1
        Set-Cookie: b=2
        Location: http://internal/x
        ETag: \"1\"",
    );
    scrub_answer(&mut map);
    assert_eq!(
        lines(&map),
        [
            "content-type: text/plain",
            "etag: \"1\"",
            "location: http://internal/x",
            "set-cookie: a=1",
            "set-cookie: b=2",
        ]
    );
}
