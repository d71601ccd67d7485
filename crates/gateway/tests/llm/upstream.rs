//! A provider on loopback that counts what it serves. What it does is the model's name; how much
//! it says is the last number in the prompt.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Version, header},
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt, stream};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use tokio::{
    net::TcpListener,
    sync::{Mutex, Semaphore},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

/// One token of o200k.
pub(crate) const WORD: &str = " hello";
/// What it says a prompt has.
pub(crate) const PROMPT: u64 = 15;
const BODY_BYTES_MAX: usize = 64 << 20;

/// What it has done.
pub(crate) struct Seen {
    pub(crate) calls: AtomicU64,
    /// Tokens, input and output.
    pub(crate) served: AtomicU64,
    /// The headers and body of the last call.
    pub(crate) last: Mutex<(HeaderMap, Value)>,
    /// How the last call came.
    pub(crate) version: Mutex<Option<Version>>,
    /// Whether it is broken and says so.
    pub(crate) is_down: AtomicBool,
    /// One permit lets one word of a `gated` answer out.
    pub(crate) gate: Semaphore,
}

pub(crate) struct Upstream {
    pub(crate) url: String,
    pub(crate) seen: Arc<Seen>,
}

impl Upstream {
    pub(crate) async fn start() -> Upstream {
        let (listener, seen, routes) = Upstream::parts().await;
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Upstream { url, seen }
    }

    /// The same over TLS.
    pub(crate) async fn start_with_tls(config: ServerConfig) -> Upstream {
        let (listener, seen, routes) = Upstream::parts().await;
        let url = format!("https://{}/v1", listener.local_addr().unwrap());
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, service) =
                    (acceptor.clone(), TowerToHyperService::new(routes.clone()));
                tokio::spawn(async move {
                    // Whoever does not believe the certificate goes away here.
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let builder = auto::Builder::new(TokioExecutor::new());
                        let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                    }
                });
            }
        });
        Upstream { url, seen }
    }

    async fn parts() -> (TcpListener, Arc<Seen>, Router) {
        let seen = Arc::new(Seen {
            calls: AtomicU64::new(0),
            served: AtomicU64::new(0),
            last: Mutex::default(),
            version: Mutex::default(),
            is_down: AtomicBool::new(false),
            gate: Semaphore::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        (listener, seen.clone(), Router::new().fallback(answer).with_state(seen))
    }

    pub(crate) fn served(&self) -> u64 {
        self.seen.served.load(Ordering::SeqCst)
    }

    /// Breaks it, or mends it.
    pub(crate) fn set_down(&self, is_down: bool) {
        self.seen.is_down.store(is_down, Ordering::SeqCst);
    }

    pub(crate) fn calls(&self) -> u64 {
        self.seen.calls.load(Ordering::SeqCst)
    }
}

async fn answer(State(seen): State<Arc<Seen>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, BODY_BYTES_MAX).await.unwrap();
    let ask: Value = serde_json::from_slice(&bytes).unwrap();
    *seen.version.lock().await = Some(parts.version);
    *seen.last.lock().await = (parts.headers, ask.clone());
    seen.calls.fetch_add(1, Ordering::SeqCst);
    if seen.is_down.load(Ordering::SeqCst) {
        return (StatusCode::INTERNAL_SERVER_ERROR, "{}").into_response();
    }
    let mode = ask["model"].as_str().unwrap().to_owned();
    match mode.as_str() {
        "failing" => return (StatusCode::INTERNAL_SERVER_ERROR, "{}").into_response(),
        odd => {
            if let Some((status, body)) = refusal(odd) {
                let retry =
                    [(header::RETRY_AFTER, "7"), (header::CONTENT_TYPE, "application/json")];
                return (StatusCode::from_u16(status).unwrap(), retry, body).into_response();
            }
            if let Some((media, encoding, body)) = odd_answer(odd) {
                let encoding = encoding.map(|name| (header::CONTENT_ENCODING, name));
                let media = [(header::CONTENT_TYPE, media)];
                return (media, axum::response::AppendHeaders(encoding), body).into_response();
            }
        }
    }
    let text = ask.to_string();
    let wanted = text.rsplit("say ").next().unwrap_or_default();
    let wanted: String = wanted.chars().take_while(char::is_ascii_digit).collect();
    let wanted: u64 = wanted.parse().unwrap_or(3);
    let stated = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
    let most = stated.iter().find_map(|name| ask[*name].as_u64()).unwrap_or(u64::MAX);
    let words = if mode == "lying" { wanted } else { wanted.min(most) };
    let is_messages = parts.uri.path().ends_with("/messages");
    seen.served.fetch_add(PROMPT, Ordering::SeqCst);
    if ask["stream"] == true {
        let events = if is_messages { messages(words) } else { chat(words, &mode, &ask) };
        let body = Body::from_stream(paced(events, mode, seen));
        return ([(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")], body)
            .into_response();
    }
    seen.served.fetch_add(words, Ordering::SeqCst);
    let content = WORD.repeat(usize::try_from(words).unwrap());
    let body = if is_messages {
        json!({"id": "msg_1", "type": "message", "role": "assistant", "model": mode,
            "content": [{"type": "text", "text": content}], "stop_reason": "end_turn",
            "stop_sequence": null, "usage": {"input_tokens": PROMPT, "output_tokens": words}})
    } else {
        let mut body = json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1,
            "model": mode, "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": content}}]});
        if mode != "silent" {
            body["usage"] = usage(words);
        }
        body
    };
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// What it refuses with: status and body. All but the first name us, and not the caller.
fn refusal(mode: &str) -> Option<(u16, &'static str)> {
    Some(match mode {
        "strict" => (400, r#"{"error":{"message":"no"}}"#),
        "locked" => (401, "your key sk-1 is wrong"),
        "unpaid" => (402, r#"{"error":{"type":"billing_error","message":"sk-1 must pay"}}"#),
        "barred" => (403, r#"{"error":{"type":"permission_error","message":"not sk-1"}}"#),
        "poor" => (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error",
            "message":"Your credit balance is too low, sk-1"}}"#,
        ),
        "busy" => (
            429,
            r#"{"error":{"type":"requests","code":"rate_limit_exceeded",
            "message":"Rate limit reached for sk-1"}}"#,
        ),
        "used-up" => (
            429,
            r#"{"error":{"type":"insufficient_quota","code":"insufficient_quota",
            "message":"You exceeded your current quota, sk-1"}}"#,
        ),
        _ => return None,
    })
}

