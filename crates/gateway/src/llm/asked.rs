//! What a caller asks for, read once, with what it may cost.
//!
//! Invariant: a set of models that may answer is held at its dearest member.
//! Invariant: input that has no bound is refused, or held at the context window.

use super::{
    catalog::{Catalog, Target},
    options::{HoldOptions, ModelOptions, Tokenizer, UnboundedInput},
};
use bytes::Bytes;
use novacore_dialects::{Prompt, Request, RequestError, Route, UnboundedCause};
use thiserror::Error;

/// Tokens with which a provider frames a prompt, a message and a tool, at most. OpenAI's cookbook
/// counts 3 per message, 1 per name and 3 for the answer; a tool costs up to a dozen beside its
/// schema.
const FRAME: u64 = 16;
const FRAME_OF_MESSAGE: u64 = 8;
const FRAME_OF_TOOL: u64 = 16;
/// Tokens of the same as they mostly are.
const FRAME_LIKELY: u64 = 3;
const FRAME_OF_MESSAGE_LIKELY: u64 = 4;
const FRAME_OF_TOOL_LIKELY: u64 = 8;

/// A call that was read.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) route: Route,
    /// As the caller sent it.
    pub(crate) body: Bytes,
    /// As the caller names it.
    pub(crate) model: String,
    pub(crate) stream: bool,
    /// Whether the caller wants usage in the stream.
    pub(crate) include_usage: bool,
    /// Answers that are generated.
    pub(crate) outputs: u64,
    /// Who may answer, in this order; at least one.
    pub(crate) targets: Vec<Target>,
    /// Tokens of the prompt, at most.
    pub(crate) prompt_max: u64,
    /// Tokens of the prompt, likely.
    pub(crate) prompt_likely: u64,
    pub(crate) output: Output,
}

/// How much may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// So many tokens over all answers, which the call states.
    Stated(u64),
    /// The call does not say; so many at most, if the models are known to have an end.
    Open(Option<u64>),
}

/// Why a call cannot be made.
#[derive(Debug, Error)]
pub(crate) enum AskError {
    #[error(transparent)]
    Body(#[from] RequestError),
    #[error("the model {:?} does not exist or does not take this call", shortened(.0))]
    Model(String),
    #[error("{field}: {why}")]
    Unbounded { field: String, why: &'static str },
}

/// Enough of a name to know it by.
fn shortened(name: &str) -> String {
    const SHOWN_MAX: usize = 128;
    match name.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}...", &name[..end]),
        None => name.to_owned(),
    }
}

impl Asked {
    /// Reads a body and counts its prompt, which takes a millisecond for each 25 kB.
    pub(crate) fn read(
        route: Route,
        body: Bytes,
        catalog: &Catalog,
        holds: &HoldOptions,
    ) -> Result<Asked, AskError> {
        let request = Request::read(route, &body)?;
        let model = request.model.clone().into_owned();
        let targets = catalog.find(&model, route.family());
        if targets.is_empty() {
            return Err(AskError::Model(model));
        }
        let (mut prompt_max, mut prompt_likely, mut counts) = (0, 0, Counts::default());
        for target in &targets {
            let counted = counts.of(&request.prompt, target.model.tokenizer);
            let (most, likely) = prompt(&request, &target.model, counted, holds)?;
            prompt_max = prompt_max.max(most);
            prompt_likely = prompt_likely.max(likely);
        }
        let output = output(&request, &targets);
        let (stream, include_usage) = (request.stream, request.include_usage);
        let outputs = request.outputs;
        Ok(Asked {
            route,
            body,
            model,
            stream,
            include_usage,
            outputs,
            targets,
            prompt_max,
            prompt_likely,
            output,
        })
    }
}

/// Bound and count of a prompt's texts.
type Counted = (u64, u64);

/// What was counted already: models of one set mostly share a tokenizer.
#[derive(Default)]
struct Counts(Vec<(Tokenizer, Counted)>);

