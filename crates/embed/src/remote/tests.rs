//! Against an endpoint on loopback that answers as it is told.

use super::*;
use crate::embedder::nothing;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};
use tokio::{net::TcpListener, sync::Notify};

const KEY: &str = "sk-open-sesame";

/// What the endpoint does with a request.
#[derive(Clone, Debug)]
enum Act {
    Answer(u16, &'static str, String),
    /// Breaks the connection off.
    Hang,
    /// Answers never.
    Wait,
}

#[derive(Debug, Default)]
struct Script {
    acts: Vec<Act>,
    asked: Vec<(HeaderMap, Value)>,
}

/// An endpoint that does each act once, the first one first.
struct Endpoint {
    url: String,
    script: Arc<Mutex<Script>>,
    asked: Arc<Notify>,
}

impl Endpoint {
    async fn start(acts: Vec<Act>) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let script = Arc::new(Mutex::new(Script { acts, asked: Vec::new() }));
        let asked = Arc::new(Notify::new());
        let (told, bell) = (script.clone(), asked.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let (told, bell) = (told.clone(), bell.clone());
                let service = service_fn(move |request| act(told.clone(), bell.clone(), request));
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        Endpoint { url, script, asked }
    }

    fn options(&self) -> RemoteOptions {
        RemoteOptions {
            url: self.url.clone(),
            key: Some(KEY.into()),
            model: "small".to_owned(),
            dims: Dims::new(2).expect("dims"),
            ask_dims: false,
            text_bytes_max: 8,
            ca_file: None,
        }
    }

    /// One that waits an hour for an answer, and not at all between attempts.
    fn embedder(&self) -> RemoteEmbedder {
        self.patient(Duration::from_secs(3_600))
    }

    fn patient(&self, answer: Duration) -> RemoteEmbedder {
        let patience = Patience { answer, pauses: [Duration::ZERO; 2], ..PATIENCE };
        RemoteEmbedder::patient(self.options(), patience).expect("options")
    }

    fn asked(&self) -> Vec<(HeaderMap, Value)> {
        self.script.lock().expect("no panic").asked.clone()
    }
}

async fn act(
    script: Arc<Mutex<Script>>,
    bell: Arc<Notify>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    assert_eq!(request.uri().path(), "/v1/embeddings");
    let (head, body) = request.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let act = {
        let mut script = script.lock().expect("no panic");
        script.asked.push((head.headers, serde_json::from_slice(&body).expect("JSON")));
        script.acts.remove(0)
    };
    bell.notify_one();
    match act {
        Act::Hang => Err(std::io::Error::other("as the test wants it")),
        Act::Wait => {
            std::future::pending::<Infallible>().await;
            unreachable!("pending for ever")
        }
        Act::Answer(status, header, body) => {
            let mut answer = Response::builder().status(status);
            if let Some((name, value)) = header.split_once(": ") {
                answer = answer.header(name, value);
            }
            Ok(answer.body(Full::new(body.into())).expect("an answer"))
        }
    }
}

fn good() -> Act {
    let body = r#"{"data":[{"index":1,"embedding":[0,1]},{"index":0,"embedding":[2,0]}],
        "usage":{"prompt_tokens":7,"total_tokens":7}}"#;
    Act::Answer(200, "content-type: application/json", body.to_owned())
}

