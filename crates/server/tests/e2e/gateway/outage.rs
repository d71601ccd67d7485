//! Services that are down, slow, and back again.

use super::{client::call, health, serve, upstream::Upstream};
use crate::binary::Folder;
use serde_json::json;

const UNAVAILABLE: &str = "urn:novacore:problem:upstream-unavailable";

#[test]
fn a_service_that_was_killed_is_a_problem_until_it_is_back() {
    let folder = Folder::new();
    let mut upstream = Upstream::start();
    let server = serve(&folder, &upstream, "breaker_failures = 3\nbreaker_pause_ms = 50");
    let (_, token) = server.register("ada@example.com");
    assert_eq!(health(&server, "/svc"), "unknown");
    assert_eq!(call(&server, "GET /svc/x", &token, "").status, 200);
    assert_eq!(health(&server, "/svc"), "up");
    upstream.stop();
    for _ in 0..10 {
        let answer = call(&server, "GET /svc/x", &token, "");
        assert_eq!((answer.status, &answer.json()["type"]), (503, &json!(UNAVAILABLE)));
        assert_eq!(answer.header("retry-after"), ["1"]);
        assert_eq!(answer.header("content-type"), ["application/problem+json"]);
    }
    assert_eq!(health(&server, "/svc"), "down");
    let back = Upstream::start_at(upstream.address());
    while call(&server, "GET /svc/x", &token, "").status != 200 {
        std::thread::yield_now();
    }
    assert_eq!(health(&server, "/svc"), "up");
    assert!(back.accepted() > 0);
    let metrics = server.send("GET", "/metrics", &[], "").expect("the server answers");
    let text = metrics.body.as_str().expect("text").to_owned();
    for line in [
        "novacore_upstream_requests_total{prefix=\"/svc\",class=\"2xx\"} 2",
        "novacore_upstream_available{prefix=\"/svc\",upstream=\"1\"} 1",
        "novacore_upstream_in_flight{prefix=\"/svc\"} 0",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn while_it_is_left_alone_nobody_knocks() {
    let folder = Folder::new();
    let mut upstream = Upstream::start();
    let server = serve(&folder, &upstream, "breaker_failures = 2\nbreaker_pause_ms = 600_000");
    let (_, token) = server.register("ada@example.com");
    upstream.stop();
    let answer = call(&server, "GET /svc/x", &token, "");
    assert_eq!((answer.status, answer.header("retry-after")), (503, vec!["1"]));
    // It could be reached again, and is not asked.
    let back = Upstream::start_at(upstream.address());
    let answer = call(&server, "GET /svc/x", &token, "");
    assert_eq!(answer.status, 503);
    let after: u64 = answer.header("retry-after")[0].parse().expect("seconds");
    assert!((500..=600).contains(&after), "{after}");
    assert_eq!(back.accepted(), 0);
}

#[test]
fn a_slow_service_is_another_problem() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let server = serve(&folder, &upstream, "rewrite = \"/\"\ntimeout_ms = 100");
    let (_, token) = server.register("ada@example.com");
    let answer = call(&server, "GET /svc/hang", &token, "");
    let kind = json!("urn:novacore:problem:upstream-timeout");
    assert_eq!((answer.status, &answer.json()["type"]), (504, &kind));
    assert_eq!(answer.header("retry-after"), ["1"]);
    assert_eq!(health(&server, "/svc"), "down");
    assert_eq!(call(&server, "GET /svc/echo", &token, "").status, 200);
}

#[test]
fn of_several_the_living_one_answers() {
    let folder = Folder::new();
    let (mut first, second) = (Upstream::start(), Upstream::start());
    let urls = format!("[\"{}\", \"{}\"]", first.url(), second.url());
    folder.configure(&format!("[[upstreams]]\nprefix = \"/svc\"\nurl = {urls}\n"));
    let server = folder.serve();
    let (_, token) = server.register("ada@example.com");
    for _ in 0..40 {
        assert_eq!(call(&server, "GET /svc/x", &token, "").status, 200);
    }
    // They take turns. Connections are kept, though one may not be free again when the next call
    // comes.
    let accepted = [first.accepted(), second.accepted()];
    assert!(accepted.iter().all(|count| (1..=10).contains(count)), "{accepted:?}");
    first.stop();
    // A body goes along, since nobody has touched it.
    for _ in 0..12 {
        let mut client = super::client::Connection::open(&server);
        client.begin("POST /svc/x", &token, "Content-Length: 5");
        client.send(b"hello").expect("sent");
        let answer = client.answer();
        assert_eq!((answer.status, &answer.json()["bytes"]), (200, &json!(5)));
    }
    assert_eq!(health(&server, "/svc#1"), "down");
    assert_eq!(health(&server, "/svc#2"), "up");
}

#[test]
fn a_machine_without_certificate_authorities_serves_all_the_same() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let url = upstream.url();
    folder.configure(&format!("[[upstreams]]\nprefix = \"/svc\"\nurl = \"{url}\"\n"));
    let nowhere = folder.path("nowhere").display().to_string();
    let server = folder.serve_with(&[("SSL_CERT_FILE", "/dev/null"), ("SSL_CERT_DIR", &nowhere)]);
    let (_, token) = server.register("ada@example.com");
    assert_eq!(call(&server, "GET /svc/x", &token, "").status, 200);
}
