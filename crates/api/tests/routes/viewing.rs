//! An administrator who names a user: he sees that user's usage as the user does, and does nothing.

use crate::{
    coverage::{OPEN, attempt, filled, operations},
    stage::{As, Stage, user},
};
use serde_json::json;

/// Whether it is a read of usage.
fn reads_usage(method: &str, path: &str) -> bool {
    let of_holds = path.contains("/reservations");
    let reads = method == "GET" && path.starts_with("/api/usage/") && !of_holds;
    reads || path == "/api/usage/check-quota" || path == "/api/auth/usage/quota"
}

#[tokio::test]
async fn he_reads_what_the_user_reads_and_is_refused_the_rest() {
    let stage = Stage::new();
    let hold = stage.held(1, 7).await;
    stage.used(1, "memory_storage", 6_748).await;
    stage.used(9, "llm_tokens", 3).await;
    let before = stage.memory.entry_count();
    let mut read = 0;
    for (method, path) in operations(&stage).await {
        if OPEN.contains(&path.as_str()) {
            continue;
        }
        let real = filled(&path, &hold);
        let call = (method.as_str(), real.as_str());
        let Some(seen) = attempt(&stage, call, As::Viewing(1)).await else { continue };
        if reads_usage(&method, &path) {
            let own = attempt(&stage, call, As::User(1)).await.unwrap();
            assert_eq!((seen.status, &seen.text), (own.status, &own.text), "{method} {path}");
            read += usize::from(seen.status == 200);
        } else {
            // A body that is read first may be refused first; it is no way in.
            let stopped = [403, 415, 422].contains(&seen.status);
            assert!(stopped, "{method} {path}: {} {}", seen.status, seen.text);
            assert!(method != "GET" || seen.status == 403, "{method} {path}: {}", seen.text);
        }
    }
    assert!(read >= 9, "{read} reads");
    assert_eq!(stage.memory.entry_count(), before);
}

#[tokio::test]
async fn nothing_is_done_in_his_own_name_either() {
    let stage = Stage::new();
    for (method, path, body) in [
        ("GET", "/api/auth/me", json!({})),
        ("GET", "/api/auth/keys", json!({})),
        ("GET", "/api/auth/sessions", json!({})),
        ("POST", "/api/auth/logout-all", json!({})),
        ("POST", "/api/auth/keys", json!({"name": "x", "scopes": ["usage:read"]})),
        ("GET", "/api/admin/users", json!({})),
        ("PUT", "/api/admin/tiers/basic", json!({"limits": {}, "reason": "free"})),
        ("GET", "/api/memory/list", json!({})),
        ("POST", "/api/memory/search", json!({"query": "x"})),
        (
            "POST",
            "/api/usage/reservations",
            json!({"amounts": [{"resourceType": "llm_tokens", "amount": 1}]}),
        ),
    ] {
        for viewed in [1, 9] {
            let by = As::Viewing(viewed);
            let answer = stage.call_with((method, path), by, &[], body.to_string()).await;
            assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text);
            assert!(answer.text.contains("NovaCore-User"), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn only_an_administrator_views_and_only_who_exists() {
    let stage = Stage::new();
    stage.used(1, "llm_tokens", 5).await;
    let named = |number: u128| user(number).to_string();
    let admin_key = stage.key(&["usage:read", "admin"]).await;
    let read_key = stage.key(&["usage:read"]).await;
    let bare_key = stage.key(&["admin"]).await;
    for (by, number, status) in [
        (As::User(9), 1, 200),
        (As::User(9), 77, 404),
        (As::User(2), 1, 403),
        (As::User(1), 1, 403),
        (As::Bearer(admin_key.clone()), 1, 200),
        (As::Bearer(read_key), 1, 403),
        (As::Bearer(bare_key), 1, 403),
    ] {
        let (shown, id) = (format!("{by:?} for {number}"), named(number));
        let headers = [("novacore-user", id.as_str())];
        let answer = stage.call_with(("GET", "/api/usage/tokens"), by, &headers, "").await;
        assert_eq!(answer.status, status, "{shown}: {}", answer.text);
        if status == 200 {
            assert_eq!(answer.json()["used"], 5, "{shown}");
        }
    }
    let id = named(1);
    let twice = [("novacore-user", id.as_str()), ("novacore-user", id.as_str())];
    for headers in [&twice[..], &[("novacore-user", "someone")]] {
        let call = ("GET", "/api/usage/tokens");
        let answer = stage.call_with(call, As::User(9), headers, "").await;
        assert_eq!(answer.status, 422, "{}", answer.text);
    }
}
