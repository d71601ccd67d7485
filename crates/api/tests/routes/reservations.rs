//! Reserve, settle, extend, release, look.

use crate::stage::{As, Stage, user};
use insta::assert_snapshot;
use serde_json::{Value, json};

fn tokens(amount: i64) -> Value {
    json!([{"resourceType": "llm_tokens", "amount": amount}])
}

#[tokio::test]
async fn reserve_and_look() {
    let stage = Stage::new();
    let body = json!({"userId": user(1), "amounts": tokens(200), "ttlSeconds": 60});
    let reserved = stage.post(As::Service, "/usage/reservations", body).await;
    assert_snapshot!(reserved.show(&[]), @r#"
    201
    {
      "decision": {
        "admitted": true,
        "flags": [],
        "standings": [
          {
            "grantable": 800,
            "held": 200,
            "limit": 1000,
            "remaining": 800,
            "resetsAt": "2026-11-25T00:00:00Z",
            "resourceType": "llm_tokens",
            "used": 0,
            "window": "day"
          }
        ]
      },
      "expiresAt": "2026-11-24T12:01:00Z",
      "reservationId": "res_01980000000070008000000000000001_1"
    }
    "#);
    let id = reserved.json()["reservationId"].as_str().unwrap().to_owned();
    let path = format!("/usage/reservations/{id}");
    assert_snapshot!(stage.get(As::Service, &path).await.show(&[]), @r#"
    200
    {
      "amounts": [{"charged":0,"held":200,"reserved":200,"resourceType":"llm_tokens"}],
      "expiresAt": "2026-11-24T12:01:00Z",
      "onExpiry": "release",
      "reservationId": "res_01980000000070008000000000000001_1",
      "reservedAt": "2026-11-24T12:00:00Z",
      "status": "open",
      "userId": "01980000-0000-7000-8000-000000000001"
    }
    "#);
}

#[tokio::test]
async fn settle_in_part_and_at_last() {
    let stage = Stage::new();
    let id = stage.held(1, 200).await;
    let path = format!("/usage/reservations/{id}");
    let partial = json!({"amounts": tokens(50), "final": false});
    let partial = stage.post(As::Service, &format!("{path}/settle"), partial).await;
    assert_eq!(partial.json()["status"], "open");
    let last = json!({"amounts": tokens(100)});
    let settled = stage.post(As::Service, &format!("{path}/settle"), last.clone()).await;
    assert_snapshot!(settled.show(&[]), @r#"
    200
    {
      "decision": {
        "admitted": true,
        "flags": ["final"],
        "standings": [
          {
            "grantable": 850,
            "held": 0,
            "limit": 1000,
            "remaining": 850,
            "resetsAt": "2026-11-25T00:00:00Z",
            "resourceType": "llm_tokens",
            "used": 150,
            "window": "day"
          }
        ]
      },
      "reservationId": "res_01980000000070008000000000000001_1",
      "status": "settled"
    }
    "#);
    let again = stage.post(As::Service, &format!("{path}/settle"), last).await;
    assert_snapshot!(again.show(&[]), @r#"
    409
    content-type: application/problem+json
    {
      "detail": "the reservation has ended: settled",
      "error": "Reservation ended",
      "message": "the reservation has ended: settled",
      "reservation_status": "settled",
      "status": 409,
      "title": "Reservation ended",
      "type": "urn:novacore:problem:reservation-ended"
    }
    "#);
}

#[tokio::test]
async fn a_refusal_says_what_is_left_and_when_to_come_back() {
    let stage = Stage::new();
    stage.used(1, "llm_tokens", 800).await;
    let body = json!({"userId": user(1), "amounts": tokens(300)});
    let refused = stage.post(As::Service, "/usage/reservations", body).await;
    assert_snapshot!(refused.show(&[]), @r#"
    429
    content-type: application/problem+json
    retry-after: 43200
    ratelimit-policy: "llm_tokens.day";q=1000;w=86400
    ratelimit: "llm_tokens.day";r=200;t=43200
    {
      "detail": "llm_tokens quota exceeded. Current: 800, Requested: 300, Limit: 1000",
      "error": "Quota exceeded",
      "held": 0,
      "limit": 1000,
      "limit_name": "day",
      "message": "llm_tokens quota exceeded. Current: 800, Requested: 300, Limit: 1000",
      "remaining": 200,
      "requested": 300,
      "resets_at": "2026-11-25T00:00:00Z",
      "resource_type": "llm_tokens",
      "status": 429,
      "title": "Quota exceeded",
      "type": "urn:novacore:problem:quota-exceeded",
      "upgrade_to": "basic",
      "used": 800
    }
    "#);
    let bytes = json!([{"resourceType": "memory_storage", "amount": 2_i64 << 30}]);
    let body = json!({"userId": user(1), "amounts": bytes});
    let refused = stage.post(As::Service, "/usage/reservations", body).await;
    assert_snapshot!(refused.show(&[]), @r#"
    429
    content-type: application/problem+json
    ratelimit-policy: "memory_storage.lifetime";q=1073741824
    ratelimit: "memory_storage.lifetime";r=1073741824
    {
      "detail": "memory_storage quota exceeded. Current: 0, Requested: 2147483648, Limit: 1073741824",
      "error": "Quota exceeded",
      "held": 0,
      "limit": 1073741824,
      "limit_name": "lifetime",
      "message": "memory_storage quota exceeded. Current: 0, Requested: 2147483648, Limit: 1073741824",
      "remaining": 1073741824,
      "requested": 2147483648,
      "resets_at": null,
      "resource_type": "memory_storage",
      "status": 429,
      "title": "Quota exceeded",
      "type": "urn:novacore:problem:quota-exceeded",
      "upgrade_to": "basic",
      "used": 0
    }
    "#);
    stage.held(1, 200).await;
}

#[tokio::test]
async fn extend_and_release() {
    let stage = Stage::new();
    let id = stage.held(1, 100).await;
    let path = format!("/usage/reservations/{id}");
    let more = json!({"ttlSeconds": 600, "amounts": tokens(50)});
    let extended = stage.post(As::Service, &format!("{path}/extend"), more).await;
    assert_snapshot!(extended.show(&[]), @r#"
    200
    {
      "decision": {
        "admitted": true,
        "flags": [],
        "standings": [
          {
            "grantable": 850,
            "held": 150,
            "limit": 1000,
            "remaining": 850,
            "resetsAt": "2026-11-25T00:00:00Z",
            "resourceType": "llm_tokens",
            "used": 0,
            "window": "day"
          }
        ]
      },
      "expiresAt": "2026-11-24T12:10:00Z",
      "reservationId": "res_01980000000070008000000000000001_1"
    }
    "#);
    let call = ("POST", format!("{path}/extend"));
    let bare = stage.call_with((call.0, &call.1), As::Service, &[], "").await;
    assert_eq!(bare.status, 200);
    let released = stage.post(As::Service, &format!("{path}/release"), json!({})).await;
    assert_snapshot!(released.show(&[]), @r#"
    200
    {
      "decision": {
        "admitted": true,
        "flags": ["final"],
        "standings": [
          {
            "grantable": 1000,
            "held": 0,
            "limit": 1000,
            "remaining": 1000,
            "resetsAt": "2026-11-25T00:00:00Z",
            "resourceType": "llm_tokens",
            "used": 0,
            "window": "day"
          }
        ]
      },
      "reservationId": "res_01980000000070008000000000000001_1",
      "status": "released"
    }
    "#);
    let after = stage.post(As::Service, &format!("{path}/extend"), json!({})).await;
    assert_eq!((after.status, &after.json()["reservation_status"]), (409, &json!("released")));
}

#[tokio::test]
async fn one_that_ran_out_is_settled_late_once() {
    let stage = Stage::new();
    let id = stage.held(1, 100).await;
    stage.clock.advance_s(301);
    let path = format!("/usage/reservations/{id}");
    assert_eq!(stage.get(As::Service, &path).await.json()["status"], "expired");
    let body = json!({"amounts": tokens(40)});
    let late = stage.post(As::Service, &format!("{path}/settle"), body.clone()).await;
    assert_eq!(late.json()["status"], "settled_late");
    assert_eq!(stage.post(As::Service, &format!("{path}/settle"), body).await.status, 409);
    assert_eq!(stage.get(As::User(1), "/api/usage/tokens").await.json()["used"], 40);
}

#[tokio::test]
async fn every_verb_replays_its_first_answer() {
    let stage = Stage::new();
    let id = stage.held(1, 100).await;
    let base = format!("/usage/reservations/{id}");
    let reserve = json!({"userId": user(1), "amounts": tokens(5)}).to_string();
    for (key, path, body) in [
        ("a", "/usage/reservations".to_owned(), reserve),
        ("b", format!("{base}/extend"), json!({"ttlSeconds": 60}).to_string()),
        ("c", format!("{base}/settle"), json!({"amounts": tokens(1), "final": false}).to_string()),
        ("d", format!("{base}/release"), String::new()),
    ] {
        let call = async || {
            let headers = [("idempotency-key", key)];
            stage.call_with(("POST", &path), As::Service, &headers, body.clone()).await
        };
        let first = call().await;
        assert!(first.status < 300, "{path}: {}", first.text);
        assert!(!first.headers.contains_key("idempotent-replayed"));
        let second = call().await;
        assert_eq!(second.headers["idempotent-replayed"], "true", "{path}");
        assert_eq!((second.status, second.text), (first.status, first.text));
    }
}

#[tokio::test]
async fn reservations_of_others_do_not_exist() {
    let stage = Stage::new();
    let id = stage.held(1, 100).await;
    let stranger = stage.key(&["usage:read", "usage:write", "act_as"]).await;
    for (method, verb) in
        [("GET", ""), ("POST", "/settle"), ("POST", "/extend"), ("POST", "/release")]
    {
        let path = format!("/api/usage/reservations/{id}{verb}");
        let by = As::Bearer(stranger.clone());
        let body = if verb == "/settle" { r#"{"amounts":[]}"# } else { "" };
        let answer = stage.call_with((method, &path), by, &[], body).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
    }
    let headers = [("novacore-user", &*user(1).to_string())];
    let by = As::Bearer(stranger);
    let answer = stage.call_with(("GET", "/api/usage/tier"), by, &headers, "").await;
    assert_eq!(answer.status, 404);
}
