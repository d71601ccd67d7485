//! The web app's session in a cookie: who gets one, who is refused, and what clears it.

use crate::stage::{Answer, As, SERVICE_TOKEN, Stage};
use axum::body::Body;
use novacore_api::{ApiOptions, Origins};
use serde_json::{Value, json};

const HOST: (&str, &str) = ("host", "nova.example.com");
const ORIGIN: (&str, &str) = ("origin", "https://nova.example.com");
const ASKED: (&str, &str) = ("novacore-session", "cookie");
const CLEARED: &str =
    "novacore_refresh=; Path=/api/auth; Max-Age=0; HttpOnly; SameSite=Strict; Secure";

fn ada() -> String {
    json!({"email": "ada@example.com", "password": "correct horse"}).to_string()
}

async fn call(stage: &Stage, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    stage.call_with(("POST", path), As::Nobody, headers, body.to_owned()).await
}

fn set_cookie(answer: &Answer) -> Option<&str> {
    let mut all = answer.headers.get_all("set-cookie").iter();
    let one = all.next().map(|value| value.to_str().unwrap());
    assert!(all.next().is_none(), "one cookie at most");
    one
}

/// What the browser sends from then on.
fn kept(answer: &Answer) -> String {
    set_cookie(answer).expect("a cookie").split(';').next().unwrap().to_owned()
}

