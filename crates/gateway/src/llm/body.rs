//! The body of a call, taken in whole, since it is counted before anything is sent.
//!
//! Invariant: a body takes room as its bytes come, so that whoever announces much and sends little
//! keeps nobody out; all bodies together take no more than there is.
//! Invariant: one that does not come ends after its time, and has no place among the calls until
//! then.
//! Not here: what it says (`asked`).

use super::{options::HoldOptions, refuse::Refusal};
use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use novacore_dialects::ErrorKind;
use std::sync::Arc;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// A body, and the room that it takes.
pub(crate) type Kept = (Bytes, OwnedSemaphorePermit);

/// So many KiB, rounded up: what room is counted in.
pub(crate) fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1_024)).unwrap_or(u32::MAX)
}

/// Takes a body in.
pub(crate) async fn take_in(
    body: Body,
    holds: &HoldOptions,
    room: &Arc<Semaphore>,
) -> Result<Kept, Refusal> {
    // One that says so beforehand is not waited for.
    if body.size_hint().lower() > holds.body_bytes_max as u64 {
        return Err(too_long(holds.body_bytes_max));
    }
    match timeout(holds.body_timeout, read(body, holds.body_bytes_max, room)).await {
        Ok(told) => told,
        Err(_) => Err(Refusal::new(ErrorKind::InvalidRequest, "the body took too long")),
    }
}

async fn read(mut body: Body, bytes_max: usize, room: &Arc<Semaphore>) -> Result<Kept, Refusal> {
    let mut taken = more(room, 0)?;
    let mut whole = Whole::default();
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| Refusal::new(ErrorKind::InvalidRequest, "the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        let length = whole.len() + data.len();
        if length > bytes_max {
            return Err(too_long(bytes_max));
        }
        taken.merge(more(room, kib(length) - kib(whole.len()))?);
        whole.push(data);
    }
    Ok((whole.finish(), taken))
}

fn more(room: &Arc<Semaphore>, kib: u32) -> Result<OwnedSemaphorePermit, Refusal> {
    let full = |_| Refusal::new(ErrorKind::Unavailable, "too many long calls are under way");
    room.clone().try_acquire_many_owned(kib).map_err(full)
}

fn too_long(bytes_max: usize) -> Refusal {
    Refusal::new(ErrorKind::TooLarge, format!("the body is longer than {bytes_max} bytes"))
}

/// The parts that came. One that is alone, as most are, is not copied; of several no handles are
/// kept, which would be longer than parts of a byte.
#[derive(Default)]
struct Whole {
    first: Bytes,
    joined: BytesMut,
}

impl Whole {
    fn len(&self) -> usize {
        self.first.len() + self.joined.len()
    }

    fn push(&mut self, part: Bytes) {
        if self.len() == 0 {
            self.first = part;
            return;
        }
        self.joined.extend_from_slice(&std::mem::take(&mut self.first));
        self.joined.extend_from_slice(&part);
    }

    fn finish(self) -> Bytes {
        if self.joined.is_empty() { self.first } else { self.joined.freeze() }
    }
}
