//! How much at once, how large, how slow; and what other origins may read.

use super::{
    client::{Connection, call},
    serve,
    upstream::{Seen, Upstream},
};
use crate::binary::Folder;
use serde_json::json;

#[test]
fn beyond_the_places_calls_are_shed_at_once() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let server = serve(&folder, &upstream, "rewrite = \"/\"\nin_flight_max = 2");
    let (_, token) = server.register("ada@example.com");
    let mut waiting: Vec<Connection> = (0..2).map(|_| Connection::open(&server)).collect();
    for client in &mut waiting {
        client.begin("GET /svc/gate", &token, "");
    }
    for _ in 0..2 {
        assert_eq!(upstream.seen(), Seen::Call("/gate".to_owned()));
    }
    let answer = call(&server, "GET /svc/echo", &token, "");
    let kind = json!("urn:novacore:problem:overloaded");
    assert_eq!((answer.status, &answer.json()["type"]), (503, &kind));
    assert_eq!(answer.header("retry-after"), ["1"]);
    // The control plane goes on.
    assert_eq!(server.get("/api/usage/tokens", &token).status, 200);
    for _ in 0..2 {
        upstream.pace("");
    }
    for client in &mut waiting {
        assert_eq!(client.answer().status, 200);
    }
    assert_eq!(call(&server, "GET /svc/echo", &token, "").status, 200);
}

#[test]
fn a_body_has_a_largest_size_with_and_without_its_length() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let server = serve(&folder, &upstream, "rewrite = \"/\"\nbody_bytes_max = 10");
    let (_, token) = server.register("ada@example.com");
    let kind = json!("urn:novacore:problem:too-large");
    for (headers, body, want) in [
        ("Content-Length: 10", "0123456789", 200),
        ("Content-Length: 11", "", 413),
        ("Transfer-Encoding: chunked", "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n", 200),
        ("Transfer-Encoding: chunked", "5\r\n01234\r\n6\r\n56789a\r\n", 413),
    ] {
        let mut client = Connection::open(&server);
        client.begin("POST /svc/echo", &token, headers);
        client.send(body.as_bytes()).expect("sent");
        let answer = client.answer();
        assert_eq!(answer.status, want, "{headers}: {answer:?}");
        if want == 413 {
            assert_eq!(answer.json()["type"], kind);
        }
    }
    assert_eq!(super::health(&server, "/svc"), "up");
}

#[test]
fn a_body_of_two_lengths_is_one_to_the_service() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let server = serve(&folder, &upstream, "rewrite = \"/\"");
    let (_, token) = server.register("ada@example.com");
    let mut client = Connection::open(&server);
    // Read by its stated length, the rest would be a call of its own.
    client.begin("POST /svc/echo", &token, "Content-Length: 4\nTransfer-Encoding: chunked");
    let smuggled = "GET /svc/smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
    let length = smuggled.len();
    client.send(format!("{length:x}\r\n{smuggled}\r\n0\r\n\r\n").as_bytes()).expect("sent");
    let answer = client.answer();
    if answer.status == 200 {
        assert_eq!(answer.json()["bytes"], json!(length));
        assert!(super::client::told(&answer, "content-length").is_empty());
        assert_eq!(super::client::told(&answer, "transfer-encoding"), ["chunked"]);
    } else {
        assert_eq!(answer.status, 400);
    }
    assert_eq!(call(&server, "GET /svc/echo", &token, "").status, 200);
}

#[test]
fn a_body_that_stops_is_not_waited_for() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let server = serve(&folder, &upstream, "rewrite = \"/\"\nbody_idle_ms = 100");
    let (_, token) = server.register("ada@example.com");
    let mut client = Connection::open(&server);
    client.begin("POST /svc/echo", &token, "Content-Length: 10");
    client.send(b"01234").expect("sent");
    let answer = client.answer();
    let kind = json!("urn:novacore:problem:request-timeout");
    assert_eq!((answer.status, &answer.json()["type"]), (408, &kind));
    assert_eq!(super::health(&server, "/svc"), "unknown");
}

