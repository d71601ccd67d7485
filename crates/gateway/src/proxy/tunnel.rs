//! WebSockets: once both sides have agreed, bytes pass either way.
//!
//! Invariant: nothing but `websocket` is upgraded to, or a client could speak another protocol to a
//! service without anything being checked.
//! Invariant: a connection that is silent both ways has an end.

use super::{download::Place, headers::tokens};
use axum::http::{HeaderMap, HeaderValue, Request, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf, copy, split},
    time::Instant,
};

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// How long a side may take to hear that it is over.
const FAREWELL: Duration = Duration::from_secs(1);

/// The client's side of an upgrade, if the request asks for one.
pub(super) fn asked<B>(request: &mut Request<B>) -> Option<OnUpgrade> {
    is_websocket(request.headers()).then(|| hyper::upgrade::on(request))
}

/// Whether these headers, of a request or an answer, speak of a WebSocket.
pub(super) fn is_websocket(headers: &HeaderMap) -> bool {
    tokens(headers, &header::CONNECTION).iter().any(|token| token == "upgrade")
        && tokens(headers, &header::UPGRADE) == ["websocket"]
}

/// Says that the connection is to become a WebSocket.
pub(super) fn mark(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, WEBSOCKET);
}

/// Carries bytes both ways until one side ends, or both are silent for too long.
pub(super) async fn carry(client: OnUpgrade, service: OnUpgrade, idle: Duration, place: Place) {
    let (client, service) = match tokio::join!(client, service) {
        (Ok(client), Ok(service)) => (client, service),
        (Err(error), _) | (_, Err(error)) => {
            tracing::debug!("an upgrade did not come about: {error}");
            return;
        }
    };
    let heard = Arc::new(Mutex::new(Instant::now()));
    let client = Heard { io: TokioIo::new(client), heard: heard.clone() };
    let (mut from_client, mut to_client) = split(client);
    let (mut from_service, mut to_service) = split(TokioIo::new(service));
    tokio::select! {
        // How it ends is the business of the two. A WebSocket is never half closed, so when one has
        // gone there is nothing left to carry.
        _ = copy(&mut from_client, &mut to_service) => {}
        _ = copy(&mut from_service, &mut to_client) => {}
        () = silence(&heard, idle) => tracing::debug!("a silent WebSocket was closed"),
    }
    let both = async { tokio::join!(to_client.shutdown(), to_service.shutdown()) };
    // Who does not take the farewell gets none.
    let _ = tokio::time::timeout(FAREWELL, both).await;
    drop(place);
}

/// Waits until nothing was heard for so long.
async fn silence(heard: &Mutex<Instant>, idle: Duration) {
    loop {
        let end = *heard.lock() + idle;
        if Instant::now() >= end {
            return;
        }
        tokio::time::sleep_until(end).await;
    }
}

/// One side, which notes when bytes pass. All bytes do, either way.
struct Heard {
    io: TokioIo<Upgraded>,
    heard: Arc<Mutex<Instant>>,
}

impl Heard {
    fn note(&self) {
        *self.heard.lock() = Instant::now();
    }
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        self.note();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Heard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, bytes))?;
        self.note();
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
