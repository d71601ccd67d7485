//! A provider of models on loopback that counts what it serves, in full shapes of both dialects.
//!
//! What it does is named by the model, how much it says by the last `say <number>` of the prompt.
//! Invariant: what it counts as served is what its usage figures add up to; what it has sent of a
//! stream that breaks off counts as well.

mod chat;
mod messages;
mod responses;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use tokio::{runtime::Runtime, sync::Semaphore};

/// One token of o200k.
pub(crate) const WORD: &str = " hello";
/// Tokens that it finds in any prompt.
pub(crate) const PROMPT: i64 = 15;
/// Tokens more for each image.
pub(crate) const IMAGE: i64 = 85;
/// Tokens that `cached` finds in its cache, and that it puts there.
pub(crate) const CACHED: i64 = 40;
pub(crate) const CACHE_MADE: i64 = 20;
const BODY_BYTES_MAX: usize = 64 << 20;

/// What it has done.
struct Seen {
    calls: AtomicI64,
    served: AtomicI64,
    /// Calls of `busy` so far.
    busy: AtomicI64,
    /// One permit lets one `gated` answer out.
    gate: Semaphore,
}

/// A running provider; ends when dropped.
pub(crate) struct Provider {
    pub(crate) url: String,
    seen: Arc<Seen>,
    runtime: Option<Runtime>,
}

/// One call, as it was read.
struct Asked {
    mode: String,
    body: Value,
    words: i64,
    outputs: i64,
    input: i64,
    includes_usage: bool,
}

/// Events and the tokens of each.
type Events = Vec<(String, i64)>;

impl Provider {
    pub(crate) fn start() -> Provider {
        let seen = Arc::new(Seen {
            calls: AtomicI64::new(0),
            served: AtomicI64::new(0),
            busy: AtomicI64::new(0),
            gate: Semaphore::new(0),
        });
        let runtime = Runtime::new().expect("a runtime");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0");
        let listener = runtime.block_on(listener).expect("a port");
        let url = format!("http://{}/v1", listener.local_addr().expect("bound"));
        let routes = Router::new().fallback(answer).with_state(seen.clone());
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Provider { url, seen, runtime: Some(runtime) }
    }

    /// Tokens, input and output.
    pub(crate) fn served(&self) -> i64 {
        self.seen.served.load(Ordering::SeqCst)
    }

    pub(crate) fn calls(&self) -> i64 {
        self.seen.calls.load(Ordering::SeqCst)
    }

    /// Lets so many answers of `gated` out.
    pub(crate) fn open(&self, answers: usize) {
        self.seen.gate.add_permits(answers);
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn answer(State(seen): State<Arc<Seen>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let bytes = to_bytes(request.into_body(), BODY_BYTES_MAX).await.expect("a body");
    let asked = Asked::read(serde_json::from_slice(&bytes).expect("the gateway sends JSON"));
    seen.calls.fetch_add(1, Ordering::SeqCst);
    match asked.mode.as_str() {
        "busy" if seen.busy.fetch_add(1, Ordering::SeqCst) % 2 == 0 => {
            let body = json!({"error": {"type": "server_error", "message": "busy"}});
            return json_answer(StatusCode::SERVICE_UNAVAILABLE, &body);
        }
        "gated" => seen.gate.acquire().await.expect("never closed").forget(),
        _ => {}
    }
    let path = path.strip_prefix("/v1").unwrap_or_default();
    if asked.body["stream"] == true {
        let (head, events) = match path {
            "/chat/completions" => (asked.input, chat::stream(&asked)),
            "/completions" => (asked.input, chat::legacy_stream(&asked)),
            "/responses" => (asked.input, responses::stream(&asked)),
            _ => (asked.input_in_all(), messages::stream(&asked)),
        };
        seen.served.fetch_add(head, Ordering::SeqCst);
        let body = Body::from_stream(counted(events, seen));
        return ([(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")], body)
            .into_response();
    }
    let (output, body) = match path {
        "/chat/completions" => (asked.output(), chat::whole(&asked)),
        "/completions" => (asked.output(), chat::legacy_whole(&asked)),
        "/responses" => (asked.output(), responses::whole(&asked)),
        "/embeddings" => (0, embeddings(&asked)),
        _ => (asked.output(), messages::whole(&asked)),
    };
    seen.served.fetch_add(asked.input_in_all() + output, Ordering::SeqCst);
    json_answer(StatusCode::OK, &body)
}

fn json_answer(status: StatusCode, body: &Value) -> Response {
    let mut response = body.to_string().into_response();
    *response.status_mut() = status;
    let media = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response
}

/// One event after the other, counted when it goes out.
fn counted(events: Events, seen: Arc<Seen>) -> impl Stream<Item = Result<String, Infallible>> {
    stream::iter(events).map(move |(event, tokens)| {
        seen.served.fetch_add(tokens, Ordering::SeqCst);
        Ok(event)
    })
}

impl Asked {
    fn read(body: Value) -> Asked {
        let text = body.to_string();
        let wanted = text.rsplit("say ").next().unwrap_or_default();
        let wanted: String = wanted.chars().take_while(char::is_ascii_digit).collect();
        let wanted = wanted.parse().unwrap_or(3);
        let stated = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
        let most = stated.iter().find_map(|name| body[*name].as_i64()).unwrap_or(i64::MAX);
        let mode = body["model"].as_str().expect("a model").to_owned();
        let images = ["\"image_url\":", "\"type\":\"image\"", "\"type\":\"input_image\""];
        let images = images.map(|kind| text.matches(kind).count()).into_iter().max();
        Asked {
            words: if mode == "lying" { wanted } else { wanted.min(most) },
            outputs: body["n"].as_i64().unwrap_or(1),
            input: PROMPT + IMAGE * i64::try_from(images.unwrap_or(0)).expect("few"),
            includes_usage: body["stream_options"]["include_usage"] == true,
            mode,
            body,
        }
    }

    fn is(&self, mode: &str) -> bool {
        self.mode == mode
    }

    fn input_in_all(&self) -> i64 {
        self.input + if self.is("cached") { CACHED + CACHE_MADE } else { 0 }
    }

    fn output(&self) -> i64 {
        self.words * self.outputs
    }

    fn text(&self) -> String {
        WORD.repeat(usize::try_from(self.words).expect("not negative"))
    }
}

fn data(event: &Value) -> String {
    format!("data: {event}\n\n")
}

fn named(event: &Value) -> String {
    format!("event: {}\ndata: {event}\n\n", event["type"].as_str().expect("a type"))
}

fn embeddings(asked: &Asked) -> Value {
    // Two floats in little endian.
    let vector = match asked.body["encoding_format"].as_str() {
        Some("base64") => json!("AACAPwAAAEA="),
        _ => json!([1.0, 2.0]),
    };
    json!({"object": "list", "model": asked.mode,
        "data": [{"object": "embedding", "index": 0, "embedding": vector}],
        "usage": {"prompt_tokens": asked.input, "total_tokens": asked.input}})
}
