//! A provider that does nothing but answer, and counts what it served.

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full};
use hyper::{
    Request, Response,
    body::{Body, Frame, Incoming},
    header::CONTENT_TYPE,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    time::{Interval, interval},
};

/// Chunks of a stream, each of which is one token.
pub(super) const CHUNKS: u64 = 64;
/// The pause between chunks, where there is one.
pub(super) const PACE: Duration = Duration::from_millis(20);
/// What every call is said to have used.
const INPUT: u64 = 20;
/// How much of each end of a body is looked at.
const LOOKED_AT: usize = 256;

const CHUNK: &[u8] = b"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\
    \"created\":1795507200,\"model\":\"mock\",\"choices\":[{\"index\":0,\"delta\":\
    {\"content\":\" hello\"},\"finish_reason\":null}],\"usage\":null}\n\n";

/// A running provider; it ends with the process.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) address: SocketAddr,
    served: Arc<AtomicU64>,
}

impl Provider {
    /// On a thread and a runtime of its own, so that it is no part of what is measured.
    pub(super) fn start() -> anyhow::Result<Provider> {
        let served = Arc::new(AtomicU64::new(0));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let counted = served.clone();
        std::thread::spawn(move || runtime.block_on(serve(listener, counted)));
        Ok(Provider { address, served })
    }

    /// Tokens that were served so far.
    pub(super) fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }
}

async fn serve(listener: std::net::TcpListener, served: Arc<AtomicU64>) {
    let listener = TcpListener::from_std(listener).expect("a listener that does not block");
    while let Ok((stream, _)) = listener.accept().await {
        let served = served.clone();
        tokio::spawn(async move {
            // It costs time and nothing else if it fails.
            let _ = stream.set_nodelay(true);
            let service = service_fn(move |request| answer(request, served.clone()));
            // A caller that goes away is not looked into.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

type Answer = Either<Full<Bytes>, Chunks>;

async fn answer(
    request: Request<Incoming>,
    served: Arc<AtomicU64>,
) -> Result<Response<Answer>, hyper::Error> {
    let is_embedding = request.uri().path().ends_with("/embeddings");
    let body = request.into_body().collect().await?.to_bytes();
    let (media, body) = if is_embedding {
        served.fetch_add(INPUT, Ordering::Relaxed);
        ("application/json", Either::Left(Full::from(embedding())))
    } else if says(&body, b"\"stream\":true") {
        let pace = says(&body, b"\"paced\"").then(|| interval(PACE));
        ("text/event-stream", Either::Right(Chunks { sent: 0, is_due: true, pace, served }))
    } else {
        served.fetch_add(INPUT + CHUNKS, Ordering::Relaxed);
        ("application/json", Either::Left(Full::from(whole())))
    };
    let response = Response::builder().header(CONTENT_TYPE, media).body(body);
    Ok(response.expect("constant headers"))
}

/// Whether a body has these words near its beginning or end: a long prompt is not walked through.
fn says(body: &[u8], words: &[u8]) -> bool {
    let ends = [&body[..body.len().min(LOOKED_AT)], &body[body.len().saturating_sub(LOOKED_AT)..]];
    ends.iter().any(|end| end.windows(words.len()).any(|window| window == words))
}

fn usage() -> String {
    let total = INPUT + CHUNKS;
    format!(
        r#""usage":{{"prompt_tokens":{INPUT},"completion_tokens":{CHUNKS},"total_tokens":{total}}}"#
    )
}

fn whole() -> String {
    let head = r#""id":"chatcmpl-1","object":"chat.completion","created":1795507200"#;
    let text = " hello".repeat(CHUNKS as usize);
    let message = format!(r#"{{"role":"assistant","content":"{text}"}}"#);
    let choice = format!(r#"{{"index":0,"message":{message},"finish_reason":"stop"}}"#);
    format!(r#"{{{head},"model":"mock","choices":[{choice}],{}}}"#, usage())
}

fn embedding() -> String {
    let numbers = ["0.0123"; 64].join(",");
    let data = format!(r#"{{"object":"embedding","index":0,"embedding":[{numbers}]}}"#);
    let usage = format!(r#""usage":{{"prompt_tokens":{INPUT},"total_tokens":{INPUT}}}"#);
    format!(r#"{{"object":"list","data":[{data}],"model":"mock",{usage}}}"#)
}

fn last() -> String {
    let head = r#""id":"chatcmpl-1","object":"chat.completion.chunk","created":1795507200"#;
    let stop = r#"[{"index":0,"delta":{},"finish_reason":"stop"}]"#;
    let stop = format!(r#"data: {{{head},"model":"mock","choices":{stop},"usage":null}}"#);
    let usage = format!(r#"data: {{{head},"model":"mock","choices":[],{}}}"#, usage());
    format!("{stop}\n\n{usage}\n\ndata: [DONE]\n\n")
}

/// A stream's body. Each chunk is written by itself, paced or not.
#[derive(Debug)]
struct Chunks {
    sent: u64,
    is_due: bool,
    pace: Option<Interval>,
    served: Arc<AtomicU64>,
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(pace) = &mut self.pace {
            ready!(pace.poll_tick(cx));
        } else if !std::mem::replace(&mut self.is_due, true) {
            // Whoever has nothing ready has what is there written.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.is_due = false;
        self.sent += 1;
        if self.sent <= CHUNKS {
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(CHUNK)))));
        }
        if self.sent > CHUNKS + 1 {
            return Poll::Ready(None);
        }
        self.served.fetch_add(INPUT + CHUNKS, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(last())))))
    }
}
