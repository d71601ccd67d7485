//! Server-sent events, cut out of bytes that arrive in any pieces.
//!
//! Invariant: the pieces that come out are the bytes that went in, in order, none twice; where they
//! part does not depend on how the bytes arrived, save inside an event that is too long.
//! Invariant: no more is kept than one event of at most `event_bytes_max` and the last push.
//! Not here: what an event says.

use std::ops::Range;

/// Capacity that an idle stream may keep, in bytes.
const IDLE_CAPACITY_MAX: usize = 64 << 10;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// A piece of the stream, as a range of [`Splitter::bytes`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// An event with the blank line that ends it, or what the stream ended with.
    Event(Range<usize>),
    /// A part of an event that is too long to be kept.
    TooLong(Range<usize>),
}

/// Finds where events end.
pub(crate) struct Splitter {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that have been handed out.
    taken: usize,
    /// Bytes of `buffer` that have been looked at.
    scanned: usize,
    line_has_bytes: bool,
    is_too_long: bool,
    is_ended: bool,
    event_bytes_max: usize,
}

impl Splitter {
    pub(crate) fn new(event_bytes_max: usize) -> Splitter {
        Splitter {
            buffer: Vec::new(),
            taken: 0,
            scanned: 0,
            line_has_bytes: false,
            is_too_long: false,
            is_ended: false,
            event_bytes_max,
        }
    }

    /// What the ranges of pieces mean, until the next push.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.taken);
        self.scanned -= self.taken;
        self.taken = 0;
        if self.buffer.is_empty() {
            self.buffer.shrink_to(IDLE_CAPACITY_MAX);
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// No more bytes will come: what is left is handed out.
    pub(crate) fn end(&mut self) {
        self.is_ended = true;
    }

    pub(crate) fn next(&mut self) -> Option<Piece> {
        while let Some(end_of_line) = self.next_line() {
            self.scanned = end_of_line;
            if !std::mem::take(&mut self.line_has_bytes) {
                return Some(self.take(end_of_line, true));
            }
        }
        // A CR may be half of a line's end, and so belongs to what follows.
        let is_over = self.scanned - self.taken > self.event_bytes_max;
        let is_rest = self.is_ended && self.buffer.len() > self.taken;
        if is_rest {
            self.scanned = self.buffer.len();
        }
        ((is_over && self.scanned > self.taken) || is_rest)
            .then(|| self.take(self.scanned, is_rest))
    }

    /// Where the next line ends, its CR, LF or both included; `None` if that is not known yet.
    fn next_line(&mut self) -> Option<usize> {
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let Some(length) = self.buffer[self.scanned..].iter().position(is_end) else {
            self.line_has_bytes |= self.scanned < self.buffer.len();
            self.scanned = self.buffer.len();
            return None;
        };
        self.line_has_bytes |= length > 0;
        self.scanned += length;
        match (self.buffer[self.scanned], self.buffer.get(self.scanned + 1)) {
            (b'\r', Some(b'\n')) => Some(self.scanned + 2),
            (b'\r', None) if !self.is_ended => None,
            _ => Some(self.scanned + 1),
        }
    }

    fn take(&mut self, end: usize, is_whole: bool) -> Piece {
        let range = self.taken..end;
        self.taken = end;
        let is_too_long = self.is_too_long || !is_whole || range.len() > self.event_bytes_max;
        self.is_too_long = is_too_long && !is_whole;
        if is_too_long { Piece::TooLong(range) } else { Piece::Event(range) }
    }
}

/// The lines of one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    /// Each `data` line: the whole line with its end, and its value.
    pub(crate) data: Vec<(Range<usize>, Range<usize>)>,
    /// Whether there is something else to pass on: a comment, an unknown field.
    pub(crate) has_comment: bool,
}

/// Takes an event apart; ranges are relative to `event`.
pub(crate) fn lines(event: &[u8]) -> Lines {
    let mut lines = Lines::default();
    let mut at = if event.starts_with(BOM) { BOM.len() } else { 0 };
    while at < event.len() {
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let length = event[at..].iter().position(is_end).unwrap_or(event.len() - at);
        let end = at + length;
        let next = match (event.get(end), event.get(end + 1)) {
            (Some(b'\r'), Some(b'\n')) => end + 2,
            (Some(_), _) => end + 1,
            (None, _) => end,
        };
        let line = &event[at..end];
        let name = line.split(|byte| *byte == b':').next().unwrap_or(line);
        match name {
            b"data" => {
                let colon = usize::from(line.len() > name.len());
                let space = usize::from(line.get(name.len() + 1) == Some(&b' '));
                lines.data.push((at..next, at + name.len() + colon + space..end));
            }
            b"event" | b"id" | b"retry" => {}
            _ => lines.has_comment |= !line.is_empty(),
        }
        at = next;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(stream: &[u8], cuts: &[usize], event_bytes_max: usize) -> Vec<(bool, Vec<u8>)> {
        let mut splitter = Splitter::new(event_bytes_max);
        let mut out = Vec::new();
        let mut drain = |splitter: &mut Splitter| {
            while let Some(piece) = splitter.next() {
                let (is_whole, range) = match piece {
                    Piece::Event(range) => (true, range),
                    Piece::TooLong(range) => (false, range),
                };
                out.push((is_whole, splitter.bytes()[range].to_vec()));
            }
        };
        let mut from = 0;
        for cut in cuts.iter().copied().chain([stream.len()]) {
            splitter.push(&stream[from..cut]);
            drain(&mut splitter);
            from = cut;
        }
        splitter.end();
        drain(&mut splitter);
        out
    }

    #[test]
    fn events_end_at_a_blank_line_however_lines_end() {
        let whole = |events: &[&str]| -> Vec<(bool, Vec<u8>)> {
            events.iter().map(|event| (true, event.as_bytes().to_vec())).collect()
        };
        for events in [
            &["data: a\n\n", "data: b\n\n"][..],
            &["data: a\r\n\r\n", "data: b\r\n\r\n"],
            &["data: a\r\r", "data: b\r\r"],
            &["data: a\r\n\n", "\n", ": ping\n\r\n", "data: left over"],
            &["data: a\r\n\r\n", "\r"],
        ] {
            let stream = events.concat();
            for cut in 0..=stream.len() {
                for second in cut..=stream.len() {
                    let got = split(stream.as_bytes(), &[cut, second], 100);
                    assert_eq!(got, whole(events), "{stream:?} cut at {cut} and {second}");
                }
            }
        }
    }

    #[test]
    fn an_event_that_is_too_long_passes_in_pieces() {
        let stream = b"data: a\n\ndata: 0123456789\n\ndata: b\n\n";
        for cut in 0..stream.len() {
            let got = split(stream, &[cut], 12);
            let joined: Vec<u8> = got.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
            assert_eq!(joined, stream);
            let long: usize = got.iter().filter(|(ok, _)| !ok).map(|(_, b)| b.len()).sum();
            assert_eq!(long, b"data: 0123456789\n\n".len(), "cut at {cut}");
        }
    }

    #[test]
    fn fields_are_told_apart() {
        let event = b"\xef\xbb\xbfdata:x\nevent: e\n: note\r\ndata:  y\ndata\ndatax: z\n\n";
        let lines = lines(event);
        let values: Vec<&[u8]> = lines.data.iter().map(|(_, v)| &event[v.clone()]).collect();
        assert_eq!(values, [&b"x"[..], b" y", b""]);
        assert_eq!(&event[lines.data[1].0.clone()], b"data:  y\n");
        assert!(lines.has_comment);
    }
}
