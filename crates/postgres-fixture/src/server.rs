//! A cluster of its own in a temporary folder, on loopback, with a password that only those know
//! who may read our target directory.

use crate::{
    binaries::Binaries,
    failure::{Failure, cannot},
    owner::Owner,
    postmaster::Postmaster,
    program::{program, run},
    template::{self, USER, data_of},
    watchdog::Watchdog,
};
use parking_lot::Mutex;
use rustix::process::Signal;
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};
use tempfile::TempDir;

/// Safe as in production where it matters (fsync, full pages, synchronous commit stay on), sparing
/// where it does not.
const SETTINGS: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    ("unix_socket_directories", ""),
    ("max_connections", "200"),
    ("shared_buffers", "32MB"),
    ("max_wal_size", "512MB"),
    ("checkpoint_timeout", "1h"),
    ("jit", "off"),
    ("logging_collector", "off"),
    ("log_checkpoints", "off"),
];
/// Ports that Linux gives to nobody by itself, so that a server which starts again finds its own.
const PORTS: std::ops::Range<u16> = 10_000..32_000;
/// Another process may take a free port before the server does.
const PORT_ATTEMPTS: usize = 5;

/// A private server. Dropping it ends it and removes its data.
#[derive(Debug)]
pub struct Server {
    // Dropped last to first: the watchdog takes the folder away, the postmaster must have ended.
    postmaster: Mutex<Option<Postmaster>>,
    settings: Vec<(String, String)>,
    binaries: Binaries,
    owner: Owner,
    password: String,
    address: SocketAddr,
    databases: AtomicU32,
    _watchdog: Watchdog,
    folder: TempDir,
}

/// Which server is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The machine's.
    Installed,
    /// One that has pgvector.
    WithVectors,
}

/// What a server shows who asks for TLS.
struct Tls<'a> {
    certificate: &'a str,
    key: &'a str,
}

impl Tls<'_> {
    /// Puts both where the server finds them, and tells it to use them.
    fn settings(
        &self,
        owner: Owner,
        folder: &Path,
    ) -> Result<[(&'static str, &'static str); 3], Failure> {
        // Paths are relative to the data; the server refuses a key that others may read.
        for (name, text) in [("server.crt", self.certificate), ("server.key", self.key)] {
            let path = data_of(folder).join(name);
            fs::write(&path, text).map_err(cannot("write a certificate"))?;
            let private = fs::Permissions::from_mode(0o600);
            fs::set_permissions(&path, private).map_err(cannot("write a certificate"))?;
            owner.give(&path)?;
        }
        Ok([("ssl", "on"), ("ssl_cert_file", "server.crt"), ("ssl_key_file", "server.key")])
    }
}

/// # Panics
///
/// Like most of what a test calls: if the server cannot be had, with what PostgreSQL said about it.
impl Server {
    /// Makes a cluster and starts it; returns when it accepts connections.
    pub fn start() -> Server {
        Server::start_with(&[])
    }

