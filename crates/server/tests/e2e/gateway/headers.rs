//! What a service hears, and what a client hears of it.

use super::{
    administer,
    client::{call, told},
    serve, set_tier,
    upstream::Upstream,
};
use crate::binary::{Folder, SERVICE_TOKEN, Server};
use serde_json::json;

/// What an attacker would like a service to hear.
fn forged() -> String {
    format!(
        "X-User-Id: 00000000-0000-4000-8000-000000000009
        x-user-id: 8
        X-USER-TIER: enterprise
        X-User-Role: admin
        X_User_Id: 7
        X-User_Tier: pro
        X-Service-Token: {SERVICE_TOKEN}
        X_Service_Token: {SERVICE_TOKEN}
        X-Request-Id: forged
        X-Forwarded-For: 6.6.6.6
        X-Forwarded-Proto: https
        X-Forwarded-Host: evil
        Forwarded: for=6.6.6.6
        X-NovaCore-Context: forged
        Connection: keep-alive, x-user-id, x-request-id, x-secret
        X-Secret: 1
        Cookie: a=1; novacore_refresh=secret; b=2
        X-Custom: mine"
    )
}

#[test]
fn a_service_hears_who_calls_and_nothing_that_was_forged() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let server = serve(&folder, &upstream, "rewrite = \"/\"");
    let (user, token) = server.register("ada@example.com");
    let forged = forged();
    let answer = call(&server, "GET /svc/echo?q=1&r=%2F", &token, &forged);
    assert_eq!(answer.status, 200, "{answer:?}");
    let said = answer.json();
    assert_eq!((&said["method"], &said["path"]), (&json!("GET"), &json!("/echo?q=1&r=%2F")));
    let headers = said["headers"].as_array().unwrap();
    let mut names: Vec<_> = headers.iter().map(|header| header[0].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "cookie",
            "host",
            "x-custom",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-novacore-context",
            "x-request-id",
            "x-user-email",
            "x-user-id",
            "x-user-role",
            "x-user-tier",
        ]
    );
    for (name, want) in [
        ("cookie", "a=1; b=2"),
        ("host", upstream.address().to_string().as_str()),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "api.example.com"),
        ("x-forwarded-proto", "http"),
        ("x-user-email", "ada@example.com"),
        ("x-user-id", user.as_str()),
        ("x-user-role", "student"),
        ("x-user-tier", "free_trial"),
    ] {
        assert_eq!(told(&answer, name), [want], "{name}");
    }
    // The client is told the same id, and nothing of the service's connection.
    assert_eq!(told(&answer, "x-request-id"), answer.header("x-request-id"));
    assert_eq!(answer.header("x-own"), ["1"]);
    assert_eq!(answer.header("x-content-type-options"), ["nosniff"]);
    for gone in ["x-internal", "keep-alive", "access-control-allow-origin"] {
        assert!(answer.header(gone).is_empty(), "{gone}");
    }
}

#[test]
fn a_change_of_tier_role_or_access_binds_the_next_call() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let server = serve(&folder, &upstream, "roles = [\"student\", \"subscriber\"]");
    let (user, token) = server.register("ada@example.com");
    let seen = || {
        let answer = call(&server, "GET /svc/x", &token, "");
        assert_eq!(answer.status, 200, "{answer:?}");
        (told(&answer, "x-user-tier"), told(&answer, "x-user-role"))
    };
    let pair = |tier: &str, role: &str| (vec![tier.to_owned()], vec![role.to_owned()]);
    assert_eq!(seen(), pair("free_trial", "student"));
    set_tier(&server, &user, "pro");
    assert_eq!(seen(), pair("pro", "student"));
    let path = |what: &str| format!("/api/admin/users/{user}/{what}");
    administer(&server, &path("role"), &json!({ "role": "subscriber", "reason": "paid" }));
    assert_eq!(seen(), pair("pro", "subscriber"));
    administer(&server, &path("role"), &json!({ "role": "service", "reason": "x" }));
    let answer = call(&server, "GET /svc/x", &token, "");
    assert_eq!((answer.status, answer.json()["type"].clone()), {
        (403, json!("urn:novacore:problem:forbidden"))
    });
    administer(&server, &path("disabled"), &json!({ "disabled": true, "reason": "x" }));
    let answer = call(&server, "GET /svc/x", &token, "");
    assert_eq!((answer.status, answer.json()["type"].clone()), {
        (403, json!("urn:novacore:problem:account-disabled"))
    });
}

