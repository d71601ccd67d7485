//! What an operator does with a data directory.

use crate::binary::{Folder, SERVICE_TOKEN};
use serde_json::json;
use std::{io::Write, net::TcpListener, os::unix::fs::PermissionsExt};

fn text(output: &std::process::Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[test]
fn a_directory_has_one_server() {
    let folder = Folder::new();
    let server = folder.serve();
    let second = folder.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(!second.status.success());
    assert!(text(&second).contains("is in use by another process"), "{}", text(&second));
    let beside = folder.run(&["admin", "set-tier", "ada@example.com", "basic"]);
    assert!(!beside.status.success());
    assert!(text(&beside).contains("use PUT /api/admin/users/{id}/tier"), "{}", text(&beside));
    drop(server);
}

#[test]
fn an_operator_makes_users_tiers_and_keys_at_the_machine() {
    let folder = Folder::new();
    let made = folder.run(&["admin", "create-user", "ada@example.com"]);
    let made = text(&made);
    let password = made.lines().find_map(|line| line.strip_prefix("password "));
    let password = password.and_then(|rest| rest.split_whitespace().next()).expect("shown once");
    let on_basic = folder.run(&["admin", "set-tier", "ada@example.com", "basic"]);
    assert!(text(&on_basic).contains("is on basic"), "{}", text(&on_basic));
    for (task, want) in [
        (["set-tier", "bob@example.com", "basic"], "bob@example.com: there is no such user"),
        (["set-tier", "ada@example.com", "gold"], "unknown tier gold"),
        (["set-tier", "ada", "basic"], "ada: neither an id nor an e-mail"),
    ] {
        let refused = folder.run(&[&["admin"], &task[..]].concat());
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused).contains(want), "{}", text(&refused));
    }
    let key = text(&folder.run(&["admin", "create-key", "ada@example.com"]));
    let token = text(&folder.run(&["admin", "service-token"]));
    assert_eq!(token.trim(), SERVICE_TOKEN);

    let server = folder.serve();
    let quota = server.get("/api/usage/quota", key.trim()).body;
    assert_eq!((&quota["tier"], &quota["tokens"]["limit"]), (&json!("basic"), &json!(50_000)));
    let body = json!({ "email": "ada@example.com", "password": password });
    let signed_in = server.post("/api/auth/login", &[], &body).expect("answered");
    assert_eq!(signed_in.status, 200, "{}", signed_in.body);
}

#[test]
fn without_configuration_secrets_are_made_once_and_kept_from_others() {
    let folder = Folder::new();
    let tokens = [0, 1].map(|_| text(&folder.run_bare(&["admin", "service-token"])));
    assert_eq!(tokens[0].trim().len(), 64);
    assert_eq!(tokens[0], tokens[1]);
    let mode = |path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(folder.data().join("secrets.toml")), 0o600);
    assert_eq!(mode(folder.data()), 0o700);
    let config = text(&folder.run_bare(&["config"]));
    assert!(config.contains("server.listen = 127.0.0.1:8080"), "{config}");
    let masked = text(&folder.run(&["config"]));
    assert!(masked.contains("auth.service_token = ***"), "{masked}");
    assert!(!masked.contains(SERVICE_TOKEN), "{masked}");
}

#[test]
fn a_server_that_nobody_listens_to_serves() {
    let folder = Folder::new();
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("free");
    let server = folder.serve_unheard(&port.to_string());
    server.register("ada@example.com");
    server.terminate();
    assert!(server.wait().success());
}

