//! Nobody reaches another's memories, by whatever name.

use super::{id, inputs, lesson, level, stored, with};
use crate::stage::{As, Stage, stored as stored_user, user};
use novacore_access::{Role, User};
use novacore_vocab::OrgId;
use serde_json::{Value, json};

/// Every call that names a memory.
fn calls(id: &str) -> Vec<(&'static str, String, Value)> {
    vec![
        ("GET", format!("/api/memory/retrieve/{id}"), json!({})),
        ("PATCH", format!("/api/memory/update/{id}"), json!({"tags": ["mine"]})),
        ("POST", format!("/api/memory/promote/{id}"), json!({"target_tier": "ltm"})),
        ("DELETE", format!("/api/memory/delete/{id}"), json!({})),
    ]
}

#[tokio::test]
async fn anothers_an_unknown_and_a_tampered_id_are_answered_alike() {
    let stage = Stage::new();
    let memory = stored(&stage, 1, with(lesson("secret"), "tier", "itm")).await;
    let own = id(&memory).to_owned();
    let mut answers = std::collections::BTreeSet::new();
    for name in [
        own.as_str(),
        "01980000-0000-7000-8000-00000000ffff",
        "00000000-0000-0000-0000-000000000000",
        &own.to_uppercase(),
        &own[..35],
        "x",
        "1%20OR%201=1",
        "';DROP%20TABLE%20memory;--",
        "%C3%A9",
    ] {
        for (method, path, body) in calls(name) {
            for key in [&[][..], &[("idempotency-key", "k")][..]] {
                let call = (method, path.as_str());
                let answer = stage.call_with(call, As::User(2), key, body.to_string()).await;
                assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text);
                assert!(!answer.text.contains("secret"));
                answers.insert(answer.text);
            }
        }
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    let same = stage.get(As::User(1), &format!("/api/memory/retrieve/{own}")).await.json();
    assert_eq!((&same["tags"], &same["tier"]), (&json!([]), &json!("itm")));
}

#[tokio::test]
async fn lists_searches_contexts_and_forgetting_stay_with_their_user() {
    let stage = Stage::new();
    stored(&stage, 1, with(lesson("the secret dog"), "session_id", "s")).await;
    stored(&stage, 1, with(with(lesson("secret turn"), "tier", "stm"), "session_id", "s")).await;
    for mode in ["semantic", "keyword", "hybrid"] {
        let ask = json!({"query": "the secret dog", "mode": mode, "limit": 100});
        let found = stage.post(As::User(2), "/api/memory/search", ask).await.json();
        assert_eq!(found["results"], json!([]), "{mode}");
    }
    for path in [
        "/api/memory/list",
        "/api/memory/list?session_id=s",
        "/api/memory/context?session_id=s&query=secret+dog",
        "/api/memory/stm/retrieve/s",
        "/api/memory/usage",
        "/api/memory/stats",
    ] {
        let answer = stage.get(As::User(2), path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text.contains("secret"), "{path}: {}", answer.text);
    }
    let before = level(&stage, 1).await;
    stage.post(As::User(2), "/api/memory/forget", json!({"all": true})).await;
    stage.call_with(("DELETE", "/api/memory/stm/clear/s"), As::User(2), &[], "").await;
    assert_eq!(level(&stage, 1).await, before);
    assert_eq!(stage.get(As::User(1), "/api/memory/list").await.json()["total"], 2);
}

#[tokio::test]
async fn a_user_cannot_name_another() {
    let stage = Stage::new();
    stored(&stage, 1, lesson("secret")).await;
    let named = with(lesson("a"), "user_id", json!(user(1)));
    assert_eq!(stored(&stage, 2, named).await["user_id"], json!(user(2)));
    let headers = [("x-user-id", &*user(1).to_string())];
    let list = stage.call_with(("GET", "/api/memory/list"), As::User(2), &headers, "").await;
    assert_eq!(inputs(&list.json()["memories"]), ["a"]);
    // Nor does an administrator read what is remembered of others.
    let list = stage.call_with(("GET", "/api/memory/list"), As::User(9), &headers, "").await;
    assert_eq!(list.json()["total"], 0);
}

#[tokio::test]
async fn a_key_is_held_to_its_scopes_and_its_organisation() {
    let stage = Stage::new();
    let mate = User { org: OrgId(user(9).0), ..stored_user(3, Role::Student) };
    stage.memory.insert_user(mate);
    let without = stage.key(&["usage:read", "llm", "services", "act_as"]).await;
    let memory = stage.key(&["memory"]).await;
    let acting = stage.key(&["memory", "act_as"]).await;
    let for_user = |number: u128| [("novacore-user", user(number).to_string())];
    for (key, named, status) in [
        (&without, None, 403),
        (&without, Some(3), 403),
        (&memory, None, 201),
        (&memory, Some(3), 403),
        (&acting, None, 201),
        (&acting, Some(3), 201),
        (&acting, Some(1), 404),
        (&acting, Some(77), 404),
    ] {
        let headers = named.map(for_user);
        let headers: Vec<(&str, &str)> =
            headers.iter().flatten().map(|(name, value)| (*name, value.as_str())).collect();
        let call = ("POST", "/api/memory/store");
        let by = As::Bearer(key.clone());
        let answer = stage.call_with(call, by.clone(), &headers, lesson("a").to_string()).await;
        assert_eq!(answer.status, status, "{named:?}: {}", answer.text);
        let answer = stage.call_with(("GET", "/api/memory/list"), by, &headers, "").await;
        assert_eq!(answer.status, if status == 201 { 200 } else { status }, "{named:?}");
    }
    let own = stage.get(As::ServiceFor(3), "/memory/list").await.json();
    assert_eq!((&own["total"], &own["memories"][0]["user_id"]), (&json!(1), &json!(user(3))));
}

#[tokio::test]
async fn a_shut_account_neither_reads_nor_writes() {
    let stage = Stage::new();
    stored(&stage, 1, lesson("a")).await;
    let path = format!("/api/admin/users/{}/disabled", user(1));
    let shut = stage.put(As::User(9), &path, json!({"disabled": true, "reason": "abuse"})).await;
    assert_eq!(shut.status, 200, "{}", shut.text);
    for by in [As::User(1), As::ServiceFor(1)] {
        let prefix = if matches!(by, As::User(_)) { "/api" } else { "" };
        let read = stage.get(by.clone(), &format!("{prefix}/memory/list")).await;
        let write = stage.post(by, &format!("{prefix}/memory/store"), lesson("b")).await;
        assert_eq!((read.status, write.status), (403, 403), "{} {}", read.text, write.text);
    }
}
