//! The body of a request on its way to a service.
//!
//! Invariant: it is never kept: a part is read when the service takes it.
//! Invariant: it ends with an error beyond its largest size or when it is too slow, and what went
//! wrong is told apart from what went wrong with the service.
//! Invariant: while nobody has asked for its first part it can be sent elsewhere.

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use parking_lot::Mutex;
use std::{
    error::Error,
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep};

/// What a request's body may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct UploadLimits {
    pub(super) bytes_max: u64,
    pub(super) idle: Duration,
    pub(super) whole: Duration,
}

/// What the client did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UploadFault {
    TooLarge,
    TooSlow,
    /// It hung up, or what it sent is no HTTP.
    Broken,
}

impl fmt::Display for UploadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UploadFault::TooLarge => "the request's body is too large",
            UploadFault::TooSlow => "the request's body is too slow",
            UploadFault::Broken => "the request's body broke off",
        })
    }
}

impl Error for UploadFault {}

/// A body that can be lent until its first part is asked for.
#[derive(Debug)]
pub(super) struct Upload {
    shared: Arc<Shared>,
    limits: UploadLimits,
    hint: SizeHint,
    is_empty: bool,
}

#[derive(Debug)]
struct Shared {
    body: Mutex<Option<Body>>,
    fault: Mutex<Option<UploadFault>>,
    begun: Instant,
    /// When the last part was sent on, in milliseconds after the beginning.
    progress_ms: AtomicU64,
}

impl Upload {
    pub(super) fn new(body: Body, limits: UploadLimits) -> Upload {
        let (hint, is_empty) = (body.size_hint(), body.is_end_stream());
        let shared = Shared {
            body: Mutex::new(Some(body)),
            fault: Mutex::new(None),
            begun: Instant::now(),
            progress_ms: AtomicU64::new(0),
        };
        Upload { shared: Arc::new(shared), limits, hint, is_empty }
    }

    /// The body for one try; nothing if an earlier one has read of it.
    pub(super) fn lend(&self) -> Option<Body> {
        if self.is_empty {
            return Some(Body::empty());
        }
        self.shared.body.lock().is_some().then(|| {
            Body::new(Lent {
                shared: self.shared.clone(),
                limits: self.limits,
                hint: self.hint,
                body: None,
                bytes: 0,
                idle: None,
            })
        })
    }

    /// What the client did wrong, if it did.
    pub(super) fn fault(&self) -> Option<UploadFault> {
        *self.shared.fault.lock()
    }

    /// When something was last sent on; the beginning, before that.
    pub(super) fn progress(&self) -> Instant {
        let millis = self.shared.progress_ms.load(Ordering::Relaxed);
        self.shared.begun + Duration::from_millis(millis)
    }
}

struct Lent {
    shared: Arc<Shared>,
    limits: UploadLimits,
    hint: SizeHint,
    body: Option<Body>,
    bytes: u64,
    idle: Option<Pin<Box<Sleep>>>,
}

impl Lent {
    fn fail(&self, fault: UploadFault) -> Poll<Option<Result<Frame<Bytes>, UploadFault>>> {
        *self.shared.fault.lock() = Some(fault);
        Poll::Ready(Some(Err(fault)))
    }

    /// Until when the next part has to be there.
    fn deadline(&self) -> Instant {
        let whole = self.shared.begun + self.limits.whole;
        whole.min(Instant::now() + self.limits.idle)
    }

    fn note_progress(&self) {
        let millis = u64::try_from(self.shared.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.shared.progress_ms.store(millis, Ordering::Relaxed);
    }
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = UploadFault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadFault>>> {
        let this = &mut *self;
        if this.body.is_none() {
            this.body = this.shared.body.lock().take();
        }
        let Some(body) = &mut this.body else { return this.fail(UploadFault::Broken) };
        match Pin::new(body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                this.bytes = this.bytes.saturating_add(bytes);
                if this.bytes > this.limits.bytes_max {
                    return this.fail(UploadFault::TooLarge);
                }
                this.idle = None;
                this.note_progress();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(_))) => this.fail(UploadFault::Broken),
            Poll::Ready(None) => {
                this.note_progress();
                Poll::Ready(None)
            }
            Poll::Pending => {
                let deadline = this.deadline();
                let idle =
                    this.idle.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
                ready!(idle.as_mut().poll(cx));
                this.fail(UploadFault::TooSlow)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_some_and(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| self.hint, HttpBody::size_hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{StreamExt, channel::mpsc, stream};
    use std::io;

    fn limits(bytes_max: u64) -> UploadLimits {
        let seconds = Duration::from_secs;
        UploadLimits { bytes_max, idle: seconds(5), whole: seconds(60) }
    }

    fn parts(parts: &'static [&'static str]) -> Body {
        Body::from_stream(stream::iter(parts.iter().map(|part| Ok::<_, io::Error>(*part))))
    }

    async fn read(body: Body) -> Result<usize, axum::Error> {
        let mut parts = body.into_data_stream();
        let mut bytes = 0;
        while let Some(part) = parts.next().await {
            bytes += part?.len();
        }
        Ok(bytes)
    }

    #[tokio::test]
    async fn it_is_counted_also_without_a_length() {
        for (bytes_max, want) in [(6, Ok(6)), (5, Err(UploadFault::TooLarge))] {
            let upload = Upload::new(parts(&["abc", "def"]), limits(bytes_max));
            let bytes = read(upload.lend().unwrap()).await.map_err(|_| upload.fault().unwrap());
            assert_eq!(bytes, want);
        }
    }

    #[tokio::test]
    async fn it_is_lent_again_until_somebody_has_read_of_it() {
        let upload = Upload::new(parts(&["abc"]), limits(9));
        drop(upload.lend().unwrap());
        let body = upload.lend().unwrap();
        assert_eq!(read(body).await.unwrap(), 3);
        assert!(upload.lend().is_none());
        let empty = Upload::new(Body::empty(), limits(9));
        assert_eq!(read(empty.lend().unwrap()).await.unwrap(), 0);
        assert!(empty.lend().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn silence_and_slowness_have_an_end() {
        let (mut sender, receiver) = mpsc::channel::<io::Result<&'static str>>(1);
        let upload = Upload::new(Body::from_stream(receiver), limits(100));
        let begun = Instant::now();
        sender.try_send(Ok("a")).unwrap();
        assert!(read(upload.lend().unwrap()).await.is_err());
        assert_eq!(upload.fault(), Some(UploadFault::TooSlow));
        assert_eq!(begun.elapsed().as_secs(), 5);

        // A part every four seconds is never silent for long, and yet has an end.
        let drip = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(4)).await;
            Some((Ok::<_, io::Error>("a"), ()))
        });
        let upload = Upload::new(Body::from_stream(drip), limits(100));
        let begun = Instant::now();
        assert!(read(upload.lend().unwrap()).await.is_err());
        assert_eq!(upload.fault(), Some(UploadFault::TooSlow));
        assert_eq!(begun.elapsed().as_secs(), 60);
        assert!(upload.progress() >= begun + Duration::from_secs(52));
        drop(sender);
    }

    #[tokio::test]
    async fn a_client_that_breaks_off_is_told_apart() {
        let broken = stream::iter([Ok("a"), Err(io::Error::other("gone"))]);
        let upload = Upload::new(Body::from_stream(broken), limits(9));
        assert!(read(upload.lend().unwrap()).await.is_err());
        assert_eq!(upload.fault(), Some(UploadFault::Broken));
    }
}
