//! Where a message of PostgreSQL's protocol begins and ends.
//!
//! Invariant: bytes are cut into messages, never changed.
//! Not here: what is done about a message (`link`).

/// Requests that come before the start of a session and have no type.
const STARTUP: u32 = 196_608;
const CANCEL: u32 = 80_877_102;
const TLS: u32 = 80_877_103;
const GSS: u32 = 80_877_104;

/// A whole message, or what cannot be cut into messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A client asks for encryption, which a proxy that reads along cannot give.
    AsksEncryption,
    /// A client begins a session.
    Startup(Vec<u8>),
    /// A message of a session, with its type.
    Typed(u8, Vec<u8>),
    /// Anything else; passed on as it is.
    Opaque(Vec<u8>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    BeforeStartup,
    Session,
    Opaque,
}

/// Cuts one direction of a connection into messages.
#[derive(Debug)]
pub(super) struct Frames {
    phase: Phase,
    pending: Vec<u8>,
}

impl Frames {
    /// What a client sends.
    pub(super) fn of_client() -> Frames {
        Frames { phase: Phase::BeforeStartup, pending: Vec::new() }
    }

    /// What a server sends to a client that was not let ask for encryption.
    pub(super) fn of_server() -> Frames {
        Frames { phase: Phase::Session, pending: Vec::new() }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// The next message that is there as a whole.
    pub(super) fn next(&mut self) -> Option<Frame> {
        match self.phase {
            Phase::BeforeStartup => {
                let message = self.take(0)?;
                let code = number(&message, 4);
                match code {
                    Some(TLS | GSS) => return Some(Frame::AsksEncryption),
                    Some(STARTUP) => self.phase = Phase::Session,
                    Some(CANCEL) | Some(_) | None => {
                        self.phase = Phase::Opaque;
                        return Some(Frame::Opaque(message));
                    }
                }
                Some(Frame::Startup(message))
            }
            Phase::Session => {
                let kind = *self.pending.first()?;
                self.take(1).map(|message| Frame::Typed(kind, message))
            }
            Phase::Opaque => {
                let rest = std::mem::take(&mut self.pending);
                (!rest.is_empty()).then_some(Frame::Opaque(rest))
            }
        }
    }

    /// Takes the message whose length stands at `at` and counts itself and all behind it.
    fn take(&mut self, at: usize) -> Option<Vec<u8>> {
        let length = number(&self.pending, at)? as usize;
        // A length too short to be true would never move on.
        let end = at + length.max(4);
        if self.pending.len() < end {
            return None;
        }
        let rest = self.pending.split_off(end);
        Some(std::mem::replace(&mut self.pending, rest))
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().expect("four bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn untyped(code: u32, rest: &[u8]) -> Vec<u8> {
        let length = u32::try_from(8 + rest.len()).unwrap();
        [&length.to_be_bytes(), &code.to_be_bytes(), rest].concat()
    }

    fn typed(kind: u8, rest: &[u8]) -> Vec<u8> {
        let length = u32::try_from(4 + rest.len()).unwrap();
        [&[kind][..], &length.to_be_bytes(), rest].concat()
    }

    /// Whatever the pieces in which the bytes come, the messages are the same.
    fn check(mut frames: impl FnMut() -> Frames, bytes: &[u8], expected: &[Frame]) {
        for piece in 1..=bytes.len() {
            let (mut frames, mut found) = (frames(), Vec::new());
            for chunk in bytes.chunks(piece) {
                frames.add(chunk);
                found.extend(std::iter::from_fn(|| frames.next()));
            }
            assert_eq!(found, expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn a_session_is_cut_into_messages() {
        let startup = untyped(STARTUP, b"user\0novacore\0\0");
        let begin = typed(b'Q', b"BEGIN\0");
        let sync = typed(b'S', b"");
        let bytes = [&untyped(TLS, b"")[..], &untyped(GSS, b""), &startup, &begin, &sync].concat();
        check(
            Frames::of_client,
            &bytes,
            &[
                Frame::AsksEncryption,
                Frame::AsksEncryption,
                Frame::Startup(startup),
                Frame::Typed(b'Q', begin.clone()),
                Frame::Typed(b'S', sync),
            ],
        );
        check(Frames::of_server, &begin, &[Frame::Typed(b'Q', begin.clone())]);
    }

    #[test]
    fn what_is_no_session_is_passed_on() {
        let cancel = untyped(CANCEL, b"12345678");
        check(Frames::of_client, &cancel, &[Frame::Opaque(cancel.clone())]);
        let mut frames = Frames::of_client();
        frames.add(&[&cancel[..], b"more"].concat());
        assert_eq!(frames.next(), Some(Frame::Opaque(cancel)));
        assert_eq!(frames.next(), Some(Frame::Opaque(b"more".to_vec())));
        assert_eq!(frames.next(), None);
        // A length of nothing.
        check(Frames::of_server, b"X\0\0\0\0", &[Frame::Typed(b'X', b"X\0\0\0\0".to_vec())]);
    }
}
