//! SIGKILL in the middle of concurrent load, again and again.
//!
//! After each start every acknowledged operation must be there once, with its first answer, and
//! the cap must hold. Each operation's metadata name it, so that the ledger itself can be asked.

use crate::binary::{Folder, SERVICE_TOKEN, Server};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

const ROUNDS: u64 = 50;
const CLIENTS: u64 = 4;
/// Acknowledgements after which a round is killed.
const ACKNOWLEDGED_PER_ROUND: u64 = 24;
const CAP: i64 = 1_000;
/// Questions until a hold that has run out must be seen to be gone.
const LOOKS_MAX: usize = 20_000;

/// What a key stands for, and what was answered.
struct Acknowledged {
    path: &'static str,
    body: Value,
    answer: Value,
}

type Seen = Mutex<BTreeMap<String, Acknowledged>>;

/// Who uses, and how.
struct Users {
    /// Records without limit.
    ada: String,
    /// Holds that last, up to the cap.
    bob: String,
    /// Holds that soon run out.
    cleo: String,
}

fn submit(server: &Server, key: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
    let headers = [("x-service-token", SERVICE_TOKEN), ("idempotency-key", key)];
    let answer = server.post(path, &headers, body)?;
    Some((answer.status, answer.body))
}

fn operation(users: &Users, number: u64, key: &str) -> (&'static str, Value) {
    let hold = |user: &str, ttl: u64| {
        json!({ "userId": user, "ttlSeconds": ttl, "metadata": { "op": key },
            "amounts": [{ "resourceType": "llm_tokens", "amount": 9 }] })
    };
    match number % 3 {
        0 => (
            "/usage/record",
            json!({ "userId": users.ada, "resourceType": "llm_tokens", "amount": 7,
                "metadata": { "op": key } }),
        ),
        1 => ("/usage/reservations", hold(&users.bob, 3_600)),
        _ => ("/usage/reservations", hold(&users.cleo, 1)),
    }
}

/// One client: asks until the server is gone.
fn client(server: &Server, name: &str, users: &Users, seen: &Seen, count: &AtomicU64) {
    for number in 0.. {
        let key = format!("{name} {number}");
        let (path, body) = operation(users, number, &key);
        match submit(server, &key, path, &body) {
            Some((201, answer)) => {
                let operation = Acknowledged { path, body, answer };
                seen.lock().expect("no panic").insert(key, operation);
                count.fetch_add(1, Ordering::SeqCst);
            }
            Some((429, _)) => {
                count.fetch_add(1, Ordering::SeqCst);
            }
            Some((status, answer)) => panic!("{status} {answer}"),
            None => return,
        }
    }
}

fn round(folder: &Folder, number: u64, users: &Users, seen: &Seen) {
    let server = folder.serve();
    check(&server, users, seen, 20);
    let count = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for worker in 0..CLIENTS {
            let (server, count) = (&server, &count);
            let name = format!("{number} {worker}");
            scope.spawn(move || client(server, &name, users, seen, count));
        }
        while count.load(Ordering::SeqCst) < ACKNOWLEDGED_PER_ROUND {
            std::thread::yield_now();
        }
        server.kill_now();
    });
}

/// What a user has used of his tokens, and what is held.
fn standing(server: &Server, user: &str) -> (i64, i64) {
    let headers = [("x-service-token", SERVICE_TOKEN), ("x-user-id", user)];
    let stats = server.send("GET", "/usage/stats?days=1", &headers, "").expect("answered").body;
    let rows = stats["breakdown"].as_array().expect("a list").clone();
    let row = rows.into_iter().find(|row| row["resourceType"] == "llm_tokens");
    let current = row.expect("configured")["current"].clone();
    (current["used"].as_i64().expect("a number"), current["held"].as_i64().expect("a number"))
}

/// Some of the keys are replayed with their first answer, and no cap is passed.
fn check(server: &Server, users: &Users, seen: &Seen, replays: usize) {
    let seen = seen.lock().expect("no panic");
    let step = (seen.len() / replays).max(1);
    for (key, operation) in seen.iter().step_by(step) {
        let (status, again) = submit(server, key, operation.path, &operation.body).expect("answer");
        assert_eq!((status, &again), (201, &operation.answer), "{key}");
    }
    let kept = |user: &str| {
        let of_user = seen.values().filter(|operation| operation.body["userId"] == user);
        of_user.count() as i64
    };
    let (used, held) = standing(server, &users.ada);
    assert!(used >= 7 * kept(&users.ada) && used % 7 == 0 && held == 0, "{used} {held}");
    let (used, held) = standing(server, &users.bob);
    assert!(used == 0 && held >= 9 * kept(&users.bob) && held <= CAP, "{used} {held}");
    let (used, held) = standing(server, &users.cleo);
    assert!(used == 0 && held <= CAP, "{used} {held}");
}

/// Every acknowledged operation is in the ledger once, and no other twice.
fn audit(folder: &Folder, seen: &Seen) {
    let exported = folder.run(&["ledger", "export"]);
    assert!(exported.status.success());
    let mut rows: BTreeMap<String, u64> = BTreeMap::new();
    for line in String::from_utf8(exported.stdout).expect("text").lines() {
        let row: Value = serde_json::from_str(line).expect("JSON");
        if let Some(op) = row["metadata"]["op"].as_str() {
            let of_record = row["kind"] == "record" && row["amount"] == 7;
            let of_hold = row["kind"] == "reserve" && row["held"] == 9;
            assert!(of_record || of_hold, "{row}");
            *rows.entry(op.to_owned()).or_default() += 1;
        }
    }
    for key in seen.lock().expect("no panic").keys() {
        assert!(rows.contains_key(key), "{key} was acknowledged and is lost");
    }
    let doubled: Vec<_> = rows.iter().filter(|(_, count)| **count != 1).collect();
    assert!(doubled.is_empty(), "{doubled:?}");
}

#[test]
fn nothing_is_lost_doubled_or_over_the_cap_in_fifty_kills() {
    let folder = Folder::new();
    // A window that does not end at midnight, whenever this runs.
    folder.configure(&format!(
        "[tiers.free_trial.limits.llm_tokens]\ncap = {CAP}\nwindow = \"lifetime\"\n"
    ));
    let server = folder.serve();
    let [ada, bob, cleo] =
        ["ada", "bob", "cleo"].map(|name| server.register(&format!("{name}@example.com")).0);
    let users = Users { ada, bob, cleo };
    server.kill();
    let seen = Seen::default();
    for number in 0..ROUNDS {
        round(&folder, number, &users, &seen);
    }
    let server = folder.serve();
    check(&server, &users, &seen, usize::MAX);
    let gone = (0..LOOKS_MAX).any(|_| standing(&server, &users.cleo) == (0, 0));
    assert!(gone, "holds that have run out are still there");
    let before = [&users.ada, &users.bob].map(|user| standing(&server, user));
    server.terminate();
    assert!(server.wait().success());
    audit(&folder, &seen);
    assert_verifies(&folder);
    std::fs::remove_dir_all(folder.data().join("derived")).expect("deleted");
    assert!(folder.run(&["ledger", "rebuild"]).status.success());
    assert_verifies(&folder);
    let server = folder.serve();
    assert_eq!([&users.ada, &users.bob].map(|user| standing(&server, user)), before);
}

fn assert_verifies(folder: &Folder) {
    let verified = folder.run(&["ledger", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}
