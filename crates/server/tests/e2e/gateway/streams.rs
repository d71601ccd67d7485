//! What comes bit by bit, both ways, and ends when one side goes.

use super::{
    client::{Connection, call},
    serve,
    upstream::{Seen, Upstream},
};
use crate::binary::Folder;
use serde_json::json;

const BLOCK: usize = 64 << 10;
const BODY: usize = 50 << 20;
/// What the process may grow by while a body of [`BODY`] passes.
const GROWTH_KIB_MAX: u64 = 16 << 10;

#[test]
fn an_event_arrives_before_the_next_is_sent() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let server = serve(&folder, &upstream, "rewrite = \"/\"");
    let (_, token) = server.register("ada@example.com");
    let mut client = Connection::open(&server);
    client.begin("GET /svc/events", &token, "Accept: text/event-stream\nAccept-Encoding: gzip");
    let (status, head) = client.head();
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/event-stream\n"), "{head}");
    assert!(!head.contains("content-encoding"), "{head}");
    for number in 0..20 {
        let event = format!("data: {number}\n\n");
        upstream.pace(&event);
        // Nothing more is sent until this one is here.
        assert_eq!(client.chunk(), event);
    }
    upstream.pace("");
    assert_eq!(client.chunk(), "");
    // The connection is good for another call.
    let answer = client.call("GET /svc/echo", &token, "");
    assert_eq!(answer.status, 200);
}

#[test]
fn a_client_that_hangs_up_ends_the_call_of_the_service() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let server = serve(&folder, &upstream, "rewrite = \"/\"");
    let (_, token) = server.register("ada@example.com");
    // In the midst of an answer, and while there is none yet.
    let mut client = Connection::open(&server);
    client.begin("GET /svc/events", &token, "");
    assert_eq!(client.head().0, 200);
    assert_eq!(upstream.seen(), Seen::Call("/events".to_owned()));
    upstream.pace("data: 1\n\n");
    client.chunk();
    upstream.pace("gone?");
    drop(client);
    assert_eq!(upstream.seen(), Seen::Gone);

    let mut client = Connection::open(&server);
    client.begin("GET /svc/hang", &token, "");
    assert_eq!(upstream.seen(), Seen::Call("/hang".to_owned()));
    drop(client);
    assert_eq!(upstream.seen(), Seen::Gone);
    // That was not the service's fault.
    assert_eq!(super::health(&server, "/svc"), "up");
}

#[test]
fn a_service_that_dies_on_the_way_cuts_the_answer() {
    let folder = Folder::new();
    let mut upstream = Upstream::start();
    let server = serve(&folder, &upstream, "rewrite = \"/\"");
    let (_, token) = server.register("ada@example.com");
    let mut client = Connection::open(&server);
    client.begin("GET /svc/events", &token, "");
    client.head();
    upstream.pace("data: 1\n\n");
    client.chunk();
    upstream.stop();
    // No last chunk: the client can tell that it is not all.
    assert!(client.is_closed());
    let metrics = server.send("GET", "/metrics", &[], "").expect("the server answers");
    let text = metrics.body.as_str().expect("text").to_owned();
    assert!(text.contains("novacore_upstream_answers_cut_total{prefix=\"/svc\"} 1"), "{text}");
    assert!(text.contains("novacore_upstream_in_flight{prefix=\"/svc\"} 0"), "{text}");
}

#[test]
fn a_silent_answer_is_cut() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let server = serve(&folder, &upstream, "rewrite = \"/\"\nidle_ms = 100");
    let (_, token) = server.register("ada@example.com");
    let mut client = Connection::open(&server);
    client.begin("GET /svc/events", &token, "");
    client.head();
    upstream.pace("data: 1\n\n");
    client.chunk();
    assert!(client.is_closed());
}

#[test]
fn a_large_body_passes_in_bounded_memory() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let server = serve(&folder, &upstream, "rewrite = \"/\"\nbody_bytes_max = 60_000_000");
    let (_, token) = server.register("ada@example.com");
    // Once round, so that what the first call makes is not counted.
    assert_eq!(call(&server, "GET /svc/echo", &token, "").status, 200);
    let before = server.memory_peak_kib();
    let block = vec![b'x'; BLOCK];
    for is_chunked in [false, true] {
        let mut client = Connection::open(&server);
        if is_chunked {
            client.begin("PUT /svc/echo", &token, "Transfer-Encoding: chunked");
        } else {
            client.begin("PUT /svc/echo", &token, &format!("Content-Length: {BODY}"));
        }
        for _ in 0..BODY / BLOCK {
            if is_chunked {
                client.send(format!("{BLOCK:x}\r\n").as_bytes()).expect("sent");
            }
            client.send(&block).expect("sent");
            if is_chunked {
                client.send(b"\r\n").expect("sent");
            }
        }
        if is_chunked {
            client.send(b"0\r\n\r\n").expect("sent");
        }
        let answer = client.answer();
        assert_eq!((answer.status, &answer.json()["bytes"]), (200, &json!(BODY)));
    }
    let grown = server.memory_peak_kib() - before;
    assert!(grown < GROWTH_KIB_MAX, "grown by {grown} KiB");
}

#[test]
fn a_websocket_passes_both_ways() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let server = serve(&folder, &upstream, "rewrite = \"/\"\nin_flight_max = 1");
    let (_, token) = server.register("ada@example.com");
    let mut client = Connection::open(&server);
    let asks = "Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n\
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    client.begin("GET /svc/socket", &token, asks);
    let (status, head) = client.head();
    assert_eq!(status, 101);
    assert!(head.contains("upgrade: websocket\n"), "{head}");
    assert!(head.contains("sec-websocket-accept: yes\n"), "{head}");
    // Frames pass as bytes: a masked text, then a ping.
    for frame in [b"\x81\x82\x01\x02\x03\x04\x69\x6b".as_slice(), b"\x89\x80\x01\x02\x03\x04"] {
        client.send(frame).expect("sent");
        assert_eq!(client.read(frame.len()), frame);
    }
    // It takes a place until it ends.
    assert_eq!(call(&server, "GET /svc/echo", &token, "").status, 503);
    drop(client);
    while call(&server, "GET /svc/echo", &token, "").status == 503 {
        std::thread::yield_now();
    }
    // Without a right there is no upgrade, and to nothing else.
    assert_eq!(call(&server, "GET /svc/socket", "", asks).status, 401);
    let other = "Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAA";
    let answer = call(&server, "GET /svc/echo", &token, other);
    assert_eq!(answer.status, 200);
    assert_eq!(super::client::told(&answer, "upgrade"), Vec::<String>::new());
}

#[test]
fn a_websocket_ends_with_either_side_and_with_silence() {
    let folder = Folder::new();
    let mut upstream = Upstream::start();
    let server = serve(&folder, &upstream, "rewrite = \"/\"\nidle_ms = 300");
    let (_, token) = server.register("ada@example.com");
    let open = || {
        let mut client = Connection::open(&server);
        client.begin("GET /svc/socket", &token, "Connection: upgrade\nUpgrade: WebSocket");
        assert_eq!(client.head().0, 101);
        client
    };
    let mut silent = open();
    silent.send(b"ping").expect("sent");
    assert_eq!(silent.read(4), b"ping");
    assert!(silent.is_closed());
    let mut cut = open();
    upstream.stop();
    assert!(cut.is_closed());
}
