//! Bad input: the right problem each, nothing written, never a 500.

use crate::binary::{Folder, SERVICE_TOKEN, Server};
use serde_json::json;

fn entries(server: &Server) -> u64 {
    let health = server.send("GET", "/health", &[], "").expect("answered").body;
    health["store"]["entries"].as_u64().expect("a number")
}

/// Who calls.
#[derive(Clone, Copy)]
enum Who {
    Nobody,
    Service,
    Guesser,
    Keyed,
    User,
    Tampered,
    Empty,
    Basic,
}
use Who::*;

/// Method, path, caller, body, status. `USER` stands for a user's id, `HUGE` for 10 MiB.
type Case = (&'static str, &'static str, Who, &'static str, u16);

const RECORD: &str = "/usage/record";
const GOOD: &str = r#"{"userId":"USER","resourceType":"llm_tokens","amount":1}"#;

const WRITES: &[Case] = &[
    ("POST", RECORD, Service, "{", 400),
    ("POST", RECORD, Service, "", 400),
    ("POST", RECORD, Service, "[]", 422),
    ("POST", RECORD, Service, "{}", 422),
    ("POST", RECORD, Service, r#"{"userId":"USER","resourceType":"messages","amount":"5"}"#, 422),
    ("POST", RECORD, Service, r#"{"userId":"USER","resourceType":"messages","amount":1.5}"#, 422),
    ("POST", RECORD, Service, r#"{"userId":"USER","resourceType":"messages","amount":1e400}"#, 422),
    (
        "POST",
        RECORD,
        Service,
        r#"{"userId":"USER","resourceType":"messages","amount":9007199254740992}"#,
        422,
    ),
    ("POST", RECORD, Service, r#"{"userId":"USER","resourceType":"messages","amount":0}"#, 422),
    ("POST", RECORD, Service, r#"{"userId":"USER","resourceType":"messages","amount":-5}"#, 422),
    ("POST", RECORD, Service, r#"{"userId":"USER","resourceType":"unknown","amount":5}"#, 422),
    (
        "POST",
        RECORD,
        Service,
        r#"{"userId":"USER","resourceType":"memory_storage","amount":-1}"#,
        422,
    ),
    ("POST", RECORD, Service, "HUGE", 413),
    ("POST", RECORD, Nobody, GOOD, 401),
    ("POST", RECORD, Guesser, GOOD, 401),
    ("POST", RECORD, User, GOOD, 401),
    ("POST", RECORD, Keyed, GOOD, 422),
    ("POST", "/api/usage/record", Service, GOOD, 401),
    ("POST", "/api/usage/record", User, GOOD, 403),
    ("POST", "/usage/reservations/res_zz/release", Service, "", 404),
    (
        "POST",
        "/usage/reservations/res_00000000000000000000000000000001_1/release",
        Service,
        "",
        404,
    ),
    ("POST", "/usage/reservations", Service, r#"{"amounts":[],"ammount":1}"#, 422),
    ("POST", "/usage/events", Service, "[]", 415),
];

const READS: &[Case] = &[
    ("GET", "/api/usage/stats?days=0", User, "", 422),
    ("GET", "/api/usage/stats?days=100000", User, "", 422),
    ("GET", "/api/usage/stats?days=x", User, "", 422),
    ("GET", "/api/usage/timeseries/nothing_known", User, "", 422),
    ("GET", "/api/usage/entries?limit=0", User, "", 422),
    ("GET", "/api/usage/entries?cursor=x", User, "", 422),
    ("GET", "/api/usage/tokens", Nobody, "", 401),
    ("GET", "/api/usage/tokens", Tampered, "", 401),
    ("GET", "/api/usage/tokens", Empty, "", 401),
    ("GET", "/api/usage/tokens", Basic, "", 401),
    ("GET", "/api/usage%2Ftokens", User, "", 400),
    ("GET", "/api//usage/tokens", User, "", 400),
    ("GET", "/api/usage/%00", User, "", 400),
    ("GET", "/api/nowhere", User, "", 404),
    ("DELETE", "/api/usage/tokens", User, "", 405),
    ("GET", "/api/admin/users", User, "", 403),
    ("GET", "/api/admin/audit", User, "", 403),
];

const STORE: &str = "/api/memory/store";
const SEARCH: &str = "/api/memory/search";
const MEMORY: &str = r#"{"type":"lesson","input_context":"a","tier":"ltm"}"#;

const MEMORIES: &[Case] = &[
    ("POST", STORE, Nobody, MEMORY, 401),
    ("POST", "/memory/store", User, MEMORY, 401),
    ("POST", "/memory/store", Service, MEMORY, 422),
    ("POST", STORE, User, "HUGE", 413),
    ("POST", STORE, User, r#"{"type":"lesson","input_context":"a\u0000","tier":"ltm"}"#, 422),
    ("POST", STORE, User, r#"{"type":"lesson","input_context":"\ud800","tier":"ltm"}"#, 422),
    ("POST", STORE, User, r#"{"type":"dream","input_context":"a","tier":"ltm"}"#, 422),
    (
        "POST",
        STORE,
        User,
        r#"{"type":"lesson","input_context":"a","tier":"ltm","embedding":[1e999]}"#,
        422,
    ),
    (
        "POST",
        STORE,
        User,
        r#"{"type":"lesson","input_context":"a","tier":"ltm","embedding":[1,0]}"#,
        422,
    ),
    ("POST", SEARCH, User, r#"{"query":"a","limit":101}"#, 422),
    ("POST", "/api/memory/forget", User, "{}", 422),
    ("POST", "/api/memory/bulk", User, r#"{"memories":[]}"#, 422),
    ("GET", "/api/memory/retrieve/00000000-0000-7000-8000-000000000001", User, "", 404),
    ("GET", "/api/memory/retrieve/1%20OR%201=1", User, "", 404),
    ("GET", "/api/memory/list?session_id=%ff", User, "", 400),
    ("GET", "/api/memory/list?offset=99999999999999999999", User, "", 422),
    ("GET", "/api/memory/context?query=%00", User, "", 422),
    (
        "DELETE",
        "/api/admin/users/00000000-0000-7000-8000-000000000001/memories",
        User,
        r#"{"reason":"mine"}"#,
        403,
    ),
];

const LOGIN: &str = "/api/auth/login";
const REGISTER: &str = "/api/auth/register";

const SIGN_IN: &[Case] = &[
    ("POST", LOGIN, Nobody, r#"{"email":"ada@example.com","password":"wrong horse"}"#, 401),
    ("POST", LOGIN, Nobody, r#"{"email":"ada@example.com"}"#, 422),
    ("POST", REGISTER, Nobody, r#"{"email":"ada@example.com","password":"correct horse"}"#, 409),
    ("POST", REGISTER, Nobody, r#"{"email":"b@example.com","password":"short"}"#, 422),
    ("POST", REGISTER, Nobody, r#"{"email":"no address","password":"correct horse"}"#, 422),
    ("POST", "/api/auth/refresh", Nobody, r#"{"refreshToken":"nvr_guess"}"#, 401),
];

#[test]
fn bad_input_gets_the_right_problem_and_writes_nothing() {
    let folder = Folder::new();
    let server = folder.serve();
    let (user, token) = server.register("ada@example.com");
    let (bearer, tampered) = (format!("Bearer {token}"), format!("Bearer {token}x"));
    let huge = format!("{{\"metadata\":\"{}\"}}", "x".repeat(10 << 20));
    let before = entries(&server);
    let cases = WRITES.iter().chain(READS).chain(MEMORIES).chain(SIGN_IN);
    for (method, path, who, body, status) in cases {
        let headers: &[(&str, &str)] = match who {
            Nobody => &[],
            Service => &[("x-service-token", SERVICE_TOKEN)],
            Guesser => &[("x-service-token", "guess")],
            Keyed => &[("x-service-token", SERVICE_TOKEN), ("idempotency-key", "")],
            User => &[("authorization", &bearer)],
            Tampered => &[("authorization", &tampered)],
            Empty => &[("authorization", "Bearer ")],
            Basic => &[("authorization", "Basic YTpi")],
        };
        let sent = body.replace("USER", &user).replace("HUGE", &huge);
        let Some(answer) = server.send(method, path, headers, &sent) else {
            // A body that is refused early may break the connection while it is still sent.
            assert_eq!(*status, 413, "{method} {path} broke the connection");
            continue;
        };
        assert_eq!(answer.status, *status, "{method} {path} {body} -> {}", answer.body);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert!(answer.header("x-request-id").is_some());
        assert_eq!(answer.body["status"], *status, "{method} {path}");
    }
    assert_eq!(entries(&server), before, "nothing was written");
}

#[test]
fn headers_that_a_client_sets_for_itself_are_not_believed() {
    let folder = Folder::new();
    let server = folder.serve();
    let (ada, token) = server.register("ada@example.com");
    let (bob, _) = server.register("bob@example.com");
    let bearer = format!("Bearer {token}");
    let forged = [
        ("authorization", bearer.as_str()),
        ("x-user-id", bob.as_str()),
        ("x-user-role", "admin"),
        ("x-user-tier", "pro"),
        ("x-request-id", "forged"),
    ];
    let answer = server.send("GET", "/api/usage/tier", &forged, "").expect("answered");
    assert_eq!(answer.body, json!({ "userId": ada, "tier": "free_trial" }));
    assert_ne!(answer.header("x-request-id"), Some("forged"));
    let other = [("authorization", bearer.as_str()), ("novacore-user", bob.as_str())];
    let answer = server.send("GET", "/api/usage/tier", &other, "").expect("answered");
    assert_eq!(answer.status, 403);
}
