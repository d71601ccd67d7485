//! TLS to providers and services: who is not believed gets no call, and the log says why.

use super::{
    stage::{Answer, Stage, ask, ask_stream},
    upstream::Upstream,
};
use axum::{
    body::Body,
    http::{Request, Version},
};
use novacore_gateway::{ModelOptions, Options, OptionsError, ProviderOptions, RouteOptions};
use parking_lot::Mutex;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;
use tokio_rustls::rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tracing::subscriber::DefaultGuard;

const HTTP2_TOO: &[&[u8]] = &[b"h2", b"http/1.1"];
const HTTP1: &[&[u8]] = &[b"http/1.1"];

/// An authority made for a test, with its certificate in a file.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(folder: &Path, name: &str, file: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let file = folder.join(file);
        fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
        Authority { issuer: Issuer::new(params, key), file }
    }

    /// A service that has a certificate for this host and offers these protocols.
    async fn serve(&self, host: &str, protocols: &[&[u8]]) -> Upstream {
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate], key);
        let mut config = config.unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Upstream::start_with_tls(config).await
    }
}

/// A gateway before this upstream, as a provider and as a service, believing this file.
async fn stage(upstream: &Upstream, ca_file: Option<&Path>) -> Stage {
    let change = |options: &mut Options, like: &ProviderOptions| {
        options.llm.providers = vec![ProviderOptions {
            name: "secret".to_owned(),
            base_url: upstream.url.clone(),
            ca_file: ca_file.map(Path::to_owned),
            models: vec![ModelOptions::named("plain")],
            ..like.clone()
        }];
        options.proxy.routes = vec![RouteOptions {
            prefix: "/svc".to_owned(),
            urls: vec![upstream.url.clone()],
            ca_file: ca_file.map(Path::to_owned),
            ..RouteOptions::default()
        }];
    };
    Stage::of(5_000, change).await
}

fn body() -> Value {
    let mut body = ask("plain", 3);
    body["max_tokens"] = json!(10);
    body
}

async fn call_service(stage: &Stage) -> Answer {
    let request = Request::post("/svc/x")
        .header("authorization", format!("Bearer {}", stage.token()))
        .body(Body::from(body().to_string()));
    Answer::of(stage.send(request.unwrap()).await).await
}

/// What is logged by this thread, on which everything here runs, while the guard lives.
fn logged() -> (Arc<Mutex<Vec<u8>>>, DefaultGuard) {
    struct Writer(Arc<Mutex<Vec<u8>>>);
    impl io::Write for Writer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let lines = Arc::new(Mutex::new(Vec::new()));
    let copy = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || Writer(copy.clone()))
        .finish();
    (lines, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn who_is_believed_is_called_in_the_protocol_that_both_speak() {
    let folder = TempDir::new().unwrap();
    let authority = Authority::new(folder.path(), "ours", "ours.pem");
    for (protocols, version) in [(HTTP2_TOO, Version::HTTP_2), (HTTP1, Version::HTTP_11)] {
        let upstream = authority.serve("127.0.0.1", protocols).await;
        let stage = stage(&upstream, Some(&authority.file)).await;
        let whole = stage.chat_whole(&body()).await;
        assert_eq!((whole.status, whole.words()), (200, 3), "{}", whole.text);
        assert_eq!(*upstream.seen.version.lock().await, Some(version));
        let streamed = stage.chat_whole(&ask_stream("plain", 30, Some(50))).await;
        assert_eq!((streamed.status, streamed.words()), (200, 30), "{}", streamed.text);
        assert_eq!(stage.settled().await, (i64::try_from(upstream.served()).unwrap(), 0));
        *upstream.seen.version.lock().await = None;
        let service = call_service(&stage).await;
        assert_eq!((service.status, service.words()), (200, 3), "{}", service.text);
        assert_eq!(*upstream.seen.version.lock().await, Some(version));
    }
}

#[tokio::test]
async fn who_is_not_believed_gets_no_call_and_the_log_says_why() {
    let folder = TempDir::new().unwrap();
    let authority = Authority::new(folder.path(), "ours", "ours.pem");
    let namesake = Authority::new(folder.path(), "ours", "namesake.pem");
    for (host, ca_file, why) in [
        // By the system's authorities.
        ("127.0.0.1", None, "UnknownIssuer"),
        ("127.0.0.1", Some(&namesake.file), "BadSignature"),
        ("127.0.0.2", Some(&authority.file), "not valid for name"),
    ] {
        let upstream = authority.serve(host, HTTP2_TOO).await;
        let stage = stage(&upstream, ca_file.map(PathBuf::as_path)).await;
        let (lines, guard) = logged();
        let answer = stage.chat_whole(&body()).await;
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert_eq!(answer.json()["error"]["code"], "upstream_unavailable");
        let service = call_service(&stage).await;
        assert_eq!(service.status, 503, "{}", service.text);
        let kind = json!("urn:novacore:problem:upstream-unavailable");
        assert_eq!(service.json()["type"], kind);
        drop(guard);
        let log = String::from_utf8(std::mem::take(&mut *lines.lock())).unwrap();
        for from in ["a provider could not be reached", "a call of a service failed"] {
            let line = log.lines().find(|line| line.contains(from));
            let line = line.unwrap_or_else(|| panic!("{from}: {log}"));
            assert!(line.contains("invalid peer certificate"), "{line}");
            assert!(line.contains(why), "{why}: {line}");
            // Nothing is said of who called, nor where to.
            assert!(!line.contains(stage.token()) && !line.contains(&upstream.url), "{line}");
        }
        assert_eq!((stage.settled().await, upstream.calls()), ((0, 0), 0));
    }
}

#[tokio::test]
async fn a_file_without_authorities_stops_the_start() {
    let folder = TempDir::new().unwrap();
    let empty = folder.path().join("empty.pem");
    fs::write(&empty, "nothing\n").unwrap();
    let broken = folder.path().join("broken.pem");
    fs::write(&broken, "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n").unwrap();
    for file in [empty, broken, folder.path().join("missing.pem")] {
        let provider = |options: &mut Options, _: &ProviderOptions| {
            options.llm.providers[1].ca_file = Some(file.clone());
        };
        let route = |options: &mut Options, _: &ProviderOptions| {
            let route = |prefix: &str, ca_file| RouteOptions {
                prefix: prefix.to_owned(),
                urls: vec!["https://127.0.0.1:1".to_owned()],
                ca_file,
                ..RouteOptions::default()
            };
            // The one with more segments is looked at first; the error names its own place.
            options.proxy.routes = vec![route("/a", None), route("/b/c/d", Some(file.clone()))];
        };
        let refused: [OptionsError; 2] =
            [Stage::refused(provider).await, Stage::refused(route).await];
        let fields = refused.each_ref().map(|error| error.field.as_str());
        assert_eq!(fields, ["providers[1].ca_file", "upstreams[1].ca_file"]);
        assert!(refused[0].why.contains(file.to_str().unwrap()), "{}", refused[0]);
    }
}
