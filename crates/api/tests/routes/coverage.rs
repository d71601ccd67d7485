//! Every operation of the API's description: with no credential, a wrong one, too weak a one, the
//! right one.

use crate::stage::{Answer, As, Stage, user};
use axum::body::Body;

/// Calls that a stranger may make.
pub(crate) const OPEN: [&str; 9] = [
    "/api/auth/register",
    "/api/auth/login",
    "/api/auth/refresh",
    "/api/auth/logout",
    "/api/status",
    "/health",
    "/health/live",
    "/health/ready",
    "/metrics",
];

/// Method and path of every operation.
pub(crate) async fn operations(stage: &Stage) -> Vec<(String, String)> {
    let document = stage.get(As::Nobody, "/openapi.json").await.json();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            all.push((method.to_uppercase(), path.clone()));
        }
    }
    assert!(all.len() >= 72, "{} operations", all.len());
    all
}

/// The path with something that exists for every parameter.
pub(crate) fn filled(path: &str, hold: &str) -> String {
    let id = if path.contains("/reservations/") { hold.to_owned() } else { user(1).to_string() };
    path.replace("{id}", &id)
        .replace("{resource}", "llm_tokens")
        .replace("{name}", "basic")
        .replace("{session_id}", "s")
}

/// Sends the operation without a body that means anything. A stream is not read to its end.
pub(crate) async fn attempt(stage: &Stage, (method, path): (&str, &str), by: As) -> Option<Answer> {
    if path.ends_with("/usage/stream") {
        return None;
    }
    let headers = [("content-type", "application/json")];
    Some(stage.call_with((method, path), by, &headers, Body::from("{}")).await)
}

/// Whether an operator's right is needed, or one to write usage.
fn needs_more_than_a_user(path: &str) -> bool {
    let writes = ["/usage/record", "/usage/reservations", "/usage/events"];
    path.contains("/admin/") || writes.iter().any(|write| path.contains(write))
}

#[tokio::test]
async fn nobody_and_a_wrong_credential_get_nowhere() {
    let stage = Stage::new();
    let hold = stage.held(1, 1).await;
    let before = stage.memory.entry_count();
    for (method, path) in operations(&stage).await {
        if OPEN.contains(&path.as_str()) {
            continue;
        }
        let expired = stage.token(1, -60);
        let mut tampered = stage.token(1, 600);
        tampered.replace_range(60..61, if &tampered[60..61] == "A" { "B" } else { "A" });
        let service = As::Service;
        for by in [As::Nobody, As::Bearer(expired), As::Bearer(tampered), service] {
            let shown = format!("{method} {path} as {by:?}");
            let path = filled(&path, &hold);
            let call = (method.as_str(), path.as_str());
            let answer = stage.call_with(call, by, &[], Body::from("{}")).await;
            assert_eq!(answer.status, 401, "{shown}: {}", answer.text);
            assert!(answer.headers.contains_key("www-authenticate"), "{shown}");
            assert_eq!(answer.json()["status"], 401);
        }
    }
    assert_eq!(stage.memory.entry_count(), before);
}

#[tokio::test]
async fn without_api_nothing_is_heard_without_the_service_token() {
    let stage = Stage::new();
    let hold = stage.held(1, 1).await;
    for (method, path) in operations(&stage).await {
        let Some(internal) = path.strip_prefix("/api").filter(|path| *path != "/status") else {
            continue;
        };
        let path = filled(internal, &hold);
        let wrong = [("x-service-token", "wrong-token")];
        for (by, headers) in [(As::Nobody, &[][..]), (As::User(9), &[]), (As::Nobody, &wrong[..])] {
            let call = (method.as_str(), path.as_str());
            let answer = stage.call_with(call, by, headers, Body::from("{}")).await;
            assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text);
        }
        let answer = attempt(&stage, (&method, &path), As::ServiceFor(1)).await;
        let known = answer.is_none_or(|answer| ![401, 405, 500].contains(&answer.status));
        assert!(known, "{method} {path} is there for services");
    }
}

#[tokio::test]
async fn a_user_reaches_his_own_and_an_administrator_the_rest() {
    let stage = Stage::new();
    let hold = stage.held(1, 1).await;
    let writer = stage.key(&["usage:read", "usage:write", "act_as"]).await;
    for (method, path) in operations(&stage).await {
        if OPEN.contains(&path.as_str()) {
            continue;
        }
        let is_more = needs_more_than_a_user(&path);
        let real = filled(&path, &hold);
        let call = (method.as_str(), real.as_str());
        let Some(weak) = attempt(&stage, call, As::User(2)).await else { continue };
        // A body that is read first may be refused first; it is no way in.
        let stopped = [403, 404, 415, 422].contains(&weak.status);
        assert!(!is_more || stopped, "{method} {path} as a user: {}", weak.text);
        assert!(![401, 405, 500].contains(&weak.status), "{method} {path}: {}", weak.text);
        let right = if path.contains("/admin/") { As::User(9) } else { As::Bearer(writer.clone()) };
        let right = if is_more { right } else { As::User(1) };
        let strong = attempt(&stage, call, right).await.unwrap();
        assert!(!strong.text.contains("no such path"), "{method} {path} is described, not served");
        assert!(![401, 403, 405, 500].contains(&strong.status), "{method} {path}: {}", strong.text);
    }
}

#[tokio::test]
async fn the_weak_are_refused_with_good_bodies_too() {
    let stage = Stage::new();
    let hold = stage.held(1, 1).await;
    let before = stage.memory.entry_count();
    let id = user(1);
    let reader = stage.key(&["usage:read", "memory", "llm"]).await;
    let amounts = r#"[{"resourceType":"llm_tokens","amount":1}]"#;
    for (method, path, body) in [
        (
            "POST",
            "/api/usage/record".to_owned(),
            format!(r#"{{"userId":"{id}","resourceType":"llm_tokens","amount":1}}"#),
        ),
        ("POST", "/api/usage/reservations".to_owned(), format!(r#"{{"amounts":{amounts}}}"#)),
        (
            "POST",
            format!("/api/usage/reservations/{hold}/settle"),
            format!(r#"{{"amounts":{amounts}}}"#),
        ),
        ("POST", format!("/api/usage/reservations/{hold}/extend"), "{}".to_owned()),
        ("POST", format!("/api/usage/reservations/{hold}/release"), String::new()),
        ("PUT", "/api/admin/tiers/basic".to_owned(), r#"{"limits":{},"reason":"free"}"#.to_owned()),
        (
            "PUT",
            format!("/api/admin/users/{id}/tier"),
            r#"{"tier":"pro","reason":"free"}"#.to_owned(),
        ),
        ("DELETE", format!("/api/admin/users/{id}/memories"), r#"{"reason":"tidy"}"#.to_owned()),
        ("GET", "/api/admin/memory/embeddings".to_owned(), String::new()),
        (
            "PUT",
            format!("/api/admin/users/{id}/role"),
            r#"{"role":"admin","reason":"me"}"#.to_owned(),
        ),
        (
            "PUT",
            format!("/api/admin/users/{id}/overrides/llm_tokens"),
            r#"{"cap":-1,"reason":"me"}"#.to_owned(),
        ),
    ] {
        for by in [As::User(1), As::User(2), As::Bearer(reader.clone()), As::Viewing(1)] {
            let answer = stage.call_with((method, &path), by, &[], body.clone()).await;
            assert!([403, 404].contains(&answer.status), "{method} {path}: {}", answer.text);
        }
    }
    assert_eq!(stage.memory.entry_count(), before);
}
