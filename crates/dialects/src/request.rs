//! What a request asks for, read from its body without changing it.
//!
//! Invariant: what the provider may count as input is in the [`Prompt`], or named as
//! [`Unbounded`]; a part of a kind that is not known is the latter.
//! Invariant: a body that two parsers could read differently is refused where it decides the hold:
//! a name twice in an object that is read, or a control member in other letter case.
//! Not here: how many tokens a text has, and whether the hold fits.

mod chat;
mod completions;
mod edit;
mod embeddings;
mod error;
mod messages;
mod part;
mod prompt;
mod responses;
mod tools;

pub use edit::{Edits, Maximum};
pub use error::{Fault, RequestError};
pub use prompt::{Part, Prompt, Unbounded, UnboundedCause};

use crate::json::{self, Object, ReadError, Value, Why};
use crate::limits::CHOICES_MAX;
use crate::route::Route;
use novacore_vocab::AMOUNT_ABS_MAX;
use prompt::Collector;
use std::borrow::Cow;

/// Members that decide what a call may cost; some parsers take them in any letter case.
const CONTROLS: &[&str] = &[
    "model",
    "stream",
    "stream_options",
    "n",
    "best_of",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "messages",
    "input",
    "prompt",
    "system",
    "instructions",
    "tools",
    "functions",
    "previous_response_id",
    "conversation",
    "background",
    "web_search_options",
    "data_sources",
    "mcp_servers",
    "container",
];

/// A request that was read. It borrows the body.
#[derive(Clone, Debug)]
pub struct Request<'b> {
    route: Route,
    root: Object<'b>,
    /// The model as the caller names it.
    pub model: Cow<'b, str>,
    /// Whether the caller wants a stream.
    pub stream: bool,
    /// Whether the caller wants usage in the stream (`stream_options.include_usage`).
    pub include_usage: bool,
    /// Answers that are generated and charged, each up to the maximum: `n` (or `best_of`, if
    /// larger) times the number of prompts; 0 for embeddings.
    pub outputs: u64,
    /// The explicit maximum of one answer, in tokens; the largest, if two members state it.
    pub max_output: Option<u64>,
    /// What there is to count.
    pub prompt: Prompt<'b>,
    /// The first thing that counts and is not in the body.
    pub unbounded: Option<Unbounded>,
}

impl<'b> Request<'b> {
    /// Reads a body.
    pub fn read(route: Route, body: &'b [u8]) -> Result<Request<'b>, RequestError> {
        let root = json::document(body).map_err(|error| RequestError::of(None, error))?;
        read(route, root).map_err(|error| RequestError::of(Some(root), error))
    }

    /// The call.
    pub fn route(&self) -> Route {
        self.route
    }

    /// The body with `edits` made, every other byte as it was.
    pub fn edited(&self, edits: &Edits<'_>) -> Vec<u8> {
        edit::apply(self.route, &self.root, edits)
    }
}

fn read(route: Route, root: Value<'_>) -> Result<Request<'_>, ReadError> {
    let root = Object::read(root)?;
    for member in root.members() {
        check_case(&member.key(), member.value)?;
    }
    let (stream, options) = (root.field("stream"), root.field("stream_options"));
    let model = root.needed("model")?;
    let model = model.as_str().ok_or_else(|| model.fault(Why::Expected("a string")))?;
    let mut collector = Collector::default();
    let outputs = match route {
        Route::Chat => chat::collect(&root, &mut collector)?,
        Route::Completions => completions::collect(&root, &mut collector)?,
        Route::Embeddings => embeddings::collect(&root, &mut collector)?,
        Route::Responses => responses::collect(&root, &mut collector)?,
        Route::Messages => messages::collect(&root, &mut collector)?,
    };
    let (prompt, unbounded) = collector.finish(root.value());
    let max_output = maximum(route, &root)?;
    Ok(Request {
        route,
        root,
        model,
        stream: stream.map_or(Ok(false), flag)?,
        include_usage: options.map_or(Ok(false), include_usage)?,
        outputs,
        max_output,
        prompt,
        unbounded,
    })
}

/// Go's parser matches names without regard to case, so `Max_Tokens` beside `max_tokens` would
/// count there and not here.
fn check_case(key: &str, value: Value<'_>) -> Result<(), ReadError> {
    let folded = || {
        let simple = |letter| if letter == '\u{17f}' { 's' } else { letter };
        key.chars().map(simple).flat_map(char::to_lowercase)
    };
    let is_other_case = |name: &&&str| **name != key && name.chars().eq(folded());
    match CONTROLS.iter().find(is_other_case) {
        Some(name) => Err(value.fault(Why::Ambiguous(name))),
        None => Ok(()),
    }
}

fn include_usage(options: Value<'_>) -> Result<bool, ReadError> {
    options.unique_members()?;
    options.field("include_usage").map_or(Ok(false), flag)
}

fn maximum(route: Route, root: &Object<'_>) -> Result<Option<u64>, ReadError> {
    let mut largest = None;
    for name in route.maximum_fields() {
        if let Some(value) = root.field(name) {
            largest = largest.max(Some(tokens(value)?));
        }
    }
    Ok(largest)
}

fn flag(value: Value<'_>) -> Result<bool, ReadError> {
    value.as_bool().ok_or_else(|| value.fault(Why::Expected("true or false")))
}

fn tokens(value: Value<'_>) -> Result<u64, ReadError> {
    let tokens = value.as_u64().filter(|tokens| *tokens <= AMOUNT_ABS_MAX.unsigned_abs());
    tokens.ok_or_else(|| value.fault(Why::Expected("a whole number of tokens up to 2^53-1")))
}

/// `n` or `best_of`, 1 if it is not given.
fn choices(value: Option<Value<'_>>) -> Result<u64, ReadError> {
    let Some(value) = value else { return Ok(1) };
    let choices = value.as_u64().filter(|choices| (1..=CHOICES_MAX).contains(choices));
    choices.ok_or_else(|| value.fault(Why::Expected("a whole number from 1 to 1024")))
}
