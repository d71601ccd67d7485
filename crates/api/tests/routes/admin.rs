//! The operator's calls.

use crate::stage::{As, Stage, user};
use insta::assert_snapshot;
use serde_json::{Value, json};

#[tokio::test]
async fn tiers_are_listed_replaced_and_added() {
    let stage = Stage::new();
    let list = stage.get(As::User(9), "/api/admin/tiers").await.json();
    let names: Vec<_> =
        list["tiers"].as_array().unwrap().iter().map(|tier| &tier["name"]).collect();
    assert_eq!(names, ["free_trial", "basic", "pro"]);
    assert_snapshot!(stage.get(As::User(9), "/api/admin/tiers/basic").await.show(&[]), @r#"
    200
    {
      "limits": {
        "agent_minutes": [{"cap":60,"mode":"hard","name":"month","warnAt":[80,100],"window":"month"}],
        "llm_tokens": [{"cap":50000,"mode":"hard","name":"day","warnAt":[80,100],"window":"day"}],
        "memory_storage": [
          {
            "cap": 10737418240,
            "mode": "hard",
            "name": "lifetime",
            "warnAt": [80,100],
            "window": "lifetime"
          }
        ],
        "messages": [{"cap":5000,"mode":"hard","name":"day","warnAt":[80,100],"window":"day"}]
      },
      "name": "basic",
      "rank": 20
    }
    "#);
    let limits = json!({"llm_tokens": [
        {"cap": 5, "window": "hour"},
        {"cap": -1, "window": "month", "mode": "soft", "warnAt": [50]},
    ]});
    let body = json!({"limits": limits, "reason": "a small one"});
    let made = stage.put(As::User(9), "/api/admin/tiers/tiny", body).await;
    assert_snapshot!(made.show(&[]), @r#"
    200
    {
      "limits": {
        "llm_tokens": [
          {"cap":5,"mode":"hard","name":"hour","warnAt":[80,100],"window":"hour"},
          {"cap":-1,"mode":"soft","name":"month","warnAt":[50],"window":"month"}
        ]
      },
      "name": "tiny",
      "rank": 40
    }
    "#);
    assert_eq!(stage.get(As::User(9), "/api/admin/tiers/none").await.status, 404);
}

#[tokio::test]
async fn a_tier_that_makes_no_sense_is_refused() {
    let stage = Stage::new();
    let body = json!({"limits": {}, "reason": "a small one"});
    for (change, field) in [
        (json!({"limits": {"images": []}}), "limits"),
        (json!({"limits": {"llm_tokens": [{"cap": -2, "window": "day"}]}}), "limits"),
        (
            json!({"limits": {"llm_tokens": [{"cap": 1, "window": "year"}]}}),
            "limits.llm_tokens[0].window",
        ),
        (json!({"reason": " "}), "reason"),
        (json!({"color": "red"}), "color"),
    ] {
        let mut bad = body.clone();
        change.as_object().unwrap().iter().for_each(|(name, value)| bad[name] = value.clone());
        let answer = stage.put(As::User(9), "/api/admin/tiers/tiny", bad).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)));
    }
}

