//! A proxy on loopback that loses connections when it is told to.
//!
//! It reads along in PostgreSQL's protocol, so it can lose a connection exactly between a message
//! and its answer. Encryption it declines.
//!
//! Invariant: a rule cuts one connection, once.

mod frame;
mod link;
mod rule;
mod state;

pub use rule::{Moment, Rule, Side};

use crate::failure::{Failure, cannot};
use link::Link;
use state::State;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

/// A proxy. Dropping it cuts its connections and stops listening.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    target: SocketAddr,
    state: Arc<State>,
    acceptor: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Listens on a free port of loopback in front of a server.
    pub fn start(target: SocketAddr) -> Result<Proxy, Failure> {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(any_port).map_err(cannot("listen as a proxy"))?;
        let address = listener.local_addr().map_err(cannot("listen as a proxy"))?;
        let state = Arc::new(State::default());
        let shared = state.clone();
        let acceptor = Some(thread::spawn(move || accept(&listener, target, &shared)));
        Ok(Proxy { address, target, state, acceptor })
    }

    /// The URL of a database of the server, led through the proxy.
    pub fn url_of(&self, url: &str) -> String {
        url.replacen(&self.target.to_string(), &self.address.to_string(), 1)
    }

    /// Cuts every connection there is; how many there were.
    pub fn cut_all(&self) -> usize {
        self.state.cut_all()
    }

    /// From now on connections end as soon as they are made; those that exist are left alone.
    pub fn refuse(&self) {
        self.state.set_refuses(true);
    }

    /// Takes connections again after [`Proxy::refuse`].
    pub fn accept(&self) {
        self.state.set_refuses(false);
    }

    /// Waits for the rule's moment to cut a connection; replaces a rule that still waits.
    pub fn arm(&self, rule: Rule) {
        self.state.arm(rule);
    }

    /// Waits until rules have cut so many connections in all; whether they have within the time.
    pub fn wait_for_cuts(&self, cuts: u64, within: Duration) -> bool {
        self.state.wait_for_cuts(cuts, within)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.end();
        self.state.cut_all();
        // Wakes the acceptor, which then sees that it is over. It cannot be woken otherwise, so
        // without a connection it is left to end with the process.
        if TcpStream::connect(self.address).is_ok()
            && let Some(acceptor) = self.acceptor.take()
        {
            let _ = acceptor.join();
        }
    }
}

fn accept(listener: &TcpListener, target: SocketAddr, state: &Arc<State>) {
    for client in listener.incoming() {
        if state.ends() {
            return;
        }
        // A connection that fails, or is refused, is closed; the next may do better.
        if let Ok(client) = client
            && !state.refuses()
        {
            let _ = connect(client, target, state);
        }
    }
}

fn connect(client: TcpStream, target: SocketAddr, state: &Arc<State>) -> io::Result<()> {
    let link = Arc::new(Link::new(client, TcpStream::connect(target)?)?);
    let Some(number) = state.enter(&link) else {
        link.cut();
        return Ok(());
    };
    for side in [Side::Client, Side::Server] {
        let (link, state) = (link.clone(), state.clone());
        thread::spawn(move || {
            link.carry(side, &state);
            state.leave(number);
        });
    }
    Ok(())
}
