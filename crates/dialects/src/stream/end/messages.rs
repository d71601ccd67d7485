//! The end of an Anthropic stream: open blocks stopped, `message_delta` with `max_tokens`,
//! `message_stop`.

use super::Cut;
use crate::json::{Value, quote};
use crate::limits::ASSEMBLED_SLOTS_MAX;
use std::collections::BTreeSet;

#[derive(Default)]
pub(in crate::stream) struct MessagesProgress {
    is_started: bool,
    has_reason: bool,
    open_blocks: BTreeSet<u64>,
}

impl MessagesProgress {
    pub(super) fn note(&mut self, root: Value<'_>) {
        let kind = root.field("type").and_then(Value::as_str).unwrap_or_default();
        let index = root.field("index").and_then(Value::as_u64).unwrap_or(0);
        match &*kind {
            "message_start" => self.is_started = true,
            "content_block_start" if index < ASSEMBLED_SLOTS_MAX => {
                self.open_blocks.insert(index);
            }
            "content_block_stop" => {
                self.open_blocks.remove(&index);
            }
            "message_delta" => {
                let delta = root.field("delta");
                self.has_reason |= delta.and_then(|d| d.field("stop_reason")).is_some();
            }
            _ => {}
        }
    }

    pub(super) fn end(&self, cut: &Cut<'_>) -> String {
        let mut out = String::new();
        if !self.is_started {
            let (id, model, input) = (quote(cut.id), quote(cut.model), cut.input_tokens);
            out.push_str(&format!(
                "event: message_start\ndata: {{\"type\":\"message_start\",\"message\":{{\
                 \"id\":{id},\"type\":\"message\",\"role\":\"assistant\",\"model\":{model},\
                 \"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\
                 \"usage\":{{\"input_tokens\":{input},\"output_tokens\":0}}}}}}\n\n"
            ));
        }
        for index in &self.open_blocks {
            out.push_str(&format!(
                "event: content_block_stop\n\
                 data: {{\"type\":\"content_block_stop\",\"index\":{index}}}\n\n"
            ));
        }
        if !self.has_reason {
            out.push_str(&format!(
                "event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\
                 \"stop_reason\":\"max_tokens\",\"stop_sequence\":null}},\
                 \"usage\":{{\"output_tokens\":{}}}}}\n\n",
                cut.output_tokens,
            ));
        }
        out.push_str("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
        out
    }
}
