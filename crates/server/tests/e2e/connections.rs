//! Connections that drag their feet, and a server that is told to stop meanwhile.

use crate::binary::{Folder, SERVICE_TOKEN, Server};
use serde_json::json;
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

/// Opens a connection that fails instead of waiting for ever.
fn connect(server: &Server) -> TcpStream {
    let address = server.url.strip_prefix("http://").expect("plain HTTP");
    let stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    stream
}

/// Sends the head of a record and waits until the server asks for the body: then it is in flight.
fn begin_record(server: &Server, body: &str) -> TcpStream {
    let mut stream = connect(server);
    let length = body.len();
    let head = format!(
        "POST /usage/record HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n\
         x-service-token: {SERVICE_TOKEN}\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).expect("asked for the body");
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

/// Everything until the server closes.
fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer, then the end");
    answer
}

fn record(user: &str) -> String {
    json!({ "userId": user, "resourceType": "llm_tokens", "amount": 5 }).to_string()
}

#[test]
fn a_request_in_flight_finishes_after_sigterm() {
    let folder = Folder::new();
    let server = folder.serve();
    let (user, token) = server.register("ada@example.com");
    let body = record(&user);
    let mut stream = begin_record(&server, &body);
    server.terminate();
    let address = server.url.strip_prefix("http://").expect("plain HTTP");
    // It has heard the signal once it takes no more connections.
    while TcpStream::connect(address).is_ok() {
        std::thread::yield_now();
    }
    stream.write_all(body.as_bytes()).expect("still heard");
    let answer = read_all(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert!(server.wait().success());
    let server = folder.serve();
    assert_eq!(server.get("/api/usage/tokens", &token).body["used"], 5);
}

#[test]
fn sigterm_is_heard_while_the_server_still_starts() {
    let folder = Folder::new();
    let server = folder.serve_until("listening on ", &[]);
    server.terminate();
    assert!(server.wait().success());
    assert!(folder.run(&["ledger", "verify"]).status.success());
}

#[test]
fn a_stop_has_a_deadline_also_when_every_place_is_taken() {
    let folder = Folder::new();
    let server = folder.serve_with(&[
        ("NOVACORE__SERVER__CONNECTIONS_MAX", "1"),
        ("NOVACORE__SERVER__DRAIN_SECONDS", "1"),
        ("NOVACORE__SERVER__REQUEST_SECONDS", "600"),
    ]);
    let stream = begin_record(&server, "{ never finished");
    server.terminate();
    assert!(server.wait().success());
    drop(stream);
}

#[test]
fn who_says_nothing_loses_his_place() {
    let folder = Folder::new();
    let server = folder.serve_with(&[
        ("NOVACORE__SERVER__CONNECTIONS_MAX", "1"),
        ("NOVACORE__SERVER__HEAD_SECONDS", "1"),
    ]);
    // Nothing, half a greeting of HTTP/2, half a head: each would keep the only place for ever.
    for said in ["", "PRI * HT", "GET / HTTP/1.1\r\nhost: "] {
        let mut stream = connect(&server);
        stream.write_all(said.as_bytes()).expect("sent");
        let live = server.send("GET", "/health/live", &[("connection", "close")], "");
        assert_eq!(live.map(|answer| answer.status), Some(200), "after {said:?}");
    }
}

#[test]
fn a_body_that_never_ends_is_not_waited_for() {
    let folder = Folder::new();
    let server = folder.serve_with(&[("NOVACORE__SERVER__REQUEST_SECONDS", "1")]);
    let mut stream = begin_record(&server, "{ never finished");
    let answer = read_all(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
    assert!(answer.contains("urn:novacore:problem:request-timeout"), "{answer}");
}

#[test]
fn a_head_without_end_is_refused() {
    let folder = Folder::new();
    let server = folder.serve();
    for head in ["x: y\r\n".repeat(200), format!("x: {}\r\n", "y".repeat(100 << 10))] {
        let mut stream = connect(&server);
        let request = format!("GET /health/live HTTP/1.1\r\nhost: here\r\n{head}\r\n");
        // The server may hang up before all of it is sent.
        let _ = stream.write_all(request.as_bytes());
        let mut start = [0; 12];
        stream.read_exact(&mut start).expect("an answer");
        assert_eq!(&start, b"HTTP/1.1 431");
    }
}
