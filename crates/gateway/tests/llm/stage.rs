//! A gateway over a store in memory, before a provider on loopback.

use super::upstream::Upstream;
use axum::{
    body::{Body, BodyDataStream},
    http::{HeaderMap, Request, Response},
};
use futures::StreamExt;
use novacore_access::{Email, Role, User};
use novacore_app::{
    auth::{Auth, AuthOptions, AuthSecrets},
    cx::Cx,
    memories::MemoryService,
    metrics::Metrics,
};
use novacore_edge::DataPlane;
use novacore_gateway::{
    Dialect, Gateway, HoldOptions, LlmOptions, ModelOptions, Options, OptionsError,
    ProviderOptions, Tokenizer,
};
use novacore_ledger::{Cap, Limit, Policy, Tier, standing};
use novacore_store_suite::memory::{HandClock, Memory};
use novacore_vocab::{Amount, OrgId, ResourceName, TierName, UserId, Window};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

const JWT_SECRET: &str = "the-jwt-secret-of-the-tests-0123456789";
pub(crate) const PROVIDER_KEY: &str = "sk-of-the-provider";

/// What the provider is asked for, by name.
const MODES: [&str; 25] = [
    "plain",
    "silent",
    "lying",
    "gated",
    "modest",
    "breaking",
    "failing",
    "strict",
    "locked",
    "lying-trusted",
    "page",
    "zipped",
    "error-200",
    "boundless",
    "unended",
    "torn",
    "torn-late",
    "used-up",
    "used-up-200",
    "used-up-late",
    "unpaid",
    "poor",
    "barred",
    "busy",
    "billed",
];

pub(crate) struct Stage {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) upstream: Upstream,
    pub(crate) memory: Arc<Memory>,
    cx: Cx,
    token: String,
}

fn user() -> UserId {
    UserId(Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001))
}

fn tokens() -> ResourceName {
    ResourceName::parse("llm_tokens").unwrap()
}

/// The built-in tiers with so many tokens a day for those on trial.
fn policy(cap: i64) -> Policy {
    let builtin = Policy::builtin();
    let tiers = builtin.tiers().into_iter().cloned().map(|mut tier: Tier| {
        if tier.name.as_str() == "free_trial" {
            let limit = Limit::hard(Cap::Of(Amount::new(cap).unwrap()), Window::Day);
            tier.limits.insert(tokens(), vec![limit]);
        }
        tier
    });
    Policy::new(builtin.resources().cloned(), tiers).unwrap()
}

fn models() -> Vec<ModelOptions> {
    let model = |name: &str| ModelOptions {
        tokenizer: Tokenizer::O200k,
        upstream_name: Some(name.trim_end_matches("-trusted").to_owned()),
        image_tokens_max: Some(100),
        ..ModelOptions::named(name)
    };
    MODES.iter().map(|name| model(name)).collect()
}

fn provider(
    name: &str,
    dialect: Dialect,
    upstream: &Upstream,
    models: Vec<ModelOptions>,
) -> ProviderOptions {
    ProviderOptions {
        name: name.to_owned(),
        dialect,
        base_url: upstream.url.clone(),
        ca_file: None,
        key: Some(PROVIDER_KEY.into()),
        enforces_maximum: true,
        head_timeout: Duration::from_secs(20),
        idle_timeout: Duration::from_secs(20),
        breaker_failures: 3,
        breaker_pause: Duration::from_secs(3_600),
        models,
    }
}

/// Every kind of provider, before one upstream.
fn llm(upstream: &Upstream) -> LlmOptions {
    let (trusted, untrusted): (Vec<_>, Vec<_>) =
        models().into_iter().partition(|model| model.name != "lying");
    let named = |name: &str, upstream_name: &str| ModelOptions {
        upstream_name: Some(upstream_name.to_owned()),
        tokenizer: Tokenizer::O200k,
        ..ModelOptions::named(name)
    };
    let claude = named("claude", "plain");
    let gone = ProviderOptions {
        base_url: "http://127.0.0.1:1/v1".into(),
        ..provider("gone", Dialect::OpenAi, upstream, vec![named("spare", "plain")])
    };
    let providers = vec![
        provider("main", Dialect::OpenAi, upstream, trusted),
        ProviderOptions {
            enforces_maximum: false,
            ..provider("liar", Dialect::OpenAi, upstream, untrusted)
        },
        provider("anthropic", Dialect::Anthropic, upstream, vec![claude]),
        provider("broken", Dialect::OpenAi, upstream, vec![named("spare", "failing")]),
        gone,
        provider("last", Dialect::OpenAi, upstream, vec![named("spare", "plain")]),
        provider(
            "echo",
            Dialect::Echo,
            upstream,
            vec![ModelOptions::named("echo"), ModelOptions::named("meta/llama:3")],
        ),
    ];
    let holds = HoldOptions { drain: Duration::from_secs(20), ..HoldOptions::default() };
    LlmOptions { providers, aliases: Vec::new(), holds }
}

fn options(upstream: &Upstream, change: impl FnOnce(&mut Options, &ProviderOptions)) -> Options {
    let mut options = Options { llm: llm(upstream), ..Options::default() };
    change(&mut options, &provider("main", Dialect::OpenAi, upstream, models()));
    options
}

