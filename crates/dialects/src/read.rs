//! One JSON text of a provider, an answer or an event, read into what the data plane needs.
//!
//! Invariant: reading never fails; what does not have the expected shape says nothing.

mod chat;
mod messages;
mod responses;

use crate::json::Value;
use crate::output::{Finish, Output, OutputKind, ProviderError};
use crate::route::Route;
use crate::usage::Usage;
use std::borrow::Cow;

/// What a JSON text says.
#[derive(Debug, Default)]
pub(crate) struct Said<'t> {
    pub(crate) outputs: Vec<Output<'t>>,
    pub(crate) finishes: Vec<Finish<'t>>,
    pub(crate) usage: Option<Usage>,
    pub(crate) error: Option<ProviderError<'t>>,
    pub(crate) model: Option<Cow<'t, str>>,
    pub(crate) id: Option<Cow<'t, str>>,
    /// Whether the dialect's stream ends with this event.
    pub(crate) is_last: bool,
}

impl<'t> Said<'t> {
    /// Takes a string in as output; anything else says nothing.
    fn output(&mut self, index: u64, kind: OutputKind, value: Option<Value<'t>>) {
        let text = value.and_then(Value::as_str).filter(|text| !text.is_empty());
        self.outputs.extend(text.map(|text| Output { index, kind, text }));
    }

    /// Takes in a value that is written as JSON, an object or a list that holds something.
    fn output_json(&mut self, index: u64, kind: OutputKind, value: Option<Value<'t>>) {
        let Some(value) = value else { return };
        if value.is_string() {
            self.output(index, kind, Some(value));
        } else if value.members().next().is_some() || value.items().next().is_some() {
            self.outputs.push(Output { index, kind, text: Cow::Borrowed(value.raw()) });
        }
    }

    fn finish(&mut self, index: u64, reason: Option<Value<'t>>) {
        let reason = reason.and_then(Value::as_str);
        self.finishes.extend(reason.map(|reason| Finish { index, reason }));
    }

    /// Takes an error in, from `{type|code, message}`.
    fn error(&mut self, value: Option<Value<'t>>) {
        let Some(value) = value else { return };
        let text = |name: &str| value.field(name).and_then(|found| found.as_str());
        let kind = text("code").or(text("type")).unwrap_or_default();
        let message = text("message").or(value.as_str()).unwrap_or_default();
        self.error = Some(ProviderError { kind, message });
    }

    fn names(&mut self, object: Value<'t>) {
        self.model = object.field("model").and_then(Value::as_str);
        self.id = object.field("id").and_then(Value::as_str);
    }
}

/// Reads a whole answer.
pub(crate) fn answer(route: Route, root: Value<'_>) -> Said<'_> {
    let mut said = Said::default();
    said.names(root);
    match route {
        Route::Chat | Route::Completions | Route::Embeddings => chat::read(root, &mut said),
        Route::Responses => responses::read_response(root, &mut said),
        Route::Messages => messages::read_message(root, &mut said),
    }
    said
}

/// Reads an event of a stream.
pub(crate) fn event(route: Route, root: Value<'_>) -> Said<'_> {
    let mut said = Said::default();
    match route {
        Route::Chat | Route::Completions | Route::Embeddings => {
            said.names(root);
            chat::read(root, &mut said);
        }
        Route::Responses => responses::read_event(root, &mut said),
        Route::Messages => messages::read_event(root, &mut said),
    }
    said
}

/// The `index` of an object, 0 if there is none.
fn index_of(object: Value<'_>, name: &str) -> u64 {
    object.field(name).and_then(Value::as_u64).unwrap_or(0)
}
