//! A server in memory: users 1 and 2, administrator 9, a clock moved by hand.

use crate::words::Words;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use novacore_access::{Email, Role, User};
use novacore_api::{ApiOptions, router};
use novacore_app::{
    auth::{Auth, AuthOptions, AuthSecrets},
    cx::Cx,
    memories::{MemoryOptions, MemoryService},
    metrics::Metrics,
};
use novacore_store_suite::memory::{HandClock, Memory};
use novacore_vocab::{OrgId, TierName, Timestamp, UserId};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::{fmt::Write, sync::Arc};
use tower::ServiceExt;
use uuid::Uuid;

/// When every test begins: a Tuesday, noon.
const BEGIN: &str = "2026-11-24T12:00:00Z";
const JWT_SECRET: &str = "the-jwt-secret-of-the-tests-0123456789";
pub(crate) const SERVICE_TOKEN: &str = "the-service-token-of-the-tests-0123456789";
const BODY_BYTES_MAX: usize = 16 << 20;

/// The headers that a snapshot shows.
const SHOWN: [&str; 6] = [
    "content-type",
    "www-authenticate",
    "retry-after",
    "ratelimit-policy",
    "ratelimit",
    "idempotent-replayed",
];

/// User `number`.
pub(crate) fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 | number))
}

/// Who makes a call.
#[derive(Clone, Debug)]
pub(crate) enum As {
    /// Nobody.
    Nobody,
    /// A user, by JWT.
    User(u128),
    /// A bearer of whatever text.
    Bearer(String),
    /// A service.
    Service,
    /// A service for a user.
    ServiceFor(u128),
}

pub(crate) struct Stage {
    pub(crate) clock: Arc<HandClock>,
    pub(crate) memory: Arc<Memory>,
    pub(crate) words: Arc<Words>,
    pub(crate) routes: Router,
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// Status, the headers that matter, and the whole body; `hidden` members are random.
    pub(crate) fn show(&self, hidden: &[&str]) -> String {
        let mut shown = format!("{}\n", self.status);
        for name in SHOWN {
            let value = self.headers.get(name).map(|value| value.to_str().unwrap());
            if let Some(value) = value.filter(|value| *value != "application/json") {
                writeln!(shown, "{name}: {value}").unwrap();
            }
        }
        let mut body = self.json();
        hidden.iter().for_each(|name| hide(&mut body, name));
        write_short(&body, 0, &mut shown);
        shown
    }
}

/// JSON with as much on a line as fits.
fn write_short(value: &Value, depth: usize, text: &mut String) {
    let flat = value.to_string();
    let lines: Vec<(String, &Value)> = match value {
        Value::Object(members) if depth == 0 || flat.len() + 2 * depth > 84 => {
            members.iter().map(|(name, member)| (format!("{name:?}: "), member)).collect()
        }
        Value::Array(elements) if flat.len() + 2 * depth > 84 => {
            elements.iter().map(|element| (String::new(), element)).collect()
        }
        _ => return text.push_str(&flat),
    };
    let (open, close) = if value.is_object() { ('{', '}') } else { ('[', ']') };
    text.push(open);
    for (index, (name, member)) in lines.iter().enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&"  ".repeat(depth + 1));
        text.push_str(name);
        write_short(member, depth + 1, text);
    }
    text.push_str(&format!("\n{}{close}", "  ".repeat(depth)));
}

fn hide(value: &mut Value, name: &str) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(key, member)| {
            if key == name { *member = json!("...") } else { hide(member, name) }
        }),
        Value::Array(elements) => elements.iter_mut().for_each(|element| hide(element, name)),
        _ => {}
    }
}

impl Stage {
    pub(crate) fn new() -> Stage {
        Stage::with(ApiOptions::default())
    }

