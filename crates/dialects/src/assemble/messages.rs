//! Anthropic messages: the message of `message_start`, its blocks filled in from their deltas, and
//! the end from `message_delta`.

use super::pieces::{Members, SLOT_BYTES};
use super::{AssembleError, Budget};
use crate::json::{Value, document, edited, quote};
use crate::limits::ASSEMBLED_SLOTS_MAX;
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct MessagesAssembly {
    message: Option<String>,
    blocks: BTreeMap<u64, Block>,
    /// What `message_delta` says of the message, and of its usage.
    late: Members,
    late_usage: Members,
    is_cut: bool,
    is_stopped: bool,
}

#[derive(Default)]
struct Block {
    start: String,
    text: String,
    thinking: String,
    signature: String,
    input: String,
    citations: Vec<String>,
}

impl MessagesAssembly {
    pub(super) fn push(
        &mut self,
        event: Value<'_>,
        budget: &mut Budget,
    ) -> Result<(), AssembleError> {
        let kind = event.field("type").and_then(Value::as_str).unwrap_or_default();
        match &*kind {
            "message_start" => {
                let message = event.field("message").filter(|message| message.is_object());
                let message = message.ok_or(AssembleError::Order)?;
                budget.take(message.raw().len())?;
                self.message = Some(message.raw().to_owned());
            }
            "content_block_start" => self.open(event, budget)?,
            "content_block_delta" => {
                let index = event.field("index").and_then(Value::as_u64);
                let block = index.and_then(|index| self.blocks.get_mut(&index));
                let delta = event.field("delta").ok_or(AssembleError::Order)?;
                block.ok_or(AssembleError::Order)?.push(delta, budget)?;
            }
            "message_delta" => self.push_late(event, budget)?,
            "message_stop" => self.is_stopped = true,
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, event: Value<'_>, budget: &mut Budget) -> Result<(), AssembleError> {
        let index = event.field("index").and_then(Value::as_u64).ok_or(AssembleError::Order)?;
        let block = event.field("content_block").filter(|block| block.is_object());
        let block = block.ok_or(AssembleError::Order)?;
        if index >= ASSEMBLED_SLOTS_MAX {
            return Err(AssembleError::TooLong);
        }
        budget.take(block.raw().len() + SLOT_BYTES)?;
        let start = block.raw().to_owned();
        match self.blocks.insert(index, Block { start, ..Block::default() }) {
            Some(_) => Err(AssembleError::Order),
            None => Ok(()),
        }
    }

    fn push_late(&mut self, event: Value<'_>, budget: &mut Budget) -> Result<(), AssembleError> {
        for member in event.members() {
            let (key, value) = (member.key(), member.value);
            match &*key {
                "type" => {}
                "delta" => {
                    for late in value.members() {
                        self.is_cut |= late.key() == "stop_reason"
                            && late.value.as_str().is_some_and(|reason| reason == "max_tokens");
                        self.late.set(&late.key(), late.value, budget)?;
                    }
                }
                "usage" => {
                    for figure in value.members().filter(|figure| !figure.value.is_null()) {
                        self.late_usage.set(&figure.key(), figure.value, budget)?;
                    }
                }
                _ => self.late.set(&key, value, budget)?,
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<String, AssembleError> {
        let message = self.message.filter(|_| self.is_stopped).ok_or(AssembleError::Incomplete)?;
        let root = document(message.as_bytes()).map_err(|_| AssembleError::Unread)?;
        let blocks: Result<Vec<String>, AssembleError> =
            self.blocks.values().map(|block| block.json(self.is_cut)).collect();
        let figures: Vec<(&str, String)> = self.late_usage.json().collect();
        let usage = match root.field("usage").filter(|usage| usage.is_object()) {
            Some(usage) => edited(usage, &figures),
            None => super::pieces::object(figures),
        };
        let mut sets = vec![("content", format!("[{}]", blocks?.join(","))), ("usage", usage)];
        sets.extend(self.late.json().filter(|(name, _)| !["content", "usage"].contains(name)));
        Ok(edited(root, &sets))
    }
}

impl Block {
    fn push(&mut self, delta: Value<'_>, budget: &mut Budget) -> Result<(), AssembleError> {
        let kind = delta.field("type").and_then(Value::as_str).unwrap_or_default();
        let (name, whole) = match &*kind {
            "text_delta" => ("text", &mut self.text),
            "thinking_delta" => ("thinking", &mut self.thinking),
            "signature_delta" => ("signature", &mut self.signature),
            "input_json_delta" => ("partial_json", &mut self.input),
            "citations_delta" => {
                let citation = delta.field("citation").ok_or(AssembleError::Order)?;
                budget.take(citation.raw().len() + SLOT_BYTES)?;
                self.citations.push(citation.raw().to_owned());
                return Ok(());
            }
            other => return Err(AssembleError::Unsupported(other.to_owned())),
        };
        let piece = delta.field(name).and_then(Value::as_str).ok_or(AssembleError::Order)?;
        budget.take(piece.len())?;
        whole.push_str(&piece);
        Ok(())
    }

    /// `is_cut`: an input that was cut short is no JSON. The answer then carries an empty one,
    /// beside the stop reason that says that it must not be used.
    fn json(&self, is_cut: bool) -> Result<String, AssembleError> {
        let root = document(self.start.as_bytes()).map_err(|_| AssembleError::Unread)?;
        let mut sets: Vec<(&str, String)> = Vec::new();
        let texts =
            [("text", &self.text), ("thinking", &self.thinking), ("signature", &self.signature)];
        for (name, more) in texts.into_iter().filter(|(_, more)| !more.is_empty()) {
            let start = root.field(name).and_then(Value::as_str).unwrap_or_default();
            sets.push((name, quote(&format!("{start}{more}"))));
        }
        if !self.citations.is_empty() {
            let first = root.field("citations").into_iter().flat_map(Value::items);
            let all: Vec<&str> =
                first.map(Value::raw).chain(self.citations.iter().map(String::as_str)).collect();
            sets.push(("citations", format!("[{}]", all.join(","))));
        }
        if !self.input.is_empty() {
            let is_whole = document(self.input.as_bytes()).is_ok();
            match (is_whole, is_cut) {
                (true, _) => sets.push(("input", self.input.clone())),
                (false, true) => sets.push(("input", "{}".to_owned())),
                (false, false) => return Err(AssembleError::ToolInput),
            }
        }
        Ok(edited(root, &sets))
    }
}
