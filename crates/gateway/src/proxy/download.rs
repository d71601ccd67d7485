//! The body of a service's answer on its way to the client.
//!
//! Invariant: a part is passed on as it comes, trailers included; none is kept.
//! Invariant: its call counts as in flight until it has ended, and silence has an end.

use axum::body::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use novacore_app::metrics::{InFlight, RouteMeter};
use std::{
    error::Error,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, Sleep},
};

/// The place of a call among those that may be in flight; free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) _permit: OwnedSemaphorePermit,
    pub(super) _in_flight: InFlight,
}

/// Why an answer is cut. The client sees that it did not end.
#[derive(Debug)]
pub(super) enum Cut {
    Silent,
    Broken(hyper::Error),
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cut::Silent => "the service was silent for too long",
            Cut::Broken(_) => "the service broke off",
        })
    }
}

impl Error for Cut {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Cut::Silent => None,
            Cut::Broken(error) => Some(error),
        }
    }
}

/// An answer's body.
#[derive(Debug)]
pub(super) struct Download {
    body: Incoming,
    idle: Duration,
    /// Runs while we wait for a part.
    silence: Option<Pin<Box<Sleep>>>,
    is_waiting: bool,
    meter: RouteMeter,
    _place: Place,
}

impl Download {
    pub(super) fn new(body: Incoming, idle: Duration, meter: RouteMeter, place: Place) -> Download {
        Download { body, idle, silence: None, is_waiting: false, meter, _place: place }
    }

    /// Whether the silence has been too long. One timer serves all parts.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let end = Instant::now() + self.idle;
        let silence = self.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        if !self.is_waiting {
            silence.as_mut().reset(end);
            self.is_waiting = true;
        }
        silence.as_mut().poll(cx)
    }
}

impl HttpBody for Download {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Pending => {
                ready!(this.poll_silence(cx));
                this.meter.cut();
                Poll::Ready(Some(Err(Cut::Silent)))
            }
            Poll::Ready(part) => {
                this.is_waiting = false;
                if matches!(part, Some(Err(_))) {
                    this.meter.cut();
                }
                Poll::Ready(part.map(|part| part.map_err(Cut::Broken)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
