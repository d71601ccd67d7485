//! Memories on the real binary: the bytes that are charged are those of the rows that are there,
//! whatever happens.

use crate::{
    binary::{Answer, Folder, Server},
    postgres::environment,
};
use novacore_postgres_fixture::Server as Database;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

const ROUNDS: u64 = 12;
const CLIENTS: u64 = 4;
/// Acknowledgements after which a round is killed.
const ACKNOWLEDGED_PER_ROUND: u64 = 40;
const CAP: i64 = 200_000;
/// 384 dimensions of 4 bytes, and the row.
const FIXED_BYTES: i64 = 4 * 384 + 162;

/// A data directory, or a database with as many nodes as are started.
enum Store {
    Embedded,
    Database { url: String, _running: Box<Database> },
}

struct Site {
    folder: Folder,
    store: Store,
}

impl Site {
    fn embedded() -> Site {
        Site { folder: Folder::new(), store: Store::Embedded }
    }

    fn on_a_database() -> Site {
        let database = Database::start();
        let url = database.fresh_database();
        let store = Store::Database { url, _running: Box::new(database) };
        let site = Site { folder: Folder::new(), store };
        assert!(site.run(&["migrate"]).status.success());
        site
    }

    fn environment(&self) -> Vec<(&str, &str)> {
        match &self.store {
            Store::Embedded => Vec::new(),
            Store::Database { url, .. } => environment(url).to_vec(),
        }
    }

    fn serve(&self) -> Server {
        self.folder.serve_with(&self.environment())
    }

    fn run(&self, arguments: &[&str]) -> std::process::Output {
        self.folder.run_with(&self.environment(), arguments)
    }

