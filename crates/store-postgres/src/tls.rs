//! TLS to the database.
//!
//! Invariant: whatever is trusted, the other end has proved that it holds the key of its
//! certificate.
//! Not here: which protection an address asks for.

use crate::address::UrlError;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature,
        verify_tls13_signature,
    },
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use std::{path::PathBuf, sync::Arc};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What the client says it speaks, for servers and proxies that choose by it.
const PROTOCOL: &[u8] = b"postgresql";

/// Whom a certificate has to convince.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Nobody: who listens along is kept out, who pretends to be the database is not.
    Anyone,
    /// One of these authorities has signed it.
    Authority(Roots),
    /// And it names the host that was asked for.
    Host(Roots),
}

/// Where certificates of authorities are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Roots {
    /// With the operating system.
    System,
    /// In a file in PEM format.
    File(PathBuf),
}

impl Trust {
    /// What makes connections under this trust.
    pub(crate) fn connector(&self) -> Result<MakeRustlsConnect, UrlError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for TLS 1.2 and 1.3");
        let verifier = |roots| Arc::new(AnyHost { roots, algorithms: algorithms(&provider) });
        let mut config = match self {
            Trust::Anyone => builder.dangerous().with_custom_certificate_verifier(verifier(None)),
            Trust::Authority(roots) => {
                let roots = roots.load()?;
                builder.dangerous().with_custom_certificate_verifier(verifier(Some(roots)))
            }
            Trust::Host(roots) => builder.with_root_certificates(roots.load()?),
        }
        .with_no_client_auth();
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(MakeRustlsConnect::new(config))
    }
}

fn algorithms(provider: &CryptoProvider) -> WebPkiSupportedAlgorithms {
    provider.signature_verification_algorithms
}

impl Roots {
    fn load(&self) -> Result<RootCertStore, UrlError> {
        let mut store = RootCertStore::empty();
        let place = match self {
            Roots::System => "the system's store".to_owned(),
            Roots::File(path) => path.display().to_string(),
        };
        let none = |why: String| UrlError::Roots { place: place.clone(), why };
        match self {
            Roots::System => {
                // One that cannot be read does not keep the others from being used.
                let found = rustls_native_certs::load_native_certs();
                let (added, _) = store.add_parsable_certificates(found.certs);
                if added == 0 {
                    let why = found.errors.first().map(ToString::to_string);
                    return Err(none(why.unwrap_or_else(|| "it is empty".to_owned())));
                }
            }
            Roots::File(path) => {
                let read = CertificateDer::pem_file_iter(path);
                for certificate in read.map_err(|error| none(error.to_string()))? {
                    let certificate = certificate.map_err(|error| none(error.to_string()))?;
                    store.add(certificate).map_err(|error| none(error.to_string()))?;
                }
                if store.is_empty() {
                    return Err(none("it holds none".to_owned()));
                }
            }
        }
        Ok(store)
    }
}

/// Verifies a certificate without looking at the host that it names: against authorities, or, if
/// there are none, not at all.
#[derive(Debug)]
struct AnyHost {
    roots: Option<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for AnyHost {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(roots) = &self.roots else { return Ok(ServerCertVerified::assertion()) };
        let certificate = ParsedCertificate::try_from(end_entity)?;
        verify_server_cert_signed_by_trust_anchor(
            &certificate,
            roots,
            intermediates,
            now,
            self.algorithms.all,
        )?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
