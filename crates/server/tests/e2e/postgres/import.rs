//! A data directory moved into a database.

use super::{JWT_SECRET, REFRESH_SECRET, Site};
use crate::{
    binary::{SERVICE_TOKEN, Server},
    flow::{meets_the_gate, reserve},
};
use novacore_postgres_fixture::Server as Database;
use serde_json::{Value, json};
use std::{os::unix::process::ExitStatusExt, path::Path};

/// What a node on the database will be told as well.
const SECRETS: [(&str, &str); 2] =
    [("NOVACORE_JWT_SECRET", JWT_SECRET), ("NOVACORE_REFRESH_SECRET", REFRESH_SECRET)];

/// Holds up whoever writes entries, visibly, until `ROLLBACK PREPARED 'gate'`.
const GATE: [&str; 6] = [
    "CREATE TABLE gate ()",
    "CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS \
     $$ BEGIN LOCK TABLE gate IN ACCESS SHARE MODE; RETURN NULL; END $$",
    "CREATE TRIGGER at_gate BEFORE INSERT ON usage_ledger FOR EACH STATEMENT \
     EXECUTE FUNCTION pass()",
    "BEGIN",
    "LOCK TABLE gate IN ACCESS EXCLUSIVE MODE",
    "PREPARE TRANSACTION 'gate'",
];
const AT_GATE: &str =
    "SELECT count(*) FROM pg_locks WHERE relation = 'gate'::regclass AND NOT granted";

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

fn refresh(server: &Server, token: &str) -> String {
    let body = json!({ "refreshToken": token });
    let answer = server.post("/api/auth/refresh", &[], &body).expect("answered");
    assert_eq!(answer.status, 200, "{}", answer.body);
    text(&answer.body["refreshToken"])
}

/// What users and operators see, but for the time at which they look.
fn looks(server: &Server, token: &str) -> Vec<Value> {
    let admin = server.admin();
    let own = ["tokens", "quota", "stats?days=30", "history", "entries"];
    let mut own = own.map(|path| server.get(&format!("/api/usage/{path}"), token).body);
    own[2] = own[2]["breakdown"].take();
    let all = ["audit", "users", "tiers"];
    let all = all.map(|path| server.get(&format!("/api/admin/{path}"), &admin).body);
    own.into_iter().chain(all).collect()
}

/// The files that an import must leave as they are.
fn files(data: &Path) -> Vec<Vec<u8>> {
    ["ledger.db", "ledger.db-wal"]
        .map(|name| std::fs::read(data.join(name)).unwrap_or_default())
        .to_vec()
}

#[test]
fn a_moved_ledger_goes_on_where_it_was() {
    let site = Site::on(Database::shared());
    let server = site.folder.serve_with(&SECRETS);
    meets_the_gate(&server);
    let (user, token) = server.register("bob@example.com");
    let login = json!({ "email": "bob@example.com", "password": "correct horse" });
    let login = server.post("/api/auth/login", &[], &login).expect("answered");
    let refresh_token = refresh(&server, &text(&login.body["refreshToken"]));
    let keyed = [("x-service-token", SERVICE_TOKEN), ("idempotency-key", "once")];
    let body = json!({ "userId": user, "resourceType": "messages", "amount": 3 });
    let first = server.post("/usage/record", &keyed, &body).expect("answered");
    let held = server.service("/usage/reservations", &reserve(&user, 200)).body;
    let hold = text(&held["reservationId"]);
    let before = looks(&server, &token);
    let busy = site.complaint(&["ledger", "import"]);
    assert!(busy.contains("in use by another process"), "{busy}");
    server.terminate();
    assert!(server.wait().success());
    let made = site.folder.run(&["admin", "create-key", &user, "--scopes", "usage:read"]);
    let key = String::from_utf8(made.stdout).expect("text");
    let exported = site.folder.run(&["ledger", "export"]).stdout;
    let exported = String::from_utf8(exported).expect("text");
    let was = files(&site.folder.data());

    let told = site.written(&["ledger", "import"]);
    assert!(told.contains("moved 3 users, ") && told.contains(", 1 idempotency keys, "), "{told}");
    assert!(told.ends_with("the database verifies\n"), "{told}");
    assert!(files(&site.folder.data()) == was, "the data directory was only read");
    assert!(site.written(&["ledger", "verify"]).ends_with("the ledger verifies\n"));
    assert_eq!(sorted(&site.written(&["ledger", "export"])), sorted(&exported));
    let node = site.serve();
    // An operator made a key since.
    let mut after = looks(&node, &token);
    let entries = after[5]["entries"].as_array_mut().expect("the audit log");
    assert_eq!(entries.remove(0)["action"], "create_key");
    for (after, before) in after.iter().zip(&before) {
        assert_eq!(after, before);
    }
    assert_eq!(node.get("/api/usage/tokens", key.trim_end()).status, 200);
    refresh(&node, &refresh_token);
    let again = node.post("/usage/record", &keyed, &body).expect("answered");
    assert_eq!((again.header("idempotent-replayed"), &again.body), (Some("true"), &first.body));
    let amounts = json!({ "amounts": [{ "resourceType": "llm_tokens", "amount": 150 }] });
    let settled = node.service(&format!("/usage/reservations/{hold}/settle"), &amounts);
    assert_eq!((settled.status, &settled.body["status"]), (200, &json!("settled")));
    drop(node);
    let twice = site.complaint(&["ledger", "import"]);
    assert!(twice.contains("the database is not empty"), "{twice}");
}