#[test]
fn nobody_is_forwarded_without_the_right_proof() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let server = serve(&folder, &upstream, "");
    let (_, token) = server.register("ada@example.com");
    let key = |scopes: &[&str]| {
        let bearer = format!("Bearer {token}");
        let body = json!({ "name": "k", "scopes": scopes });
        let answer = server.post("/api/auth/keys", &[("authorization", &bearer)], &body).unwrap();
        answer.body["key"].as_str().expect("a key").to_owned()
    };
    for (bearer, want) in [
        (String::new(), 401),
        ("nonsense".to_owned(), 401),
        (SERVICE_TOKEN.to_owned(), 401),
        (key(&["usage:read", "llm"]), 403),
        (key(&["services"]), 200),
    ] {
        assert_eq!(call(&server, "GET /svc/x", &bearer, "").status, want, "{bearer}");
    }
    // The service token alone is no user.
    let answer = call(&server, "GET /svc/x", "", &format!("X-Service-Token: {SERVICE_TOKEN}"));
    assert_eq!(answer.status, 401);
    let answer = call(&server, "TRACE /svc/x", &token, "");
    assert_eq!(answer.status, 405);
    assert_eq!(upstream.accepted(), 1, "only the one call was forwarded");
}

#[test]
fn the_longest_prefix_wins_in_every_spelling() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let url = upstream.url();
    folder.configure(&format!(
        "[[upstreams]]\nprefix = \"/svc\"\nurl = \"{url}/base/\"\n\
         [[upstreams]]\nprefix = \"/svc/admin\"\nurl = \"{url}\"\nroles = [\"admin\"]\n\
         [[upstreams]]\nprefix = \"/api/chat\"\nurl = \"{url}\"\nrewrite = \"/v2/chat/\"\n"
    ));
    let server = folder.serve();
    let (_, token) = server.register("ada@example.com");
    for (path, want) in [
        ("/svc/a/b", "/base/svc/a/b"),
        ("/svc", "/base/svc"),
        ("/svc/adminx", "/base/svc/adminx"),
        ("/api/chat/x/", "/v2/chat/x/"),
        ("/api/chat", "/v2/chat"),
        ("/api/chat?a", "/v2/chat?a"),
    ] {
        let answer = call(&server, &format!("GET {path}"), &token, "");
        assert_eq!((answer.status, answer.json()["path"].clone()), (200, json!(want)), "{path}");
    }
    for path in ["/svc/admin", "/svc/%61dmin/x", "/svc/ADMIN/x", "/svc/admin;x=1/y"] {
        assert_eq!(call(&server, &format!("GET {path}"), &token, "").status, 403, "{path}");
    }
    for path in ["/svcx", "/api/chats", "/svc/..;/x", "/svc/%zz"] {
        assert_eq!(call(&server, &format!("GET {path}"), &token, "").status, 404, "{path}");
    }
    for path in ["/svc/a%2fb", "/svc/../x", "/svc//x", "/svc/%2e%2e/x", "/svc/%00"] {
        assert_eq!(call(&server, &format!("GET {path}"), &token, "").status, 400, "{path}");
    }
}

#[test]
fn of_the_hops_only_trusted_ones_are_believed() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let server = serve(&folder, &upstream, "");
    let (_, token) = server.register("ada@example.com");
    let said = "X-Forwarded-For: 6.6.6.6, 1.1.1.1\nX-Forwarded-Proto: https";
    let hops = |server: &Server| {
        let answer = call(server, "GET /svc/x", &token, said);
        [told(&answer, "x-forwarded-for"), told(&answer, "x-forwarded-proto")].concat()
    };
    assert_eq!(hops(&server), ["127.0.0.1", "http"]);
    drop(server);
    let server = folder.serve_with(&[("NOVACORE__SERVER__TRUSTED_PROXIES", "[\"127.0.0.1\"]")]);
    assert_eq!(hops(&server), ["1.1.1.1, 127.0.0.1", "https"]);
}