impl Counts {
    fn of(&mut self, prompt: &Prompt<'_>, tokenizer: Tokenizer) -> Counted {
        if let Some((_, counted)) = self.0.iter().find(|(known, _)| *known == tokenizer) {
            return *counted;
        }
        let texts = prompt.parts.iter().map(|part| {
            let text = part.text();
            let count = tokenizer.count(&text);
            let bound = if tokenizer.is_known() { count } else { tokenizer.bound(&text) };
            (bound, count)
        });
        let counted = texts.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        self.0.push((tokenizer, counted));
        counted
    }
}

fn prompt(
    request: &Request<'_>,
    model: &ModelOptions,
    (bound, count): Counted,
    holds: &HoldOptions,
) -> Result<(u64, u64), AskError> {
    let prompt = &request.prompt;
    if let Some(unbounded) = &request.unbounded {
        return match (holds.unbounded_input, model.context_window) {
            (UnboundedInput::HoldContextWindow, Some(window)) => Ok((window, window)),
            _ => Err(AskError::Unbounded {
                field: unbounded.field.clone(),
                why: why(unbounded.cause),
            }),
        };
    }
    let mut media = 0;
    for (number, most, why) in [
        (prompt.images, model.image_tokens_max, "the model has no image_tokens_max"),
        (prompt.audios, model.audio_tokens_max, "the model has no audio_tokens_max"),
        (prompt.files, model.file_tokens_max, "the model has no file_tokens_max"),
        (prompt.described_tools, model.tool_tokens_max, "the model has no tool_tokens_max"),
    ] {
        match most {
            Some(most) => media += number.saturating_mul(most),
            None if number == 0 => {}
            None => return Err(AskError::Unbounded { field: request.model.to_string(), why }),
        }
    }
    let prompts = prompt.prompts.max(1);
    let frames =
        FRAME * prompts + FRAME_OF_MESSAGE * prompt.messages + FRAME_OF_TOOL * prompt.tools;
    let likely = FRAME_LIKELY * prompts
        + FRAME_OF_MESSAGE_LIKELY * prompt.messages
        + FRAME_OF_TOOL_LIKELY * prompt.tools;
    let margin = bound.saturating_mul(model.margin_percent).div_ceil(100);
    let most = bound + margin + frames + prompt.token_ids + media;
    Ok((most, count + likely + prompt.token_ids + media))
}

fn output(request: &Request<'_>, targets: &[Target]) -> Output {
    let most = |target: &Target| target.model.max_output_tokens;
    match request.max_output {
        Some(stated) => {
            // Whoever allows less refuses the call or writes less.
            let each = targets.iter().map(|it| most(it).map_or(stated, |most| most.min(stated)));
            Output::Stated(each.max().unwrap_or(stated).saturating_mul(request.outputs))
        }
        None if request.outputs == 0 => Output::Stated(0),
        None => {
            let dearest = targets.iter().map(most).collect::<Option<Vec<_>>>();
            let dearest = dearest.and_then(|all| all.into_iter().max());
            Output::Open(dearest.map(|most| most.saturating_mul(request.outputs)))
        }
    }
}