    pub(crate) fn with(options: ApiOptions) -> Stage {
        let clock = Arc::new(HandClock::at(BEGIN.parse().unwrap()));
        let memory = Arc::new(Memory::new(clock.clone()));
        for (number, role) in [(1, Role::Student), (2, Role::Student), (9, Role::Admin)] {
            memory.insert_user(stored(number, role));
        }
        let secret = |text: &str| SecretString::from(text.to_owned());
        let secrets = AuthSecrets {
            jwt: secret(JWT_SECRET),
            refresh: secret("the-refresh-secret-of-the-tests-0123456789"),
            service_token: secret(SERVICE_TOKEN),
        };
        let costs = AuthOptions { hash_memory_kib: 8, hash_passes: 1, ..AuthOptions::default() };
        let auth = Auth::new(memory.clone(), clock.clone(), &secrets, costs).unwrap();
        let metrics = Arc::new(Metrics::new());
        let words = Arc::new(Words::default());
        let service = MemoryService::new(memory.clone(), words.clone(), MemoryOptions::default());
        let memories = Arc::new(service);
        let (ledger, auth) = (memory.clone(), Arc::new(auth));
        let cx = Cx::new(ledger, memory.clone(), memories, clock.clone(), auth, metrics);
        Stage { clock, memory, words, routes: router(cx, options) }
    }

    /// A JWT of user `number`, as another service of the platform would issue it.
    pub(crate) fn token(&self, number: u128, life_s: i64) -> String {
        let now: Timestamp = BEGIN.parse().unwrap();
        let claims = json!({
            "sub": user(number), "email": format!("u{number}@example.com"), "role": "student",
            "subscription_tier": "pro", "iat": now.seconds(), "exp": now.seconds() + life_s,
        });
        let key = EncodingKey::from_secret(JWT_SECRET.as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        assert!(parts.headers.contains_key("x-request-id"), "every answer names its request");
        let bytes = to_bytes(body, BODY_BYTES_MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    /// A call with further headers; a body is JSON unless they say otherwise.
    pub(crate) async fn call_with(
        &self,
        (method, path): (&str, &str),
        by: As,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        request = match by {
            As::Nobody => request,
            As::User(number) => {
                request.header("authorization", format!("Bearer {}", self.token(number, 600)))
            }
            As::Bearer(text) => request.header("authorization", format!("Bearer {text}")),
            As::Service => request.header("x-service-token", SERVICE_TOKEN),
            As::ServiceFor(number) => request
                .header("x-service-token", SERVICE_TOKEN)
                .header("x-user-id", user(number).to_string()),
        };
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn get(&self, by: As, path: &str) -> Answer {
        self.call_with(("GET", path), by, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, by: As, path: &str, body: Value) -> Answer {
        self.call_with(("POST", path), by, &[], body.to_string()).await
    }

    pub(crate) async fn put(&self, by: As, path: &str, body: Value) -> Answer {
        self.call_with(("PUT", path), by, &[], body.to_string()).await
    }

    /// Records use of user `number`, which must be accepted.
    pub(crate) async fn used(&self, number: u128, resource: &str, amount: i64) {
        let body = json!({"userId": user(number), "resourceType": resource, "amount": amount});
        let answer = self.post(As::Service, "/usage/record", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }

    /// Reserves tokens for user `number`, which must be admitted; the reservation's id.
    pub(crate) async fn held(&self, number: u128, amount: i64) -> String {
        let amounts = json!([{"resourceType": "llm_tokens", "amount": amount}]);
        let body = json!({"userId": user(number), "amounts": amounts});
        let answer = self.post(As::Service, "/usage/reservations", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["reservationId"].as_str().unwrap().to_owned()
    }

    /// An API key of administrator 9 with these scopes.
    pub(crate) async fn key(&self, scopes: &[&str]) -> String {
        let body = json!({"name": "test", "scopes": scopes});
        let answer = self.post(As::User(9), "/api/auth/keys", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["key"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn stored(number: u128, role: Role) -> User {
    let id = user(number);
    User {
        id,
        org: OrgId(id.0),
        email: Email::parse(&format!("u{number}@example.com")).ok(),
        role,
        tier: TierName::parse("free_trial").unwrap(),
        disabled: false,
        trial_ends_at: None,
        created_at: "2026-11-01T00:00:00Z".parse().unwrap(),
    }
}
