//! One connection through the proxy: two threads, one per direction.
//!
//! Invariant: where the server has answered is counted, not guessed by time: every `Sync`, simple
//! query and function call of a client is answered by one `ReadyForQuery`, and so is its startup.
//! But for the `Sync` behind a COPY from the client: the server then waits for rows, and drops it.
//! Invariant: what is still on its way when a connection is cut uses up no rule that comes later.

use super::{
    frame::{Frame, Frames},
    rule::{Side, Verdict},
    state::State,
};
use parking_lot::Mutex;
use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

const CHUNK_BYTES: usize = 64 << 10;
const READY_FOR_QUERY: u8 = b'Z';
const COPY_IN_RESPONSE: u8 = b'G';
const SYNC: u8 = b'S';
const QUERY: u8 = b'Q';
/// What a server says to who asks for encryption and may not have it.
const NO: &[u8] = b"N";

/// Where question and answer of a connection stand.
#[derive(Debug, Default)]
struct Exchange {
    asked: u64,
    answered: u64,
    /// What the client sent last.
    last: u8,
    /// Whether the next `Sync` will be dropped.
    drops_sync: bool,
    /// The answer that the client must not see.
    withheld: Option<u64>,
}

impl Exchange {
    /// Notes a client's message that is about to be passed on; whether it will be answered.
    fn note(&mut self, kind: u8) -> bool {
        self.last = kind;
        match kind {
            SYNC if self.drops_sync => {
                self.drops_sync = false;
                false
            }
            _ => matches!(kind, QUERY | SYNC | b'F'),
        }
    }

    /// Forgets the `Sync` behind a COPY, which may have come already; a simple query has none. The
    /// client has not seen the answer yet, so what he sends behind his rows is still to come.
    fn drop_sync(&mut self) {
        match self.last {
            SYNC => self.asked -= 1,
            QUERY => {}
            _ => self.drops_sync = true,
        }
    }
}

/// A connection's two ends.
#[derive(Debug)]
pub(super) struct Link {
    client: TcpStream,
    server: TcpStream,
    exchange: Mutex<Exchange>,
    is_cut: AtomicBool,
}

impl Link {
    pub(super) fn new(client: TcpStream, server: TcpStream) -> io::Result<Link> {
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        Ok(Link { client, server, exchange: Mutex::default(), is_cut: AtomicBool::new(false) })
    }

    /// Loses the connection on both ends, now.
    pub(super) fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        // Whichever end is closed already needs no closing.
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }

    /// Whether it is lost, even if bytes of it are still on their way.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::SeqCst)
    }

    /// Passes on what one side sends until the connection ends.
    pub(super) fn carry(self: &Arc<Link>, from: Side, state: &State) {
        let carried = match from {
            Side::Client => self.carry_client(state),
            Side::Server => self.carry_server(state),
        };
        // An end that is reset is an end.
        drop(carried);
        self.cut();
    }

    fn carry_client(&self, state: &State) -> io::Result<()> {
        let mut frames = Frames::of_client();
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let read = (&self.client).read(&mut chunk)?;
            if read == 0 {
                return Ok(());
            }
            frames.add(&chunk[..read]);
            while let Some(frame) = frames.next() {
                match frame {
                    Frame::AsksEncryption => (&self.client).write_all(NO)?,
                    Frame::Startup(message) => self.ask(state, &message, true)?,
                    Frame::Typed(kind, message) => {
                        let is_answered = self.exchange.lock().note(kind);
                        self.ask(state, &message, is_answered)?;
                    }
                    Frame::Opaque(bytes) => self.ask(state, &bytes, false)?,
                }
            }
        }
    }

    /// Passes a client's message on, if it may.
    fn ask(&self, state: &State, message: &[u8], is_answered: bool) -> io::Result<()> {
        let verdict = state.judge(self, Side::Client, message);
        {
            // Before the server can answer.
            let mut exchange = self.exchange.lock();
            let question = exchange.asked + 1;
            if is_answered {
                exchange.asked = question;
            }
            if verdict == Verdict::CutBeforeAnswer {
                exchange.withheld = Some(question);
            }
        }
        match verdict {
            Verdict::Pass | Verdict::CutBeforeAnswer => (&self.server).write_all(message),
            Verdict::CutAfter(bytes) => {
                (&self.server).write_all(&message[..bytes])?;
                self.cut_by_rule(state);
                Ok(())
            }
        }
    }

    fn carry_server(&self, state: &State) -> io::Result<()> {
        let mut frames = Frames::of_server();
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let read = (&self.server).read(&mut chunk)?;
            if read == 0 {
                return Ok(());
            }
            frames.add(&chunk[..read]);
            while let Some(frame) = frames.next() {
                match frame {
                    Frame::Typed(kind, message) => self.answer(state, kind, &message)?,
                    Frame::AsksEncryption | Frame::Startup(_) | Frame::Opaque(_) => {
                        unreachable!("a server's messages all have a type")
                    }
                }
            }
        }
    }

    /// Passes a server's message on, if it may.
    fn answer(&self, state: &State, kind: u8, message: &[u8]) -> io::Result<()> {
        let is_end = matches!(kind, READY_FOR_QUERY | COPY_IN_RESPONSE);
        let is_withheld = {
            let mut exchange = self.exchange.lock();
            let answer = exchange.answered + 1;
            match kind {
                READY_FOR_QUERY => exchange.answered = answer,
                COPY_IN_RESPONSE => exchange.drop_sync(),
                _ => {}
            }
            exchange.withheld == Some(answer)
        };
        if is_withheld {
            if is_end {
                self.cut_by_rule(state);
            }
            return Ok(());
        }
        match state.judge(self, Side::Server, message) {
            Verdict::Pass | Verdict::CutBeforeAnswer => (&self.client).write_all(message),
            Verdict::CutAfter(bytes) => {
                (&self.client).write_all(&message[..bytes])?;
                self.cut_by_rule(state);
                Ok(())
            }
        }
    }

    fn cut_by_rule(&self, state: &State) {
        self.cut();
        state.has_cut();
    }
}
