//! A node that finds its clock off the database's.
//!
//! The node's sessions are shown a database's clock of the test's making: nobody can set the real
//! ones apart on one machine, and their difference is all that a node looks at.

use super::{Site, environment};
use crate::binary::Server;
use novacore_postgres_fixture::Server as Database;
use serde_json::{Value, json};

/// Questions until a node must have noticed.
const LOOKS_MAX: usize = 20_000;

/// Stands before the real function in the sessions whose path leads here first.
const SHIFTED: &str = "CREATE SCHEMA shifted; CREATE TABLE shifted.by (span interval NOT NULL); \
     INSERT INTO shifted.by VALUES ('0'); \
     CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS \
     'SELECT pg_catalog.clock_timestamp() + span FROM shifted.by'";
const PATH: &str = "?options=-c%20search_path%3Dshifted,pg_catalog,public";

fn is_ready(node: &Server) -> bool {
    node.send("GET", "/health/ready", &[], "").expect("answered").status == 200
}

fn used(node: &Server, use_of: &Value) -> u16 {
    node.service("/usage/record", use_of).status
}

#[test]
fn a_node_whose_clock_is_off_says_503_until_it_is_right_again() {
    let database = Database::shared();
    let site = Site::on(database);
    // A window that does not end at midnight, whenever this runs.
    site.folder
        .configure("[tiers.free_trial.limits.llm_tokens]\ncap = 1000\nwindow = \"lifetime\"\n");
    database.psql(&site.url, SHIFTED).expect("another clock");
    let right = site.serve();
    let wrong = site.folder.serve_with(&environment(&format!("{}{PATH}", site.url)));
    let (user, token) = right.register("ada@example.com");
    let use_of = json!({ "userId": user, "resourceType": "llm_tokens", "amount": 1 });
    assert_eq!(used(&wrong, &use_of), 201);
    for span in ["5 s", "-5 s"] {
        let shift = |span: &str| {
            let sql = format!("UPDATE shifted.by SET span = '{span}'");
            database.psql(&site.url, &sql).expect("shifted");
        };
        shift(span);
        let refused = wrong.service("/usage/record", &use_of);
        assert_eq!(refused.status, 503, "{span}: {}", refused.body);
        assert_eq!(refused.body["type"], "urn:novacore:problem:clock-behind", "{span}");
        assert_eq!(refused.header("retry-after"), Some("1"), "{span}");
        assert_eq!(used(&right, &use_of), 201, "{span}");
        assert!(is_ready(&right) && !is_ready(&wrong), "{span}");
        shift("0");
        let came_back = (0..LOOKS_MAX).any(|_| is_ready(&wrong));
        assert!(came_back, "{span}: it did not come back by itself");
        assert_eq!(used(&wrong, &use_of), 201, "{span}");
    }
    for node in [&right, &wrong] {
        assert_eq!(node.get("/api/usage/tokens", &token).body["used"], 5);
    }
}
