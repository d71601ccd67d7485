//! The thread on which the model runs.
//!
//! Invariant: it ends when the embedder is dropped and the calls that came before are answered; a
//! panic in the model ends the calls of its pass, not the thread.

use super::passes::{Call, Calls, Pass};
use crate::embedder::refused;
use novacore_app::memories::embedder::EmbedError;
use novacore_memory::Embedding;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::mpsc::UnboundedReceiver;

/// A model, as the thread sees it. Its errors do not show texts.
pub(super) trait Encode: Send + 'static {
    /// The tokens of a text, at most as many as the model reads.
    fn tokens(&self, text: &str) -> Result<Vec<u32>, String>;

    /// One embedding for each text of a pass.
    fn embeddings(&self, pass: &[Vec<u32>]) -> Result<Vec<Embedding>, String>;
}

/// A model, and the calls that it works on.
#[derive(Debug)]
pub(super) struct Worker<M> {
    model: M,
    arriving: UnboundedReceiver<Call>,
    calls: Calls,
}

impl<M: Encode> Worker<M> {
    pub(super) fn new(model: M, arriving: UnboundedReceiver<Call>) -> Worker<M> {
        Worker { model, arriving, calls: Calls::default() }
    }

    /// Works until nobody can call any more.
    pub(super) fn run(mut self) {
        while self.has_work() {
            let Worker { model, calls, .. } = &mut self;
            let pass = calls.next_pass(|text| guarded(|| model.tokens(text)));
            if !pass.is_empty() {
                let came = came_of(model, &pass);
                calls.end_pass(pass, came);
            }
        }
    }

    /// Takes in what has arrived, and waits for it if there is nothing to do.
    fn has_work(&mut self) -> bool {
        if self.calls.is_empty() {
            match self.arriving.blocking_recv() {
                Some(call) => self.calls.add(call),
                None => return false,
            }
        }
        while let Ok(call) = self.arriving.try_recv() {
            self.calls.add(call);
        }
        true
    }
}

fn came_of(model: &impl Encode, pass: &Pass) -> Result<Vec<Embedding>, EmbedError> {
    let embeddings = guarded(|| model.embeddings(pass.tokens()))?;
    if embeddings.len() == pass.tokens().len() {
        Ok(embeddings)
    } else {
        Err(refused("not one embedding for each text"))
    }
}

/// What the model says, also if it panics: the libraries below it index and divide.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, EmbedError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(why)) => Err(refused(why)),
        Err(_) => Err(refused("the model panicked")),
    }
}
