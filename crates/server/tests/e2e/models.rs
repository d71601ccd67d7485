//! Calls of models on the real binary: metered, and not lost when the process is killed.

use crate::binary::{Folder, Server};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// Streams that are under way when the process is killed.
const STREAMS: usize = 20;
/// Words that each of them had by then.
const WORDS: usize = 300;
/// Tokens after which the ledger is told.
const STEP: i64 = 128;
/// Questions until what was held must be seen to be gone.
const LOOKS_MAX: usize = 20_000;

fn chat(server: &Server, bearer: &str, model: &str, text: &str) -> crate::binary::Answer {
    let headers = [("authorization", format!("Bearer {bearer}"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let body = json!({ "model": model, "messages": [{ "role": "user", "content": text }] });
    server.post("/v1/chat/completions", &headers, &body).expect("answered")
}

#[test]
fn a_call_of_the_echo_is_answered_and_metered() {
    let folder = Folder::new();
    let server = folder.serve();
    let (_, token) = server.register("ada@example.com");
    let answer = chat(&server, &token, "echo", "Hello there");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["choices"][0]["message"]["content"], "Hello there");
    let total = answer.body["usage"]["total_tokens"].as_i64();
    // The answer does not wait for the disk; the hold stood in for it.
    let mut looks = (0..LOOKS_MAX).map(|_| server.tokens(&token));
    assert!(looks.any(|(used, held)| (Some(used), held) == (total, 0)), "{total:?}");
    let entries = server.get("/api/usage/entries", &token).body;
    let metadata = entries["entries"].as_array().expect("a list").iter();
    let metadata = metadata.filter_map(|entry| entry["metadata"]["model"].as_str());
    assert!(metadata.into_iter().any(|model| model == "echo"), "{entries}");

    let listed = server.get("/v1/models", &token).body;
    assert_eq!(listed["data"][0]["id"], "echo");
    // A slash in a name may be encoded here, and nowhere else.
    for (path, status) in [
        ("/v1/models/echo", 200),
        ("/v1/models/no%2Fsuch", 404),
        ("/v1/models/..%2Fmodels", 404),
        ("/v1/models%2Fecho", 400),
        ("/v1/models/no%2Fsuch/x", 400),
    ] {
        assert_eq!(server.get(path, &token).status, status, "{path}");
    }
    let status = server.get("/api/status", &token).body;
    assert_eq!(status["upstreams"], json!([{ "name": "echo", "status": "unknown" }]));
    let refused = chat(&server, &token, "echo", &"long ".repeat(2_000));
    assert_eq!(
        (refused.status, &refused.body["error"]["type"]),
        (429, &json!("insufficient_quota"))
    );
    assert_eq!(refused.header("x-should-retry"), Some("false"));
    assert_eq!(chat(&server, "nobody", "echo", "Hello").status, 401);
}

/// A provider that sends so many words and then says nothing more. Tells of each stream that has
/// come so far.
fn silent_provider() -> (String, mpsc::Receiver<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("bound"));
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let tell = tell.clone();
            std::thread::spawn(move || tell.send(begin(stream)));
        }
    });
    (url, told)
}

fn begin(stream: TcpStream) -> TcpStream {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).is_ok_and(|bytes| bytes > 2) {
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let mut stream = stream;
    let word = json!({ "choices": [{ "index": 0, "delta": { "content": " hello" } }] });
    let events = format!("data: {word}\n\n").repeat(WORDS);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    stream.write_all(format!("{head}{events}").as_bytes()).expect("sent");
    stream
}