/// Registers from the app's page; the cookie.
async fn registered(stage: &Stage) -> String {
    let made = call(stage, "/api/auth/register", &[HOST, ORIGIN, ASKED], &ada()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    kept(&made)
}

async fn refresh(stage: &Stage, cookie: &str, headers: &[(&str, &str)]) -> Answer {
    let headers = [&[HOST, ("cookie", cookie)], headers].concat();
    call(stage, "/api/auth/refresh", &headers, "").await
}

#[tokio::test]
async fn the_token_is_in_the_cookie_and_in_no_body() {
    let stage = Stage::new();
    let made = call(&stage, "/api/auth/register", &[HOST, ORIGIN, ASKED], &ada()).await;
    let month = "; Path=/api/auth; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure";
    for (answer, status) in
        [(made, 201), (call(&stage, "/api/auth/login", &[HOST, ORIGIN, ASKED], &ada()).await, 200)]
    {
        assert_eq!(answer.status, status, "{}", answer.text);
        let (name, rest) = set_cookie(&answer).unwrap().split_once("=nvr_").unwrap();
        assert_eq!(name, "novacore_refresh");
        assert_eq!(rest.split_once(';').map(|(_, rest)| format!(";{rest}")).unwrap(), month);
        assert_eq!(answer.json().get("refreshToken"), None);
        assert!(answer.json()["accessToken"].is_string() && !answer.text.contains("nvr_"));
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    let plain = [("host", "localhost:8080"), ("origin", "http://localhost:8080"), ASKED];
    let on_loopback = call(&stage, "/api/auth/login", &plain, &ada()).await;
    assert!(set_cookie(&on_loopback).unwrap().ends_with("; HttpOnly; SameSite=Strict"));
}

#[tokio::test]
async fn a_session_rotates_in_its_cookie_and_ends_with_it() {
    let stage = Stage::new();
    let first = registered(&stage).await;
    let rotated = refresh(&stage, &first, &[ORIGIN, ASKED]).await;
    assert_eq!(rotated.status, 200, "{}", rotated.text);
    assert!(rotated.json()["accessToken"].is_string());
    assert_eq!(rotated.json().get("refreshToken"), None);
    let second = kept(&rotated);
    assert_ne!(first, second);
    // Another tab that began with the same cookie.
    let again = refresh(&stage, &first, &[ORIGIN, ASKED]).await;
    assert_eq!(kept(&again), second);

    let out = [HOST, ORIGIN, ASKED, ("cookie", second.as_str())];
    let left = call(&stage, "/api/auth/logout", &out, "").await;
    assert_eq!((left.status, set_cookie(&left)), (200, Some(CLEARED)), "{}", left.text);
    let ended = refresh(&stage, &second, &[ORIGIN, ASKED]).await;
    assert_eq!((ended.status, set_cookie(&ended)), (401, Some(CLEARED)));
    // Whoever is signed in nowhere is signed out.
    let nobody = call(&stage, "/api/auth/logout", &[HOST, ORIGIN, ASKED], "").await;
    assert_eq!((nobody.status, set_cookie(&nobody)), (200, Some(CLEARED)));
}

#[tokio::test]
async fn max_age_is_what_is_left_of_the_session() {
    let stage = Stage::new();
    let mut cookie = registered(&stage).await;
    // A session lives half a year, however often it is refreshed.
    for days in [29, 29, 29, 29, 29, 29] {
        stage.clock.advance_s(days * 86_400);
        cookie = kept(&refresh(&stage, &cookie, &[ORIGIN, ASKED]).await);
    }
    let last = refresh(&stage, &cookie, &[ORIGIN, ASKED]).await;
    let rest = 6 * 86_400;
    assert!(set_cookie(&last).unwrap().contains(&format!("; Max-Age={rest};")));
}

#[tokio::test]
async fn only_a_page_of_the_host_that_was_asked_gets_a_session() {
    let stage = Stage::new();
    let cookie = registered(&stage).await;
    for origin in [
        None,
        Some("null"),
        Some("https://evil.example"),
        Some("https://nova.example.com:8443"),
        Some("https://sub.nova.example.com"),
        Some("https://nova.example.com.evil.example"),
        Some("http://nova.example.com:443"),
        Some("nova.example.com"),
        Some(""),
    ] {
        let origin = origin.map(|origin| ("origin", origin));
        let headers: Vec<_> =
            [HOST, ASKED, ("cookie", cookie.as_str())].into_iter().chain(origin).collect();
        for (path, body) in [
            ("/api/auth/register", ada()),
            ("/api/auth/login", ada()),
            ("/api/auth/refresh", String::new()),
            ("/api/auth/logout", String::new()),
        ] {
            let refused = call(&stage, path, &headers, &body).await;
            assert_eq!((refused.status, set_cookie(&refused)), (403, None), "{path} {origin:?}");
        }
    }
    let two = [HOST, ASKED, ORIGIN, ("origin", "https://evil.example")];
    assert_eq!(call(&stage, "/api/auth/login", &two, &ada()).await.status, 403);
    let two_hosts = [HOST, ("host", "evil.example"), ASKED, ORIGIN];
    assert_eq!(call(&stage, "/api/auth/login", &two_hosts, &ada()).await.status, 403);
    // The session has outlived all of that.
    assert_eq!(refresh(&stage, &cookie, &[ORIGIN, ASKED]).await.status, 200);
}

#[tokio::test]
async fn an_origin_that_the_operator_named_is_as_good() {
    let origins = Origins::parse(&["https://app.example.com".to_owned()]).unwrap();
    let stage = Stage::with(ApiOptions { origins, ..ApiOptions::default() });
    for (origin, status) in [("https://app.example.com", 201), ("https://app.example.org", 403)] {
        let headers = [("host", "backend:8080"), ASKED, ("origin", origin)];
        let made = call(&stage, "/api/auth/register", &headers, &ada()).await;
        assert_eq!(made.status, status, "{}", made.text);
        assert!(!made.headers.contains_key("access-control-allow-credentials"));
    }
}

#[tokio::test]
async fn without_the_header_a_cookie_is_never_read_nor_set() {
    let stage = Stage::new();
    let cookie = registered(&stage).await;
    let login = call(&stage, "/api/auth/login", &[HOST, ORIGIN], &ada()).await;
    assert_eq!((login.status, set_cookie(&login)), (200, None));
    let token = login.json()["refreshToken"].as_str().unwrap().to_owned();
    // A form of another page, which sends what the browser has.
    for (headers, body, status) in [
        (&[ORIGIN][..], "", 400),
        (&[("origin", "https://evil.example")], "{}", 422),
        (&[], &*json!({"refreshToken": token}).to_string(), 200),
    ] {
        let answer = refresh_with(&stage, &cookie, headers, body).await;
        assert_eq!((answer.status, set_cookie(&answer)), (status, None), "{}", answer.text);
    }
    assert_eq!(refresh(&stage, &cookie, &[ORIGIN, ASKED]).await.status, 200);
}

async fn refresh_with(stage: &Stage, cookie: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers = [&[HOST, ("cookie", cookie)], headers].concat();
    call(stage, "/api/auth/refresh", &headers, body).await
}

#[tokio::test]
async fn a_token_in_the_body_does_not_stand_in_for_the_cookie() {
    let stage = Stage::new();
    let login = call(&stage, "/api/auth/register", &[HOST], &ada()).await;
    let body = json!({"refreshToken": login.json()["refreshToken"]}).to_string();
    let answer = call(&stage, "/api/auth/refresh", &[HOST, ORIGIN, ASKED], &body).await;
    assert_eq!((answer.status, set_cookie(&answer)), (401, Some(CLEARED)), "{}", answer.text);
    assert_eq!(answer.json()["type"], "urn:novacore:problem:credential-missing");
    assert_eq!(call(&stage, "/api/auth/refresh", &[HOST], &body).await.status, 200);
}

#[tokio::test]
async fn two_cookies_of_the_name_or_a_wrong_one_are_refused() {
    let stage = Stage::new();
    let cookie = registered(&stage).await;
    let forged = cookie.replace("_0_", "_1_");
    let long = format!("novacore_refresh={}", "x".repeat(8_000));
    for sent in [
        &*format!("{cookie}; {cookie}"),
        &*format!("{cookie}; other=1; novacore_refresh=x"),
        &forged,
        &long,
        "novacore_refresh=",
    ] {
        for path in ["/api/auth/refresh", "/api/auth/logout"] {
            let headers = [HOST, ORIGIN, ASKED, ("cookie", sent)];
            let answer = call(&stage, path, &headers, "").await;
            assert_eq!((answer.status, set_cookie(&answer)), (401, Some(CLEARED)), "{path} {sent}");
            assert!(!answer.text.contains("nvr_"), "{}", answer.text);
        }
    }
    assert_eq!(refresh(&stage, &cookie, &[ORIGIN, ASKED]).await.status, 200);
}

#[tokio::test]
async fn a_failure_that_says_nothing_of_the_session_leaves_the_cookie() {
    let stage = Stage::new();
    let headers = [HOST, ORIGIN, ASKED];
    for how in ["Cookie", "true", ""] {
        let answer =
            call(&stage, "/api/auth/login", &[HOST, ORIGIN, ("novacore-session", how)], &ada())
                .await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!("NovaCore-Session")));
    }
    let wrong = json!({"email": "ada@example.com", "password": "wrong horse"}).to_string();
    let answer = call(&stage, "/api/auth/login", &headers, &wrong).await;
    assert_eq!((answer.status, set_cookie(&answer)), (401, None));
    let service = [HOST, ORIGIN, ASKED, ("x-service-token", SERVICE_TOKEN)];
    let answer = call(&stage, "/auth/login", &service, &ada()).await;
    assert_eq!((answer.status, set_cookie(&answer)), (422, None), "{}", answer.text);
}

