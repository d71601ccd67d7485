//! Connections: how many, and how long each may keep us waiting.
//!
//! Invariant: a place is held only by a client that sends requests; silence, a slow head and a slow
//! body each have an end.
//! Invariant: the signal to stop is heard also when every place is taken.
//! Not here: what a request may hold; that is `novacore_api`.

use crate::config::Server;
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderValue, Request, Response, header},
};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use novacore_edge::DataPlane;
use std::{convert::Infallible, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
};
use tower::{ServiceExt, service_fn};

/// Most header fields of a request.
const HEADERS_MAX: usize = 100;
/// Most bytes of a request's head.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Most requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 128;
/// How often an HTTP/2 client is asked whether it is still there, and how long it may take to say.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// The pause after the system refused to give us a connection, such as for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What bounds connections and requests.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    server: Server,
    data_plane: Arc<dyn DataPlane>,
}

impl Limits {
    pub(super) fn new(server: &Server, data_plane: Arc<dyn DataPlane>) -> Limits {
        Limits { server: server.clone(), data_plane }
    }

    /// How long a request may take until its answer begins. The data plane has limits of its own.
    fn of_request(&self, path: &str) -> Option<Duration> {
        let limit = Duration::from_secs(self.server.request_seconds);
        (!self.data_plane.serves(path)).then_some(limit)
    }
}

/// Accepts connections until `stopped` closes, then lets them finish within the drain time.
pub(super) async fn accept(
    listener: TcpListener,
    routes: Router,
    limits: Limits,
    mut stopped: watch::Receiver<()>,
) {
    let server = &limits.server;
    let places = Arc::new(Semaphore::new(server.connections_max));
    let graceful = GracefulShutdown::new();
    // A head that is late, and a first request that never comes: both end the connection.
    let head_timeout = Duration::from_secs(server.head_seconds);
    let builder = builder(head_timeout);
    loop {
        let next = next_connection(&listener, &places);
        let (place, stream, peer) = tokio::select! {
            next = next => next,
            _ = stopped.changed() => break,
        };
        let routes = routes.clone();
        let limits = limits.clone();
        let heard = Arc::new(Notify::new());
        let first = heard.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            heard.notify_one();
            request.extensions_mut().insert(ConnectInfo(peer));
            let limit = limits.of_request(request.uri().path());
            answer(routes.clone(), request, limit)
        });
        let connection = builder
            .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service))
            .into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = first.notified() => connection.await,
                () = tokio::time::sleep(head_timeout) => Ok(()),
            };
            if let Err(error) = ended {
                tracing::debug!("a connection broke: {error}");
            }
            drop(place);
        });
    }
    drop(listener);
    let deadline = tokio::time::sleep(Duration::from_secs(server.drain_seconds));
    tokio::select! {
        () = graceful.shutdown() => {}
        () = deadline => tracing::warn!("some requests did not finish in time"),
    }
}

/// A free place, and then whoever takes it.
async fn next_connection(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (OwnedSemaphorePermit, TcpStream, SocketAddr) {
    let place = places.clone().acquire_owned().await.expect("nobody closes the semaphore");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are small and sent whole.
                let _ = stream.set_nodelay(true);
                return (place, stream, peer);
            }
            Err(error) => {
                tracing::warn!("a connection was not accepted: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn builder(head_timeout: Duration) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_INTERVAL);
    builder
}

/// Streams are answers that have begun, so the time limit does not touch them.
async fn answer(
    routes: Router,
    request: Request<Incoming>,
    limit: Option<Duration>,
) -> Result<Response<Body>, Infallible> {
    let answer = routes.oneshot(request.map(Body::new));
    let Some(limit) = limit else { return answer.await };
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(_) => Ok(too_slow()),
    }
}

/// The rest of the body is not waited for, so the connection ends with this answer.
fn too_slow() -> Response<Body> {
    let mut response = novacore_edge::request_timeout();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
