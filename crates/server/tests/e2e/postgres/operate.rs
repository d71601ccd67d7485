//! An operator's commands on a database, beside a running node.

use super::Site;
use crate::{binary::SERVICE_TOKEN, flow::meets_the_gate};
use novacore_postgres_fixture::Server as Database;
use serde_json::Value;

#[test]
fn an_operator_works_beside_a_running_node() {
    let site = Site::on(Database::shared());
    let node = site.serve();
    let made = site.written(&["admin", "create-user", "ada@example.com", "--tier", "basic"]);
    let user = made.lines().find_map(|line| line.strip_prefix("user ")).expect("an id");
    let set = site.written(&["admin", "set-tier", "ada@example.com", "pro"]);
    assert_eq!(set, format!("{user} is on pro\n"));
    let key = site.written(&["admin", "create-key", user, "--scopes", "usage:read"]);
    assert_eq!(node.get("/api/usage/tier", key.trim_end()).body["tier"], "pro");
    let token = site.written(&["admin", "service-token"]);
    assert_eq!(token.trim_end(), SERVICE_TOKEN);
}

#[test]
fn a_ledger_verifies_and_exports_beside_a_running_node() {
    let site = Site::on(Database::shared());
    let node = site.serve();
    meets_the_gate(&node);
    let verified = site.written(&["ledger", "verify"]);
    assert!(verified.ends_with("the ledger verifies\n"), "{verified}");

    let exported = site.written(&["ledger", "export"]);
    let entries: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object on each line"))
        .collect();
    let counted = format!("{} entries of 1 accounts\n", entries.len());
    assert!(verified.starts_with(&counted), "{verified}");
    for (entry, version) in entries.iter().zip(1..) {
        assert_eq!(entry["version"], version);
    }
    assert_eq!((&entries[0]["kind"], &entries[0]["amount"]), (&"record".into(), &800.into()));
    let csv = site.written(&["ledger", "export", "--format", "csv"]);
    assert_eq!(csv.lines().count(), entries.len() + 1);
    // What a data directory exports looks the same.
    let embedded = crate::binary::Folder::new();
    let server = embedded.serve();
    meets_the_gate(&server);
    drop(server);
    let output = embedded.run(&["ledger", "export", "--format", "csv"]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(text.lines().next(), csv.lines().next());
    assert_eq!(text.lines().count(), csv.lines().count());
}

#[test]
fn what_is_for_a_data_directory_says_what_to_do_instead() {
    let site = Site::on(Database::shared());
    for (command, instead) in [
        (&["ledger", "rebuild"][..], "nothing to rebuild"),
        (&["backup", "copy.db"], "pg_dump"),
        (&["demo"], "on one machine"),
    ] {
        let complaint = site.complaint(command);
        assert!(complaint.contains(instead), "{complaint}");
    }
    assert!(!site.folder.data().exists());
    let shown = site.written(&["config"]);
    assert!(shown.contains("store.database_url = ***\n") && !shown.contains(&site.url));
}
