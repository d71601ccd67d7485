//! Providers and models of the gateway, and how calls are held.

use super::Config;
use anyhow::{Context, bail};
use novacore_gateway::{
    AliasOptions, Dialect, HoldOptions, LlmOptions, ModelOptions, ProviderOptions, Tokenizer,
    UnboundedInput,
};
use secrecy::SecretString;
use serde::Deserialize;
use std::{path::PathBuf, time::Duration};

/// Section `gateway`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GatewayConfig {
    pub(crate) hold_step: u64,
    pub(crate) hold_seconds: i64,
    pub(crate) clamp: bool,
    pub(crate) unbounded_input: Unbounded,
    pub(crate) body_bytes_max: usize,
    pub(crate) bodies_bytes_max: usize,
    pub(crate) body_seconds: u64,
    pub(crate) stall_seconds: u64,
    pub(crate) hang_up_seconds: u64,
    pub(crate) calls_max: usize,
    pub(crate) calls_per_user_max: u64,
}

impl Default for GatewayConfig {
    fn default() -> GatewayConfig {
        let holds = HoldOptions::default();
        GatewayConfig {
            hold_step: holds.step,
            hold_seconds: holds.ttl_s,
            clamp: holds.clamp,
            unbounded_input: Unbounded::Refuse,
            body_bytes_max: holds.body_bytes_max,
            bodies_bytes_max: holds.bodies_bytes_max,
            body_seconds: holds.body_timeout.as_secs(),
            stall_seconds: holds.stall.as_secs(),
            hang_up_seconds: holds.drain.as_secs(),
            calls_max: holds.calls_max,
            calls_per_user_max: holds.calls_per_user_max,
        }
    }
}

/// What happens to input that is not in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unbounded {
    /// 422.
    Refuse,
    /// The model's context window is held.
    HoldContextWindow,
}

/// What a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DialectWord {
    Openai,
    Anthropic,
    Echo,
}

/// An element of `providers`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderConfig {
    name: String,
    dialect: DialectWord,
    #[serde(default)]
    base_url: String,
    #[serde(default)]
    ca_file: Option<PathBuf>,
    #[serde(default)]
    api_key: Option<SecretString>,
    #[serde(default)]
    api_key_env: Option<String>,
    #[serde(default = "yes")]
    enforces_maximum: bool,
    #[serde(default = "ten_minutes_ms")]
    timeout_ms: u64,
    #[serde(default = "two_minutes_ms")]
    idle_ms: u64,
    #[serde(default = "three_failures")]
    breaker_failures: u32,
    #[serde(default = "five_seconds_ms")]
    breaker_pause_ms: u64,
    models: Vec<ModelConfig>,
}

const fn yes() -> bool {
    true
}

/// As long as the official SDKs wait.
const fn ten_minutes_ms() -> u64 {
    600_000
}

const fn two_minutes_ms() -> u64 {
    120_000
}

/// Fewer than of a service, since there is mostly another provider, and each failure may take
/// minutes.
const fn three_failures() -> u32 {
    3
}

const fn five_seconds_ms() -> u64 {
    5_000
}

/// How tokens are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenizerWord {
    O200k,
    Cl100k,
    #[default]
    Bytes,
}

/// An element of a provider's `models`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelConfig {
    name: String,
    upstream_name: Option<String>,
    max_output_tokens: Option<u64>,
    context_window: Option<u64>,
    #[serde(default)]
    tokenizer: TokenizerWord,
    #[serde(default)]
    margin_percent: u64,
    image_tokens_max: Option<u64>,
    audio_tokens_max: Option<u64>,
    file_tokens_max: Option<u64>,
    tool_tokens_max: Option<u64>,
}

/// An element of `models`: another name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AliasConfig {
    name: String,
    targets: Vec<String>,
}

/// What the configuration says of calls of models, keys out of the environment too.
pub(crate) fn llm_options(config: &Config) -> anyhow::Result<LlmOptions> {
    options(config, super::source::variable)
}

