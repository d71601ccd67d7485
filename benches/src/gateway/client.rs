//! Callers of models, one call at a time on each connection.

use anyhow::ensure;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
    header,
};
use hyper_util::rt::TokioIo;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::net::TcpStream;

/// What is asked, made once.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) path: &'static str,
    pub(super) body: Bytes,
}

/// How a stream came.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heard {
    /// From the question to the first bytes.
    pub(super) first: Duration,
    /// The longest silence after that.
    pub(super) silence: Duration,
    /// Events that came.
    pub(super) events: u64,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Client {
    sender: SendRequest<Full<Bytes>>,
    bearer: String,
}

impl Client {
    pub(super) async fn connect(address: SocketAddr, token: &str) -> anyhow::Result<Client> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Client { sender, bearer: format!("Bearer {token}") })
    }

    /// Asks, and takes the whole answer.
    pub(super) async fn ask(&mut self, call: &Call) -> anyhow::Result<Bytes> {
        let response = self.send(call).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
        Ok(body)
    }

    /// Reads what is there.
    pub(super) async fn get(&mut self, path: &str) -> anyhow::Result<Bytes> {
        let request = Request::get(path)
            .header(header::HOST, "bench")
            .header(header::AUTHORIZATION, &self.bearer)
            .body(Full::default())?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        Ok(response.into_body().collect().await?.to_bytes())
    }

    /// Asks, and takes the answer as it comes.
    pub(super) async fn hear(&mut self, call: &Call) -> anyhow::Result<Heard> {
        let asked = Instant::now();
        let response = self.send(call).await?;
        ensure!(response.status().is_success(), "{}", response.status());
        let mut body = response.into_body();
        let (mut heard, mut before) = (Heard::default(), None::<Instant>);
        let mut last = 0;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            let now = Instant::now();
            match before.replace(now) {
                None => heard.first = now - asked,
                Some(before) => heard.silence = heard.silence.max(now - before),
            }
            // An event may end in the next frame.
            for byte in data {
                heard.events += u64::from(byte == b'\n' && last == b'\n');
                last = byte;
            }
        }
        Ok(heard)
    }

    async fn send(&mut self, call: &Call) -> anyhow::Result<Response<Incoming>> {
        let request = Request::post(call.path)
            .header(header::HOST, "bench")
            .header(header::AUTHORIZATION, &self.bearer)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(call.body.clone()))?;
        self.sender.ready().await?;
        Ok(self.sender.send_request(request).await?)
    }
}
