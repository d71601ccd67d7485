//! Registration, sign-in, sessions, keys.

use crate::stage::{As, Stage, user};
use insta::assert_snapshot;
use serde_json::{Value, json};

fn ada() -> Value {
    json!({"email": "ada@example.com", "password": "correct horse", "unknown": 1})
}

#[tokio::test]
async fn register_and_login() {
    let stage = Stage::new();
    let made = stage.post(As::Nobody, "/api/auth/register", ada()).await;
    let hidden = ["id", "accessToken", "refreshToken"];
    assert_snapshot!(made.show(&hidden), @r#"
    201
    {
      "accessToken": "...",
      "refreshToken": "...",
      "user": {
        "email": "ada@example.com",
        "id": "...",
        "role": "student",
        "subscription_tier": "free_trial",
        "trial_ends_at": "2026-12-08T12:00:00Z"
      }
    }
    "#);
    let twice = stage.post(As::Nobody, "/api/auth/register", ada()).await;
    assert_snapshot!(twice.show(&[]), @r#"
    409
    content-type: application/problem+json
    {
      "detail": "this e-mail address is already registered",
      "error": "E-mail taken",
      "message": "this e-mail address is already registered",
      "status": 409,
      "title": "E-mail taken",
      "type": "urn:novacore:problem:email-taken"
    }
    "#);
    let signed_in = stage.post(As::Nobody, "/api/auth/login", ada()).await;
    assert_eq!(signed_in.status, 200);
    let wrong = json!({"email": "ada@example.com", "password": "wrong horse"});
    let wrong = stage.post(As::Nobody, "/api/auth/login", wrong).await;
    assert_snapshot!(wrong.show(&[]), @r#"
    401
    content-type: application/problem+json
    www-authenticate: Bearer
    {
      "detail": "wrong e-mail or password",
      "error": "Wrong e-mail or password",
      "message": "wrong e-mail or password",
      "status": 401,
      "title": "Wrong e-mail or password",
      "type": "urn:novacore:problem:wrong-login"
    }
    "#);
}

#[tokio::test]
async fn me_sessions_and_logout_everywhere() {
    let stage = Stage::new();
    let made = stage.post(As::Nobody, "/api/auth/register", ada()).await;
    let by = As::Bearer(made.json()["accessToken"].as_str().unwrap().to_owned());
    assert_snapshot!(stage.get(by.clone(), "/api/auth/me").await.show(&["id"]), @r#"
    200
    {
      "created_at": "2026-11-24T12:00:00Z",
      "email": "ada@example.com",
      "id": "...",
      "role": "student",
      "subscription_tier": "free_trial",
      "trial_ends_at": "2026-12-08T12:00:00Z"
    }
    "#);
    assert_snapshot!(stage.get(by.clone(), "/api/auth/sessions").await.show(&["id"]), @r#"
    200
    {
      "sessions": [
        {
          "createdAt": "2026-11-24T12:00:00Z",
          "expiresAt": "2026-12-24T12:00:00Z",
          "id": "...",
          "refreshedAt": "2026-11-24T12:00:00Z"
        }
      ]
    }
    "#);
    let all = stage.post(by, "/api/auth/logout-all", json!({})).await;
    assert_snapshot!(all.show(&[]), @r#"
    200
    {
      "ended": 1,
      "success": true
    }
    "#);
}

#[tokio::test]
async fn refresh_and_logout() {
    let stage = Stage::new();
    let made = stage.post(As::Nobody, "/api/auth/register", ada()).await;
    let hidden = ["accessToken", "refreshToken"];
    let refresh = json!({"refreshToken": made.json()["refreshToken"]});
    let tokens = stage.post(As::Nobody, "/api/auth/refresh", refresh.clone()).await;
    assert_snapshot!(tokens.show(&hidden), @r#"
    200
    {
      "accessToken": "...",
      "refreshToken": "..."
    }
    "#);
    let again = stage.post(As::Nobody, "/api/auth/refresh", refresh.clone()).await;
    assert_eq!(again.json()["refreshToken"], tokens.json()["refreshToken"]);
    let left = stage.post(As::Nobody, "/api/auth/logout", refresh.clone()).await;
    assert_snapshot!(left.show(&[]), @r#"
    200
    {
      "message": "Signed out",
      "success": true
    }
    "#);
    let ended = stage.post(As::Nobody, "/api/auth/refresh", refresh).await;
    assert_snapshot!(ended.show(&[]), @r#"
    401
    content-type: application/problem+json
    www-authenticate: Bearer
    {
      "detail": "the session has ended; sign in again",
      "error": "Invalid credential",
      "message": "the session has ended; sign in again",
      "status": 401,
      "title": "Invalid credential",
      "type": "urn:novacore:problem:credential-invalid"
    }
    "#);
}

#[tokio::test]
async fn what_cannot_register_is_told_why() {
    let stage = Stage::new();
    for (email, password, field) in
        [("no address", "correct horse", "email"), ("a@example.com", "short", "password")]
    {
        let body = json!({"email": email, "password": password});
        let answer = stage.post(As::Nobody, "/api/auth/register", body).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)));
    }
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let stage = Stage::new();
    let guess = json!({"email": "u1@example.com", "password": "wrong horse"});
    for _ in 0..10 {
        assert_eq!(stage.post(As::Nobody, "/api/auth/login", guess.clone()).await.status, 401);
    }
    assert_snapshot!(stage.post(As::Nobody, "/api/auth/login", guess).await.show(&[]), @r#"
    429
    content-type: application/problem+json
    retry-after: 10
    ratelimit-policy: "requests.rate";q=1;w=10
    ratelimit: "requests.rate";r=0;t=10
    {
      "detail": "too many attempts; try again in 10 seconds",
      "error": "Too many attempts",
      "held": 0,
      "limit": 1,
      "limit_name": "rate",
      "message": "too many attempts; try again in 10 seconds",
      "remaining": 0,
      "requested": 1,
      "resets_at": null,
      "resource_type": "requests",
      "status": 429,
      "title": "Too many attempts",
      "type": "urn:novacore:problem:rate-limited",
      "upgrade_to": null,
      "used": 1
    }
    "#);
}

#[tokio::test]
async fn keys_are_shown_once_listed_and_revoked() {
    let stage = Stage::new();
    let body = json!({"name": " ci ", "scopes": ["llm", "usage:read"]});
    let made = stage.post(As::User(1), "/api/auth/keys", body).await;
    assert_snapshot!(made.show(&["id", "key", "prefix"]), @r#"
    201
    {
      "createdAt": "2026-11-24T12:00:00Z",
      "expiresAt": null,
      "id": "...",
      "key": "...",
      "lastUsedAt": null,
      "name": "ci",
      "prefix": "...",
      "scopes": ["usage:read","llm"]
    }
    "#);
    let key = As::Bearer(made.json()["key"].as_str().unwrap().to_owned());
    assert_eq!(stage.get(key.clone(), "/api/usage/tier").await.status, 200);
    let listed = stage.get(As::User(1), "/api/auth/keys").await;
    assert_snapshot!(listed.show(&["id", "prefix"]), @r#"
    200
    {
      "keys": [
        {
          "createdAt": "2026-11-24T12:00:00Z",
          "expiresAt": null,
          "id": "...",
          "lastUsedAt": "2026-11-24T12:00:00Z",
          "name": "ci",
          "prefix": "...",
          "scopes": ["usage:read","llm"]
        }
      ]
    }
    "#);
    let path = format!("/api/auth/keys/{}", made.json()["id"].as_str().unwrap());
    let foreign = stage.call_with(("DELETE", &path), As::User(2), &[], "").await;
    assert_eq!(foreign.status, 404);
    let revoked = stage.call_with(("DELETE", &path), As::User(1), &[], "").await;
    assert_snapshot!(revoked.show(&[]), @r#"
    200
    {
      "message": "Key revoked",
      "success": true
    }
    "#);
    assert_snapshot!(stage.get(key, "/api/usage/tier").await.show(&[]), @r#"
    401
    content-type: application/problem+json
    www-authenticate: Bearer
    {
      "detail": "the token is not valid",
      "error": "Invalid credential",
      "message": "the token is not valid",
      "status": 401,
      "title": "Invalid credential",
      "type": "urn:novacore:problem:credential-invalid"
    }
    "#);
}

#[tokio::test]
async fn keys_that_are_not_made() {
    let stage = Stage::new();
    for (body, field) in [
        (json!({"name": "", "scopes": ["llm"]}), "name"),
        (json!({"name": "x", "scopes": []}), "scopes"),
        (json!({"name": "x", "scopes": ["root"]}), "scopes"),
        (json!({"name": "x", "scopes": ["llm"], "expiresAt": "2020-01-01T00:00:00Z"}), "expiresAt"),
        (json!({"name": "x", "scopes": ["llm"], "expires": 1}), "expires"),
    ] {
        let answer = stage.post(As::User(1), "/api/auth/keys", body).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)));
    }
    let write = json!({"name": "x", "scopes": ["usage:write"]});
    assert_eq!(stage.post(As::User(1), "/api/auth/keys", write).await.status, 403);
}

#[tokio::test]
async fn a_key_acts_for_others_only_with_the_scope() {
    let stage = Stage::new();
    let plain = stage.key(&["usage:read"]).await;
    let named = user(9).to_string();
    let headers = [("novacore-user", named.as_str())];
    let call = ("GET", "/api/usage/tier");
    let refused = stage.call_with(call, As::Bearer(plain.clone()), &headers, "").await;
    assert_snapshot!(refused.show(&[]), @r#"
    403
    content-type: application/problem+json
    {
      "detail": "acting for a user needs the scope act_as",
      "error": "Forbidden",
      "message": "acting for a user needs the scope act_as",
      "status": 403,
      "title": "Forbidden",
      "type": "urn:novacore:problem:forbidden"
    }
    "#);
    let acting = stage.key(&["usage:read", "act_as"]).await;
    let allowed = stage.call_with(call, As::Bearer(acting), &headers, "").await;
    assert_eq!(allowed.json()["userId"], json!(user(9)));
    // What belongs to the other side of the wall means nothing here.
    let forged = [("x-user-id", named.as_str()), ("x-user-role", "admin"), ("x_user_id", "x")];
    let own = stage.call_with(call, As::User(1), &forged, "").await;
    assert_eq!(own.json()["userId"], json!(user(1)));
}

#[tokio::test]
async fn between_services_the_same_calls_need_the_service_token() {
    let stage = Stage::new();
    assert_eq!(stage.post(As::Nobody, "/auth/register", ada()).await.status, 401);
    assert_eq!(stage.post(As::Service, "/auth/register", ada()).await.status, 201);
    assert_eq!(stage.get(As::ServiceFor(1), "/auth/me").await.json()["id"], json!(user(1)));
    assert_eq!(stage.get(As::User(1), "/auth/me").await.status, 401);
}
