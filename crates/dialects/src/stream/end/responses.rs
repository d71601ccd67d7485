//! The end of a Responses stream: `response.incomplete` with the response as it was created.
//!
//! The items in it are those that were finished; what the client has of an open one it got in
//! deltas. Keeping its text too would hold every long answer in memory for an end that is rare.

use super::Cut;
use crate::json::{Value, document, edited, quote};
use crate::limits::KEPT_ITEMS_BYTES_MAX;

#[derive(Default)]
pub(in crate::stream) struct ResponsesProgress {
    /// The response of `response.created`; without its details if they are too long.
    response: Option<String>,
    items: Vec<String>,
    items_bytes: usize,
    sequence_number: Option<u64>,
}

impl ResponsesProgress {
    pub(super) fn note(&mut self, root: Value<'_>) {
        let number = root.field("sequence_number").and_then(Value::as_u64);
        self.sequence_number = self.sequence_number.max(number);
        let response = root.field("response").filter(|response| response.is_object());
        if let (None, Some(response)) = (&self.response, response) {
            self.response = Some(kept(response));
        }
        let is_done =
            root.field("type").is_some_and(|t| t.raw() == "\"response.output_item.done\"");
        let item = root.field("item").map(Value::raw).filter(|_| is_done);
        if let Some(item) = item.filter(|i| self.items_bytes + i.len() <= KEPT_ITEMS_BYTES_MAX) {
            self.items_bytes += item.len();
            self.items.push(single_line(item));
        }
    }

    pub(super) fn end(&self, cut: &Cut<'_>) -> String {
        let (input, output) = (cut.input_tokens, cut.output_tokens);
        let usage =
            format!(r#"{{"input_tokens":{input},"input_tokens_details":{{"cached_tokens":0}},"#)
                + &format!(
                    r#""output_tokens":{output},"output_tokens_details":{{"reasoning_tokens":0}},"#
                )
                + &format!(r#""total_tokens":{}}}"#, input.saturating_add(output));
        let next = self.sequence_number.map_or(0, |number| number.saturating_add(1));
        let sets = [
            ("status", quote("incomplete")),
            // It is too long and nothing else, whatever was said of it before.
            ("error", "null".to_owned()),
            ("incomplete_details", r#"{"reason":"max_output_tokens"}"#.to_owned()),
            ("output", format!("[{}]", self.items.join(","))),
            ("usage", usage),
        ];
        let mut out = String::new();
        let (response, number) = match &self.response {
            Some(response) => (response.clone(), next),
            None => {
                let response = minimal(&quote(cut.id), &quote(cut.model), cut.created_s);
                out.push_str(&event("response.created", &response, next));
                (response, next + 1)
            }
        };
        if let Ok(root) = document(response.as_bytes()) {
            out.push_str(&event("response.incomplete", &edited(root, &sets), number));
        }
        out
    }
}

fn event(kind: &str, response: &str, number: u64) -> String {
    format!(
        "event: {kind}\ndata: {{\"type\":\"{kind}\",\"sequence_number\":{number},\
         \"response\":{response}}}\n\n"
    )
}

fn kept(response: Value<'_>) -> String {
    if response.raw().len() <= KEPT_ITEMS_BYTES_MAX {
        return single_line(response.raw());
    }
    let raw = |name: &str| single_line(response.field(name).map_or("null", Value::raw));
    let created = response.field("created_at").and_then(Value::as_u64).unwrap_or(0);
    minimal(&raw("id"), &raw("model"), i64::try_from(created).unwrap_or(0))
}

/// A line's end inside JSON is only space between its parts, and would end an SSE line.
fn single_line(json: &str) -> String {
    json.replace(['\n', '\r'], " ")
}

fn minimal(id: &str, model: &str, created_s: i64) -> String {
    format!(r#"{{"id":{id},"object":"response","created_at":{created_s},"status":"in_progress","#)
        + &format!(
            r#""error":null,"incomplete_details":null,"model":{model},"output":[],"usage":null}}"#
        )
}
