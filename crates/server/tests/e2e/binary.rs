//! The real binary in a temporary folder.

use rustix::process::Signal;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// The first administrator's password in these tests.
pub(crate) const ADMIN_PASSWORD: &str = "admin-password";
/// The service token in these tests.
pub(crate) const SERVICE_TOKEN: &str = "service-token-of-the-tests-0123456789";

const BINARY: &str = env!("CARGO_BIN_EXE_novacore");

/// How the last line of the greeting begins: everything is ready then.
const READY: &str = "try: ";

/// A data directory.
pub(crate) struct Folder {
    dir: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Folder {
        Folder { dir: TempDir::new().expect("a temporary folder") }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes the configuration file.
    pub(crate) fn configure(&self, text: &str) {
        std::fs::write(self.path("novacore.toml"), text).expect("written");
    }

    /// Runs a command of the binary to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        command(&self.data()).args(arguments).output().expect("the binary runs")
    }

    /// As [`Folder::run`], with more in its environment.
    pub(crate) fn run_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
        let mut command = command(&self.data());
        command.envs(environment.iter().copied()).args(arguments);
        command.output().expect("the binary runs")
    }

    /// As [`Folder::run_with`], without waiting for its end; nobody hears what it says.
    pub(crate) fn start_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Child {
        let mut command = command(&self.data());
        command.envs(environment.iter().copied()).args(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the binary starts")
    }

    /// As [`Folder::run`], with standard output closed at the other end.
    pub(crate) fn run_unheard(&self, arguments: &[&str]) -> ExitStatus {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = command(&self.data());
        command.args(arguments).stdout(writer).status().expect("the binary runs")
    }

    /// As [`Folder::serve`], with standard output closed at the other end.
    pub(crate) fn serve_unheard(&self, address: &str) -> Server {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = command(&self.data());
        command.args(["serve", "--listen", address]).stdout(writer).stderr(Stdio::null());
        let child = command.spawn().expect("the binary starts");
        let mut server = Server { child, url: format!("http://{address}"), agent: agent() };
        while server.send("GET", "/health/ready", &[], "").is_none() {
            let ended = server.child.try_wait().expect("its state");
            assert_eq!(ended, None, "the server has ended");
            std::thread::yield_now();
        }
        server
    }

    /// As [`Folder::run`], with nothing configured but where the data are.
    pub(crate) fn run_bare(&self, arguments: &[&str]) -> Output {
        command(&self.data())
            .env_remove("NOVACORE_ADMIN_PASSWORD")
            .env_remove("NOVACORE_SERVICE_TOKEN")
            .args(arguments)
            .output()
            .expect("the binary runs")
    }

    /// Starts the server.
    pub(crate) fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// Starts the server with more in its environment, and waits until it is ready.
    pub(crate) fn serve_with(&self, environment: &[(&str, &str)]) -> Server {
        self.serve_until(READY, environment)
    }

    /// As [`Folder::serve_with`]; nothing if it ends before it is ready.
    pub(crate) fn try_serve_with(&self, environment: &[(&str, &str)]) -> Option<Server> {
        let mut command = command(&self.data());
        command.args(["serve", "--listen", "127.0.0.1:0"]).envs(environment.iter().copied());
        Server::try_start(command, READY)
    }

    /// As [`Folder::serve_with`], but waits only for a line that begins like this.
    pub(crate) fn serve_until(&self, begin: &str, environment: &[(&str, &str)]) -> Server {
        let mut command = command(&self.data());
        command.args(["serve", "--listen", "127.0.0.1:0"]).envs(environment.iter().copied());
        Server::start(command, begin)
    }

    /// Starts the server with its data on a disk of its own of so many MiB, which is gone when it
    /// ends; [`Server::seen`] shows it. None where the system lets nobody make one.
    pub(crate) fn serve_on_small_disk(
        &self,
        size_mib: u32,
        environment: &[(&str, &str)],
    ) -> Option<Server> {
        let apart = ["--map-root-user", "--mount"];
        let mut can = Command::new("unshare");
        can.args(apart).args(["mount", "-t", "tmpfs", "x", "/mnt"]);
        if !can.stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            return None;
        }
        std::fs::create_dir_all(self.data()).expect("made");
        let script = format!("mount -t tmpfs -o size={size_mib}m x \"$0\" && exec \"$@\"");
        let mut command = Command::new("unshare");
        command.args(apart).args(["sh", "-c", &script]).arg(self.data());
        command.arg(BINARY).args(["serve", "--listen", "127.0.0.1:0"]);
        configure(&mut command, &self.data());
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.envs(environment.iter().copied());
        Some(Server::start(command, READY))
    }
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(BINARY);
    configure(&mut command, data);
    command
}

