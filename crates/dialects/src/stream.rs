//! A provider's stream: what to pass on, and what it says, event by event.
//!
//! Invariant: without `strip_usage` the bytes passed on are the bytes that came in; with it, only
//! the usage chunk and `usage: null` are missing, as if nobody had asked for usage.
//! Invariant: however the bytes were cut, the events are the same.
//! Not here: how many tokens a text has, and when to stop.

mod end;
mod strip;

pub use end::Cut;

use crate::json::{self, Value};
use crate::limits::EVENT_BYTES_MAX;
use crate::output::{Finish, Output, ProviderError};
use crate::read::{self, Said};
use crate::route::Route;
use crate::sse::{self, Lines, Piece, Splitter};
use crate::usage::Usage;
use end::Progress;
use std::borrow::Cow;
use std::fmt;

/// The word that ends OpenAI's chat streams.
const DONE: &[u8] = b"[DONE]";

/// How to read a stream.
#[derive(Clone, Copy, Debug)]
pub struct StreamOptions {
    /// The call that is answered.
    pub route: Route,
    /// Whether usage was asked for by us and not by the caller, so that it is taken out.
    pub strip_usage: bool,
    /// Longest event that is read, in bytes.
    pub event_bytes_max: usize,
}

impl StreamOptions {
    /// Everything passed on, events up to [`EVENT_BYTES_MAX`].
    pub fn new(route: Route) -> StreamOptions {
        StreamOptions { route, strip_usage: false, event_bytes_max: EVENT_BYTES_MAX }
    }
}

/// One event.
#[derive(Clone, PartialEq, Eq)]
pub struct Event<'r> {
    /// The bytes to pass on: a whole event with the blank line after it. A client acts on an event
    /// only then, so that nothing is later for it.
    pub pass: Cow<'r, [u8]>,
    /// The event's data, its lines joined; for an [`Assembly`](crate::Assembly).
    pub data: &'r [u8],
    /// What the model wrote.
    pub outputs: Vec<Output<'r>>,
    /// Answers that end.
    pub finishes: Vec<Finish<'r>>,
    /// The usage that this event reports.
    pub usage: Option<Usage>,
    /// The error that this event is.
    pub error: Option<ProviderError<'r>>,
    /// Bytes of data that could not be read: no JSON, or too long. Their tokens are not more.
    pub unread_bytes: u64,
    /// Whether the stream ends with this event, in the dialect's own words.
    pub is_last: bool,
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("pass_bytes", &self.pass.len())
            .field("outputs", &self.outputs)
            .field("finishes", &self.finishes)
            .field("usage", &self.usage)
            .field("error", &self.error)
            .field("unread_bytes", &self.unread_bytes)
            .field("is_last", &self.is_last)
            .finish_non_exhaustive()
    }
}

/// Reads a stream as it comes.
pub struct StreamReader {
    options: StreamOptions,
    splitter: Splitter,
    /// The data of an event that has several lines of it.
    joined: Vec<u8>,
    usage: Option<Usage>,
    /// Whether nothing was written since the usage was reported.
    usage_is_current: bool,
    is_complete: bool,
    progress: Progress,
}

impl fmt::Debug for StreamReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamReader")
            .field("options", &self.options)
            .field("usage", &self.usage)
            .field("is_complete", &self.is_complete)
            .finish_non_exhaustive()
    }
}

impl StreamReader {
    /// A reader for the body of one answer.
    pub fn new(options: StreamOptions) -> StreamReader {
        StreamReader {
            options,
            splitter: Splitter::new(options.event_bytes_max),
            joined: Vec::new(),
            usage: None,
            usage_is_current: false,
            is_complete: false,
            progress: Progress::new(options.route),
        }
    }

    /// Takes bytes in; read events until there are none before the next push.
    pub fn push(&mut self, bytes: &[u8]) {
        self.splitter.push(bytes);
    }

    /// Says that the upstream has ended; events may be left.
    pub fn finish(&mut self) {
        self.splitter.end();
    }

    /// The next event.
    pub fn next_event(&mut self) -> Option<Event<'_>> {
        let range = match self.splitter.next()? {
            Piece::Event(range) => range,
            Piece::TooLong(range) => {
                self.usage_is_current = false;
                return Some(unread(&self.splitter.bytes()[range]));
            }
        };
        let event = &self.splitter.bytes()[range];
        let lines = sse::lines(event);
        let data = join(event, &lines, &mut self.joined);
        let Ok(root) = json::document(data) else {
            self.is_complete |= data == DONE;
            return Some(Event {
                is_last: data == DONE,
                unread_bytes: if data == DONE { 0 } else { data.len() as u64 },
                ..passed(event, data)
            });
        };
        let said = read::event(self.options.route, root);
        self.progress.note(root, &said);
        self.is_complete |= said.is_last;
        note_usage(root, &said, &mut self.usage, &mut self.usage_is_current);
        let pass = if self.options.strip_usage && self.options.route.asks_for_usage() {
            strip::without_usage(event, &lines, root)
        } else {
            Cow::Borrowed(event)
        };
        Some(Event {
            pass,
            data,
            outputs: said.outputs,
            finishes: said.finishes,
            usage: said.usage,
            error: said.error,
            unread_bytes: 0,
            is_last: said.is_last,
        })
    }

    /// The usage that the provider reported for all that it wrote, `None` if it has not (yet).
    pub fn reported_usage(&self) -> Option<Usage> {
        self.usage.filter(|_| self.usage_is_current)
    }

    /// What was reported so far, which may leave output out: Anthropic's input comes first.
    pub fn usage_so_far(&self) -> Option<Usage> {
        self.usage
    }

    /// Whether the stream has ended in the dialect's own words.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// The dialect's own end, for a stream that is cut here; empty if it has ended already.
    pub fn end(&self, cut: &Cut<'_>) -> Vec<u8> {
        if self.is_complete { Vec::new() } else { self.progress.end(self.options.route, cut) }
    }
}

fn note_usage(root: Value<'_>, said: &Said<'_>, usage: &mut Option<Usage>, is_current: &mut bool) {
    *is_current &= said.outputs.is_empty();
    if let Some(later) = &said.usage {
        match usage {
            Some(usage) => usage.update(later),
            None => *usage = Some(*later),
        }
        // The first figure of an Anthropic stream does not know the output.
        *is_current = root.field("message").is_none();
    }
}

fn passed<'r>(event: &'r [u8], data: &'r [u8]) -> Event<'r> {
    Event {
        pass: Cow::Borrowed(event),
        data,
        outputs: Vec::new(),
        finishes: Vec::new(),
        usage: None,
        error: None,
        unread_bytes: 0,
        is_last: false,
    }
}

fn unread(piece: &[u8]) -> Event<'_> {
    Event { unread_bytes: piece.len() as u64, ..passed(piece, &[]) }
}

/// The data of an event: its one line, or its lines with LF between them.
fn join<'r>(event: &'r [u8], lines: &Lines, joined: &'r mut Vec<u8>) -> &'r [u8] {
    match lines.data.as_slice() {
        [] => &[],
        [(_, value)] => &event[value.clone()],
        many => {
            joined.clear();
            for (index, (_, value)) in many.iter().enumerate() {
                joined.extend_from_slice(if index == 0 { b"" } else { b"\n" });
                joined.extend_from_slice(&event[value.clone()]);
            }
            joined
        }
    }
}