fn status(status: u16, header: &'static str) -> Act {
    let body = format!(r#"{{"error":{{"code":"some_code","message":"{KEY} one two"}}}}"#);
    Act::Answer(status, header, body)
}

async fn told(acts: Vec<Act>) -> (Result<Embeddings, EmbedError>, usize) {
    let endpoint = Endpoint::start(acts).await;
    let came = endpoint.embedder().embed(&["one", "two"]).await;
    (came, endpoint.asked().len())
}

#[tokio::test]
async fn texts_go_out_in_one_request_and_vectors_come_back_in_their_order() {
    let endpoint = Endpoint::start(vec![good(), good()]).await;
    let embedder = endpoint.embedder();
    let embedded = embedder.embed(&["one", "two words and more"]).await.expect("embeddings");
    let vectors: Vec<_> = embedded.vectors.iter().map(|vector| vector.as_slice()).collect();
    assert_eq!(vectors, [[1.0, 0.0], [0.0, 1.0]]);
    assert_eq!(embedded.tokens, Some(7));
    assert_eq!(embedder.model().to_string(), "small/2");
    let (head, body) = endpoint.asked().remove(0);
    let want = json!({"model": "small", "input": ["one", "two word"], "encoding_format": "float"});
    assert_eq!(body, want);
    assert_eq!(head[header::AUTHORIZATION], format!("Bearer {KEY}"));
    let asking = RemoteOptions { ask_dims: true, key: None, ..endpoint.options() };
    let asking = RemoteEmbedder::new(asking).expect("options");
    asking.embed(&["one", "two"]).await.expect("embeddings");
    let (head, body) = endpoint.asked().remove(1);
    assert_eq!(body["dimensions"], 2);
    assert!(!head.contains_key(header::AUTHORIZATION));
    assert_eq!(embedder.embed(&[]).await, Ok(nothing()));
    assert_eq!(embedder.embed(&["x"; 65]).await, Err(EmbedError::TooMany { count: 65 }));
}

#[tokio::test]
async fn what_may_pass_is_asked_again_twice() {
    for trouble in [
        status(429, ""),
        status(429, "retry-after: 0"),
        status(408, ""),
        status(500, ""),
        status(503, "retry-after: Wed, 21 Oct 2026 07:28:00 GMT"),
        Act::Hang,
    ] {
        let (came, asked) = told(vec![trouble.clone(), trouble.clone(), good()]).await;
        assert_eq!((came.is_ok(), asked), (true, 3), "{trouble:?}");
        let (came, asked) = told(vec![trouble.clone(), trouble.clone(), trouble.clone()]).await;
        assert!(matches!(came, Err(EmbedError::Unavailable { .. })), "{trouble:?}: {came:?}");
        assert_eq!(asked, 3, "{trouble:?}");
    }
}

#[tokio::test]
async fn what_will_not_pass_is_not_asked_again() {
    let long = "x".repeat(REMOTE_EXTRA_BYTES_MAX + 2 * 2 * REMOTE_NUMBER_BYTES_MAX + 1);
    for (act, want) in [
        (status(400, ""), "cannot be used: the endpoint answers 400 Bad Request (some_code)"),
        (status(413, ""), "cannot be used: the endpoint answers 413 Payload Too Large (some_code)"),
        (status(401, ""), "no embedder: the endpoint answers 401 Unauthorized (some_code)"),
        (status(404, ""), "no embedder: the endpoint answers 404 Not Found (some_code)"),
        (status(302, "location: /v2"), "no embedder: the endpoint answers 302 Found (some_code)"),
        (status(429, "retry-after: 6"), "no embedder: the endpoint answers 429"),
        (Act::Answer(200, "", "{}".into()), "cannot be used: it is not a list of embeddings"),
        (Act::Answer(200, "", long), "cannot be used: it is longer than"),
        (Act::Answer(200, "content-encoding: gzip", String::new()), "cannot be used: it is packed"),
    ] {
        let (came, asked) = told(vec![act]).await;
        let error = came.expect_err(want).to_string();
        assert!(error.contains(want), "{error}");
        assert!(!error.contains(KEY) && !error.contains("one"), "{error}");
        assert_eq!(asked, 1, "{want}");
    }
}

#[tokio::test]
async fn who_does_not_answer_is_given_up() {
    let endpoint = Endpoint::start(vec![Act::Wait]).await;
    let came = endpoint.patient(Duration::from_millis(1)).embed(&["one", "two"]).await;
    let error = came.expect_err("no answer").to_string();
    assert_eq!(error, "there is no embedder: no answer within 1ms");
    // A port that nobody listens on any more.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    drop(listener);
    let nobody = Endpoint { url, ..endpoint };
    let came = nobody.embedder().embed(&["one"]).await;
    let error = came.expect_err("nobody").to_string();
    assert!(error.starts_with("there is no embedder: client error"), "{error}");
}

#[tokio::test]
async fn calls_at_once_are_bounded_and_a_dropped_one_makes_room() {
    let endpoint = Endpoint::start(vec![Act::Wait; REMOTE_CALLS_MAX]).await;
    let embedder = Arc::new(endpoint.embedder());
    let mut calls = Vec::new();
    for _ in 0..REMOTE_CALLS_MAX {
        let embedder = embedder.clone();
        calls.push(tokio::spawn(async move { embedder.embed(&["one"]).await }));
        endpoint.asked.notified().await;
    }
    assert_eq!(embedder.embed(&["one"]).await, Err(EmbedError::Overloaded));
    endpoint.script.lock().expect("no panic").acts.push(good());
    let first = calls.remove(0);
    first.abort();
    assert!(first.await.expect_err("aborted").is_cancelled());
    assert!(embedder.embed(&["one", "two"]).await.is_ok());
}

#[test]
fn the_key_is_not_in_what_is_printed() {
    let options = RemoteOptions {
        url: "http://127.0.0.1:1/v1".to_owned(),
        key: Some(KEY.into()),
        model: "small".to_owned(),
        dims: Dims::new(2).expect("dims"),
        ask_dims: false,
        text_bytes_max: 8,
        ca_file: None,
    };
    let shown = format!("{:?} {:?}", options.clone(), RemoteEmbedder::new(options));
    assert!(!shown.contains(KEY), "{shown}");
    assert!(shown.contains("small/2 at http://127.0.0.1:1/v1/embeddings"), "{shown}");
}
