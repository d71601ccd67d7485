//! OpenAI responses: the last event carries the whole response, unless we wrote it for a stream
//! that was cut; then the items that were still open are put together from their deltas.
//!
//! Of reasoning that was cut only the opened item stays: its text is not the answer.

use super::pieces::SLOT_BYTES;
use super::{AssembleError, Budget};
use crate::json::{Value, document, edited, quote};
use crate::limits::ASSEMBLED_SLOTS_MAX;
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct ResponsesAssembly {
    items: BTreeMap<u64, Item>,
    end: Option<String>,
}

#[derive(Default)]
struct Item {
    /// The item as it was opened, or as it was finished.
    json: String,
    is_done: bool,
    /// Its content, part by part: the type of the part, and its text.
    parts: BTreeMap<u64, (&'static str, String)>,
    /// What a tool is given: the member's name, and its text.
    input: Option<(&'static str, String)>,
}

impl ResponsesAssembly {
    pub(super) fn push(
        &mut self,
        event: Value<'_>,
        budget: &mut Budget,
    ) -> Result<(), AssembleError> {
        let kind = event.field("type").and_then(Value::as_str).unwrap_or_default();
        match &*kind {
            "response.output_item.added" | "response.output_item.done" => {
                let item = event.field("item").filter(|item| item.is_object());
                let item = item.ok_or(AssembleError::Order)?;
                let slot = self.slot(event, budget)?;
                budget.take(item.raw().len())?;
                slot.json = item.raw().to_owned();
                slot.is_done = kind.ends_with(".done");
            }
            "response.output_text.delta" => self.push_part("output_text", event, budget)?,
            "response.refusal.delta" => self.push_part("refusal", event, budget)?,
            "response.function_call_arguments.delta" => {
                self.push_input("arguments", event, budget)?;
            }
            "response.custom_tool_call_input.delta" => self.push_input("input", event, budget)?,
            "response.completed" | "response.incomplete" => {
                let response = event.field("response").filter(|response| response.is_object());
                let response = response.ok_or(AssembleError::Order)?;
                budget.take(response.raw().len())?;
                self.end = Some(response.raw().to_owned());
            }
            "response.failed" => return Err(AssembleError::Provider),
            _ => {}
        }
        Ok(())
    }

    fn slot(&mut self, event: Value<'_>, budget: &mut Budget) -> Result<&mut Item, AssembleError> {
        let index = event.field("output_index").and_then(Value::as_u64);
        let index = index.ok_or(AssembleError::Order)?;
        if index >= ASSEMBLED_SLOTS_MAX {
            return Err(AssembleError::TooLong);
        }
        budget.take(if self.items.contains_key(&index) { 0 } else { SLOT_BYTES })?;
        Ok(self.items.entry(index).or_default())
    }

    fn push_part(
        &mut self,
        kind: &'static str,
        event: Value<'_>,
        budget: &mut Budget,
    ) -> Result<(), AssembleError> {
        let part = event.field("content_index").and_then(Value::as_u64).unwrap_or(0);
        if part >= ASSEMBLED_SLOTS_MAX {
            return Err(AssembleError::TooLong);
        }
        let delta = delta(event)?;
        let slot = self.slot(event, budget)?;
        budget.take(delta.len() + if slot.parts.contains_key(&part) { 0 } else { SLOT_BYTES })?;
        slot.parts.entry(part).or_insert((kind, String::new())).1.push_str(&delta);
        Ok(())
    }

    fn push_input(
        &mut self,
        name: &'static str,
        event: Value<'_>,
        budget: &mut Budget,
    ) -> Result<(), AssembleError> {
        let delta = delta(event)?;
        budget.take(delta.len())?;
        let slot = self.slot(event, budget)?;
        slot.input.get_or_insert((name, String::new())).1.push_str(&delta);
        Ok(())
    }

    pub(super) fn finish(self) -> Result<String, AssembleError> {
        let end = self.end.ok_or(AssembleError::Incomplete)?;
        let root = document(end.as_bytes()).map_err(|_| AssembleError::Unread)?;
        let stated = root.field("output").into_iter().flat_map(Value::items).count();
        if stated >= self.items.len() {
            return Ok(end);
        }
        let items: Result<Vec<String>, AssembleError> =
            self.items.values().map(Item::json).collect();
        Ok(edited(root, &[("output", format!("[{}]", items?.join(",")))]))
    }
}

impl Item {
    fn json(&self) -> Result<String, AssembleError> {
        if self.is_done {
            return Ok(self.json.clone());
        }
        let root = document(self.json.as_bytes()).map_err(|_| AssembleError::Order)?;
        let mut sets = vec![("status", quote("incomplete"))];
        if !self.parts.is_empty() {
            let parts: Vec<String> = self.parts.values().map(part_json).collect();
            sets.push(("content", format!("[{}]", parts.join(","))));
        }
        sets.extend(self.input.as_ref().map(|(name, text)| (*name, quote(text))));
        Ok(edited(root, &sets))
    }
}

fn part_json((kind, text): &(&str, String)) -> String {
    let text = quote(text);
    match *kind {
        "refusal" => format!(r#"{{"type":"refusal","refusal":{text}}}"#),
        _ => format!(r#"{{"type":"{kind}","text":{text},"annotations":[]}}"#),
    }
}

fn delta(event: Value<'_>) -> Result<std::borrow::Cow<'_, str>, AssembleError> {
    event.field("delta").and_then(Value::as_str).ok_or(AssembleError::Order)
}
