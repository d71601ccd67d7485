//! The HTTP clients towards others: connections are kept and used again, over TLS where the
//! address says so.
//!
//! Invariant: an upstream that names a file of authorities is believed for their sake alone: what
//! the system trusts is for the whole world, and so is whoever could deceive one of those.

use hyper::body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, builderstates::WantsSchemes};
use hyper_util::{
    client::legacy::{Builder, Client as Pooled, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{
    collections::HashMap,
    error::Error,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// A client that sends bodies of this kind; cheap to clone.
pub type Client<B> = Pooled<HttpsConnector<HttpConnector>, B>;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(60);
/// How often the other side of a connection in use is asked whether it is still there: one HTTP/2
/// connection carries the calls of all, and would let each run into its time limit.
const ALIVE: Duration = Duration::from_secs(20);

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// HTTP/1.1, and HTTP/2 where an upstream offers it with TLS.
    Offered,
    /// HTTP/1.1 alone, with no connection kept: for upgrades.
    Http1,
    /// HTTP/2 alone, also without TLS.
    Http2,
}

/// Makes clients: one of each kind, so that all who may share connections do.
#[derive(Debug)]
pub struct Clients<B> {
    /// By the file of authorities; none stands for the system's.
    trusts: HashMap<Option<PathBuf>, ClientConfig>,
    made: HashMap<(Protocol, Option<PathBuf>), Client<B>>,
}

impl<B> Default for Clients<B> {
    fn default() -> Clients<B> {
        Clients { trusts: HashMap::new(), made: HashMap::new() }
    }
}

impl<B: Body<Data: Send> + Send> Clients<B> {
    /// The client that speaks so and believes these authorities, or why there can be none.
    pub fn get(&mut self, protocol: Protocol, ca_file: Option<&Path>) -> Result<Client<B>, String> {
        let kind = (protocol, ca_file.map(Path::to_owned));
        if let Some(client) = self.made.get(&kind) {
            return Ok(client.clone());
        }
        let client = client(protocol, self.tls(ca_file)?);
        self.made.insert(kind, client.clone());
        Ok(client)
    }

    fn tls(&mut self, ca_file: Option<&Path>) -> Result<ClientConfig, String> {
        let file = ca_file.map(Path::to_owned);
        if let Some(config) = self.trusts.get(&file) {
            return Ok(config.clone());
        }
        let roots = match ca_file {
            Some(file) => authorities(file)?,
            None => system(),
        };
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        self.trusts.insert(file, config.clone());
        Ok(config)
    }
}

/// A machine without authorities calls nobody over TLS, which is no reason not to start.
fn system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        tracing::warn!("no certificate authorities are installed: nothing is called over TLS");
    }
    roots
}

/// Those of a file in PEM format, each of which has to be one.
fn authorities(file: &Path) -> Result<RootCertStore, String> {
    let wrong = |why: &dyn fmt::Display| format!("{}: {why}", file.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| wrong(&error))? {
        let certificate = certificate.map_err(|error| wrong(&error))?;
        roots.add(certificate).map_err(|error| wrong(&error))?;
    }
    if roots.is_empty() {
        return Err(wrong(&"it holds no certificate"));
    }
    Ok(roots)
}

fn client<B: Body<Data: Send> + Send>(protocol: Protocol, tls: ClientConfig) -> Client<B> {
    let https: HttpsConnectorBuilder<WantsSchemes> =
        HttpsConnectorBuilder::new().with_tls_config(tls);
    let https = https.https_or_http();
    match protocol {
        Protocol::Offered => {
            builder().build(https.enable_http1().enable_http2().wrap_connector(tcp()))
        }
        Protocol::Http1 => {
            let https = https.enable_http1().wrap_connector(tcp());
            builder().pool_max_idle_per_host(0).build(https)
        }
        Protocol::Http2 => {
            builder().http2_only(true).build(https.enable_http2().wrap_connector(tcp()))
        }
    }
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_keepalive(Some(ALIVE));
    tcp
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

/// An error with its causes: a client's own words only say that it could not connect.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            write!(f, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}