fn options(
    config: &Config,
    environment: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<LlmOptions> {
    let own = &config.gateway;
    let holds = HoldOptions {
        step: own.hold_step,
        ttl_s: own.hold_seconds,
        clamp: own.clamp,
        unbounded_input: match own.unbounded_input {
            Unbounded::Refuse => UnboundedInput::Refuse,
            Unbounded::HoldContextWindow => UnboundedInput::HoldContextWindow,
        },
        body_bytes_max: own.body_bytes_max,
        bodies_bytes_max: own.bodies_bytes_max,
        body_timeout: Duration::from_secs(own.body_seconds),
        stall: Duration::from_secs(own.stall_seconds),
        drain: Duration::from_secs(own.hang_up_seconds),
        calls_max: own.calls_max,
        calls_per_user_max: own.calls_per_user_max,
    };
    let providers = config.providers.iter().enumerate();
    let providers = providers.map(|(index, own)| {
        provider(own, &environment).with_context(|| format!("providers[{index}]"))
    });
    let mut providers = providers.collect::<anyhow::Result<Vec<_>>>()?;
    if providers.is_empty() {
        providers.push(echo());
    }
    let aliases = config
        .models
        .iter()
        .map(|own| AliasOptions { name: own.name.clone(), targets: own.targets.clone() });
    Ok(LlmOptions { providers, aliases: aliases.collect(), holds })
}

/// What there is to try before a provider is configured.
fn echo() -> ProviderOptions {
    ProviderOptions {
        name: "echo".to_owned(),
        dialect: Dialect::Echo,
        base_url: String::new(),
        ca_file: None,
        key: None,
        enforces_maximum: true,
        head_timeout: Duration::from_millis(ten_minutes_ms()),
        idle_timeout: Duration::from_millis(two_minutes_ms()),
        breaker_failures: three_failures(),
        breaker_pause: Duration::from_millis(five_seconds_ms()),
        models: vec![ModelOptions { tokenizer: Tokenizer::O200k, ..ModelOptions::named("echo") }],
    }
}

fn provider(
    own: &ProviderConfig,
    environment: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<ProviderOptions> {
    let key = match (&own.api_key, &own.api_key_env) {
        (Some(_), Some(_)) => bail!("api_key and api_key_env: only one of them"),
        (Some(key), None) => Some(key.clone()),
        (None, Some(name)) => {
            let value = environment(name).filter(|value| !value.is_empty());
            let value = value.with_context(|| format!("api_key_env: {name} is not set"))?;
            Some(SecretString::from(value))
        }
        (None, None) => None,
    };
    Ok(ProviderOptions {
        name: own.name.clone(),
        dialect: match own.dialect {
            DialectWord::Openai => Dialect::OpenAi,
            DialectWord::Anthropic => Dialect::Anthropic,
            DialectWord::Echo => Dialect::Echo,
        },
        base_url: own.base_url.clone(),
        ca_file: own.ca_file.clone(),
        key,
        enforces_maximum: own.enforces_maximum,
        head_timeout: Duration::from_millis(own.timeout_ms),
        idle_timeout: Duration::from_millis(own.idle_ms),
        breaker_failures: own.breaker_failures,
        breaker_pause: Duration::from_millis(own.breaker_pause_ms),
        models: own.models.iter().map(model).collect(),
    })
}

fn model(own: &ModelConfig) -> ModelOptions {
    ModelOptions {
        name: own.name.clone(),
        upstream_name: own.upstream_name.clone(),
        max_output_tokens: own.max_output_tokens,
        context_window: own.context_window,
        tokenizer: match own.tokenizer {
            TokenizerWord::O200k => Tokenizer::O200k,
            TokenizerWord::Cl100k => Tokenizer::Cl100k,
            TokenizerWord::Bytes => Tokenizer::Bytes,
        },
        margin_percent: own.margin_percent,
        image_tokens_max: own.image_tokens_max,
        audio_tokens_max: own.audio_tokens_max,
        file_tokens_max: own.file_tokens_max,
        tool_tokens_max: own.tool_tokens_max,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    const FILE: &str = "[[providers]]\nname = \"main\"\ndialect = \"openai\"\n\
        base_url = \"https://llm.example/v1\"\napi_key_env = \"MAIN_LLM_KEY\"\n\
        models = [{ name = \"gpt-4o-mini\", max_output_tokens = 4096, tokenizer = \"o200k\" }]\n\
        [[models]]\nname = \"best\"\ntargets = [\"main/gpt-4o-mini\"]\n";

    fn read(text: &str) -> anyhow::Result<LlmOptions> {
        let config: Config = toml::from_str(text)?;
        options(&config, |name| (name == "MAIN_LLM_KEY").then(|| "hush".to_owned()))
    }

    #[test]
    fn a_provider_is_read_with_its_key_from_the_environment() {
        let options = read(FILE).unwrap();
        let provider = &options.providers[0];
        assert_eq!(provider.key.as_ref().unwrap().expose_secret(), "hush");
        assert_eq!(provider.models[0].tokenizer, Tokenizer::O200k);
        assert!(provider.enforces_maximum);
        assert_eq!(options.aliases[0].targets, ["main/gpt-4o-mini"]);
        assert!(!format!("{options:?}").contains("hush"));
    }

    #[test]
    fn whom_to_believe_and_when_to_pass_over_are_read_or_have_defaults() {
        let shown = |options: &LlmOptions| {
            let own = &options.providers[0];
            (own.ca_file.clone(), own.breaker_failures, own.breaker_pause)
        };
        let default = (None, 3, Duration::from_secs(5));
        assert_eq!(shown(&read(FILE).unwrap()), default);
        let more = "ca_file = \"ca.pem\"\nbreaker_failures = 7\nbreaker_pause_ms = 9\napi_key_env";
        let options = read(&FILE.replacen("api_key_env", more, 1)).unwrap();
        assert_eq!(shown(&options), (Some("ca.pem".into()), 7, Duration::from_millis(9)));
    }

    #[test]
    fn without_a_provider_there_is_the_echo() {
        let options = read("").unwrap();
        let names: Vec<_> = options.providers.iter().map(|it| it.name.as_str()).collect();
        assert_eq!((names, options.providers[0].dialect), (vec!["echo"], Dialect::Echo));
    }

    #[test]
    fn a_key_that_is_missing_or_named_twice_is_told_by_its_place() {
        for (from, to, want) in [
            ("MAIN_LLM_KEY", "OTHER", "providers[0]: api_key_env: OTHER is not set"),
            (
                "api_key_env",
                "api_key = \"x\"\napi_key_env",
                "providers[0]: api_key and api_key_env: only one of them",
            ),
        ] {
            let error = read(&FILE.replacen(from, to, 1)).unwrap_err();
            assert_eq!(format!("{error:#}"), want);
        }
    }
}