/// A chunk of a chat stream with one word, without the blank line after it.
const CHUNK: &str = r#"data: {"choices":[{"index":0,"delta":{"content":" hello"}}]}"#;

/// What no provider should answer with 200: media type, encoding, body.
fn odd_answer(mode: &str) -> Option<(&'static str, Option<&'static str>, String)> {
    let (json, sse) = ("application/json", "text/event-stream");
    let overloaded = r#"{"error":{"type":"overloaded","message":"come back"}}"#;
    let used_up = r#"{"error":{"type":"insufficient_quota","message":"You, sk-1"}}"#;
    let largest = r#"{"choices":[{"index":0,"message":{"content":"hello"},"finish_reason":"stop"}],
        "usage":{"prompt_tokens":9007199254740991,"completion_tokens":9007199254740991}}"#;
    Some(match mode {
        "page" => ("text/html", None, "<html>hello hello</html>".repeat(100)),
        "zipped" => (json, Some("gzip"), "\u{1f}not what it seems".to_owned()),
        "error-200" => (json, None, overloaded.to_owned()),
        "used-up-200" => (json, None, used_up.to_owned()),
        "boundless" => (json, None, largest.to_owned()),
        "used-up-late" => (sse, None, format!("data: {used_up}\n\n")),
        "unended" => (sse, None, format!("{CHUNK}\n\n{CHUNK}\n\ndata: [DONE]")),
        "torn" => (sse, None, format!("{CHUNK}\n\n{}", &CHUNK[..CHUNK.len() - 9])),
        // It says what it costs, and not that it has ended.
        "billed" => {
            let usage = r#"{"prompt_tokens":15,"completion_tokens":1}"#;
            (sse, None, format!("{CHUNK}\n\ndata: {{\"choices\":[],\"usage\":{usage}}}\n\n"))
        }
        "torn-late" => (sse, None, format!("{CHUNK}\n\n{CHUNK}\n")),
        _ => return None,
    })
}

fn usage(words: u64) -> Value {
    json!({"prompt_tokens": PROMPT, "completion_tokens": words, "total_tokens": PROMPT + words})
}

/// The events, and how many words each has.
type Events = Vec<(String, u64)>;

fn chat(words: u64, mode: &str, ask: &Value) -> Events {
    let asks = ask["stream_options"]["include_usage"] == true;
    let chunk = |delta: Value, reason: Value, words: u64| {
        let mut event = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
            "model": mode, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]});
        if asks {
            event["usage"] = Value::Null;
        }
        (format!("data: {event}\n\n"), words)
    };
    let mut events = vec![chunk(json!({"role": "assistant", "content": ""}), Value::Null, 0)];
    events.extend((0..words).map(|_| chunk(json!({"content": WORD}), Value::Null, 1)));
    if mode == "breaking" {
        return events;
    }
    events.push(chunk(json!({}), json!("stop"), 0));
    // One that says less than was counted.
    let said = if mode == "modest" { words / 4 } else { words };
    if asks && mode != "silent" {
        let event = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
            "model": mode, "choices": [], "usage": usage(said)});
        events.push((format!("data: {event}\n\n"), 0));
    }
    events.push(("data: [DONE]\n\n".into(), 0));
    events
}

fn messages(words: u64) -> Events {
    let event = |value: Value, words: u64| {
        let kind = value["type"].as_str().unwrap().to_owned();
        (format!("event: {kind}\ndata: {value}\n\n"), words)
    };
    let start = json!({"type": "message_start", "message": {"id": "msg_1", "type": "message",
        "role": "assistant", "model": "m", "content": [], "stop_reason": null,
        "stop_sequence": null, "usage": {"input_tokens": PROMPT, "output_tokens": 1}}});
    let mut events = vec![
        event(start, 0),
        event(
            json!({"type": "content_block_start", "index": 0,
            "content_block": {"type": "text", "text": ""}}),
            0,
        ),
    ];
    events.extend((0..words).map(|_| {
        event(
            json!({"type": "content_block_delta", "index": 0,
            "delta": {"type": "text_delta", "text": WORD}}),
            1,
        )
    }));
    events.push(event(json!({"type": "content_block_stop", "index": 0}), 0));
    events.push(event(
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn",
        "stop_sequence": null}, "usage": {"output_tokens": words}}),
        0,
    ));
    events.push(event(json!({"type": "message_stop"}), 0));
    events
}

/// One event after the other, counted when it goes out.
fn paced(
    events: Events,
    mode: String,
    seen: Arc<Seen>,
) -> impl Stream<Item = Result<String, Infallible>> {
    let is_gated = mode == "gated";
    stream::iter(events).then(move |(event, words)| {
        let seen = seen.clone();
        async move {
            if is_gated && words > 0 {
                seen.gate.acquire().await.unwrap().forget();
            }
            seen.served.fetch_add(words, Ordering::SeqCst);
            Ok(event)
        }
    })
}
