//! A stream put together into the answer that the same call would have had without one.
//!
//! A call without a maximum is streamed upstream so that it can be cut, also if the caller wants no
//! stream.
//! Invariant: what has no place in a whole answer, or cannot be put together, is an error and never
//! left out; a member that is not known keeps its last value.
//! Invariant: no more than `bytes_max` is kept.
//! Not here: deciding what to do with half an answer.

mod chat;
mod messages;
mod pieces;
mod responses;

use crate::json::{Why, document};
use crate::route::Route;
use crate::stream::Event;
use chat::ChatAssembly;
use messages::MessagesAssembly;
use responses::ResponsesAssembly;
use std::fmt;
use thiserror::Error;

/// Why a stream cannot become an answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AssembleError {
    /// Embeddings have no stream.
    #[error("the call has no stream")]
    NoStream,
    /// An event that could not be read.
    #[error("an event of the stream could not be read")]
    Unread,
    /// An error of the provider, which the event carries.
    #[error("the provider reported an error inside the stream")]
    Provider,
    /// Something that a whole answer says otherwise than a stream.
    #[error("`{0}` cannot be assembled")]
    Unsupported(String),
    /// An event for something that was not opened.
    #[error("the stream is out of order")]
    Order,
    /// A tool's input that is no JSON, though the answer was not cut.
    #[error("the input of a tool is not JSON")]
    ToolInput,
    /// More than may be kept.
    #[error("the answer is too long to be assembled")]
    TooLong,
    /// The stream stopped before its end.
    #[error("the stream ended too early")]
    Incomplete,
}

/// An answer in the making.
pub struct Assembly {
    shape: Shape,
    budget: Budget,
}

enum Shape {
    Chat(ChatAssembly),
    Responses(ResponsesAssembly),
    Messages(MessagesAssembly),
}

/// What may still be kept, in bytes.
#[derive(Debug)]
struct Budget {
    left: usize,
}

impl Budget {
    fn take(&mut self, bytes: usize) -> Result<(), AssembleError> {
        self.left = self.left.checked_sub(bytes).ok_or(AssembleError::TooLong)?;
        Ok(())
    }
}

impl fmt::Debug for Assembly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assembly").field("budget", &self.budget).finish_non_exhaustive()
    }
}

impl Assembly {
    /// An empty answer of at most about `bytes_max` bytes.
    pub fn new(route: Route, bytes_max: usize) -> Result<Assembly, AssembleError> {
        let shape = match route {
            Route::Chat | Route::Completions => Shape::Chat(ChatAssembly::new(route)),
            Route::Responses => Shape::Responses(ResponsesAssembly::default()),
            Route::Messages => Shape::Messages(MessagesAssembly::default()),
            Route::Embeddings => return Err(AssembleError::NoStream),
        };
        Ok(Assembly { shape, budget: Budget { left: bytes_max } })
    }

    /// Takes in the next event; those of [`StreamReader::end`](crate::StreamReader::end) too, once
    /// they are read.
    pub fn push(&mut self, event: &Event<'_>) -> Result<(), AssembleError> {
        if event.error.is_some() {
            return Err(AssembleError::Provider);
        }
        if event.unread_bytes > 0 {
            return Err(AssembleError::Unread);
        }
        match document(event.data) {
            Ok(root) => match &mut self.shape {
                Shape::Chat(chat) => chat.push(root, &mut self.budget),
                Shape::Responses(responses) => responses.push(root, &mut self.budget),
                Shape::Messages(messages) => messages.push(root, &mut self.budget),
            },
            // Comments, and the word that ends a chat.
            Err(error) if error.why == Why::NotJson => Ok(()),
            Err(_) => Err(AssembleError::Unread),
        }
    }

    /// The body of the whole answer.
    pub fn finish(self) -> Result<Vec<u8>, AssembleError> {
        let text = match self.shape {
            Shape::Chat(chat) => chat.finish(),
            Shape::Responses(responses) => responses.finish(),
            Shape::Messages(messages) => messages.finish(),
        }?;
        Ok(text.into_bytes())
    }
}
