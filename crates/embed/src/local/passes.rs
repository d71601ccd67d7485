//! Which texts go through the model together.
//!
//! Invariant: calls take turns, a text each, so a short call does not wait for all of a long one.
//! Invariant: a call's texts go in their order, and each once.
//! Invariant: no pass is larger than its bounds, unless it is of one text.

use crate::limits::{PASS_TEXTS_MAX, PASS_TOKENS_MAX};
use novacore_app::memories::embedder::{EmbedError, Embeddings};
use novacore_memory::Embedding;
use std::{
    collections::{HashMap, VecDeque},
    vec,
};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// What a caller is told.
pub(super) type Told = Result<Embeddings, EmbedError>;

/// A call on its way.
#[derive(Debug)]
pub(super) struct Call {
    texts: vec::IntoIter<String>,
    /// The tokens of the next text, if they did not fit the last pass.
    ahead: Option<Vec<u32>>,
    /// How many texts there were.
    count: usize,
    done: Vec<Embedding>,
    tokens: u64,
    reply: oneshot::Sender<Told>,
    /// Given back when the call has ended.
    _room: OwnedSemaphorePermit,
}

impl Call {
    pub(super) fn new(
        texts: Vec<String>,
        reply: oneshot::Sender<Told>,
        room: OwnedSemaphorePermit,
    ) -> Call {
        let count = texts.len();
        Call {
            texts: texts.into_iter(),
            ahead: None,
            count,
            done: Vec::with_capacity(count),
            tokens: 0,
            reply,
            _room: room,
        }
    }

    /// Whether each text is in a pass.
    fn is_taken(&self) -> bool {
        self.texts.len() == 0 && self.ahead.is_none()
    }

    fn end(self, told: Result<(), EmbedError>) {
        let Call { done, tokens, reply, _room, .. } = self;
        // The room first: whoever has his answer may ask again at once.
        drop(_room);
        // A caller who has gone wants no answer.
        let _ = reply.send(told.map(|()| Embeddings { vectors: done, tokens: Some(tokens) }));
    }
}

/// Texts that go through the model at once, and whose they are.
#[derive(Debug, Default)]
pub(super) struct Pass {
    tokens: Vec<Vec<u32>>,
    owners: Vec<u64>,
    longest: usize,
}

impl Pass {
    pub(super) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Of each text its tokens.
    pub(super) fn tokens(&self) -> &[Vec<u32>] {
        &self.tokens
    }

    fn has_room(&self, tokens: &[u32]) -> bool {
        let count = self.tokens.len() + 1;
        let longest = self.longest.max(tokens.len());
        count == 1 || (count <= PASS_TEXTS_MAX && count * longest <= PASS_TOKENS_MAX)
    }

    fn push(&mut self, owner: u64, tokens: Vec<u32>) {
        self.longest = self.longest.max(tokens.len());
        self.owners.push(owner);
        self.tokens.push(tokens);
    }
}

/// The calls under way.
#[derive(Debug, Default)]
pub(super) struct Calls {
    open: HashMap<u64, Call>,
    /// Those with texts that are in no pass yet, the next one first.
    turns: VecDeque<u64>,
    last: u64,
}

impl Calls {
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub(super) fn add(&mut self, call: Call) {
        self.last += 1;
        self.turns.push_back(self.last);
        self.open.insert(self.last, call);
    }

    /// The next pass, of texts cut by `cut`; empty if nothing is left to do.
    pub(super) fn next_pass(
        &mut self,
        mut cut: impl FnMut(&str) -> Result<Vec<u32>, EmbedError>,
    ) -> Pass {
        let mut pass = Pass::default();
        while let Some(owner) = self.turns.pop_front() {
            let Some(call) = self.open.get_mut(&owner) else { continue };
            if call.reply.is_closed() {
                self.open.remove(&owner);
                continue;
            }
            let tokens = match call.ahead.take() {
                Some(tokens) => tokens,
                None => match call.texts.next().as_deref().map(&mut cut) {
                    Some(Ok(tokens)) => tokens,
                    Some(Err(error)) => {
                        self.end(owner, Err(error));
                        continue;
                    }
                    None => continue,
                },
            };
            if !pass.has_room(&tokens) {
                call.ahead = Some(tokens);
                self.turns.push_front(owner);
                break;
            }
            call.tokens += tokens.len() as u64;
            if !call.is_taken() {
                self.turns.push_back(owner);
            }
            pass.push(owner, tokens);
        }
        pass
    }

    /// Gives out what came of a pass: one embedding for each text, or why there is none.
    pub(super) fn end_pass(&mut self, pass: Pass, came: Result<Vec<Embedding>, EmbedError>) {
        match came {
            Ok(embeddings) => {
                for (owner, embedding) in pass.owners.into_iter().zip(embeddings) {
                    let Some(call) = self.open.get_mut(&owner) else { continue };
                    call.done.push(embedding);
                    if call.done.len() == call.count {
                        self.end(owner, Ok(()));
                    }
                }
            }
            Err(error) => {
                for owner in pass.owners {
                    self.end(owner, Err(error.clone()));
                }
            }
        }
    }

    fn end(&mut self, owner: u64, told: Result<(), EmbedError>) {
        if let Some(call) = self.open.remove(&owner) {
            call.end(told);
        }
    }
}
