//! TLS to the database: who asks for a verification gets one, or no connection.

use crate::{
    ask::{command, is_applied, record},
    fixture::options,
};
use novacore_access::{Role, User};
use novacore_postgres_fixture::Server;
use novacore_store::{directory::Users, ledger::Ledger};
use novacore_store_postgres::{OpenError, Options, PostgresStore, migrate};
use novacore_store_suite::{ledger::START, memory::HandClock};
use novacore_vocab::{OrgId, TierName, UserId};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::{fs, path::Path, sync::Arc};
use tempfile::TempDir;
use uuid::Uuid;

/// An authority made for a test.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for a host and its key.
    fn certify(&self, host: &str) -> (String, String) {
        let params = CertificateParams::new(vec![host.to_owned()]).expect("a name");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    /// Its certificate as a file.
    fn file(&self, folder: &Path, name: &str) -> String {
        let path = folder.join(name);
        fs::write(&path, &self.pem).expect("a file");
        path.display().to_string()
    }
}

/// A database whose server has a certificate for `localhost` from a known authority.
struct Guarded {
    server: Server,
    url: String,
    known: String,
    unknown: String,
    /// Not the known one, but of its name.
    namesake: String,
    _folder: TempDir,
}

impl Guarded {
    async fn new() -> Guarded {
        let folder = TempDir::new().expect("a folder");
        let known = Authority::new("known");
        let (certificate, key) = known.certify("localhost");
        let server = Server::start_with_tls(&certificate, &key);
        let url = server.fresh_database();
        let guarded = Guarded {
            server,
            url,
            known: known.file(folder.path(), "known.pem"),
            unknown: Authority::new("unknown").file(folder.path(), "unknown.pem"),
            namesake: Authority::new("known").file(folder.path(), "namesake.pem"),
            _folder: folder,
        };
        migrate(&guarded.at("localhost", &guarded.full())).await.expect("the schema");
        guarded
    }

    fn full(&self) -> String {
        format!("sslmode=verify-full&sslrootcert={}", self.known)
    }

    /// The database by this name of its host.
    fn at(&self, host: &str, query: &str) -> String {
        format!("{}?{query}", self.url.replace("127.0.0.1", host))
    }

    async fn open(&self, host: &str, query: &str) -> Result<PostgresStore, OpenError> {
        PostgresStore::open(node(&self.at(host, query))).await
    }

    /// Whether all connections of nodes that there are now are encrypted, or none.
    fn are_encrypted(&self) -> bool {
        let sql = "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                   WHERE application_name = 'novacore' AND datname = current_database()";
        match &*self.server.psql(&self.url, sql).expect("an answer") {
            "t" => true,
            "f" => false,
            other => panic!("{other}"),
        }
    }
}

fn node(url: &str) -> Options {
    options(url, &Arc::new(HandClock::at(START.parse().expect("a time"))))
}

/// Why a node does not open for want of TLS.
async fn refused(url: &str) -> String {
    match PostgresStore::open(node(url)).await {
        Err(OpenError::Tls(why)) => why,
        other => panic!("{url}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_works_over_tls() {
    let guarded = Guarded::new().await;
    let store = guarded.open("localhost", &guarded.full()).await.expect("it opens");
    let id = UserId(Uuid::from_u128(1));
    let user = User {
        id,
        org: OrgId(id.0),
        email: None,
        role: Role::Student,
        tier: TierName::parse("pro").expect("a tier's name"),
        disabled: false,
        trial_ends_at: None,
        created_at: START.parse().expect("a time"),
    };
    store.ensure_user(&user).await.expect("a new user");
    assert!(is_applied(&store.submit(id, command(record(1))).await));
    // Readers', lanes' and the listener's.
    assert!(guarded.are_encrypted());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_asks_for_encryption_gets_it_and_what_declines_does_not() {
    let guarded = Guarded::new().await;
    let known = format!("sslrootcert={}", guarded.known);
    for (query, encrypted) in [
        ("sslmode=disable".to_owned(), false),
        ("sslmode=prefer".to_owned(), true),
        (String::new(), true),
        ("sslmode=require".to_owned(), true),
        (format!("sslmode=require&{known}"), true),
        (format!("sslmode=verify-ca&{known}"), true),
    ] {
        let store = guarded.open("127.0.0.1", &query).await;
        let store = store.unwrap_or_else(|error| panic!("{query}: {error}"));
        assert_eq!(guarded.are_encrypted(), encrypted, "{query}");
        drop(store);
        await_end(&guarded);
    }
}

/// Waits until no node is connected any more.
fn await_end(guarded: &Guarded) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'novacore'";
    while guarded.server.psql(&guarded.url, sql).expect("an answer") != "0" {
        std::thread::yield_now();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_does_not_convince_is_refused() {
    let guarded = Guarded::new().await;
    let Guarded { known, unknown, namesake, .. } = &guarded;
    let (host, authority, signature) = ("not valid for", "UnknownIssuer", "BadSignature");
    for (name, query, expected) in [
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={known}"), host),
        ("localhost", format!("sslmode=verify-full&sslrootcert={unknown}"), authority),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={unknown}"), authority),
        ("localhost", format!("sslmode=require&sslrootcert={unknown}"), authority),
        ("localhost", format!("sslmode=verify-full&sslrootcert={namesake}"), signature),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={namesake}"), signature),
    ] {
        let why = refused(&guarded.at(name, &query)).await;
        assert!(why.contains(expected), "{query}: {why}");
        assert!(matches!(migrate(&guarded.at(name, &query)).await, Err(OpenError::Tls(_))));
    }
    // Whatever the system trusts, it is no authority made just now; it may also trust none.
    for query in ["sslmode=verify-full", "sslmode=verify-ca&sslrootcert=system"] {
        let opened = guarded.open("localhost", query).await;
        assert!(matches!(opened, Err(OpenError::Tls(_) | OpenError::Url(_))), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_tls_is_refused_by_who_asks_for_it() {
    let url = Server::shared().fresh_database();
    migrate(&url).await.expect("the schema");
    for mode in ["require", "verify-ca", "verify-full"] {
        let url = format!("{url}?sslmode={mode}");
        match PostgresStore::open(node(&url)).await {
            Err(OpenError::Tls(why)) => assert_eq!(why, "server does not support TLS"),
            // A system without authorities has nothing to verify by.
            Err(OpenError::Url(_)) => assert_ne!(mode, "require"),
            other => panic!("{mode}: {other:?}"),
        }
    }
    drop(PostgresStore::open(node(&format!("{url}?sslmode=prefer"))).await.expect("it opens"));
}
