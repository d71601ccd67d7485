//! The few changes that the data plane makes to a body.
//!
//! Invariant: nothing outside the edited members changes, not even space.

use crate::json::{Object, edited, edited_object, quote};
use crate::route::Route;

/// What to change; the default changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Edits<'e> {
    /// The upstream's name of the model.
    pub model: Option<&'e str>,
    /// The output's maximum.
    pub max_output: Option<Maximum<'e>>,
    /// Whether to stream.
    pub stream: Option<bool>,
    /// Ask for usage in the stream; only for routes where one has to
    /// ([`Route::asks_for_usage`](crate::Route::asks_for_usage)).
    pub ask_usage: bool,
}

/// How to bound the output, in tokens of one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maximum<'e> {
    /// Every maximum that is stated becomes this one; if none is, it is added.
    Set(u64),
    /// As `Set`, but if none is stated, the member to add has this name: older servers know
    /// `max_tokens` only, newer models of OpenAI `max_completion_tokens` only.
    SetAs(&'e str, u64),
    /// A stated maximum above this becomes this; none is added.
    Clamp(u64),
}

pub(super) fn apply(route: Route, root: &Object<'_>, edits: &Edits<'_>) -> Vec<u8> {
    let mut sets: Vec<(&str, String)> = Vec::new();
    if let Some(model) = edits.model {
        sets.push(("model", quote(model)));
    }
    if let Some(stream) = edits.stream {
        sets.push(("stream", stream.to_string()));
    }
    if let Some(maximum) = edits.max_output {
        sets.extend(maximum_sets(route, root, maximum));
    }
    if edits.ask_usage && route.asks_for_usage() {
        let asked = [("include_usage", "true".to_owned())];
        let options = root.field("stream_options").filter(|options| options.is_object());
        let options = options.map_or_else(
            || "{\"include_usage\":true}".to_owned(),
            |options| edited(options, &asked),
        );
        sets.push(("stream_options", options));
    }
    let (text, place) = (root.value().whole_text(), root.value().range());
    let object = edited_object(root.value(), root.members(), &sets);
    [&text[..place.start], &object, &text[place.end..]].concat().into_bytes()
}

fn maximum_sets<'e>(
    route: Route,
    root: &Object<'_>,
    maximum: Maximum<'e>,
) -> Vec<(&'e str, String)> {
    let names = route.maximum_fields();
    let stated = names.iter().filter_map(|name| Some((*name, root.field(name)?)));
    let (most, to_add) = match maximum {
        Maximum::Set(most) => (most, names.first().copied()),
        Maximum::SetAs(name, most) => (most, (!names.is_empty()).then_some(name)),
        Maximum::Clamp(most) => {
            let above = stated.filter(|(_, value)| value.as_u64().is_none_or(|now| now > most));
            return above.map(|(name, _)| (name, most.to_string())).collect();
        }
    };
    let mut sets: Vec<_> = stated.map(|(name, _)| (name, most.to_string())).collect();
    if sets.is_empty() {
        sets.extend(to_add.map(|name| (name, most.to_string())));
    }
    sets
}
