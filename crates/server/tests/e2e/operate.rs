//! What an operator does with a data directory.

use crate::binary::{Folder, SERVICE_TOKEN};
use serde_json::json;

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
    drop(server);
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
    assert!(copied.status.success() && copy.exists(), "{}", text(&copied));
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
