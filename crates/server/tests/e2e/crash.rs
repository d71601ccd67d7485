//! SIGKILL in the middle of concurrent load, again and again.
//!
//! After each start every acknowledged operation must be there once, with its first answer, and
//! the cap must hold.

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

/// What a key stands for, and what was answered.
type Acknowledged = Mutex<BTreeMap<String, (String, Value, Value)>>;

fn submit(server: &Server, key: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
    let headers = [("x-service-token", SERVICE_TOKEN), ("idempotency-key", key)];
    let answer = server.post(path, &headers, body)?;
    Some((answer.status, answer.body))
}

/// One client: records without limit, and asks at the edge of a cap, until the server is gone.
fn client(
    server: &Server,
    name: &str,
    users: &[String; 2],
    seen: &Acknowledged,
    count: &AtomicU64,
) {
    for number in 0.. {
        let key = format!("{name} {number}");
        let (path, body) = match number % 2 {
            0 => (
                "/usage/record",
                json!({ "userId": users[0], "resourceType": "llm_tokens",
                "amount": 7 }),
            ),
            _ => (
                "/usage/reservations",
                json!({ "userId": users[1], "ttlSeconds": 3600,
                "amounts": [{ "resourceType": "llm_tokens", "amount": 9 }] }),
            ),
        };
        match submit(server, &key, path, &body) {
            Some((201, answer)) => {
                let mut seen = seen.lock().expect("no panic");
                seen.insert(key, (path.to_owned(), body, answer));
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

fn round(folder: &Folder, number: u64, users: &[String; 2], seen: &Acknowledged) {
    let server = folder.serve();
    check(&server, users, seen);
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

/// A sample of the keys is replayed with its first answer, and sums are what was acknowledged, or
/// a little more: what was written but not acknowledged in time.
fn check(server: &Server, users: &[String; 2], seen: &Acknowledged) {
    let seen = seen.lock().expect("no panic");
    for (key, (path, body, answer)) in seen.iter().rev().step_by(7).take(20) {
        let (status, again) = submit(server, key, path, body).expect("answered");
        assert_eq!((status, &again), (201, answer), "{key}");
    }
    let records = seen.values().filter(|(path, ..)| path == "/usage/record").count() as i64;
    let holds = seen.len() as i64 - records;
    let standing = |user: &String| {
        let path = "/usage/stats?days=1";
        let headers = [("x-service-token", SERVICE_TOKEN), ("x-user-id", user.as_str())];
        let stats = server.send("GET", path, &headers, "").expect("answered").body;
        let rows = stats["breakdown"].as_array().expect("a list").clone();
        let row = rows.into_iter().find(|row| row["resourceType"] == "llm_tokens");
        let current = row.expect("configured")["current"].clone();
        (current["used"].as_i64().expect("a number"), current["held"].as_i64().expect("a number"))
    };
    let (used, _) = standing(&users[0]);
    let unacknowledged = ROUNDS as i64 * CLIENTS as i64;
    assert!(used >= 7 * records && used <= 7 * (records + unacknowledged), "{used} {records}");
    assert_eq!(used % 7, 0);
    let (none, held) = standing(&users[1]);
    assert!(held >= 9 * holds && held <= CAP && none == 0, "{held} {holds}");
}

#[test]
fn nothing_is_lost_doubled_or_over_the_cap_in_fifty_kills() {
    let folder = Folder::new();
    let server = folder.serve();
    let users = [server.register("ada@example.com").0, server.register("bob@example.com").0];
    server.kill();
    let seen = Acknowledged::default();
    for number in 0..ROUNDS {
        round(&folder, number, &users, &seen);
    }
    let server = folder.serve();
    check(&server, &users, &seen);
    server.terminate();
    assert!(server.wait().success());
    let verified = folder.run(&["ledger", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}