    fn assert_verifies(&self) {
        let verified = self.run(&["ledger", "verify"]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    }
}

fn call(server: &Server, bearer: &str, what: (&str, &str), body: &Value) -> Option<Answer> {
    let token = format!("Bearer {bearer}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    server.send(what.0, what.1, &[("authorization", &token)], &body)
}

fn used(server: &Server, bearer: &str) -> i64 {
    server.get("/api/usage/storage", bearer).body["used"].as_i64().expect("a number")
}

/// What the rows of the charged tiers count, told by their texts.
fn counted(server: &Server, bearer: &str) -> (BTreeMap<String, Value>, i64) {
    let (mut rows, mut bytes) = (BTreeMap::new(), 0);
    for tier in ["itm", "ltm"] {
        for offset in (0..).step_by(100) {
            let path = format!("/api/memory/list?tier={tier}&limit=100&offset={offset}");
            let page = server.get(&path, bearer).body["memories"].clone();
            let page = page.as_array().expect("a list").clone();
            if page.is_empty() {
                break;
            }
            for memory in page {
                let text = |name: &str| memory[name].as_str().map_or(0, str::len);
                let size = text("input_context") + text("output_response");
                bytes += i64::try_from(size).expect("small") + FIXED_BYTES;
                let id = memory["id"].as_str().expect("an id").to_owned();
                rows.insert(id, memory);
            }
        }
    }
    (rows, bytes)
}

/// What was acknowledged of a memory: its text, or that it has gone.
type Seen = Mutex<BTreeMap<String, Option<String>>>;

/// One client: stores, changes, promotes and deletes until the server is gone. What is not
/// acknowledged may have happened or not, so it is not looked at again.
fn client(server: &Server, bearer: &str, name: &str, seen: &Seen, count: &AtomicU64) {
    for number in 0.. {
        if work(server, bearer, &format!("{name} {number}"), number, seen).is_none() {
            return;
        }
        count.fetch_add(1, Ordering::SeqCst);
    }
}

fn work(server: &Server, bearer: &str, text: &str, number: u64, seen: &Seen) -> Option<()> {
    let note = |id: &str, text: Option<&str>| {
        seen.lock().expect("no panic").insert(id.to_owned(), text.map(str::to_owned));
    };
    let forget = |id: &str| drop(seen.lock().expect("no panic").remove(id));
    let tier = if number.is_multiple_of(2) { "ltm" } else { "stm" };
    let body = json!({ "type": "lesson", "input_context": text, "tier": tier });
    let stored = call(server, bearer, ("POST", "/api/memory/store"), &body)?;
    if stored.status == 429 {
        assert_eq!(tier, "ltm", "short-term memory is stored at the limit");
        return Some(());
    }
    assert_eq!(stored.status, 201, "{}", stored.body);
    let id = stored.body["id"].as_str().expect("an id").to_owned();
    if tier == "ltm" {
        note(&id, Some(text));
    } else {
        let body = json!({ "target_tier": "itm" });
        let path = format!("/api/memory/promote/{id}");
        let promoted = call(server, bearer, ("POST", &path), &body)?;
        match promoted.status {
            200 => note(&id, Some(text)),
            429 => return Some(()),
            other => panic!("{other} {}", promoted.body),
        }
    }
    if number.is_multiple_of(3) {
        forget(&id);
        let longer = format!("{text} and more");
        let path = format!("/api/memory/update/{id}");
        let body = json!({ "input_context": longer });
        let updated = call(server, bearer, ("PATCH", &path), &body)?;
        match updated.status {
            200 => note(&id, Some(&longer)),
            429 => note(&id, Some(text)),
            other => panic!("{other} {}", updated.body),
        }
    }
    if number % 5 == 4 {
        forget(&id);
        let path = format!("/api/memory/delete/{id}");
        let deleted = call(server, bearer, ("DELETE", &path), &Value::Null)?;
        assert_eq!(deleted.status, 200, "{}", deleted.body);
        note(&id, None);
    }
    Some(())
}

/// The level is the rows; what was acknowledged is there, or gone, as it was told.
fn check(server: &Server, bearer: &str, seen: &Seen) {
    let (rows, bytes) = counted(server, bearer);
    assert_eq!(used(server, bearer), bytes);
    assert!(bytes <= CAP, "{bytes}");
    for (id, text) in seen.lock().expect("no panic").iter() {
        let found = rows.get(id).map(|row| row["input_context"].as_str().expect("text"));
        assert_eq!(found, text.as_deref(), "{id}");
    }
}

fn killed_in_the_middle(site: &Site) {
    let limit =
        format!("[tiers.free_trial.limits.memory_storage]\ncap = {CAP}\nwindow = \"lifetime\"\n");
    site.folder.configure(&limit);
    let seen = Seen::default();
    let bearer = site.serve().register("ada@example.com").1;
    for round in 0..ROUNDS {
        let server = site.serve();
        check(&server, &bearer, &seen);
        let count = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for worker in 0..CLIENTS {
                let (server, bearer, seen, count) = (&server, &bearer, &seen, &count);
                let name = format!("{round} {worker}");
                scope.spawn(move || client(server, bearer, &name, seen, count));
            }
            while count.load(Ordering::SeqCst) < ACKNOWLEDGED_PER_ROUND {
                std::thread::yield_now();
            }
            server.kill_now();
        });
    }
    let server = site.serve();
    check(&server, &bearer, &seen);
    let body = json!({ "all": true });
    let gone = call(&server, &bearer, ("POST", "/api/memory/forget"), &body).expect("answered");
    assert_eq!(gone.status, 200, "{}", gone.body);
    assert_eq!(used(&server, &bearer), 0);
    server.kill();
    site.assert_verifies();
}

#[test]
fn what_is_charged_is_what_is_there_after_kills() {
    killed_in_the_middle(&Site::embedded());
}

#[test]
fn what_is_charged_is_what_is_there_after_kills_on_a_database() {
    killed_in_the_middle(&Site::on_a_database());
}