fn configure(command: &mut Command, data: &Path) {
    command
        .current_dir(data.parent().expect("it is in a folder"))
        .env_clear()
        .env("NOVACORE_DATA_DIR", data)
        .env("NOVACORE_ADMIN_PASSWORD", ADMIN_PASSWORD)
        .env("NOVACORE_SERVICE_TOKEN", SERVICE_TOKEN);
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into()
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    agent: ureq::Agent,
}

/// An answer: status, one header by name, body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: ureq::http::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Server {
    /// Starts it and waits until it is ready.
    fn start(command: Command, begin: &str) -> Server {
        Server::try_start(command, begin).expect("the server says where it listens")
    }

    /// As [`Server::start`]; nothing if it ends before that.
    fn try_start(mut command: Command, begin: &str) -> Option<Server> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let (mut url, mut is_ready) = (None, false);
        for line in lines.by_ref() {
            let line = line.expect("text");
            if let Some(found) = line.strip_prefix("listening on ") {
                url = Some(found.to_owned());
            }
            is_ready = line.starts_with(begin);
            if is_ready {
                break;
            }
        }
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let server = Server { child, url: url.unwrap_or_default(), agent: agent() };
        (is_ready && !server.url.is_empty()).then_some(server)
    }

    /// A path as the server sees it.
    pub(crate) fn seen(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.child.id()));
        root.join(path.strip_prefix("/").expect("an absolute path"))
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").expect("plain HTTP")
    }

    /// Calls as the service.
    pub(crate) fn service(&self, path: &str, body: &Value) -> Answer {
        self.post(path, &[("x-service-token", SERVICE_TOKEN)], body).expect("the server answers")
    }

    /// Posts JSON; `None` if the connection broke.
    pub(crate) fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Option<Answer> {
        self.send("POST", path, headers, &body.to_string())
    }

    /// Gets with a bearer.
    pub(crate) fn get(&self, path: &str, bearer: &str) -> Answer {
        let token = format!("Bearer {bearer}");
        self.send("GET", path, &[("authorization", &token)], "").expect("the server answers")
    }

    /// Sends anything.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<Answer> {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        if !headers.iter().any(|(name, _)| *name == "content-type") && !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_owned()).expect("a request");
        let mut response = self.agent.run(request).ok()?;
        let text = response.body_mut().read_to_string().ok()?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Some(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body,
        })
    }

    /// Opens the stream of a user's usage: what comes after the head of the answer.
    pub(crate) fn stream(&self, bearer: &str, last: &str) -> impl BufRead + use<> {
        let address = self.address();
        let mut stream = std::net::TcpStream::connect(address).expect("connected");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        let head = format!(
            "GET /api/usage/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {bearer}\r\n\
             last-event-id: {last}\r\n\r\n"
        );
        std::io::Write::write_all(&mut stream, head.as_bytes()).expect("sent");
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert_ne!(reader.read_line(&mut line).expect("a head"), 0, "it ends in its head");
        }
        reader
    }

    /// Registers a user; his id and token.
    pub(crate) fn register(&self, email: &str) -> (String, String) {
        let body = json!({ "email": email, "password": "correct horse" });
        let answer = self.post("/api/auth/register", &[], &body).expect("the server answers");
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert_eq!(answer.body["user"]["subscription_tier"], "free_trial");
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        (text(&answer.body["user"]["id"]), text(&answer.body["accessToken"]))
    }

    /// Signs the first administrator in.
    pub(crate) fn admin(&self) -> String {
        let body = json!({ "email": "admin@localhost", "password": ADMIN_PASSWORD });
        let answer = self.post("/api/auth/login", &[], &body).expect("the server answers");
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["accessToken"].as_str().expect("text").to_owned()
    }

    /// Tokens of models that a user has used today, and those that are held.
    pub(crate) fn tokens(&self, bearer: &str) -> (i64, i64) {
        let stats = self.get("/api/usage/stats", bearer).body;
        let rows = stats["breakdown"].as_array().expect("a list");
        let row = rows.iter().find(|row| row["resourceType"] == "llm_tokens");
        let figure =
            |name: &str| row.and_then(|row| row["current"][name].as_i64()).unwrap_or_default();
        (figure("used"), figure("held"))
    }

    /// As the operating system ends a process that must go now.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    /// As [`Server::kill`], while others still talk to it.
    pub(crate) fn kill_now(&self) {
        self.signal(Signal::KILL);
    }

    /// As an operator stops a server.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Stops it where it is.
    pub(crate) fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on after [`Server::pause`].
    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("signalled");
    }

    /// The most memory that it ever had, in KiB.
    pub(crate) fn memory_peak_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Waits for the end.
    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("ended")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
