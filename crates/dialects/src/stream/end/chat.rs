//! The end of OpenAI's chat and legacy completion streams: a finish reason for every choice, the
//! usage if it was asked for, `[DONE]`.

use super::Cut;
use crate::json::{Value, quote};
use crate::limits::CHOICES_MAX;
use crate::read::Said;
use crate::route::Route;
use std::collections::BTreeSet;

#[derive(Default)]
pub(in crate::stream) struct ChatProgress {
    /// `id`, `created` and `model`, as the first chunk wrote them.
    head: Option<[String; 3]>,
    seen: BTreeSet<u64>,
    finished: BTreeSet<u64>,
    has_usage: bool,
}

impl ChatProgress {
    pub(super) fn note(&mut self, root: Value<'_>, said: &Said<'_>) {
        if self.head.is_none() {
            let raw = |name: &str| root.field(name).map(|value| value.raw().to_owned());
            let head = raw("id").zip(raw("created")).zip(raw("model"));
            self.head = head.map(|((id, created), model)| [id, created, model]);
        }
        let is_real = |index: &u64| *index < CHOICES_MAX;
        self.seen.extend(said.outputs.iter().map(|output| output.index).filter(is_real));
        self.finished.extend(said.finishes.iter().map(|finish| finish.index).filter(is_real));
        self.has_usage |= said.usage.is_some();
    }

    pub(super) fn end(&self, route: Route, cut: &Cut<'_>) -> String {
        let fallback = || [quote(cut.id), cut.created_s.to_string(), quote(cut.model)];
        let [id, created, model] = self.head.clone().unwrap_or_else(fallback);
        let (object, rest) = match route {
            Route::Completions => ("text_completion", r#""text":"""#),
            Route::Chat | Route::Embeddings | Route::Responses | Route::Messages => {
                ("chat.completion.chunk", r#""delta":{}"#)
            }
        };
        let head =
            format!(r#"data: {{"id":{id},"object":"{object}","created":{created},"model":{model}"#);
        let mut out = String::new();
        let asked = 0..cut.choices.clamp(1, CHOICES_MAX);
        let open: BTreeSet<u64> = asked.chain(self.seen.iter().copied()).collect();
        for index in open.difference(&self.finished) {
            out.push_str(&format!(
                "{head},\"choices\":[{{\"index\":{index},{rest},\"logprobs\":null,\
                 \"finish_reason\":\"length\"}}]}}\n\n"
            ));
        }
        if cut.include_usage && !self.has_usage {
            let (input, output) = (cut.input_tokens, cut.output_tokens);
            out.push_str(&format!(
                "{head},\"choices\":[],\"usage\":{{\"prompt_tokens\":{input},\
                 \"completion_tokens\":{output},\"total_tokens\":{}}}}}\n\n",
                input.saturating_add(output),
            ));
        }
        out.push_str("data: [DONE]\n\n");
        out
    }
}
