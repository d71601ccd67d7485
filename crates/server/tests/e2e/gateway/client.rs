//! A client that sends what it is told, byte for byte.

use crate::binary::Server;
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// A connection, with what of the answer came so far.
pub(super) struct Connection {
    reader: BufReader<TcpStream>,
}

/// An answer to [`Connection::call`].
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The lines of one header, in lower case as all of the head is.
    pub(super) fn header(&self, name: &str) -> Vec<&str> {
        let name = format!("{name}: ");
        self.head.lines().filter_map(|line| line.strip_prefix(name.as_str())).collect()
    }
}

impl Connection {
    /// A connection that fails instead of waiting for ever.
    pub(super) fn open(server: &Server) -> Connection {
        let address = server.url.strip_prefix("http://").expect("plain HTTP");
        let stream = TcpStream::connect(address).expect("connected");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        Connection { reader: BufReader::new(stream) }
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Sends a head: `GET /path`, the bearer, and lines of further headers.
    pub(super) fn begin(&mut self, start: &str, bearer: &str, headers: &str) {
        let mut head = format!("{start} HTTP/1.1\r\nHost: api.example.com\r\n");
        if !bearer.is_empty() {
            head.push_str(&format!("Authorization: Bearer {bearer}\r\n"));
        }
        for line in headers.lines().map(str::trim).filter(|line| !line.is_empty()) {
            head.push_str(&format!("{line}\r\n"));
        }
        self.send(format!("{head}\r\n").as_bytes()).expect("sent");
    }

    /// Status and headers of the answer.
    pub(super) fn head(&mut self) -> (u16, String) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = self.reader.read_line(&mut head).expect("a head");
            assert_ne!(read, 0, "it ends in its head: {head}");
        }
        let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok());
        (status.expect("a status"), head.to_ascii_lowercase().replace("\r\n", "\n"))
    }

    /// The whole answer, whose length is said.
    pub(super) fn answer(&mut self) -> Answer {
        let (status, head) = self.head();
        let mut answer = Answer { status, head, text: String::new() };
        let length = answer
            .header("content-length")
            .first()
            .map_or(0, |text| text.parse().expect("a number"));
        self.reader.by_ref().take(length).read_to_string(&mut answer.text).expect("a body");
        answer
    }

    /// The next chunk of an answer that comes in chunks.
    pub(super) fn chunk(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).expect("a chunk");
        let length = usize::from_str_radix(line.trim_end(), 16).expect("its length");
        let mut bytes = vec![0; length + 2];
        self.reader.read_exact(&mut bytes).expect("a whole chunk");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    /// So many bytes.
    pub(super) fn read(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.reader.read_exact(&mut bytes).expect("all of them");
        bytes
    }

    /// Whether the other side has closed.
    pub(super) fn is_closed(&mut self) -> bool {
        matches!(self.reader.read(&mut [0; 1]), Ok(0))
    }

    pub(super) fn call(&mut self, start: &str, bearer: &str, headers: &str) -> Answer {
        self.begin(start, bearer, headers);
        self.answer()
    }
}

/// One call on a connection of its own.
pub(super) fn call(server: &Server, start: &str, bearer: &str, headers: &str) -> Answer {
    Connection::open(server).call(start, bearer, headers)
}

/// The values of a header that the service was sent.
pub(super) fn told(answer: &Answer, name: &str) -> Vec<String> {
    let said = answer.json();
    let headers = said["headers"].as_array().expect("headers");
    let of_name = headers.iter().filter(|header| header[0] == name);
    of_name.map(|header| header[1].as_str().expect("text").to_owned()).collect()
}