#[test]
fn streams_that_are_under_way_at_a_kill_are_charged_but_for_a_step() {
    let folder = Folder::new();
    let (url, streams) = silent_provider();
    folder.configure(&format!(
        "[gateway]\nhold_seconds = 1\n\
         [tiers.free_trial.limits.llm_tokens]\ncap = 100000\nwindow = \"day\"\n\
         [[providers]]\nname = \"p\"\ndialect = \"openai\"\nbase_url = \"{url}\"\n\
         models = [{{ name = \"m\", tokenizer = \"o200k\" }}]\n"
    ));
    let server = folder.serve();
    let (_, token) = server.register("ada@example.com");
    let body = json!({ "model": "m", "stream": true,
        "messages": [{ "role": "user", "content": "say much" }] });
    let address = server.address().to_owned();
    let calls: Vec<_> = (0..STREAMS).map(|_| call(&address, &token, &body)).collect();
    let open: Vec<_> = (0..STREAMS).map(|_| streams.recv().expect("a call")).collect();
    // Everybody has heard every word, and what was two steps ago is charged.
    calls.iter().for_each(|call| hear(call, WORDS));
    let least = STREAMS as i64 * (WORDS as i64 - 2 * STEP);
    let charged = (0..LOOKS_MAX).map(|_| server.tokens(&token).0).find(|used| *used >= least);
    assert!(charged.is_some(), "charges come while streams are open");
    server.kill();
    drop(open);

    let server = folder.serve();
    let (used, held) = (0..LOOKS_MAX)
        .map(|_| server.tokens(&token))
        .find(|(_, held)| *held == 0)
        .expect("holds of a process that is gone run out");
    let served = STREAMS as i64 * (WORDS as i64 + 20);
    assert!(used >= least && used <= served, "{used} used of {served} served, {held} held");
}

fn call(address: &str, bearer: &str, body: &Value) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let body = body.to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: n\r\nauthorization: Bearer {bearer}\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).expect("sent");
    stream
}

/// Reads until so many words have come.
fn hear(mut stream: &TcpStream, words: usize) {
    let (mut text, mut chunk) = (String::new(), [0; 8_192]);
    while text.matches("hello").count() < words {
        let length = stream.read(&mut chunk).expect("the stream goes on");
        assert!(length > 0, "the stream goes on: {text}");
        text.push_str(&String::from_utf8_lossy(&chunk[..length]));
    }
}

/// Sends bytes as they are; the first line of the answer.
fn raw(server: &Server, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).expect("a connection");
    let timeout = Some(std::time::Duration::from_secs(20));
    stream.set_read_timeout(timeout).expect("a timeout");
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).expect("sent");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("an answer");
    line.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn odd_framing_is_read_right_or_refused_at_once() {
    let folder = Folder::new();
    let server = folder.serve();
    let (_, token) = server.register("ada@example.com");
    let head = |path: &str, more: &str| {
        format!("POST {path} HTTP/1.1\r\nhost: n\r\nauthorization: Bearer {token}\r\n{more}")
    };
    let chat = "/v1/chat/completions";
    let body = json!({ "model": "echo", "messages": [{ "role": "user", "content": "hi" }] });
    let body = body.to_string();
    let (begin, rest) = body.split_at(9);
    let chunks = format!("{:x}\r\n{begin}\r\n{:x}\r\n{rest}\r\n0\r\n", begin.len(), rest.len());
    let trailers = format!("{chunks}x-user-id: someone\r\nauthorization: Bearer no\r\n\r\n");
    let length = format!("content-length: {}\r\n", body.len());
    let long_key = format!("{length}idempotency-key: {}\r\n", "k".repeat(5_000));
    for (path, more, body, status) in [
        (chat, "transfer-encoding: chunked\r\n", trailers.as_str(), "200"),
        (chat, &format!("{length}expect: 100-continue\r\n"), &body, "100"),
        (chat, &format!("{length}content-length: 5\r\n"), &body, "400"),
        (chat, "content-length: 99999999999\r\n", "", "413"),
        (chat, "content-length: 0\r\n", "", "400"),
        (chat, "content-encoding: gzip\r\ncontent-length: 2\r\n", "\u{1f}x", "400"),
        (chat, &long_key, &body, "400"),
        ("/v1/chat%2Fcompletions", &length, &body, "400"),
        ("/v1/models/../chat/completions", &length, &body, "400"),
        ("/v1/chat/completions/", &length, &body, "404"),
    ] {
        assert_eq!(raw(&server, &head(path, more), body), status, "{path} {more}");
    }
}
