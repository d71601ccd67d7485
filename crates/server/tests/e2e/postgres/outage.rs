//! The database goes away and comes back.

use super::Site;
use crate::binary::{SERVICE_TOKEN, Server};
use novacore_postgres_fixture::Server as Database;
use serde_json::json;
use std::{
    io::BufRead,
    time::{Duration, Instant},
};

/// Nothing here takes as long; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until the node says of itself that it is ready, or not.
fn becomes(node: &Server, status: u16) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let ready = node.send("GET", "/health/ready", &[], "").expect("answered");
        if ready.status == status {
            return;
        }
        assert!(Instant::now() < deadline, "still {}", ready.status);
        std::thread::yield_now();
    }
}

#[test]
fn without_its_database_a_node_refuses_and_says_so_and_recovers_by_itself() {
    let database = Database::start();
    let site = Site::on(&database);
    let (here, there) = (site.serve(), site.serve());
    let (user, token) = here.register("ada@example.com");
    let record = json!({ "userId": user, "resourceType": "llm_tokens", "amount": 700 });
    let once = [("x-service-token", SERVICE_TOKEN), ("idempotency-key", "once")];
    let mut stream = there.stream(&token, "0");
    becomes(&here, 200);

    database.stop_immediate();
    let refused = here.post("/usage/record", &once, &record).expect("answered");
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.header("retry-after").is_some());
    assert!(!refused.body.to_string().contains(&site.url));
    becomes(&here, 503);
    becomes(&there, 503);
    assert_eq!(here.send("GET", "/health/live", &[], "").expect("answered").status, 200);

    database.start_again();
    becomes(&here, 200);
    becomes(&there, 200);
    for replayed in [None, Some("true")] {
        let recorded = here.post("/usage/record", &once, &record).expect("answered");
        assert_eq!(recorded.status, 201, "{}", recorded.body);
        assert_eq!(recorded.header("idempotent-replayed"), replayed);
    }
    // Whether or not the other node heard it, its stream finds what was written.
    let mut line = String::new();
    while !line.starts_with("id: 1") {
        line.clear();
        assert_ne!(stream.read_line(&mut line).expect("it goes on"), 0, "the stream has ended");
    }
    assert_eq!(there.get("/api/usage/tokens", &token).body["used"], 700);
}
