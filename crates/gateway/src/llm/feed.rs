//! A stream on its way to its caller: what was written and not yet taken.
//!
//! Invariant: no more than `WAITING_MAX` parts of `PART_BYTES_MAX` wait for a caller, and none
//! for one who was given up.
//! Invariant: what ends well for a caller has ended well. One who was given up, and anyone whose
//! stream is lost, sees it break: a clean end would pass half an answer off as a whole one.
//! Not here: how long a caller is waited for (`sink`).

use bytes::Bytes;
use futures::Stream;
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use thiserror::Error;
use tokio::sync::mpsc;

/// How many parts wait for a caller who reads slowly.
const WAITING_MAX: usize = 16;
/// Longest part, in bytes.
const PART_BYTES_MAX: usize = 16 << 10;

/// The end of a stream that did not come to its end.
#[derive(Clone, Copy, Debug, Error)]
#[error("the answer broke off")]
pub(crate) struct BrokenOff;

/// Where parts are put in.
#[derive(Debug)]
pub(crate) struct Feed {
    /// One for each part that waits.
    places: mpsc::Sender<()>,
    waiting: Arc<Mutex<Waiting>>,
}

/// Where they come out.
#[derive(Debug)]
pub(crate) struct Served {
    places: mpsc::Receiver<()>,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    parts: VecDeque<Bytes>,
    has_ended: bool,
    is_told: bool,
}

/// Both ends of a stream.
pub(crate) fn feed() -> (Feed, Served) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let waiting = Arc::new(Mutex::new(Waiting::default()));
    (Feed { places: sender, waiting: waiting.clone() }, Served { places: receiver, waiting })
}

impl Feed {
    /// Waits until the caller has gone away.
    pub(crate) async fn closed(&self) {
        self.places.closed().await;
    }

    /// Puts bytes in, waiting until there is a place for them. False if nobody takes them.
    pub(crate) async fn send(&self, mut bytes: Bytes) -> bool {
        while !bytes.is_empty() {
            let Ok(place) = self.places.reserve().await else { return false };
            let part = bytes.split_to(bytes.len().min(PART_BYTES_MAX));
            self.waiting.lock().parts.push_back(part);
            place.send(());
        }
        true
    }

    /// Ends the stream after what waits.
    pub(crate) fn end(self) {
        self.waiting.lock().has_ended = true;
    }

    /// Breaks the stream off; what waits is for nobody.
    pub(crate) fn give_up(self) {
        self.waiting.lock().parts.clear();
    }
}

impl Stream for Served {
    type Item = Result<Bytes, BrokenOff>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let place = ready!(self.places.poll_recv(cx));
        let mut waiting = self.waiting.lock();
        let part = place.and_then(|()| waiting.parts.pop_front());
        Poll::Ready(match part {
            Some(part) => Some(Ok(part)),
            None if waiting.has_ended || waiting.is_told => None,
            None => {
                waiting.is_told = true;
                Some(Err(BrokenOff))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt, StreamExt};

    /// What comes out at once, each part by its length, and how it ends.
    fn drain(served: &mut Served) -> (Vec<usize>, &'static str) {
        let mut lengths = Vec::new();
        loop {
            match served.next().now_or_never() {
                None => return (lengths, "goes on"),
                Some(None) => return (lengths, "has ended"),
                Some(Some(Ok(part))) => lengths.push(part.len()),
                Some(Some(Err(BrokenOff))) => {
                    assert!(served.next().now_or_never().is_some_and(|after| after.is_none()));
                    return (lengths, "is broken");
                }
            }
        }
    }

    #[test]
    fn so_much_waits_and_no_more() {
        let (feed, mut served) = feed();
        let most = WAITING_MAX * PART_BYTES_MAX;
        let sending = feed.send(Bytes::from(vec![b'x'; most + 1]));
        futures::pin_mut!(sending);
        assert_eq!(sending.as_mut().now_or_never(), None, "one byte has no place");
        let (lengths, state) = drain(&mut served);
        assert_eq!((lengths, state), (vec![PART_BYTES_MAX; WAITING_MAX], "goes on"));
        assert_eq!(sending.now_or_never(), Some(true));
        assert_eq!(drain(&mut served), (vec![1], "goes on"));
    }

    #[test]
    fn only_what_has_ended_well_ends_well() {
        let part = || Bytes::from_static(b"part");
        let (one, mut served) = feed();
        assert_eq!(one.send(part()).now_or_never(), Some(true));
        one.end();
        assert_eq!(drain(&mut served), (vec![4], "has ended"));

        let (lost, mut served) = feed();
        assert_eq!(lost.send(part()).now_or_never(), Some(true));
        drop(lost);
        assert_eq!(drain(&mut served), (vec![4], "is broken"));

        let (given_up, mut served) = feed();
        assert_eq!(given_up.send(part()).now_or_never(), Some(true));
        given_up.give_up();
        assert_eq!(drain(&mut served), (vec![], "is broken"));

        let (left, served) = feed();
        drop(served);
        assert_eq!(left.closed().now_or_never(), Some(()));
        assert_eq!(left.send(part()).now_or_never(), Some(false));
    }
}
