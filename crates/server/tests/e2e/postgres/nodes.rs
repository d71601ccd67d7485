//! Several nodes on one database.

use super::Site;
use crate::{binary::Server, flow::reserve};
use novacore_postgres_fixture::Server as Database;
use serde_json::{Value, json};
use std::{
    io::BufRead,
    time::{Duration, Instant},
};

/// How long a node may go on by what it remembers.
const STALE_MAX: Duration = Duration::from_secs(1);

fn put(node: &Server, admin: &str, path: &str, body: &Value) {
    let bearer = format!("Bearer {admin}");
    let done = node.send("PUT", path, &[("authorization", &bearer)], &body.to_string());
    let done = done.expect("answered");
    assert_eq!(done.status, 200, "{}", done.body);
}

fn record(user: &str, amount: i64) -> Value {
    json!({ "userId": user, "resourceType": "llm_tokens", "amount": amount })
}

/// Asks until the answer has this status; no question may be answered otherwise that was asked a
/// second after now.
fn answers_within_a_second(node: &Server, bearer: &str, status: u16) {
    let changed = Instant::now();
    loop {
        let asked = changed.elapsed();
        let answered = node.get("/api/usage/tokens", bearer).status;
        if answered == status {
            return;
        }
        assert!(asked < STALE_MAX, "{answered} to a question asked after {asked:?}");
    }
}

/// Reads a stream up to the event of this number.
fn read_until(stream: &mut impl BufRead, id: u64) -> Vec<String> {
    let mut ids = Vec::new();
    let last = id.to_string();
    loop {
        let mut line = String::new();
        assert_ne!(stream.read_line(&mut line).expect("it goes on"), 0, "the stream has ended");
        if let Some(id) = line.strip_prefix("id: ") {
            ids.push(id.trim_end().to_owned());
            if ids.last() == Some(&last) {
                return ids;
            }
        }
    }
}

#[test]
fn a_session_of_one_node_works_on_another_and_a_tier_admits_there_at_once() {
    let site = Site::on(Database::shared());
    let (here, there) = (site.serve(), site.serve());
    let (user, token) = here.register("ada@example.com");
    let body = json!({ "email": "ada@example.com", "password": "correct horse" });
    let signed_in = here.post("/api/auth/login", &[], &body).expect("answered");
    assert_eq!(there.get("/api/usage/tokens", &token).body["used"], 0);
    let refresh = json!({ "refreshToken": signed_in.body["refreshToken"] });
    assert_eq!(there.post("/api/auth/refresh", &[], &refresh).expect("answered").status, 200);

    assert_eq!(there.service("/usage/reservations", &reserve(&user, 40_000)).status, 429);
    let path = format!("/api/admin/users/{user}/tier");
    put(&here, &here.admin(), &path, &json!({ "tier": "basic", "reason": "upgrade" }));
    assert_eq!(there.service("/usage/reservations", &reserve(&user, 40_000)).status, 201);
    assert_eq!(here.service("/usage/reservations", &reserve(&user, 20_000)).status, 429);
}

#[test]
fn a_revoked_key_and_a_disabled_user_are_refused_on_another_node_within_a_second() {
    let site = Site::on(Database::shared());
    let (here, there) = (site.serve(), site.serve());
    let (user, token) = here.register("ada@example.com");
    let headers = [("authorization", &*format!("Bearer {token}"))];
    let ask = json!({ "name": "ci", "scopes": ["usage:read"] });
    let key = here.post("/api/auth/keys", &headers, &ask).expect("answered").body;
    let text = key["key"].as_str().expect("a key's text");
    assert_eq!(there.get("/api/usage/tokens", text).status, 200);
    let path = format!("/api/auth/keys/{}", key["id"].as_str().expect("an id"));
    let revoked = here.send("DELETE", &path, &headers, "").expect("answered");
    assert!(matches!(revoked.status, 200 | 204), "{}", revoked.body);
    answers_within_a_second(&there, text, 401);

    assert_eq!(there.get("/api/usage/tokens", &token).status, 200);
    let path = format!("/api/admin/users/{user}/disabled");
    let admin = here.admin();
    put(&here, &admin, &path, &json!({ "disabled": true, "reason": "a test" }));
    answers_within_a_second(&there, &token, 403);
    put(&here, &admin, &path, &json!({ "disabled": false, "reason": "a test" }));
    answers_within_a_second(&there, &token, 200);
}

#[test]
fn a_stream_hears_of_another_nodes_entries_and_goes_on_elsewhere() {
    let site = Site::on(Database::shared());
    let (here, there) = (site.serve(), site.serve());
    let (user, token) = here.register("ada@example.com");
    let mut stream = there.stream(&token, "0");
    for version in 1..=3 {
        assert_eq!(here.service("/usage/record", &record(&user, 1)).status, 201);
        assert_eq!(read_until(&mut stream, version), [version.to_string()]);
    }
    there.kill();
    for _ in 4..=5 {
        assert_eq!(here.service("/usage/record", &record(&user, 1)).status, 201);
    }
    let there = site.serve();
    let mut stream = there.stream(&token, "3");
    assert_eq!(read_until(&mut stream, 5), ["4", "5"]);
    assert_eq!(here.service("/usage/record", &record(&user, 1)).status, 201);
    assert_eq!(read_until(&mut stream, 6), ["6"]);
}