#[test]
fn pages_of_other_origins_read_nothing_unless_they_are_named() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let server = serve(&folder, &upstream, "rewrite = \"/\"");
    let (_, token) = server.register("ada@example.com");
    let origin = "Origin: https://app.example.com";
    let allowed =
        |answer: &super::client::Answer| answer.header("access-control-allow-origin").join(",");
    // The service says `*`, which is not for it to say.
    assert_eq!(allowed(&call(&server, "GET /svc/echo", &token, origin)), "");
    drop(server);
    let set = [("NOVACORE__SERVER__CORS_ORIGINS", "[\"https://app.example.com\"]")];
    let server = folder.serve_with(&set);
    let asks = format!(
        "{origin}\nAccess-Control-Request-Method: POST\n\
                        Access-Control-Request-Headers: authorization"
    );
    for path in ["/svc/echo", "/api/usage/tokens"] {
        let answer = call(&server, &format!("GET {path}"), &token, origin);
        assert_eq!((answer.status, allowed(&answer)), (200, "https://app.example.com".to_owned()));
        assert!(answer.header("access-control-allow-credentials").is_empty());
        let asked = call(&server, &format!("OPTIONS {path}"), "", &asks);
        assert_eq!((asked.status, allowed(&asked)), (200, "https://app.example.com".to_owned()));
        let other = call(&server, &format!("GET {path}"), &token, "Origin: https://evil.example");
        assert_eq!(allowed(&other), "");
    }
    drop(server);
    let refused = folder.run_with(
        &[("NOVACORE__SERVER__CORS_ORIGINS", "[\"*\"]")],
        &["serve", "--listen", "127.0.0.1:0"],
    );
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("server.cors_origins"), "{told}");
}

#[test]
fn long_json_is_compressed_for_who_accepts_it() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let server = serve(&folder, &upstream, "rewrite = \"/\"");
    let (_, token) = server.register("ada@example.com");
    let long = format!("X-Long: {}", "x".repeat(3_000));
    let encoding = |path: &str, headers: &str| {
        let mut client = Connection::open(&server);
        client.begin(&format!("GET {path}"), &token, headers);
        let (status, head) = client.head();
        assert_eq!(status, 200, "{head}");
        let found = head.lines().find_map(|line| line.strip_prefix("content-encoding: "));
        found.unwrap_or("none").to_owned()
    };
    let accepts = "Accept-Encoding: gzip";
    assert_eq!(encoding("/svc/echo", &format!("{accepts}\n{long}")), "gzip");
    assert_eq!(encoding("/svc/echo", &long), "none");
    assert_eq!(encoding("/api/usage/tokens", accepts), "none");
    assert_eq!(encoding("/openapi.json", accepts), "gzip");
    let page = call(&server, "GET /docs", "", "");
    assert_eq!((page.status, page.header("x-frame-options")), (200, vec!["deny"]));
    assert!(page.header("content-security-policy")[0].contains("frame-ancestors 'none'"));
    assert!(page.text.contains("/api/usage/tokens"));
}

#[test]
fn a_route_that_makes_no_sense_is_told_with_its_field() {
    let folder = Folder::new();
    for (route, want) in [
        ("prefix = \"/api/usage\"\nurl = \"http://h\"", "upstreams[0].prefix: /api/usage meets"),
        ("prefix = \"/x\"\nurl = \"http://me:hush@h\"", "upstreams[0].url: must have neither"),
        ("prefix = \"/x\"\nurl = \"http://h\"\ntimeout_ms = 0", "upstreams[0].timeout_ms: must"),
        ("prefix = \"/x\"\nurl = \"http://h\"\nroles = [\"root\"]", "upstreams[0].roles: a role"),
    ] {
        folder.configure(&format!("[[upstreams]]\n{route}\n"));
        let refused = folder.run(&["serve", "--listen", "127.0.0.1:0"]);
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && told.contains(want), "{want}: {told}");
        assert!(!told.contains("hush"), "{told}");
    }
}