#[test]
fn sigterm_drains_and_the_ledger_verifies_exports_and_backs_up() {
    let folder = Folder::new();
    let server = folder.serve();
    let (user, token) = server.register("ada@example.com");
    for amount in 1..=20 {
        let body = json!({ "userId": user, "resourceType": "llm_tokens", "amount": amount });
        assert_eq!(server.service("/usage/record", &body).status, 201);
    }
    let before = server.get("/api/usage/stats?days=7", &token).body["breakdown"].clone();
    let copy = folder.path("copy.db");
    let copied = folder.run(&["backup", copy.to_str().expect("UTF-8")]);
    assert!(copied.status.success(), "{}", text(&copied));
    // It holds password hashes.
    let mode = std::fs::metadata(&copy).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!folder.run(&["backup", copy.to_str().expect("UTF-8")]).status.success());
    server.terminate();
    assert!(server.wait().success());

    let verified = folder.run(&["ledger", "verify"]);
    assert!(verified.status.success(), "{}", text(&verified));
    std::fs::remove_dir_all(folder.data().join("derived")).expect("deleted");
    let rebuilt = folder.run(&["ledger", "rebuild"]);
    assert!(text(&rebuilt).contains("rebuilt from 20 entries"), "{}", text(&rebuilt));
    let exported = folder.run(&["ledger", "export"]);
    assert_eq!(text(&exported).lines().count(), 20);
    // As when `head` has seen enough.
    assert!(folder.run_unheard(&["ledger", "export"]).success());

    let server = folder.serve();
    let after = server.get("/api/usage/stats?days=7", &token).body["breakdown"].clone();
    assert_eq!(after, before);
    server.terminate();
    assert!(server.wait().success());

    // The backup is older than the derived files that lie beside it now: they must not be believed.
    let server = folder.serve();
    let body = json!({ "userId": user, "resourceType": "llm_tokens", "amount": 100 });
    assert_eq!(server.service("/usage/record", &body).status, 201);
    server.terminate();
    assert!(server.wait().success());
    for name in ["ledger.db-wal", "ledger.db-shm"] {
        let _ = std::fs::remove_file(folder.data().join(name));
    }
    std::fs::copy(&copy, folder.data().join("ledger.db")).expect("restored");
    let server = folder.serve();
    let restored = server.get("/api/usage/stats?days=7", &token).body["breakdown"].clone();
    assert_eq!(restored, before);
    drop(server);
    assert!(folder.run(&["ledger", "verify"]).status.success());
}

#[test]
fn an_altered_ledger_is_refused() {
    let folder = Folder::new();
    let server = folder.serve();
    let (user, _) = server.register("ada@example.com");
    let body = json!({ "userId": user, "resourceType": "llm_tokens", "amount": 700 });
    assert_eq!(server.service("/usage/record", &body).status, 201);
    server.terminate();
    assert!(server.wait().success());
    let ledger = folder.data().join("ledger.db");
    let mut bytes = std::fs::read(&ledger).expect("read");
    for byte in bytes.iter_mut().skip(4_096).step_by(4_096) {
        *byte ^= 0xFF;
    }
    std::fs::write(&ledger, bytes).expect("written");
    let refused = folder.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(!refused.status.success());
    assert!(text(&refused).contains("is damaged"), "{}", text(&refused));
}

#[test]
fn a_full_disk_refuses_writes_and_reads_go_on() {
    let folder = Folder::new();
    let server = folder.serve();
    let (user, token) = server.register("ada@example.com");
    server.terminate();
    assert!(server.wait().success());
    // More free space is asked for than any disk has: the same way as a full one.
    let most = (i64::MAX as u64).to_string();
    let server = folder.serve_with(&[("NOVACORE__STORE__FREE_BYTES_MIN", &most)]);
    let body = json!({ "userId": user, "resourceType": "llm_tokens", "amount": 1 });
    let headers = [("x-service-token", SERVICE_TOKEN)];
    let mut refused = None;
    // The disk is looked at now and then.
    for _ in 0..200 {
        let answer = server.post("/usage/record", &headers, &body).expect("answered");
        if answer.status == 503 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, 201);
    }
    let refused = refused.expect("a full disk is noticed");
    assert_eq!(refused.body["type"], "urn:novacore:problem:storage-full");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(server.get("/api/usage/tokens", &token).status, 200);
    let ready = server.send("GET", "/health/ready", &[], "").expect("answered");
    assert_eq!(ready.status, 503);
    server.terminate();
    assert!(server.wait().success());
    let server = folder.serve();
    assert_eq!(server.service("/usage/record", &body).status, 201);
}

