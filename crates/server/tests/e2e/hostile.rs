//! Bad input: the right problem each, nothing written, never a 500.

use crate::binary::{Folder, SERVICE_TOKEN, Server};
use serde_json::json;

fn entries(server: &Server) -> u64 {
    let health = server.send("GET", "/health", &[], "").expect("answered").body;
    health["store"]["entries"].as_u64().expect("a number")
}

#[test]
fn bad_input_gets_the_right_problem_and_writes_nothing() {
    let folder = Folder::new();
    let server = folder.serve();
    let (user, token) = server.register("ada@example.com");
    let bearer = format!("Bearer {token}");
    let tampered = format!("Bearer {}x", token);
    let service: &[(&str, &str)] = &[("x-service-token", SERVICE_TOKEN)];
    let signed_in: &[(&str, &str)] = &[("authorization", &bearer)];
    let record = |resource: &str, amount: &str| {
        format!("{{\"userId\":\"{user}\",\"resourceType\":\"{resource}\",\"amount\":{amount}}}")
    };
    let good = record("llm_tokens", "1");
    let huge = format!("{{\"metadata\":\"{}\"}}", "x".repeat(10 << 20));
    let before = entries(&server);
    #[rustfmt::skip]
    let cases: &[(&str, &str, &[(&str, &str)], &str, u16)] = &[
        ("POST", "/usage/record", service, "{", 400),
        ("POST", "/usage/record", service, "", 400),
        ("POST", "/usage/record", service, "[]", 422),
        ("POST", "/usage/record", service, "{}", 422),
        ("POST", "/usage/record", service, &record("llm_tokens", "\"5\""), 422),
        ("POST", "/usage/record", service, &record("llm_tokens", "1.5"), 422),
        ("POST", "/usage/record", service, &record("llm_tokens", "1e400"), 422),
        ("POST", "/usage/record", service, &record("llm_tokens", "9007199254740992"), 422),
        ("POST", "/usage/record", service, &record("llm_tokens", "0"), 422),
        ("POST", "/usage/record", service, &record("llm_tokens", "-5"), 422),
        ("POST", "/usage/record", service, &record("nothing_known", "5"), 422),
        ("POST", "/usage/record", service, &record("memory_storage", "-1"), 422),
        ("POST", "/usage/record", service, &huge, 413),
        ("POST", "/usage/record", &[], &good, 401),
        ("POST", "/usage/record", &[("x-service-token", "guess")], &good, 401),
        ("POST", "/usage/record", signed_in, &good, 401),
        ("POST", "/api/usage/record", &[("x-service-token", SERVICE_TOKEN)], &good, 401),
        ("POST", "/api/usage/record", signed_in, &good, 403),
        ("POST", "/usage/record", &[("x-service-token", SERVICE_TOKEN), ("idempotency-key", "")], &good, 422),
        ("GET", "/api/usage/stats?days=0", signed_in, "", 422),
        ("GET", "/api/usage/stats?days=100000", signed_in, "", 422),
        ("GET", "/api/usage/stats?days=x", signed_in, "", 422),
        ("GET", "/api/usage/timeseries/nothing_known", signed_in, "", 422),
        ("GET", "/api/usage/entries?limit=0", signed_in, "", 422),
        ("GET", "/api/usage/entries?cursor=x", signed_in, "", 422),
        ("GET", "/api/usage/tokens", &[], "", 401),
        ("GET", "/api/usage/tokens", &[("authorization", &tampered)], "", 401),
        ("GET", "/api/usage/tokens", &[("authorization", "Bearer ")], "", 401),
        ("GET", "/api/usage/tokens", &[("authorization", "Basic YTpi")], "", 401),
        ("GET", "/api/usage%2Ftokens", signed_in, "", 400),
        ("GET", "/api//usage/tokens", signed_in, "", 400),
        ("GET", "/api/usage/%00", signed_in, "", 400),
        ("GET", "/api/nowhere", signed_in, "", 404),
        ("DELETE", "/api/usage/tokens", signed_in, "", 405),
        ("GET", "/api/admin/users", signed_in, "", 403),
        ("GET", "/api/admin/audit", signed_in, "", 403),
        ("POST", "/usage/reservations/res_zz/release", service, "", 404),
        ("POST", "/usage/reservations/res_00000000000000000000000000000001_1/release", service, "", 404),
        ("POST", "/usage/reservations", service, "{\"amounts\":[],\"ammount\":1}", 422),
        ("POST", "/usage/events", service, "[]", 415),
        ("POST", "/api/auth/login", &[], "{\"email\":\"ada@example.com\",\"password\":\"wrong horse\"}", 401),
        ("POST", "/api/auth/register", &[], "{\"email\":\"ada@example.com\",\"password\":\"correct horse\"}", 409),
        ("POST", "/api/auth/register", &[], "{\"email\":\"b@example.com\",\"password\":\"short\"}", 422),
        ("POST", "/api/auth/refresh", &[], "{\"refreshToken\":\"nvr_guess\"}", 401),
    ];
    for (method, path, headers, body, status) in cases {
        let answer = server.send(method, path, headers, body);
        let Some(answer) = answer else {
            // A body that is refused early may break the connection while it is still sent.
            assert_eq!(*status, 413, "{method} {path} broke the connection");
            continue;
        };
        let shown: String = body.chars().take(80).collect();
        assert_eq!(answer.status, *status, "{method} {path} {shown} -> {}", answer.body);
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