#[tokio::test]
async fn users_are_found_and_paged() {
    let stage = Stage::new();
    assert_snapshot!(stage.get(As::User(9), "/api/admin/users?limit=1").await.show(&[]), @r#"
    200
    {
      "nextCursor": "01980000-0000-7000-8000-000000000001",
      "users": [
        {
          "createdAt": "2026-11-01T00:00:00Z",
          "disabled": false,
          "email": "u1@example.com",
          "id": "01980000-0000-7000-8000-000000000001",
          "role": "student",
          "tier": "free_trial",
          "trialEndsAt": null
        }
      ]
    }
    "#);
    let path = format!("/api/admin/users?cursor={}", user(1));
    let rest = stage.get(As::User(9), &path).await.json();
    assert_eq!(rest["users"].as_array().unwrap().len(), 2);
    let found = stage.get(As::User(9), "/api/admin/users?search=U2%40").await.json();
    assert_eq!(found["users"][0]["id"], json!(user(2)));
    assert_eq!(stage.get(As::User(9), "/api/admin/users?cursor=x").await.status, 422);
}

#[tokio::test]
async fn a_change_of_tier_reaches_the_gate_at_once() {
    let stage = Stage::new();
    let amounts = json!([{"resourceType": "llm_tokens", "amount": 40_000}]);
    let ask = json!({"userId": user(1), "amounts": amounts});
    let refused = stage.post(As::Service, "/usage/reservations", ask.clone()).await;
    assert_eq!((refused.status, &refused.json()["upgrade_to"]), (429, &json!("basic")));
    let path = format!("/api/admin/users/{}/tier", user(1));
    let body = json!({"tier": "basic", "reason": "paid"});
    assert_snapshot!(stage.put(As::User(9), &path, body).await.show(&[]), @r#"
    200
    {
      "createdAt": "2026-11-01T00:00:00Z",
      "disabled": false,
      "email": "u1@example.com",
      "id": "01980000-0000-7000-8000-000000000001",
      "role": "student",
      "tier": "basic",
      "trialEndsAt": null
    }
    "#);
    assert_eq!(stage.post(As::Service, "/usage/reservations", ask).await.status, 201);
    let unknown = json!({"tier": "gold", "reason": "paid"});
    assert_snapshot!(stage.put(As::User(9), &path, unknown).await.show(&[]), @r#"
    422
    content-type: application/problem+json
    {
      "detail": "tier: unknown tier gold",
      "error": "Invalid field",
      "field": "tier",
      "message": "tier: unknown tier gold",
      "status": 422,
      "title": "Invalid field",
      "type": "urn:novacore:problem:invalid-field"
    }
    "#);
}

#[tokio::test]
async fn a_shut_account_is_shut_for_every_door() {
    let stage = Stage::new();
    let path = format!("/api/admin/users/{}/disabled", user(1));
    let body = json!({"disabled": true, "reason": "abuse"});
    assert_eq!(stage.put(As::User(9), &path, body).await.json()["disabled"], true);
    assert_snapshot!(stage.get(As::User(1), "/api/usage/tier").await.show(&[]), @r#"
    403
    content-type: application/problem+json
    {
      "detail": "the account is disabled",
      "error": "Account disabled",
      "message": "the account is disabled",
      "status": 403,
      "title": "Account disabled",
      "type": "urn:novacore:problem:account-disabled"
    }
    "#);
    let amounts = json!([{"resourceType": "llm_tokens", "amount": 1}]);
    let ask = json!({"userId": user(1), "amounts": amounts});
    assert_eq!(stage.post(As::Service, "/usage/reservations", ask).await.status, 403);
    stage.used(1, "llm_tokens", 1).await;
    let own = format!("/api/admin/users/{}/role", user(9));
    let body = json!({"role": "student", "reason": "oops"});
    assert_eq!(stage.put(As::User(9), &own, body.clone()).await.status, 403);
    let other = format!("/api/admin/users/{}/role", user(2));
    assert_eq!(stage.put(As::User(9), &other, body).await.json()["role"], "student");
    let wrong = json!({"role": "root", "reason": "oops"});
    assert_eq!(stage.put(As::User(9), &other, wrong).await.status, 422);
}

#[tokio::test]
async fn overrides_are_set_shown_and_removed() {
    let stage = Stage::new();
    let path = format!("/api/admin/users/{}/overrides/llm_tokens", user(1));
    assert_eq!(stage.get(As::User(9), &path).await.status, 404);
    let body = json!({"cap": 5_000, "expiresAt": "2026-12-01T00:00:00Z", "reason": "a trial"});
    assert_snapshot!(stage.put(As::User(9), &path, body).await.show(&[]), @r#"
    200
    {
      "author": "user:01980000-0000-7000-8000-000000000009",
      "cap": 5000,
      "expiresAt": "2026-12-01T00:00:00Z",
      "inForce": true,
      "limit": null,
      "mode": null,
      "reason": "a trial",
      "resourceType": "llm_tokens",
      "userId": "01980000-0000-7000-8000-000000000001",
      "warnAt": null
    }
    "#);
    assert_eq!(stage.get(As::User(1), "/api/usage/tokens").await.json()["limit"], 5_000);
    let bare = stage.call_with(("DELETE", &path), As::User(9), &[], "").await;
    assert_eq!((bare.status, &bare.json()["field"]), (422, &json!("reason")));
    let why = format!("{path}?reason=over");
    let removed = stage.call_with(("DELETE", &why), As::User(9), &[], "").await;
    assert_snapshot!(removed.show(&[]), @r#"
    200
    {
      "message": "Override removed",
      "success": true
    }
    "#);
    assert_eq!(stage.get(As::User(1), "/api/usage/tokens").await.json()["limit"], 1_000);
    let again = stage.call_with(("DELETE", &why), As::User(9), &[], "").await;
    assert_eq!(again.status, 404);
    for (body, field) in [
        (json!({"reason": "x"}), "cap"),
        (json!({"cap": -5, "reason": "x"}), "cap"),
        (json!({"cap": 5}), "reason"),
        (json!({"warnAt": [0], "reason": "x"}), "warnAt"),
        (json!({"burst": {}, "reason": "x"}), "burst"),
    ] {
        let answer = stage.put(As::User(9), &path, body).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)));
    }
    let other = format!("{path}?limit=fortnight");
    let answer = stage.put(As::User(9), &other, json!({"cap": 5, "reason": "x"})).await;
    assert_eq!((answer.status, &answer.json()["field"]), (422, &json!("limit")));
}

#[tokio::test]
async fn usage_of_all() {
    let stage = Stage::new();
    stage.used(1, "llm_tokens", 30).await;
    stage.used(2, "llm_tokens", 70).await;
    let path = "/api/admin/usage?days=7&top=1";
    assert_snapshot!(stage.get(As::User(9), path).await.show(&[]), @r#"
    200
    {
      "activeUsers": 2,
      "days": 7,
      "resources": [
        {
          "amount": 0,
          "humanReadable": "0 minutes",
          "resourceType": "agent_minutes",
          "top": [],
          "users": 0
        },
        {
          "amount": 100,
          "humanReadable": "100 tokens",
          "resourceType": "llm_tokens",
          "top": [
            {
              "amount": 70,
              "email": "u2@example.com",
              "humanReadable": "70 tokens",
              "userId": "01980000-0000-7000-8000-000000000002"
            }
          ],
          "users": 2
        },
        {
          "amount": 0,
          "humanReadable": "0 B",
          "resourceType": "memory_storage",
          "top": [],
          "users": 0
        },
        {
          "amount": 0,
          "humanReadable": "0 messages",
          "resourceType": "messages",
          "top": [],
          "users": 0
        }
      ],
      "timestamp": "2026-11-24T12:00:00Z"
    }
    "#);
}

#[tokio::test]
async fn the_audit_log_is_paged_and_filtered() {
    let stage = Stage::new();
    for tier in ["basic", "pro"] {
        let path = format!("/api/admin/users/{}/tier", user(1));
        stage.put(As::User(9), &path, json!({"tier": tier, "reason": "paid"})).await;
    }
    assert_snapshot!(stage.get(As::User(9), "/api/admin/audit?limit=1").await.show(&[]), @r#"
    200
    {
      "entries": [
        {
          "action": "set_tier",
          "actor": "user:01980000-0000-7000-8000-000000000009",
          "after": {"tier":"pro"},
          "at": "2026-11-24T12:00:00Z",
          "before": {"tier":"basic"},
          "reason": "paid",
          "seq": 2,
          "target": "user:01980000-0000-7000-8000-000000000001"
        }
      ],
      "nextCursor": "2"
    }
    "#);
    let next = stage.get(As::User(9), "/api/admin/audit?limit=1&cursor=2").await.json();
    assert_eq!(next["entries"][0]["after"], json!({"tier": "basic"}));
    let path = format!("/api/admin/audit?target=user:{}", user(2));
    assert_eq!(stage.get(As::User(9), &path).await.json()["entries"], Value::Array(vec![]));
}