/// As the test before, with a disk that is really full: what was answered 201 is there, and what
/// was refused is not.
#[test]
fn a_disk_that_runs_full_loses_nothing_and_writes_come_back() {
    let folder = Folder::new();
    let own_bounds = [("NOVACORE__STORE__FREE_BYTES_MIN", "0")];
    let Some(server) = folder.serve_on_small_disk(12, &own_bounds) else {
        println!("skipped: nobody may mount here");
        return;
    };
    let (user, token) = server.register("ada@example.com");
    let body = json!({ "userId": user, "resourceType": "llm_tokens", "amount": 1,
        "metadata": { "padding": "x".repeat(1_500) } });
    let mut admitted = 0;
    let mut until = |status: u16| {
        for _ in 0..20_000 {
            let answer = server.service("/usage/record", &body);
            admitted += i64::from(answer.status == 201);
            if answer.status == status {
                return answer;
            }
            assert!(matches!(answer.status, 201 | 503), "{}", answer.body);
        }
        panic!("never answered {status}");
    };
    until(201);
    // Whatever is free is taken by somebody else.
    let ballast = server.seen(&folder.data().join("ballast"));
    let mut file = std::fs::File::create(&ballast).expect("made");
    while file.write_all(&[0; 4_096]).is_ok() {}
    // An open file keeps its space when it is removed.
    drop(file);
    let refused = until(503);
    assert_eq!(refused.body["type"], "urn:novacore:problem:storage-full");
    assert_eq!(server.get("/api/usage/tokens", &token).status, 200);
    std::fs::remove_file(&ballast).expect("removed");
    until(201);
    assert_eq!(server.get("/api/usage/tokens", &token).body["used"], admitted);

    let other = Folder::new();
    std::fs::create_dir(other.data()).expect("made");
    // The log first: what is moved from it into the file meanwhile is then there twice, and nowhere
    // lost.
    for name in ["ledger.db-wal", "ledger.db"] {
        let from = server.seen(&folder.data().join(name));
        std::fs::copy(from, other.data().join(name)).expect("copied");
    }
    let verified = other.run(&["ledger", "verify"]);
    assert!(verified.status.success(), "{}", text(&verified));
    server.terminate();
    assert!(server.wait().success());
}

#[test]
fn the_demo_fills_an_empty_directory_only() {
    let folder = Folder::new();
    let filled = folder.run(&["demo"]);
    assert!(filled.status.success(), "{}", text(&filled));
    assert!(!folder.run(&["demo"]).status.success());
    assert!(folder.run(&["ledger", "verify"]).status.success());
    let server = folder.serve();
    let body = json!({ "email": "ada@demo.example", "password": "demo-demo-demo" });
    let signed_in = server.post("/api/auth/login", &[], &body).expect("answered");
    let token = signed_in.body["accessToken"].as_str().expect("signed in").to_owned();
    let days = server.get("/api/usage/timeseries/llm_tokens?days=90", &token).body;
    let days = days.as_array().expect("a list");
    assert_eq!(days.len(), 90);
    assert!(days.iter().filter(|day| day["amount"].as_i64() > Some(0)).count() > 60);
}

#[test]
fn the_demos_accounts_are_for_loopback_alone() {
    let folder = Folder::new();
    // No machine has this address, so that nothing is ever listened on there.
    let far = [("NOVACORE_LISTEN", "192.0.2.1:0")];
    let refused = folder.run_with(&far, &["demo"]);
    assert!(!refused.status.success());
    assert!(text(&refused).contains("for loopback alone"), "{}", text(&refused));
    assert!(folder.run(&["demo"]).status.success());
    let refused = folder.run_with(&far, &["serve"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused).contains("the password of the demo's ada@demo"), "{}", text(&refused));

    let server = folder.serve_until("  demo     ada@demo.example demo-demo-demo", &[]);
    let bearer = format!("Bearer {}", server.admin());
    let bearer = [("authorization", bearer.as_str())];
    let users = server.send("GET", "/api/admin/users?search=demo.example", &bearer, "");
    for user in users.expect("answered").body["users"].as_array().expect("a list") {
        let path = format!("/api/admin/users/{}/disabled", user["id"].as_str().expect("an id"));
        let body = json!({ "disabled": true, "reason": "we go live" }).to_string();
        assert_eq!(server.send("PUT", &path, &bearer, &body).expect("answered").status, 200);
    }
    server.terminate();
    assert!(server.wait().success());
    // Shut, they are in nobody's way.
    let refused = text(&folder.run_with(&far, &["serve"]));
    assert!(refused.contains("cannot listen on 192.0.2.1:0"), "{refused}");
}
