//! The HTTP client towards upstreams: connections are kept and used again, TLS by the system's
//! authorities.

use axum::body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, builderstates::WantsSchemes};
use hyper_util::{
    client::legacy::{Builder, Client as Pooled, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::{io, sync::Arc, time::Duration};

/// A client; cheap to clone.
pub(crate) type Client = Pooled<HttpsConnector<HttpConnector>, Body>;

/// How long a connection may take to come about.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(60);
/// How often the other side of a connection in use is asked whether it is still there: one HTTP/2
/// connection carries the calls of all, and would let each run into its time limit.
const ALIVE: Duration = Duration::from_secs(20);

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
    tcp.set_keepalive(Some(ALIVE));
    tcp
}

/// A machine without authorities calls nobody over TLS, which is no reason not to start.
fn tls() -> io::Result<HttpsConnectorBuilder<WantsSchemes>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        tracing::warn!("no certificate authorities are installed: nothing is called over TLS");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(HttpsConnectorBuilder::new().with_tls_config(config))
}

fn builder() -> Builder {
    let mut builder = Pooled::builder(TokioExecutor::new());
    builder
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .timer(TokioTimer::new())
        .http2_keep_alive_interval(ALIVE)
        .http2_keep_alive_timeout(CONNECT_TIMEOUT);
    builder
}
