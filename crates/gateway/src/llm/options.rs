//! Providers, models and holds, as an operator sets them.

use novacore_dialects::Family;
use secrecy::SecretString;
use std::{path::PathBuf, time::Duration};

/// Providers and models.
#[derive(Clone, Debug, Default)]
pub struct LlmOptions {
    /// Where models are served. A model that several of them serve is tried at the first, and at
    /// the next where that one fails.
    pub providers: Vec<ProviderOptions>,
    /// Other names.
    pub aliases: Vec<AliasOptions>,
    /// How calls are held and bounded.
    pub holds: HoldOptions,
}

/// Whose manners a provider has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// OpenAI's, or that of a compatible server.
    OpenAi,
    /// Anthropic's.
    Anthropic,
    /// No provider: answers with the words it was sent, in either dialect, for trials without a
    /// key.
    Echo,
}

impl Dialect {
    /// Whether calls of this family may go there.
    pub(crate) fn speaks(self, family: Family) -> bool {
        match self {
            Dialect::OpenAi => family == Family::OpenAi,
            Dialect::Anthropic => family == Family::Anthropic,
            Dialect::Echo => true,
        }
    }
}

/// A provider.
#[derive(Clone, Debug)]
pub struct ProviderOptions {
    /// Its name in logs, metrics and ledger.
    pub name: String,
    /// What it speaks.
    pub dialect: Dialect,
    /// Up to the version: `https://llm.example/v1`. Nothing for an echo.
    pub base_url: String,
    /// Certificates of the authorities that are believed of it, in PEM format; none stands for the
    /// system's.
    pub ca_file: Option<PathBuf>,
    /// Its key.
    pub key: Option<SecretString>,
    /// Whether it never writes more than the maximum that a call states. Of one that may, answers
    /// are streamed and cut, also for callers who want no stream.
    pub enforces_maximum: bool,
    /// How long it may take until its answer begins.
    pub head_timeout: Duration,
    /// How long it may be silent within an answer.
    pub idle_timeout: Duration,
    /// Failures in a row after which it is passed over while another can serve.
    pub breaker_failures: u32,
    /// For how long, until one call tries it.
    pub breaker_pause: Duration,
    /// What it serves.
    pub models: Vec<ModelOptions>,
}

/// How the tokens of a text are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Tokenizer {
    /// OpenAI's newer one.
    O200k,
    /// OpenAI's older one.
    Cl100k,
    /// Unknown. A prompt is held by its bytes, which no tokenizer exceeds; output is estimated.
    #[default]
    Bytes,
}

/// A model.
#[derive(Clone, Debug)]
pub struct ModelOptions {
    /// The name by which callers ask for it.
    pub name: String,
    /// The provider's name for it, if it differs.
    pub upstream_name: Option<String>,
    /// Most tokens of one answer.
    pub max_output_tokens: Option<u64>,
    /// Most tokens of prompt and answer.
    pub context_window: Option<u64>,
    /// How its tokens are counted.
    pub tokenizer: Tokenizer,
    /// How much more than counted a prompt is held at, in percent.
    pub margin_percent: u64,
    /// Most tokens of an image; calls with one are refused without it.
    pub image_tokens_max: Option<u64>,
    /// Likewise of a sound.
    pub audio_tokens_max: Option<u64>,
    /// Likewise of a file.
    pub file_tokens_max: Option<u64>,
    /// Most tokens in which the provider describes a tool of its own making to the model.
    pub tool_tokens_max: Option<u64>,
}

impl ModelOptions {
    /// A model of which nothing is known but its name.
    pub fn named(name: impl Into<String>) -> ModelOptions {
        ModelOptions {
            name: name.into(),
            upstream_name: None,
            max_output_tokens: None,
            context_window: None,
            tokenizer: Tokenizer::Bytes,
            margin_percent: 0,
            image_tokens_max: None,
            audio_tokens_max: None,
            file_tokens_max: None,
            tool_tokens_max: None,
        }
    }
}

/// Another name for one model, or for several that are tried in this order.
#[derive(Clone, Debug)]
pub struct AliasOptions {
    /// The name.
    pub name: String,
    /// `provider/model`.
    pub targets: Vec<String>,
}

/// What happens to input that is not in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum UnboundedInput {
    /// 422.
    #[default]
    Refuse,
    /// The model's context window is held.
    HoldContextWindow,
}

/// How calls are held and bounded.
#[derive(Clone, Debug)]
pub struct HoldOptions {
    /// By how many tokens of output a hold without a maximum grows.
    pub step: u64,
    /// Life of a hold in seconds; one in use is renewed.
    pub ttl_s: i64,
    /// Whether a maximum that does not fit is lowered to what does.
    pub clamp: bool,
    /// What happens to input that is not in the body.
    pub unbounded_input: UnboundedInput,
    /// Longest body of a call, in bytes.
    pub body_bytes_max: usize,
    /// Longest bodies of all calls that are under way, in bytes.
    pub bodies_bytes_max: usize,
    /// How long a call may take to arrive.
    pub body_timeout: Duration,
    /// How long a caller may read nothing of a stream before he is taken for gone.
    pub stall: Duration,
    /// How long an answer is read to its end after the caller has gone.
    pub drain: Duration,
    /// Most calls at once.
    pub calls_max: usize,
    /// Most calls of one user at once.
    pub calls_per_user_max: u64,
}

impl Default for HoldOptions {
    fn default() -> HoldOptions {
        HoldOptions {
            step: 128,
            ttl_s: 120,
            clamp: false,
            unbounded_input: UnboundedInput::Refuse,
            body_bytes_max: 32 << 20,
            bodies_bytes_max: 512 << 20,
            body_timeout: Duration::from_secs(60),
            stall: Duration::from_secs(50),
            drain: Duration::from_secs(30),
            calls_max: 4_096,
            calls_per_user_max: 1_024,
        }
    }
}
