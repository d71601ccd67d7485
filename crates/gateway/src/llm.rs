//! Calls of models: admitted by a hold, streamed, metered, settled.
//!
//! Invariant: no call is sent to a provider before its hold is committed.

mod account;
mod admit;
mod asked;
mod body;
mod call;
mod catalog;
mod echo;
mod fault;
mod feed;
mod open_calls;
mod options;
mod refuse;
mod relay;
mod send;
mod sink;
mod state;
mod tokens;
mod turns;
mod verdict;
mod whole;

pub use options::{
    AliasOptions, Dialect, HoldOptions, LlmOptions, ModelOptions, ProviderOptions, Tokenizer,
    UnboundedInput,
};

use crate::{client::Clients, options::OptionsError};
use account::Account;
use asked::{AskError, Asked};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header},
};
use bytes::Bytes;
use catalog::Catalog;
use novacore_access::{CallModels, Permit};
use novacore_app::cx::Cx;
use novacore_dialects::{ErrorKind, Family, Route};
use novacore_edge::caller;
use novacore_vocab::{IdempotencyKey, ResourceName, UserId};
use novacore_wire::health::Upstream;
use open_calls::{OpenCall, OpenCalls};
use percent_encoding::percent_decode_str;
use refuse::{Refusal, Word};
use serde_json::{Value, json};
use state::State;
use std::{sync::Arc, time::Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Where the official SDKs look.
const PREFIX: &str = "/v1";
const MODELS: &str = "/models";
const COUNT_TOKENS: &str = "/messages/count_tokens";
const VERSION: &str = "anthropic-version";
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
/// From so many bytes on, a prompt is counted on a thread for work that takes long.
const LONG_PROMPT_BYTES: usize = 16 << 10;
/// What calls of models use.
const RESOURCE: &str = "llm_tokens";
/// Longest life of a hold that is not renewed.
const TTL_S_MAX: i64 = 3_600;

/// What a call takes from others while it is under way.
#[derive(Debug)]
struct Entry {
    _place: OwnedSemaphorePermit,
    _caller: OpenCall,
    _room: OwnedSemaphorePermit,
}

/// The LLM data plane.
#[derive(Debug)]
pub(crate) struct Llm {
    state: Arc<State>,
    tasks: TaskTracker,
}

impl Llm {
    pub(crate) fn new(
        cx: Cx,
        clients: &mut Clients,
        tasks: TaskTracker,
        stop: CancellationToken,
        options: LlmOptions,
    ) -> Result<Llm, OptionsError> {
        let catalog = Catalog::new(&options, clients)?;
        let tokenizers = catalog.tokenizers();
        // Beside the start, which does not wait for it; a call that comes first does.
        std::thread::spawn(|| tokenizers.into_iter().for_each(options::Tokenizer::load));
        let holds = options.holds;
        if holds.step == 0 {
            return Err(OptionsError::new("gateway.hold_step", "must not be 0"));
        }
        if !(1..=TTL_S_MAX).contains(&holds.ttl_s) {
            return Err(OptionsError::new("gateway.hold_seconds", "must be 1 to 3600"));
        }
        if holds.stall.is_zero() {
            return Err(OptionsError::new("gateway.stall_seconds", "must not be 0"));
        }
        let resource = ResourceName::parse(RESOURCE)
            .map_err(|error| OptionsError::new("resources", error.to_string()))?;
        let places = Arc::new(Semaphore::new(holds.calls_max));
        if holds.body_bytes_max == 0 || holds.body_bytes_max > holds.bodies_bytes_max {
            let why = "must not be 0, nor more than gateway.bodies_bytes_max";
            return Err(OptionsError::new("gateway.body_bytes_max", why));
        }
        for provider in &catalog.providers {
            cx.metrics.calls.available(&provider.name, true);
        }
        let body_room = Arc::new(Semaphore::new(body::kib(holds.bodies_bytes_max) as usize));
        let state = State {
            cx,
            catalog,
            holds,
            growing: OpenCalls::default(),
            callers: OpenCalls::default(),
            resource,
            places,
            body_room,
            stop,
        };
        Ok(Llm { state: Arc::new(state), tasks })
    }

    pub(crate) fn serves(&self, path: &str) -> bool {
        path.strip_prefix(PREFIX).is_some_and(|rest| rest.starts_with('/'))
    }

    pub(crate) fn upstreams(&self) -> Vec<Upstream> {
        let providers = self.state.catalog.providers.iter();
        let shown = |provider: &Arc<catalog::Provider>| Upstream {
            name: provider.name.clone(),
            status: provider.watch.health().as_str(),
        };
        providers.map(shown).collect()
    }

    pub(crate) async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let begun = Instant::now();
        let id = text(request.headers(), "x-request-id").unwrap_or_default().to_owned();
        let path = request.uri().path().strip_prefix(PREFIX).unwrap_or_default().to_owned();
        let route = Route::ALL.into_iter().find(|route| route.path() == path);
        let family = match route {
            Some(route) => route.family(),
            None if path == COUNT_TOKENS => Family::Anthropic,
            None if request.headers().contains_key(VERSION) => Family::Anthropic,
            None => Family::OpenAi,
        };
        let answer = match (route, request.method()) {
            (Some(route), &Method::POST) => self.call(route, request, &id, begun).await,
            (None, &Method::GET) if path == MODELS || path.starts_with("/models/") => {
                self.models(&path, family, request.headers()).await
            }
            (None, &Method::POST) if path == COUNT_TOKENS => self.count(request).await,
            _ => Err(Refusal::new(ErrorKind::NotFound, "there is no such call")),
        };
        let mut answer = answer.unwrap_or_else(|refusal| {
            self.state.cx.metrics.calls.refused(refusal.kind.word());
            refusal.answer(family, Some(&id))
        });
        // Where the SDKs of Anthropic look; those of OpenAI know `x-request-id`.
        if let (Family::Anthropic, Ok(id)) = (family, HeaderValue::try_from(id)) {
            answer.headers_mut().insert(REQUEST_ID, id);
        }
        answer
    }

    async fn call(
        &self,
        route: Route,
        request: Request<Body>,
        id: &str,
        begun: Instant,
    ) -> Result<Response<Body>, Refusal> {
        let state = &self.state;
        let (parts, body) = request.into_parts();
        let permit = self.permit(&parts.headers).await?;
        let key = idempotency_key(&parts.headers)?;
        let passed_on = send::passed_on(&parts.headers);
        let (asked, entry) = self.enter(route, permit.account().user, body).await?;
        let account = Account {
            cx: state.cx.clone(),
            permit,
            resource: state.resource.clone(),
            ttl_s: state.holds.ttl_s,
            stop: state.stop.clone(),
        };
        let admitted =
            admit::admit(&account, &asked, &state.holds, &state.growing, key.as_ref()).await?;
        let (call, hold) =
            call::begin(state.clone(), asked, admitted, id.to_owned(), passed_on, begun);
        let (reply, answer) = oneshot::channel();
        self.tasks.spawn(async move {
            call.run(hold, reply).await;
            drop(entry);
        });
        answer.await.map_err(|_| Refusal::new(ErrorKind::Internal, "internal error"))
    }

    /// What a call would hold for its prompt; nothing is held, and no provider is asked.
    async fn count(&self, request: Request<Body>) -> Result<Response<Body>, Refusal> {
        let (parts, body) = request.into_parts();
        let permit = self.permit(&parts.headers).await?;
        let (asked, _entry) = self.enter(Route::Messages, permit.account().user, body).await?;
        Ok(json_answer(&json!({"input_tokens": asked.prompt_max})))
    }

    /// Takes a call in, as far as there is room for it.
    async fn enter(
        &self,
        route: Route,
        user: UserId,
        body: Body,
    ) -> Result<(Asked, Entry), Refusal> {
        let state = &self.state;
        let (caller, before) = state.callers.begin(user);
        if before >= state.holds.calls_per_user_max {
            let why = "too many calls of this user are under way";
            return Err(Refusal::new(ErrorKind::RateLimited, why));
        }
        let (body, room) = body::take_in(body, &state.holds, &state.body_room).await?;
        // Only now: whoever sends slowly would keep a place from those who are ready.
        let place = state.places.clone().try_acquire_owned();
        let place = place
            .map_err(|_| Refusal::new(ErrorKind::Unavailable, "too many calls are under way"))?;
        let asked = self.read(route, body).await?;
        Ok((asked, Entry { _place: place, _caller: caller, _room: room }))
    }

    async fn permit(&self, headers: &HeaderMap) -> Result<Permit<CallModels>, Refusal> {
        let cx = &self.state.cx;
        let caller = match headers.get("x-api-key").map(|value| value.to_str()) {
            Some(Ok(key)) if !headers.contains_key(header::AUTHORIZATION) => {
                caller::bearer_of(key.trim(), headers, cx).await?
            }
            _ => caller::bearer(headers, cx).await?,
        };
        let subject = caller.subject(cx, None).await?;
        let permit = caller.principal.call_models(&subject);
        Ok(permit.map_err(novacore_edge::Failure::from)?)
    }

    async fn read(&self, route: Route, body: Bytes) -> Result<Asked, Refusal> {
        let state = self.state.clone();
        let is_long = body.len() > LONG_PROMPT_BYTES;
        let read = move || Asked::read(route, body, &state.catalog, &state.holds);
        let asked = if is_long {
            let read = tokio::task::spawn_blocking(read).await;
            read.map_err(|_| Refusal::new(ErrorKind::Internal, "internal error"))?
        } else {
            read()
        };
        asked.map_err(|error| {
            let message = error.to_string();
            match error {
                AskError::Body(error) if error.field.is_empty() => {
                    Refusal::new(ErrorKind::InvalidRequest, message)
                }
                AskError::Body(error) => {
                    Refusal::of_field(ErrorKind::InvalidRequest, error.field, message)
                }
                AskError::Model(_) => {
                    Refusal::of_field(ErrorKind::NotFound, "model".to_owned(), message)
                }
                AskError::Unbounded { field, .. } => {
                    Refusal::of_field(ErrorKind::UnboundedInput, field, message)
                }
            }
        })
    }

    /// The names that may be called: all of them, or one.
    async fn models(
        &self,
        path: &str,
        family: Family,
        headers: &HeaderMap,
    ) -> Result<Response<Body>, Refusal> {
        self.permit(headers).await?;
        let model = |(name, provider): (&str, &str)| match family {
            Family::OpenAi => {
                json!({"id": name, "object": "model", "created": 0, "owned_by": provider})
            }
            Family::Anthropic => json!({"id": name, "type": "model", "display_name": name,
                "created_at": "1970-01-01T00:00:00Z"}),
        };
        let mut all = self.state.catalog.names();
        let body = match path.strip_prefix("/models/") {
            Some(name) => {
                let missing = || Refusal::new(ErrorKind::NotFound, "there is no such model");
                // Once: SDKs encode a slash in a name, and whatever else it has.
                let name = percent_decode_str(name).decode_utf8().map_err(|_| missing())?;
                let found = all.find(|(known, _)| *known == name);
                model(found.ok_or_else(missing)?)
            }
            None => {
                let data: Vec<Value> = all.map(model).collect();
                match family {
                    Family::OpenAi => json!({"object": "list", "data": data}),
                    Family::Anthropic => json!({"has_more": false,
                        "first_id": data.first().map(|model| model["id"].clone()),
                        "last_id": data.last().map(|model| model["id"].clone()), "data": data}),
                }
            }
        };
        Ok(json_answer(&body))
    }
}

fn json_answer(body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The caller's own key: a call that is repeated under it is not made twice.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Refusal> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().map(|text| format!("llm:{text}"));
    let key = key.and_then(|text| IdempotencyKey::parse(&text).ok());
    let wrong = || {
        let why = "must be 1 to 251 characters, none of them a control character";
        Refusal::of_field(ErrorKind::InvalidRequest, "idempotency-key".into(), why.into())
    };
    key.map(Some).ok_or_else(wrong)
}