#[tokio::test]
async fn a_user_ends_one_of_his_sessions() {
    let stage = Stage::new();
    let body = |name: &str| json!({"email": name, "password": "correct horse"});
    let ada = stage.post(As::Nobody, "/api/auth/register", body("ada@example.com")).await.json();
    let bob = stage.post(As::Nobody, "/api/auth/register", body("bob@example.com")).await.json();
    let by = |who: &Value| As::Bearer(who["accessToken"].as_str().unwrap().to_owned());
    let listed = stage.get(by(&ada), "/api/auth/sessions").await.json();
    let path = format!("/api/auth/sessions/{}", listed["sessions"][0]["id"].as_str().unwrap());
    let end =
        async |by: As, path: &str| stage.call_with(("DELETE", path), by, &[], Body::empty()).await;
    assert_eq!(end(As::Nobody, &path).await.status, 401);
    assert_eq!(end(by(&bob), &path).await.status, 404);
    assert_eq!(end(As::User(9), &path).await.status, 404, "nor does an administrator");
    assert_eq!(end(by(&ada), "/api/auth/sessions/none").await.status, 404);
    let ended = end(by(&ada), &path).await;
    assert_eq!((ended.status, &ended.json()["message"]), (200, &json!("Session ended")));
    assert_eq!(end(by(&ada), &path).await.status, 404);
    let token = json!({"refreshToken": ada["refreshToken"]});
    assert_eq!(stage.post(As::Nobody, "/api/auth/refresh", token).await.status, 401);
    let token = json!({"refreshToken": bob["refreshToken"]});
    assert_eq!(stage.post(As::Nobody, "/api/auth/refresh", token).await.status, 200);
}