/// 64 writers at the edge of a gibibyte, over as many nodes as there are.
fn at_the_edge(site: &Site, nodes: Vec<Server>) {
    let (user, bearer) = nodes[0].register("bob@example.com");
    let text = "x".repeat(100);
    let size = 100 + FIXED_BYTES;
    let room = 20 * size + size / 2;
    let body = json!({ "userId": user, "resourceType": "memory_storage",
        "amount": (1_i64 << 30) - room });
    assert_eq!(nodes[0].service("/usage/record", &body).status, 201);
    let store = json!({ "type": "task", "input_context": text, "tier": "ltm" });
    let statuses = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..64)
            .map(|number| {
                let node = &nodes[number % nodes.len()];
                let (bearer, store) = (&bearer, &store);
                scope.spawn(move || {
                    let answer = call(node, bearer, ("POST", "/api/memory/store"), store);
                    let answer = answer.expect("answered");
                    (answer.status, answer.body)
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().expect("no panic")).collect::<Vec<_>>()
    });
    let stored = statuses.iter().filter(|(status, _)| *status == 201).count();
    let refused: Vec<&Value> =
        statuses.iter().filter(|(status, _)| *status == 429).map(|(_, body)| body).collect();
    assert_eq!((stored, refused.len()), (20, 44), "{statuses:?}");
    let used_now = used(&nodes[0], &bearer);
    assert_eq!(used_now, (1 << 30) - size / 2, "not one byte over");
    let message = format!(
        "Storage quota exceeded. Current: {used_now}, Requested: {size}, Limit: {}",
        1_i64 << 30
    );
    let last = call(&nodes[0], &bearer, ("POST", "/api/memory/store"), &store).expect("answered");
    assert_eq!((last.status, last.body["message"].as_str()), (429, Some(&*message)));
    assert_eq!(last.body["upgrade_to"], "basic");
    let short = json!({ "type": "task", "input_context": "y", "tier": "stm" });
    let short = call(&nodes[0], &bearer, ("POST", "/api/memory/store"), &short).expect("answered");
    assert_eq!(short.status, 201, "short-term memory is stored at the limit");
    let raise = json!({ "tier": "basic", "reason": "he paid" });
    let path = format!("/api/admin/users/{user}/tier");
    let admin = nodes[0].admin();
    let raised = call(&nodes[0], &admin, ("PUT", &path), &raise).expect("answered");
    assert_eq!(raised.status, 200, "{}", raised.body);
    for node in &nodes {
        let next = call(node, &bearer, ("POST", "/api/memory/store"), &store).expect("answered");
        assert_eq!(next.status, 201, "admitted at once: {}", next.body);
    }
    let erase = json!({ "reason": "he asked for it" });
    let path = format!("/api/admin/users/{user}/memories");
    let erased = call(&nodes[0], &admin, ("DELETE", &path), &erase).expect("answered");
    assert_eq!(erased.status, 200, "{}", erased.body);
    assert_eq!(counted(&nodes[0], &bearer).0.len(), 0);
    assert_eq!(used(&nodes[0], &bearer), (1 << 30) - room);
    drop(nodes);
    site.assert_verifies();
}

#[test]
fn the_edge_of_a_gibibyte_is_exact() {
    let site = Site::embedded();
    at_the_edge(&site, vec![site.serve()]);
}

#[test]
fn the_edge_of_a_gibibyte_is_exact_over_two_nodes() {
    let site = Site::on_a_database();
    at_the_edge(&site, vec![site.serve(), site.serve()]);
}

/// Without a model the service starts degraded, and says so.
#[test]
fn without_a_model_words_find_what_is_stored() {
    let folder = Folder::new();
    folder.configure("[embedder]\nkind = \"none\"\n");
    let server = folder.serve();
    let (_, bearer) = server.register("cleo@example.com");
    let body = json!({ "type": "lesson", "input_context": "the wifi password is hunter2",
        "tier": "ltm" });
    let stored = call(&server, &bearer, ("POST", "/api/memory/store"), &body).expect("answered");
    assert_eq!(stored.status, 201, "{}", stored.body);
    let body = json!({ "query": "wifi password", "limit": 5 });
    let found = call(&server, &bearer, ("POST", "/api/memory/search"), &body).expect("answered");
    assert_eq!(found.body["mode"], "keyword");
    assert_eq!(found.body["degraded"], true);
    assert_eq!(found.body["results"][0]["id"], stored.body["id"]);
}
