//! What a new user tries first.

use crate::binary::{Answer, Folder, Server};
use serde_json::{Value, json};

pub(crate) fn reserve(user: &str, amount: i64) -> Value {
    json!({ "userId": user, "amounts": [{ "resourceType": "llm_tokens", "amount": amount }] })
}

#[test]
fn usage_is_recorded_limited_refused_and_a_tier_change_reaches_the_gate_at_once() {
    let folder = Folder::new();
    meets_the_gate(&folder.serve());
}

/// A new user records, is limited and refused, and admitted after a change of tier.
pub(crate) fn meets_the_gate(server: &Server) {
    let (user, token) = server.register("ada@example.com");
    let record = json!({ "userId": user, "resourceType": "llm_tokens", "amount": 800 });
    let recorded = server.service("/usage/record", &record);
    assert_eq!((recorded.status, &recorded.body["success"]), (201, &json!(true)));

    let tokens = server.get("/api/usage/tokens", &token).body;
    assert_eq!((&tokens["used"], &tokens["percentage"]), (&json!(800), &json!(80.0)));
    let stats = server.get("/api/usage/stats", &token).body;
    assert_eq!(stats["warnings"], json!(["llm_tokens at 80.0% of quota"]));

    let refused = server.service("/usage/reservations", &reserve(&user, 300));
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert_eq!(refused.header("ratelimit-policy"), Some("\"llm_tokens.day\";q=1000;w=86400"));
    assert!(refused.header("ratelimit").expect("sent").starts_with("\"llm_tokens.day\";r=200;t="));
    assert!(refused.header("retry-after").is_some());
    for (member, want) in [
        ("remaining", json!(200)),
        ("used", json!(800)),
        ("held", json!(0)),
        ("requested", json!(300)),
        ("limit", json!(1000)),
        ("resource_type", json!("llm_tokens")),
        ("upgrade_to", json!("basic")),
    ] {
        assert_eq!(refused.body[member], want, "{member}");
    }

    let held = server.service("/usage/reservations", &reserve(&user, 200));
    assert_eq!(held.status, 201);
    assert_eq!(held.body["decision"]["standings"][0]["held"], 200);
    let id = held.body["reservationId"].as_str().expect("text");
    let amounts = json!({ "amounts": [{ "resourceType": "llm_tokens", "amount": 150 }] });
    let settled = server.service(&format!("/usage/reservations/{id}/settle"), &amounts);
    assert_eq!((settled.status, &settled.body["status"]), (200, &json!("settled")));
    assert_eq!(server.get("/api/usage/tokens", &token).body["used"], 950);

    let bearer = format!("Bearer {}", server.admin());
    let change = json!({ "tier": "basic", "reason": "upgrade" }).to_string();
    let path = format!("/api/admin/users/{user}/tier");
    let changed = server.send("PUT", &path, &[("authorization", &bearer)], &change);
    assert_eq!(changed.expect("answered").status, 200);
    let admitted = server.service("/usage/reservations", &reserve(&user, 40_000));
    assert_eq!(admitted.status, 201);
    let quota = server.get("/api/usage/quota", &token).body;
    assert_eq!((&quota["tier"], &quota["tokens"]["limit"]), (&json!("basic"), &json!(50_000)));
}

#[test]
fn a_key_is_replayed_after_a_restart_and_refused_for_another_body() {
    let folder = Folder::new();
    let server = folder.serve();
    let (user, _) = server.register("ada@example.com");
    let headers = [("x-service-token", crate::binary::SERVICE_TOKEN), ("idempotency-key", "once")];
    let body = json!({ "userId": user, "resourceType": "messages", "amount": 3 });
    let first = server.post("/usage/record", &headers, &body).expect("answered");
    assert_eq!((first.status, first.header("idempotent-replayed")), (201, None));
    server.terminate();
    assert!(server.wait().success());
    let server = folder.serve();
    let again = server.post("/usage/record", &headers, &body).expect("answered");
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(again.body, first.body);
    let other = json!({ "userId": user, "resourceType": "messages", "amount": 4 });
    let reused = server.post("/usage/record", &headers, &other).expect("answered");
    assert_eq!((reused.status, &reused.body["title"]), (409, &json!("Idempotency key reused")));
}

#[test]
fn a_batch_of_events_is_answered_event_by_event() {
    let folder = Folder::new();
    let server = folder.serve();
    let (user, token) = server.register("ada@example.com");
    let event = |id: &str, amount: Value| {
        json!({ "specversion": "1.0", "id": id, "source": "/test", "type": "used", "subject": user,
            "data": { "resourceType": "messages", "amount": amount } })
    };
    let headers = [
        ("x-service-token", crate::binary::SERVICE_TOKEN),
        ("content-type", "application/cloudevents-batch+json"),
    ];
    let batch = json!([event("1", json!(2)), event("2", json!(1.5)), event("1", json!(2))]);
    let answer = server.post("/usage/events", &headers, &batch).expect("answered");
    assert_eq!(answer.status, 207);
    let statuses: Vec<_> =
        (0..3).map(|index| answer.body["results"][index]["status"].clone()).collect();
    assert_eq!(statuses, ["accepted", "rejected", "replayed"]);
    assert_eq!(answer.body["results"][1]["problem"]["field"], "data.amount");
    let again = server.post("/usage/events", &headers, &json!([event("1", json!(2))]));
    assert_eq!(again.expect("answered").status, 200);
    let quota = server.get("/api/usage/quota", &token).body;
    assert_eq!(quota["messages"]["used"], 2);
}

/// Whether the client of this number records instead of holding.
type ByRecord = fn(u32) -> bool;

/// Two hundred clients at once ask for 100 of 1,000, each by a hold or, where `by_record` says so,
/// by a record; the reservations that were made, and how many records.
fn rush(server: &Server, user: &str, by_record: ByRecord) -> (Vec<String>, usize) {
    let record = json!({ "userId": user, "resourceType": "llm_tokens", "amount": 100,
        "enforce": true });
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..200)
            .map(|number| {
                let record = &record;
                scope.spawn(move || match by_record(number) {
                    true => server.service("/usage/record", record),
                    false => server.service("/usage/reservations", &reserve(user, 100)),
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("no panic")).collect()
    });
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 429)));
    let admitted = answers.iter().filter(|answer| answer.status == 201);
    let ids = admitted.clone().filter_map(|answer| answer.body["reservationId"].as_str());
    let ids: Vec<String> = ids.map(str::to_owned).collect();
    let records = admitted.count() - ids.len();
    (ids, records)
}

#[test]
fn two_hundred_clients_at_once_get_exactly_what_fits() {
    let folder = Folder::new();
    let server = folder.serve();
    let ways: [(&str, ByRecord); 3] =
        [("ada", |_| false), ("bob", |_| true), ("cleo", |number| number % 2 == 1)];
    for (name, by_record) in ways {
        let (user, token) = server.register(&format!("{name}@example.com"));
        let (ids, records) = rush(&server, &user, by_record);
        assert_eq!(ids.len() + records, 10, "{name}");
        assert_eq!(server.get("/api/usage/tokens", &token).body["remaining"], 0);
        for id in &ids {
            let path = format!("/usage/reservations/{id}/release");
            assert_eq!(server.service(&path, &json!({})).status, 200);
        }
        // What was released can be had again, to the last token.
        if !ids.is_empty() {
            let whole = reserve(&user, 100 * ids.len() as i64);
            assert_eq!(server.service("/usage/reservations", &whole).status, 201, "{name}");
        }
        assert_eq!(server.service("/usage/reservations", &reserve(&user, 1)).status, 429);
    }
}
