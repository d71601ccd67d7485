//! The HTTP client towards upstreams: connections are kept and used again, TLS by the system's
//! authorities.

use axum::body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, builderstates::WantsSchemes};
use hyper_util::{
    client::legacy::{Builder, Client as Pooled, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use std::{io, time::Duration};

/// A client; cheap to clone.
pub(crate) type Client = Pooled<HttpsConnector<HttpConnector>, Body>;

/// How long a connection may take to come about.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(60);

/// A client that waits at most so long for a connection, and speaks HTTP/2 where a service offers
/// it with TLS.
pub(crate) fn client(connect: Duration) -> io::Result<Client> {
    let https = tls()?.https_or_http().enable_http1().enable_http2().wrap_connector(tcp(connect));
    Ok(builder().build(https))
}

/// One that speaks HTTP/1.1 alone and keeps no connections: for upgrades.
pub(crate) fn http1_client(connect: Duration) -> io::Result<Client> {
    let https = tls()?.https_or_http().enable_http1().wrap_connector(tcp(connect));
    Ok(builder().pool_max_idle_per_host(0).build(https))
}

/// One that speaks HTTP/2 alone, also without TLS.
pub(crate) fn http2_client(connect: Duration) -> io::Result<Client> {
    let https = tls()?.https_or_http().enable_http2().wrap_connector(tcp(connect));
    Ok(builder().http2_only(true).build(https))
}

fn tcp(connect: Duration) -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(connect));
    tcp
}

fn tls() -> io::Result<HttpsConnectorBuilder<WantsSchemes>> {
    HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
}

fn builder() -> Builder {
    let mut builder = Pooled::builder(TokioExecutor::new());
    builder.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE);
    builder
}
