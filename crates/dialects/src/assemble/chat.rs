//! OpenAI chat and legacy completions: chunks with deltas become choices with messages.

use super::pieces::{Members, SLOT_BYTES, object};
use super::{AssembleError, Budget};
use crate::json::Value;
use crate::limits::{ASSEMBLED_SLOTS_MAX, CHOICES_MAX};
use crate::route::Route;
use std::collections::BTreeMap;

/// Members of a chunk that are not members of the answer, or are handled on their own.
const OF_CHUNKS: &[&str] = &["object", "choices", "usage", "obfuscation"];
/// Strings of a delta, which come in pieces.
const TEXTS: &[&str] = &["content", "refusal", "reasoning_content", "reasoning"];

pub(super) struct ChatAssembly {
    route: Route,
    head: Members,
    usage: Members,
    choices: BTreeMap<u64, Choice>,
}

#[derive(Default)]
struct Choice {
    own: Members,
    message: Members,
    logprobs: Members,
    calls: BTreeMap<u64, Call>,
    /// The legacy form of a call.
    function_call: Option<Members>,
    is_finished: bool,
}

/// A tool call: its own members, and those of the object that is named after its type.
#[derive(Default)]
struct Call {
    own: Members,
    inner_name: Option<&'static str>,
    inner: Members,
}

impl ChatAssembly {
    pub(super) fn new(route: Route) -> ChatAssembly {
        ChatAssembly {
            route,
            head: Members::default(),
            usage: Members::default(),
            choices: BTreeMap::new(),
        }
    }

    pub(super) fn push(
        &mut self,
        chunk: Value<'_>,
        budget: &mut Budget,
    ) -> Result<(), AssembleError> {
        for member in chunk.members() {
            let (key, value) = (member.key(), member.value);
            match &*key {
                "id" | "created" => self.head.set_first(&key, value, budget)?,
                "usage" if !value.is_null() => self.usage.set(&key, value, budget)?,
                other if OF_CHUNKS.contains(&other) => {}
                _ => self.head.set(&key, value, budget)?,
            }
        }
        for choice in chunk.field("choices").into_iter().flat_map(Value::items) {
            let index = choice.field("index").and_then(Value::as_u64).unwrap_or(0);
            if index >= CHOICES_MAX {
                return Err(AssembleError::TooLong);
            }
            budget.take(if self.choices.contains_key(&index) { 0 } else { SLOT_BYTES })?;
            self.choices.entry(index).or_default().push(choice, budget)?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<String, AssembleError> {
        let is_whole = self.choices.values().all(|choice| choice.is_finished);
        if self.choices.is_empty() || !is_whole {
            return Err(AssembleError::Incomplete);
        }
        let is_legacy = self.route == Route::Completions;
        let kind = if is_legacy { "\"text_completion\"" } else { "\"chat.completion\"" };
        let choices: Vec<String> =
            self.choices.iter().map(|(index, choice)| choice.json(*index, is_legacy)).collect();
        let choices = format!("[{}]", choices.join(","));
        let head = self.head.json();
        let object_and_choices = [("object", kind.to_owned()), ("choices", choices)];
        Ok(object(head.chain(object_and_choices).chain(self.usage.json())))
    }
}

impl Choice {
    fn push(&mut self, choice: Value<'_>, budget: &mut Budget) -> Result<(), AssembleError> {
        for member in choice.members() {
            let (key, value) = (member.key(), member.value);
            match &*key {
                "index" => {}
                "delta" => self.push_delta(value, budget)?,
                "text" => self.own.append(&key, value, budget)?,
                "logprobs" => {
                    for list in value.members() {
                        self.logprobs.extend(&list.key(), list.value, budget)?;
                    }
                }
                "finish_reason" => {
                    self.is_finished |= !value.is_null();
                    self.own.set(&key, value, budget)?;
                }
                _ => self.own.set(&key, value, budget)?,
            }
        }
        Ok(())
    }

    fn push_delta(&mut self, delta: Value<'_>, budget: &mut Budget) -> Result<(), AssembleError> {
        for member in delta.members() {
            let (key, value) = (member.key(), member.value);
            match &*key {
                "tool_calls" => self.push_calls(value, budget)?,
                "function_call" if value.is_object() => {
                    push_inner(self.function_call.get_or_insert_default(), value, budget)?;
                }
                // Sound comes in pieces whose joining is not documented.
                "audio" if !value.is_null() => {
                    return Err(AssembleError::Unsupported("audio".to_owned()));
                }
                "role" => self.message.set_first(&key, value, budget)?,
                text if TEXTS.contains(&text) => self.message.append(&key, value, budget)?,
                _ => self.message.extend(&key, value, budget)?,
            }
        }
        Ok(())
    }

    fn push_calls(&mut self, calls: Value<'_>, budget: &mut Budget) -> Result<(), AssembleError> {
        for (place, call) in (0..).zip(calls.items()) {
            let index = call.field("index").and_then(Value::as_u64).unwrap_or(place);
            if index >= ASSEMBLED_SLOTS_MAX {
                return Err(AssembleError::TooLong);
            }
            budget.take(if self.calls.contains_key(&index) { 0 } else { SLOT_BYTES })?;
            self.calls.entry(index).or_default().push(call, budget)?;
        }
        Ok(())
    }

    fn json(&self, index: u64, is_legacy: bool) -> String {
        let mut members = vec![("index", index.to_string())];
        if !is_legacy {
            members.push(("message", self.message_json()));
        }
        let has_logprobs = self.logprobs.json().next().is_some();
        let logprobs = if has_logprobs { object(self.logprobs.json()) } else { "null".to_owned() };
        members.push(("logprobs", logprobs));
        object(members.into_iter().chain(self.own.json()))
    }

    fn message_json(&self) -> String {
        let missing = |name: &'static str, json: &str| {
            (!self.message.has(name)).then(|| (name, json.to_owned()))
        };
        let calls: Vec<String> = self.calls.values().map(Call::json).collect();
        let calls = (!calls.is_empty()).then(|| ("tool_calls", format!("[{}]", calls.join(","))));
        let function_call = self.function_call.as_ref();
        let function_call = function_call.map(|call| ("function_call", object(call.json())));
        let members = missing("role", "\"assistant\"")
            .into_iter()
            .chain(missing("content", "null"))
            .chain(self.message.json())
            .chain(missing("refusal", "null"))
            .chain(calls)
            .chain(function_call);
        object(members)
    }
}

impl Call {
    fn push(&mut self, call: Value<'_>, budget: &mut Budget) -> Result<(), AssembleError> {
        for member in call.members() {
            let (key, value) = (member.key(), member.value);
            let inner = ["function", "custom"].into_iter().find(|name| *name == key);
            match (&*key, inner) {
                ("index", _) => {}
                (_, Some(name)) => {
                    self.inner_name = Some(name);
                    push_inner(&mut self.inner, value, budget)?;
                }
                (other, None) => self.own.set_first(other, value, budget)?,
            }
        }
        Ok(())
    }

    fn json(&self) -> String {
        let inner = self.inner_name.map(|name| (name, object(self.inner.json())));
        object(self.own.json().chain(inner))
    }
}

/// The name comes whole, and some servers repeat it; what the tool is given comes in pieces.
fn push_inner(
    inner: &mut Members,
    value: Value<'_>,
    budget: &mut Budget,
) -> Result<(), AssembleError> {
    for member in value.members() {
        match &*member.key() {
            name @ ("arguments" | "input") => inner.append(name, member.value, budget)?,
            other => inner.set_first(other, member.value, budget)?,
        }
    }
    Ok(())
}
