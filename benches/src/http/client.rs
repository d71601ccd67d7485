//! Connections of the load generator, one request at a time on each.

use super::binary::{SERVICE_TOKEN, Server};
use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio::{
    net::TcpStream,
    sync::{Mutex, MutexGuard},
};

/// One connection.
#[derive(Debug)]
pub(super) struct Client {
    sender: SendRequest<Full<Bytes>>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    body: Bytes,
}

impl Answer {
    /// Fails unless the status is this.
    pub(super) fn expect(&self, status: u16) -> anyhow::Result<()> {
        let body = String::from_utf8_lossy(&self.body);
        ensure!(self.status == status, "{} instead of {status}: {body}", self.status);
        Ok(())
    }

    /// A text member of the body.
    pub(super) fn text(&self, member: &str) -> anyhow::Result<String> {
        let body: serde_json::Value = serde_json::from_slice(&self.body)?;
        let text = body[member].as_str().with_context(|| format!("no {member} in {body}"))?;
        Ok(text.to_owned())
    }
}

impl Client {
    async fn connect(server: &Server) -> anyhow::Result<Client> {
        let stream = TcpStream::connect(server.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Client { sender })
    }

    pub(super) async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        let request = Request::builder().method(Method::GET).uri(path);
        self.send(request, String::new()).await
    }

    pub(super) async fn post(
        &mut self,
        path: &str,
        header: Option<(&str, String)>,
        body: String,
    ) -> anyhow::Result<Answer> {
        let mut request = Request::builder().method(Method::POST).uri(path);
        request = request.header("content-type", "application/json");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        self.send(request, body).await
    }

    /// A batch of events.
    pub(super) async fn events(&mut self, body: String) -> anyhow::Result<Answer> {
        let request = Request::builder().method(Method::POST).uri("/usage/events");
        let request = request.header("content-type", "application/cloudevents-batch+json");
        self.send(request, body).await
    }

    async fn send(
        &mut self,
        request: hyper::http::request::Builder,
        body: String,
    ) -> anyhow::Result<Answer> {
        let request = request.header("host", "bench").header("x-service-token", SERVICE_TOKEN);
        self.sender.ready().await?;
        let response = self.sender.send_request(request.body(Full::from(body))?).await?;
        let status = response.status().as_u16();
        Ok(Answer { status, body: response.into_body().collect().await?.to_bytes() })
    }
}

/// Connections by caller.
#[derive(Clone, Debug)]
pub(super) struct Clients(Arc<Vec<Mutex<Client>>>);

impl Clients {
    /// Each to the next of the servers.
    pub(super) async fn connect(servers: &[Server], count: usize) -> anyhow::Result<Clients> {
        let mut clients = Vec::with_capacity(count);
        for server in servers.iter().cycle().take(count) {
            clients.push(Mutex::new(Client::connect(server).await?));
        }
        Ok(Clients(Arc::new(clients)))
    }

    /// A caller's own connection.
    pub(super) async fn of(&self, caller: usize) -> MutexGuard<'_, Client> {
        self.0[caller].lock().await
    }

    /// The connections themselves; none if somebody still uses them.
    pub(super) fn into_all(self) -> Vec<Client> {
        let clients = Arc::into_inner(self.0).unwrap_or_default();
        clients.into_iter().map(Mutex::into_inner).collect()
    }
}
