//! A service on loopback, with threads and plain sockets. What it does is in the path:
//!
//! `/echo` says what it was sent, as JSON; `/events` streams what the test hands it; `/hang` says
//! nothing; `/gate` answers when the test says so; `/socket` becomes a WebSocket that sends back
//! what it gets.

use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the service has seen.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// A call of a path that waits.
    Call(String),
    /// The other side of such a call has gone.
    Gone,
}

struct Shared {
    stopped: AtomicBool,
    connections: Mutex<Vec<TcpStream>>,
    accepted: Mutex<usize>,
    seen: Sender<Seen>,
    /// What to stream, or that a gate opens.
    pace: Mutex<Receiver<String>>,
}

/// A running service.
pub(super) struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    seen: Receiver<Seen>,
    pace: Sender<String>,
    listening: Option<JoinHandle<()>>,
}

impl Upstream {
    pub(super) fn start() -> Upstream {
        Upstream::start_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// One where another was before.
    pub(super) fn start_at(address: SocketAddr) -> Upstream {
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("an address");
        let (seen_by, seen) = channel();
        let (pace, paced) = channel();
        let shared = Arc::new(Shared {
            stopped: AtomicBool::new(false),
            connections: Mutex::default(),
            accepted: Mutex::default(),
            seen: seen_by,
            pace: Mutex::new(paced),
        });
        let served = shared.clone();
        let listening = std::thread::spawn(move || listen(&listener, &served));
        Upstream { address, shared, seen, pace, listening: Some(listening) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Connections that were ever made.
    pub(super) fn accepted(&self) -> usize {
        *self.shared.accepted.lock().expect("not poisoned")
    }

    /// What it sees next.
    pub(super) fn seen(&self) -> Seen {
        self.seen.recv_timeout(PATIENCE).expect("something is seen")
    }

    /// Hands it what to stream next; an empty text ends the stream, or opens a gate.
    pub(super) fn pace(&self, text: &str) {
        self.pace.send(text.to_owned()).expect("it listens");
    }

    /// It dies, with all its connections.
    pub(super) fn stop(&mut self) {
        let Some(listening) = self.listening.take() else { return };
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes whoever waits for a connection.
        let _ = TcpStream::connect(self.address);
        listening.join().expect("it ends");
        for connection in self.shared.connections.lock().expect("not poisoned").drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop();
    }
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { return };
        *shared.accepted.lock().expect("not poisoned") += 1;
        let twin = stream.try_clone().expect("a twin");
        shared.connections.lock().expect("not poisoned").push(twin);
        let shared = shared.clone();
        // Ends when the connection does, which `stop` sees to.
        std::thread::spawn(move || while serve(&stream, &shared).is_some() {});
    }
}

/// One call; nothing once the connection has ended.
fn serve(stream: &TcpStream, shared: &Shared) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut start = String::new();
    reader.read_line(&mut start).ok().filter(|bytes| *bytes > 0)?;
    let mut words = start.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers = read_headers(&mut reader)?;
    let body = read_body(&mut reader, &headers)?;
    let mut writer = stream;
    match path.split('?').next()? {
        "/events" => {
            let _ = shared.seen.send(Seen::Call(path.clone()));
            stream_events(stream, shared)
        }
        "/hang" => {
            let _ = shared.seen.send(Seen::Call(path.clone()));
            wait_until_gone(stream, shared);
            None
        }
        "/gate" => {
            let _ = shared.seen.send(Seen::Call(path.clone()));
            shared.pace.lock().ok()?.recv().ok()?;
            answer(&mut writer, "", "{}")
        }
        "/socket" => {
            let head = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\
                        upgrade: websocket\r\nsec-websocket-accept: yes\r\n\r\n";
            writer.write_all(head.as_bytes()).ok()?;
            let mut bytes = [0; 1_024];
            loop {
                let read = reader.read(&mut bytes).ok().filter(|read| *read > 0)?;
                writer.write_all(&bytes[..read]).ok()?;
            }
        }
        _ => {
            let said = json!({
                "method": method, "path": path, "headers": headers, "bytes": body,
            });
            let more = "x-internal: 1\r\nkeep-alive: timeout=5\r\nconnection: x-internal\r\n\
                        access-control-allow-origin: *\r\nx-own: 1\r\n";
            answer(&mut writer, more, &said.to_string())
        }
    }
}

fn answer(writer: &mut impl Write, headers: &str, body: &str) -> Option<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         {headers}\r\n{body}"
    );
    writer.write_all(head.as_bytes()).ok()
}

fn stream_events(mut stream: &TcpStream, shared: &Shared) -> Option<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                transfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).ok()?;
    loop {
        let text = shared.pace.lock().ok()?.recv().ok()?;
        if text == "gone?" {
            wait_until_gone(stream, shared);
            return None;
        }
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        stream.write_all(chunk.as_bytes()).ok()?;
        if text.is_empty() {
            return Some(());
        }
    }
}

fn wait_until_gone(mut stream: &TcpStream, shared: &Shared) {
    let _ = stream.read(&mut [0; 1]);
    let _ = shared.seen.send(Seen::Gone);
}

/// Name and value of each header, as they came.
fn read_headers(reader: &mut impl BufRead) -> Option<Vec<Value>> {
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        let line = line.trim_end();
        if line.is_empty() {
            return Some(headers);
        }
        let (name, value) = line.split_once(':')?;
        headers.push(json!([name.to_ascii_lowercase(), value.trim()]));
    }
}

/// How many bytes the body has; they are counted and forgotten.
fn read_body(reader: &mut impl BufRead, headers: &[Value]) -> Option<u64> {
    let value = |name: &str| headers.iter().find(|header| header[0] == name)?[1].as_str();
    if let Some(length) = value("content-length") {
        let length = length.parse().ok()?;
        let read = std::io::copy(&mut reader.take(length), &mut std::io::sink()).ok()?;
        return (read == length).then_some(read);
    }
    value("transfer-encoding").map_or(Some(0), |_| read_chunks(reader))
}

fn read_chunks(reader: &mut impl BufRead) -> Option<u64> {
    let mut bytes = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let length = u64::from_str_radix(line.trim_end(), 16).ok()?;
        let read = std::io::copy(&mut reader.take(length + 2), &mut std::io::sink()).ok()?;
        if read != length + 2 {
            return None;
        }
        if length == 0 {
            return Some(bytes);
        }
        bytes += length;
    }
}