/// A store in memory with a user on trial, and what stands on it.
fn store(cap: i64) -> (Arc<Memory>, Cx) {
    let clock = Arc::new(HandClock::at("2026-11-24T12:00:00Z".parse().unwrap()));
    let memory = Arc::new(Memory::with_policy(clock.clone(), policy(cap)));
    memory.insert_user(stored());
    let secret = |text: &str| SecretString::from(text.to_owned());
    let secrets = AuthSecrets {
        jwt: secret(JWT_SECRET),
        refresh: secret("the-refresh-secret-of-the-tests-0123456789"),
        service_token: secret("the-service-token-of-the-tests-0123456789"),
    };
    let options = AuthOptions { hash_memory_kib: 8, hash_passes: 1, ..AuthOptions::default() };
    let auth = Auth::new(memory.clone(), clock.clone(), &secrets, options).unwrap();
    let metrics = Arc::new(Metrics::new());
    let memories = Arc::new(MemoryService::without_model(memory.clone(), "a test has none"));
    let (ledger, auth) = (memory.clone(), Arc::new(auth));
    let cx = Cx::new(ledger, memory.clone(), memories, clock.clone(), auth, metrics);
    (memory, cx)
}

impl Stage {
    /// With a cap of so many tokens a day.
    pub(crate) async fn new(cap: i64) -> Stage {
        Stage::with(cap, |_| {}).await
    }

    /// The same with other bounds.
    pub(crate) async fn with(cap: i64, bounds: impl FnOnce(&mut HoldOptions)) -> Stage {
        Stage::of(cap, |options, _| bounds(&mut options.llm.holds)).await
    }

    /// The same with other options; the second argument is a provider whose models are to be set.
    pub(crate) async fn of(cap: i64, change: impl FnOnce(&mut Options, &ProviderOptions)) -> Stage {
        let upstream = Upstream::start().await;
        let (memory, cx) = store(cap);
        let gateway = Gateway::new(cx.clone(), options(&upstream, change)).unwrap();
        let token = token(&cx);
        Stage { gateway: Arc::new(gateway), upstream, memory, cx, token }
    }

    /// Why there is no gateway with such options.
    pub(crate) async fn refused(
        change: impl FnOnce(&mut Options, &ProviderOptions),
    ) -> OptionsError {
        let upstream = Upstream::start().await;
        Gateway::new(store(1).1, options(&upstream, change)).unwrap_err()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Body> {
        assert!(self.gateway.serves(request.uri().path()));
        self.gateway.clone().answer(request).await
    }

    /// A call of a path with further headers.
    pub(crate) async fn call(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Response<Body> {
        let mut request = Request::post(path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("x-request-id", "the-request");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn chat(&self, body: &Value) -> Response<Body> {
        self.call("/v1/chat/completions", &[], body).await
    }

    /// The same, with the whole answer.
    pub(crate) async fn chat_whole(&self, body: &Value) -> Answer {
        Answer::of(self.chat(body).await).await
    }

    /// Used and held, once every call is settled.
    pub(crate) async fn settled(&self) -> (i64, i64) {
        self.gateway.idle().await;
        self.now().await
    }

    /// Used and held now.
    pub(crate) async fn now(&self) -> (i64, i64) {
        let view = self.cx.ledger.account(user()).await.unwrap();
        let now = self.cx.clock.now();
        let shown = standing(&view.state, &self.cx.ledger.policy(), &tokens(), now);
        (shown.used, shown.held)
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn metrics(&self) -> String {
        self.cx.metrics.render(&self.cx.ledger.health()).unwrap()
    }
}

fn stored() -> User {
    User {
        id: user(),
        org: OrgId(user().0),
        email: Email::parse("u1@example.com").ok(),
        role: Role::Student,
        tier: TierName::parse("free_trial").unwrap(),
        disabled: false,
        trial_ends_at: None,
        created_at: "2026-11-01T00:00:00Z".parse().unwrap(),
    }
}

fn token(cx: &Cx) -> String {
    let now = cx.clock.now().seconds();
    let claims = json!({"sub": user(), "iat": now, "exp": now + 600});
    let key = jsonwebtoken::EncodingKey::from_secret(JWT_SECRET.as_bytes());
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

/// A call that asks for so many words.
pub(crate) fn ask(model: &str, words: u64) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": format!("say {words}")}]})
}

/// The same as a stream, with or without a maximum.
pub(crate) fn ask_stream(model: &str, words: u64, max_tokens: Option<u64>) -> Value {
    let mut body = ask(model, words);
    body["stream"] = json!(true);
    if let Some(most) = max_tokens {
        body["max_tokens"] = json!(most);
    }
    body
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(response: Response<Body>) -> Answer {
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 64 << 20).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// How many words the model said.
    pub(crate) fn words(&self) -> usize {
        self.text.matches("hello").count()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Reads a stream until so many words have come.
pub(crate) async fn read_words(body: &mut BodyDataStream, words: usize) {
    let mut seen = 0;
    while seen < words {
        let chunk = body.next().await.expect("the stream goes on").unwrap();
        seen += String::from_utf8_lossy(&chunk).matches("hello").count();
    }
}