    /// As [`Server::start`], with settings beside ours or instead of them.
    pub fn start_with(settings: &[(&str, &str)]) -> Server {
        Server::try_start(settings).unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// As [`Server::start`], but it speaks TLS to who asks for it, with this certificate and key in
    /// PEM format.
    pub fn start_with_tls(certificate: &str, key: &str) -> Server {
        let tls = Some(Tls { certificate, key });
        Server::try_start_as(Kind::Installed, &[], tls)
            .unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// As [`Server::start_with`], a server of another version that has pgvector, in a database of
    /// which the extension still has to be made.
    pub fn start_with_vectors(settings: &[(&str, &str)]) -> Server {
        Server::try_start_as(Kind::WithVectors, settings, None)
            .unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// The one server of this process, for tests that need but a database of their own.
    pub fn shared() -> &'static Server {
        // Never dropped: the watchdog ends it with the process.
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(Server::start)
    }

    /// Starts a server, or says why there is none.
    pub fn try_start(settings: &[(&str, &str)]) -> Result<Server, Failure> {
        Server::try_start_as(Kind::Installed, settings, None)
    }

    fn try_start_as(
        kind: Kind,
        settings: &[(&str, &str)],
        tls: Option<Tls<'_>>,
    ) -> Result<Server, Failure> {
        let owner = Owner::choose()?;
        let folder = TempDir::with_prefix("novacore-postgres-").map_err(cannot("make a folder"))?;
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(folder.path(), private).map_err(cannot("make a folder"))?;
        owner.give(folder.path())?;
        let watchdog = Watchdog::start(folder.path())?;
        let binaries = match kind {
            Kind::Installed => Binaries::find()?,
            Kind::WithVectors => Binaries::with_vectors(owner, folder.path())?,
        };
        let password = template::place(&binaries, owner, folder.path())?;
        let with_tls = tls.map(|tls| tls.settings(owner, folder.path())).transpose()?;
        let own = SETTINGS.iter().chain(with_tls.iter().flatten()).chain(settings);
        let mut server = Server {
            postmaster: Mutex::new(None),
            settings: own.map(|(key, value)| (key.to_string(), value.to_string())).collect(),
            binaries,
            owner,
            password,
            address: free_address()?,
            databases: AtomicU32::new(0),
            _watchdog: watchdog,
            folder,
        };
        for _ in 1..PORT_ATTEMPTS {
            match server.try_start_again() {
                Err(Failure::Program { said, .. }) if said.contains("could not bind") => {
                    server.address = free_address()?;
                }
                other => return other.map(|()| server),
            }
        }
        server.try_start_again().map(|()| server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder with its data, which goes with it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The URL of a new and empty database, with a password in it.
    pub fn fresh_database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("fresh_{number}");
        self.psql(&self.url("postgres"), &format!("CREATE DATABASE {name}"))
            .unwrap_or_else(|failure| panic!("{failure}"));
        self.url(&name)
    }

    /// Runs a statement as `psql` does; its rows, one a line, columns parted by `|`.
    pub fn psql(&self, url: &str, sql: &str) -> Result<String, Failure> {
        self.psql_script(url, &[sql])
    }

    /// Runs statements one after the other over one connection, up to the first that fails.
    pub fn psql_script(&self, url: &str, statements: &[&str]) -> Result<String, Failure> {
        let mut command = self.command("psql");
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url]);
        for statement in statements {
            command.args(["-c", statement]);
        }
        run("psql", command).map(|rows| rows.trim_end().to_owned())
    }

    /// Ends it as a crash would: sessions are cut, and the next start replays the log.
    pub fn stop_immediate(&self) {
        self.stop(Signal::QUIT);
    }

    /// Ends it as an operator does who does not wait: transactions are rolled back, sessions told.
    pub fn stop_fast(&self) {
        self.stop(Signal::INT);
    }

    /// Starts it again, with the same data on the same port; without effect if it runs.
    pub fn start_again(&self) {
        self.try_start_again().unwrap_or_else(|failure| panic!("{failure}"));
    }

    /// Freezes it with all its sessions: connections stay open, and nobody answers.
    pub fn pause(&self) {
        self.with_running(Postmaster::freeze);
    }

    /// Lets it go on after [`Server::pause`].
    pub fn resume(&self) {
        self.with_running(Postmaster::thaw);
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{}@{}/{database}", self.password, self.address)
    }

    fn stop(&self, how: Signal) {
        if let Some(mut postmaster) = self.postmaster.lock().take() {
            postmaster.stop(how).unwrap_or_else(|failure| panic!("{failure}"));
        }
    }

    fn with_running(&self, act: impl FnOnce(&Postmaster) -> Result<(), Failure>) {
        if let Some(postmaster) = &*self.postmaster.lock() {
            act(postmaster).unwrap_or_else(|failure| panic!("{failure}"));
        }
    }

    fn try_start_again(&self) -> Result<(), Failure> {
        let mut running = self.postmaster.lock();
        if running.is_some() {
            return Ok(());
        }
        let mut command = self.command("postgres");
        self.owner.runs(&mut command);
        command.arg("-D").arg(data_of(self.folder.path()));
        command.arg("-p").arg(self.address.port().to_string());
        for (key, value) in &self.settings {
            command.arg("-c").arg(format!("{key}={value}"));
        }
        *running = Some(Postmaster::start(command)?);
        Ok(())
    }

    fn command(&self, name: &str) -> Command {
        program(&self.binaries, name, self.folder.path())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut postmaster) = self.postmaster.get_mut().take() {
            // If it does not end, the watchdog ends it; and a panic here would hide the test's.
            let _ = postmaster.stop(Signal::QUIT);
        }
    }
}

fn free_address() -> Result<SocketAddr, Failure> {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    // Processes that start together look in different places.
    let start = std::process::id().wrapping_mul(37);
    for _ in PORTS {
        let step = start.wrapping_add(ASKED.fetch_add(1, Ordering::Relaxed));
        let offset = step % u32::from(PORTS.end - PORTS.start);
        let port = PORTS.start + u16::try_from(offset).expect("below the number of ports");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    Err(cannot("find a free port")(std::io::ErrorKind::AddrInUse.into()))
}