const fn why(cause: UnboundedCause) -> &'static str {
    match cause {
        UnboundedCause::StoredContext => "earlier turns that the provider keeps cannot be counted",
        UnboundedCause::StoredFile => "a file that the provider keeps cannot be counted",
        UnboundedCause::HostedTool => "what a tool of the provider reads cannot be counted",
        UnboundedCause::UnknownKind => "input of an unknown kind cannot be counted",
        UnboundedCause::Background => "an answer that is fetched later cannot be counted",
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::{Dialect, LlmOptions, ProviderOptions};
    use super::*;
    use crate::client::Clients;
    use std::time::Duration;

    fn catalog() -> Catalog {
        let model = |name: &str, tokenizer, max_output_tokens, image_tokens_max| ModelOptions {
            tokenizer,
            max_output_tokens,
            image_tokens_max,
            context_window: Some(1_000),
            ..ModelOptions::named(name)
        };
        let provider = |name: &str, models| ProviderOptions {
            name: name.into(),
            dialect: Dialect::OpenAi,
            base_url: "http://127.0.0.1:1".into(),
            ca_file: None,
            key: None,
            enforces_maximum: true,
            head_timeout: Duration::from_secs(1),
            idle_timeout: Duration::from_secs(1),
            breaker_failures: 1,
            breaker_pause: Duration::from_secs(1),
            models,
        };
        let options = LlmOptions {
            providers: vec![
                provider(
                    "a",
                    vec![
                        model("m", Tokenizer::O200k, Some(50), Some(100)),
                        model("reversed", Tokenizer::Bytes, Some(80), None),
                    ],
                ),
                provider(
                    "b",
                    vec![
                        model("m", Tokenizer::Bytes, Some(80), None),
                        model("reversed", Tokenizer::O200k, Some(50), Some(100)),
                    ],
                ),
                provider("c", vec![model("alone", Tokenizer::O200k, None, Some(100))]),
            ],
            ..LlmOptions::default()
        };
        Catalog::new(&options, &mut Clients::default()).unwrap()
    }

    fn read(text: &str, unbounded_input: UnboundedInput) -> Result<Asked, AskError> {
        let holds = HoldOptions { unbounded_input, ..HoldOptions::default() };
        Asked::read(Route::Chat, Bytes::copy_from_slice(text.as_bytes()), &catalog(), &holds)
    }

    #[test]
    fn a_set_is_held_at_its_dearest_member() {
        let hello = r#"{"model":"m","messages":[{"role":"user","content":"hello there"}]}"#;
        let asked = read(hello, UnboundedInput::Refuse).unwrap();
        // Eleven bytes of text and four of the role, at the provider whose tokenizer is unknown.
        assert!(asked.prompt_max >= 11 + FRAME + FRAME_OF_MESSAGE, "{}", asked.prompt_max);
        assert!(asked.prompt_likely < asked.prompt_max);
        assert_eq!(asked.output, Output::Open(Some(80)));
        let reversed = hello.replace("\"m\"", "\"reversed\"");
        let reversed = read(&reversed, UnboundedInput::Refuse).unwrap();
        assert_eq!(reversed.prompt_max, asked.prompt_max);
        assert_eq!(reversed.output, asked.output);
    }

    #[test]
    fn output_is_what_is_stated_times_the_answers() {
        for (members, want) in [
            (r#""max_tokens":40"#, Output::Stated(40)),
            (r#""max_tokens":70"#, Output::Stated(70)),
            (r#""max_tokens":500"#, Output::Stated(80)),
            (r#""max_tokens":40,"n":3"#, Output::Stated(120)),
            (r#""n":2"#, Output::Open(Some(160))),
        ] {
            let text = format!(
                r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],{members}}}"#
            );
            assert_eq!(read(&text, UnboundedInput::Refuse).unwrap().output, want, "{members}");
        }
        let alone = r#"{"model":"alone","messages":[{"role":"user","content":"x"}]}"#;
        assert_eq!(read(alone, UnboundedInput::Refuse).unwrap().output, Output::Open(None));
    }

    #[test]
    fn what_has_no_bound_is_refused_or_held_at_the_window() {
        let image = |model: &str| {
            format!(
                r#"{{"model":"{model}","messages":[{{"role":"user","content":[
                {{"type":"image_url","image_url":{{"url":"https://example.com/a.png"}}}}]}}]}}"#
            )
        };
        let asked = read(&image("alone"), UnboundedInput::Refuse).unwrap();
        assert!(asked.prompt_max >= 100);
        let refused = read(&image("m"), UnboundedInput::Refuse);
        assert!(matches!(refused, Err(AskError::Unbounded { .. })), "{refused:?}");
        let file = r#"{"model":"alone","messages":[{"role":"user","content":[
            {"type":"file","file":{"file_id":"f"}}]}]}"#;
        let refused = read(file, UnboundedInput::Refuse);
        assert!(matches!(refused, Err(AskError::Unbounded { .. })), "{refused:?}");
        let asked = read(file, UnboundedInput::HoldContextWindow).unwrap();
        assert_eq!(asked.prompt_max, 1_000);
    }
}
