//! The server's binary, started for a measurement and ended with it.

use anyhow::{Context, bail};
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// The secret by which the load generator is a service.
pub(crate) const SERVICE_TOKEN: &str = "service-token-of-the-benches-0123456789";
/// How the last line of the greeting begins.
const READY: &str = "try: ";
/// A cap that is judged every time and never reached.
const CONFIG: &str = "
[tiers.free_trial.limits.llm_tokens]
cap = 1000000000000000
window = \"day\"
mode = \"hard\"
";

/// In which Linux tells processor time, on every machine.
const TICKS_PER_SECOND: u32 = 100;

/// Nodes on one database have to be told their secrets.
const SECRETS: [(&str, &str); 2] = [
    ("NOVACORE_JWT_SECRET", "jwt-secret-of-the-benches-0123456789ab"),
    ("NOVACORE_REFRESH_SECRET", "refresh-secret-of-the-benches-01234567"),
];

/// A running server; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Server {
    /// Starts the binary, by default the one that was built beside this, on a folder of its own or
    /// on a database, with so much configuration besides.
    pub(crate) fn start(
        binary: Option<&Path>,
        database: Option<&str>,
        more: &str,
    ) -> anyhow::Result<Server> {
        let binary = match binary {
            Some(path) => path.to_owned(),
            None => beside_this()?,
        };
        let size = binary.metadata().with_context(|| format!("no binary {}", binary.display()))?;
        println!("binary: {:.1} MiB", size.len() as f64 / f64::from(1 << 20));
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("novacore.toml");
        std::fs::write(&config, format!("{CONFIG}{more}"))?;
        let mut child = Command::new(&binary)
            .env_clear()
            .env("NOVACORE_SERVICE_TOKEN", SERVICE_TOKEN)
            .envs(database.map(|url| ("NOVACORE_DATABASE_URL", url)))
            .envs(SECRETS.into_iter().filter(|_| database.is_some()))
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&config)
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("piped")?).lines();
        let mut address = None;
        for line in lines.by_ref() {
            let line = line?;
            if let Some(url) = line.strip_prefix("listening on http://") {
                address = Some(url.parse()?);
            }
            if line.starts_with(READY) {
                break;
            }
        }
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let Some(address) = address else { bail!("the server did not say where it listens") };
        Ok(Server { child, address, _folder: folder })
    }

    /// The processor time that it has used.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // After the name, which may hold anything, come state and ten more, then the two times.
        let fields = stat.rsplit_once(") ").context("the system does not tell the times")?.1;
        let times = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = times.map(str::parse::<u64>).sum::<Result<u64, _>>()?;
        Ok(Duration::from_secs(ticks) / TICKS_PER_SECOND)
    }

    /// What it keeps in memory, for people.
    pub(crate) fn memory(&self) -> anyhow::Result<String> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.trim_start_matches(':').split_whitespace().next())
                .and_then(|number| number.parse::<u64>().ok())
                .with_context(|| format!("the system does not tell {name}"))
        };
        Ok(format!("{} MiB resident, {} MiB at most", kib("VmRSS")? / 1_024, kib("VmHWM")? / 1_024))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn beside_this() -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe()?;
    Ok(this.with_file_name("novacore"))
}
