//! Sending a call to one of a route's upstreams, until the head of its answer.
//!
//! Invariant: a call is sent again only if no connection came about, at most once, and while its
//! body has not been touched. (The client below does likewise with a kept connection that was
//! closed before anything was sent on it.)
//! Invariant: what a client does wrong is not held against an upstream.
//! Invariant: logs name the route and the number of the upstream, never addresses, paths or
//! queries.

use super::{
    upload::{Upload, UploadFault},
    upstreams::{Base, Upstreams},
};
use crate::client::Client;
use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, Version, uri::InvalidUriParts},
    response::Response,
};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use novacore_app::metrics::RouteMeter;
use novacore_edge::Failure;
use novacore_outbound::Chain;
use novacore_wire::problem::{Problem, ProblemKind};
use std::{
    fmt,
    pin::pin,
    time::{Duration, Instant},
};

/// Most tries of one call.
const TRIES_MAX: usize = 2;
/// When to come back where nothing better is known.
pub(super) const RETRY: Duration = Duration::from_secs(1);

/// A request as a service gets it, save for its address and body.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) client: &'a Client,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failed {
    /// No upstream can be asked; to be tried again after so long.
    Unavailable(Duration),
    /// The upstream did not answer in time.
    TooSlow,
    /// The client's body was not what it may be.
    Client(UploadFault),
    /// The path cannot be sent.
    Path,
}

/// Why one try came to nothing.
enum Stopped {
    TooSlow,
    Client(UploadFault),
    Broken(legacy::Error),
}

/// What is needed to send.
#[derive(Debug)]
pub(super) struct Exchange<'a> {
    pub(super) prefix: &'a str,
    pub(super) upstreams: &'a Upstreams,
    pub(super) head: Duration,
    pub(super) meter: &'a RouteMeter,
}

impl Exchange<'_> {
    /// Sends the call to whose turn it is; the answer's head, and its body still to come.
    pub(super) async fn send(
        &self,
        call: &Call<'_>,
        upload: &Upload,
    ) -> Result<Response<Incoming>, Failed> {
        let mut failed = None;
        for _ in 0..TRIES_MAX {
            let Some(body) = upload.lend() else { break };
            let attempt = self.upstreams.next(failed).map_err(Failed::Unavailable)?;
            let request = call.request(attempt.base(), body).map_err(|_| Failed::Path)?;
            if failed.is_some() {
                self.meter.retried();
            }
            failed = Some(attempt.index());
            let sent = Instant::now();
            let stopped = match self.answer(call.client, request, upload).await {
                Ok(answer) => {
                    attempt.answered();
                    self.meter.head(sent.elapsed());
                    return Ok(answer);
                }
                Err(stopped) => stopped,
            };
            let number = attempt.index() + 1;
            match stopped {
                Stopped::Client(fault) => return Err(Failed::Client(fault)),
                Stopped::TooSlow => {
                    attempt.failed();
                    self.log(number, &"no answer in time");
                    return Err(Failed::TooSlow);
                }
                Stopped::Broken(error) => {
                    attempt.failed();
                    self.log(number, &Chain(&error));
                    if !error.is_connect() {
                        break;
                    }
                }
            }
        }
        Err(Failed::Unavailable(RETRY))
    }

    /// Waits for the head. As long as the body gets on, the service has not begun to be slow.
    async fn answer(
        &self,
        client: &Client,
        request: Request<Body>,
        upload: &Upload,
    ) -> Result<Response<Incoming>, Stopped> {
        let mut answer = pin!(client.request(request));
        loop {
            let deadline = upload.progress() + self.head;
            tokio::select! {
                answer = &mut answer => {
                    let told = |error| match upload.fault() {
                        Some(fault) => Stopped::Client(fault),
                        None => Stopped::Broken(error),
                    };
                    return answer.map_err(told);
                }
                () = tokio::time::sleep_until(deadline) => {
                    if upload.progress() + self.head <= deadline {
                        return Err(Stopped::TooSlow);
                    }
                }
            }
        }
    }

    fn log(&self, number: usize, why: &dyn fmt::Display) {
        tracing::warn!(
            route.prefix = self.prefix,
            upstream.number = number,
            "a call of a service failed: {why}"
        );
    }
}

impl Call<'_> {
    fn request(&self, base: &Base, body: Body) -> Result<Request<Body>, InvalidUriParts> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = base.join(&self.path, self.query.as_deref())?;
        // The client below speaks HTTP/2 where the connection does.
        *request.version_mut() = Version::HTTP_11;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }
}

impl From<Failed> for Failure {
    fn from(failed: Failed) -> Failure {
        let told = |kind, text: &str| Failure::new(kind, text);
        match failed {
            Failed::Unavailable(after) => {
                let seconds = after.as_millis().div_ceil(1_000).max(1);
                Failure(Problem {
                    retry_after_s: i64::try_from(seconds).ok(),
                    ..Problem::new(
                        ProblemKind::UpstreamUnavailable,
                        "the service cannot be reached at present",
                    )
                })
            }
            Failed::TooSlow => {
                told(ProblemKind::UpstreamTimeout, "the service did not answer in time")
            }
            Failed::Client(fault) => {
                let kind = match fault {
                    UploadFault::TooLarge => ProblemKind::TooLarge,
                    UploadFault::TooSlow => ProblemKind::TooSlow,
                    UploadFault::Broken => ProblemKind::MalformedRequest,
                };
                told(kind, &fault.to_string())
            }
            Failed::Path => told(ProblemKind::MalformedRequest, "the path cannot be forwarded"),
        }
    }
}
