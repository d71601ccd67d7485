//! The end of a stream that is cut, in the dialect's own words, so that a client sees an answer
//! that was too long and no broken connection.
//!
//! Invariant: every choice, block and message that was opened is closed once.

mod chat;
mod messages;
mod responses;

use crate::json::Value;
use crate::read::Said;
use crate::route::Route;
use chat::ChatProgress;
use messages::MessagesProgress;
use responses::ResponsesProgress;

/// What the end of a cut stream says.
#[derive(Clone, Copy, Debug)]
pub struct Cut<'c> {
    /// The answers that were asked for (`n`), each of which gets an end.
    pub choices: u64,
    /// Whether the caller asked for usage in the stream. Matters to chat and legacy completions.
    pub include_usage: bool,
    /// Input, in tokens, as counted or reported.
    pub input_tokens: u64,
    /// Output up to here, in tokens, as counted.
    pub output_tokens: u64,
    /// The answer's id, for a stream that has not named its own yet.
    pub id: &'c str,
    /// The model, likewise.
    pub model: &'c str,
    /// When the answer was made, in seconds since 1970, likewise.
    pub created_s: i64,
}

/// How far a stream has come, as its end needs it.
pub(super) enum Progress {
    Chat(ChatProgress),
    Responses(ResponsesProgress),
    Messages(MessagesProgress),
}

impl Progress {
    pub(super) fn new(route: Route) -> Progress {
        match route {
            Route::Chat | Route::Completions | Route::Embeddings => {
                Progress::Chat(ChatProgress::default())
            }
            Route::Responses => Progress::Responses(ResponsesProgress::default()),
            Route::Messages => Progress::Messages(MessagesProgress::default()),
        }
    }

    pub(super) fn note(&mut self, root: Value<'_>, said: &Said<'_>) {
        match self {
            Progress::Chat(progress) => progress.note(root, said),
            Progress::Responses(progress) => progress.note(root),
            Progress::Messages(progress) => progress.note(root),
        }
    }

    pub(super) fn end(&self, route: Route, cut: &Cut<'_>) -> Vec<u8> {
        let text = match self {
            Progress::Chat(progress) => progress.end(route, cut),
            Progress::Responses(progress) => progress.end(cut),
            Progress::Messages(progress) => progress.end(cut),
        };
        text.into_bytes()
    }
}