/// A vector of the embedder's dimension that points along an axis.
fn along(axis: usize) -> Vec<f32> {
    (0..384).map(|at| if at == axis { 1.0 } else { 0.0 }).collect()
}

/// Stores under a key; the answer.
fn remembered(server: &Server, token: &str, key: &str, body: &Value) -> crate::binary::Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", &*bearer), ("idempotency-key", key)];
    let answer = server.post("/api/memory/store", &headers, body).expect("answered");
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer
}

fn called(server: &Server, token: &str, method: &str, path: &str, body: &Value) -> Value {
    let bearer = format!("Bearer {token}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = server.send(method, path, &[("authorization", &bearer)], &body);
    let answer = answer.expect("answered");
    assert!((200..300).contains(&answer.status), "{path}: {}", answer.body);
    answer.body
}

/// An answer but for the time of the look, and the reads that looks are.
fn still(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.retain(|name, _| {
                !["timestamp", "access_count", "last_accessed_at"].contains(&name.as_str())
            });
            fields.values_mut().for_each(|field| *field = still(field.take()));
        }
        Value::Array(all) => all.iter_mut().for_each(|one| *one = still(one.take())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    value
}

/// What a user sees of what he has in mind.
fn minds(server: &Server, token: &str) -> Vec<Value> {
    let of = ["list?tier=stm", "list?tier=itm", "list?tier=ltm", "list?limit=2&offset=1"];
    let more = ["usage", "usage/quota-check", "stats", "stm/retrieve/s1", "itm/retrieve"];
    let context = ["context?session_id=s1&query=dog"];
    let paths = of.into_iter().chain(more).chain(context);
    let mut seen: Vec<Value> = paths
        .map(|path| {
            still(called(server, token, "GET", &format!("/api/memory/{path}"), &Value::Null))
        })
        .collect();
    for query in [
        json!({ "query": "dog", "mode": "keyword" }),
        json!({ "query": "x", "embedding": along(1), "limit": 2 }),
        json!({ "query": "x", "embedding": along(2), "tags_any": ["pets"] }),
        json!({ "query": "dog rex", "tier": "ltm", "min_confidence": 0.5 }),
    ] {
        seen.push(still(called(server, token, "POST", "/api/memory/search", &query)));
    }
    seen
}

#[test]
fn moved_memories_are_found_where_they_were() {
    let site = Site::on(Database::shared());
    let server = site.folder.serve_with(&SECRETS);
    let (_, token) = server.register("eve@example.com");
    let ltm = json!({ "type": "lesson", "tier": "ltm", "input_context": "My dog is called Rex",
        "output_response": "w\u{f6}f", "tags": ["pets"], "metadata": { "a": [1.0, null] },
        "confidence_score": 0.9, "embedding": along(1) });
    let first = remembered(&server, &token, "a dog", &ltm);
    let itm = json!({ "type": "task", "tier": "itm", "input_context": "walk the dog",
        "session_id": "s1", "embedding": along(2) });
    remembered(&server, &token, "a walk", &itm);
    let stm = json!({ "type": "conversation", "tier": "stm", "input_context": "a turn",
        "session_id": "s1" });
    let short = remembered(&server, &token, "a turn", &stm);
    let gone = json!({ "type": "error", "tier": "ltm", "input_context": "forget me" });
    let gone = remembered(&server, &token, "an error", &gone);
    let gone = format!("/api/memory/delete/{}", text(&gone.body["id"]));
    called(&server, &token, "DELETE", &gone, &Value::Null);
    // Of one who has memories that cost nothing, and nothing else.
    let (_, other) = server.register("finn@example.com");
    remembered(&server, &other, "his", &stm);
    let (before, others) = (minds(&server, &token), minds(&server, &other));
    let semantic = &before[11]["results"];
    assert_eq!((&semantic[0]["id"], semantic[1].is_null()), (&first.body["id"], false));
    server.terminate();
    assert!(server.wait().success());
    assert!(site.folder.run(&["ledger", "verify"]).status.success());

    let told = site.written(&["ledger", "import"]);
    assert!(told.contains("\n4 memories are what was noted of them\n"), "{told}");
    assert!(told.contains("\nmoved 4 memories, 2 with an embedding\n"), "{told}");
    let verified = site.written(&["ledger", "verify"]);
    assert!(verified.ends_with("\n4 memories\nthe ledger verifies\n"), "{verified}");
    let node = site.serve();
    assert_eq!(minds(&node, &token), before);
    assert_eq!(minds(&node, &other), others);
    let again = remembered(&node, &token, "a dog", &ltm);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(still(again.body), still(first.body.clone()));

    let id = text(&first.body["id"]);
    let longer = json!({ "input_context": "My dog is called Rex, and he is old" });
    let longer = called(&node, &token, "PATCH", &format!("/api/memory/update/{id}"), &longer);
    let to = json!({ "target_tier": "ltm" });
    let path = format!("/api/memory/promote/{}", text(&short.body["id"]));
    let promoted = called(&node, &token, "POST", &path, &to);
    let size = |memory: &Value| memory["size_bytes"].as_i64().expect("a size");
    let used = || node.get("/api/usage/storage", &token).body["used"].as_i64().expect("a number");
    let list = called(&node, &token, "GET", "/api/memory/list?tier=itm", &Value::Null);
    assert_eq!(used(), size(&longer) + size(&promoted) + size(&list["memories"][0]));
    called(&node, &token, "DELETE", &format!("/api/memory/delete/{id}"), &Value::Null);
    assert_eq!(used(), size(&promoted) + size(&list["memories"][0]));
    called(&node, &token, "POST", "/api/memory/forget", &json!({ "all": true }));
    assert_eq!(used(), 0);
    drop(node);
    assert!(site.written(&["ledger", "verify"]).ends_with("\n1 memories\nthe ledger verifies\n"));
}

#[test]
fn an_import_says_what_it_lacks() {
    let site = Site::on(Database::shared());
    let nothing = site.complaint(&["ledger", "import"]);
    assert!(nothing.contains("there is no ledger here"), "{nothing}");
    assert!(!site.folder.data().exists());
    let output = site.folder.run(&["ledger", "import"]);
    let nowhere = String::from_utf8(output.stderr).expect("text");
    assert!(nowhere.contains("store.database_url is not set"), "{nowhere}");
}

/// Killed while its rows are on their way: nothing is there, and nothing is in the next one's way.
/// The server before was killed too, and its log is left to it.
#[test]
fn a_killed_import_leaves_nothing() {
    let database = Database::start_with(&[("max_prepared_transactions", "1")]);
    let site = Site::on(&database);
    let server = site.folder.serve_with(&SECRETS);
    meets_the_gate(&server);
    server.kill();
    let was = files(&site.folder.data());
    assert!(was.iter().all(|file| !file.is_empty()));
    let psql = |sql: &str| database.psql(&site.url, sql).expect("a statement");
    database.psql_script(&site.url, &GATE).expect("a gate");
    let mut import = site.folder.start_with(&site.environment(), &["ledger", "import"]);
    while psql(AT_GATE) != "1" {
        assert_eq!(import.try_wait().expect("its state"), None, "the import has ended");
        std::thread::yield_now();
    }
    import.kill().expect("killed");
    assert_eq!(import.wait().expect("ended").signal(), Some(9));
    psql("ROLLBACK PREPARED 'gate'");
    assert!(site.written(&["ledger", "import"]).ends_with("the database verifies\n"));
    assert!(files(&site.folder.data()) == was, "the data directory was only read");
}
