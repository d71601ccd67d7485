//! Where a stream goes: to the caller as it comes, or into one answer for a caller who wants no
//! stream.

use super::{
    feed::{Feed, feed},
    refuse::Refusal,
    verdict::Ending,
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use novacore_dialects::{AssembleError, Assembly, ErrorKind, Route, StreamOptions, StreamReader};
use std::time::Duration;
use tokio::sync::oneshot;

/// Longest answer that is put together, in bytes.
const ASSEMBLED_BYTES_MAX: usize = 64 << 20;

/// Where a stream goes.
pub(crate) enum Sink {
    /// To the caller, who may read nothing for so long.
    Stream(Feed, Duration),
    /// Into one answer.
    Whole(Box<Whole>),
    /// Nobody is there any more.
    Nobody,
}

/// An answer in the making.
pub(crate) struct Whole {
    route: Route,
    request_id: String,
    reply: oneshot::Sender<Response>,
    head: HeaderMap,
    reader: StreamReader,
    assembly: Result<Assembly, AssembleError>,
}

impl Sink {
    /// Answers the caller with a stream.
    pub(crate) fn stream(
        reply: oneshot::Sender<Response>,
        mut head: HeaderMap,
        stall: Duration,
    ) -> Sink {
        let (feed, served) = feed();
        let mut response = Response::new(Body::from_stream(served));
        head.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        *response.headers_mut() = head;
        match reply.send(response) {
            Ok(()) => Sink::Stream(feed, stall),
            Err(_) => Sink::Nobody,
        }
    }

    /// Answers the caller when the stream has ended.
    pub(crate) fn whole(
        route: Route,
        request_id: String,
        reply: oneshot::Sender<Response>,
        mut head: HeaderMap,
    ) -> Sink {
        head.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Sink::Whole(Box::new(Whole {
            route,
            request_id,
            reply,
            head,
            reader: StreamReader::new(StreamOptions::new(route)),
            assembly: Assembly::new(route, ASSEMBLED_BYTES_MAX),
        }))
    }

    pub(crate) fn is_stream(&self) -> bool {
        !matches!(self, Sink::Whole(_))
    }

    /// Waits until the caller has gone away.
    pub(crate) async fn gone(&mut self) {
        match self {
            Sink::Stream(feed, _) => feed.closed().await,
            Sink::Whole(whole) => whole.reply.closed().await,
            Sink::Nobody => {}
        }
        if matches!(self, Sink::Stream(..)) {
            *self = Sink::Nobody;
        }
    }

    /// Passes bytes on. False if nobody takes them: the caller has gone away, or has read nothing
    /// for so long that he is taken for gone.
    pub(crate) async fn send(&mut self, bytes: Bytes) -> bool {
        if bytes.is_empty() {
            return true;
        }
        match self {
            Sink::Whole(whole) => {
                whole.push(&bytes);
                true
            }
            Sink::Nobody => false,
            Sink::Stream(feed, stall) => {
                let sent = tokio::time::timeout(*stall, feed.send(bytes)).await;
                if sent == Ok(true) {
                    return true;
                }
                if let Sink::Stream(feed, _) = std::mem::replace(self, Sink::Nobody) {
                    feed.give_up();
                }
                false
            }
        }
    }

    /// Takes in what is sent last, if it is put together.
    pub(crate) fn take(&mut self, last: &[u8]) {
        if let Sink::Whole(whole) = self {
            whole.push(last);
        }
    }

    /// Whether no answer can be made of a stream that ended so.
    pub(crate) fn has_failed(&self, ending: Ending) -> bool {
        match self {
            Sink::Whole(whole) => {
                whole.assembly.is_err() || matches!(ending, Ending::BrokenOff | Ending::Stopped)
            }
            Sink::Stream(..) | Sink::Nobody => false,
        }
    }

    /// Sends what is left and ends the answer.
    pub(crate) async fn end(mut self, last: Vec<u8>, ending: Ending) {
        if let Sink::Whole(whole) = self {
            return whole.answer(ending);
        }
        self.send(last.into()).await;
        if let Sink::Stream(feed, _) = self {
            feed.end();
        }
    }
}

impl Whole {
    fn push(&mut self, bytes: &[u8]) {
        self.reader.push(bytes);
        while let Some(event) = self.reader.next_event() {
            if let Ok(assembly) = &mut self.assembly
                && let Err(error) = assembly.push(&event)
            {
                self.assembly = Err(error);
            }
        }
    }

    fn answer(self, ending: Ending) {
        let body = match ending {
            Ending::BrokenOff | Ending::Stopped => Err(AssembleError::Incomplete),
            Ending::Complete | Ending::Cut | Ending::HangUp | Ending::Void => {
                self.assembly.and_then(Assembly::finish)
            }
        };
        let response = match body {
            Ok(body) => {
                let mut response = Response::new(Body::from(body));
                *response.headers_mut() = self.head;
                response
            }
            Err(error) => {
                tracing::warn!(%error, "an answer could not be put together");
                Refusal::new(ErrorKind::Unavailable, "the provider broke off")
                    .answer(self.route.family(), Some(&self.request_id))
            }
        };
        // Whoever has gone away needs no answer.
        let _ = self.reply.send(response);
    }
}
