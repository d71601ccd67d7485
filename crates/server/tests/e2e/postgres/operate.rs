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
fn old_months_are_shown_and_then_detached() {
    let site = Site::on(Database::shared());
    let node = site.serve();
    meets_the_gate(&node);
    let old = "CREATE TABLE usage_ledger_202401 PARTITION OF usage_ledger \
         FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')";
    Database::shared().psql(&site.url, old).expect("an old month");
    let detach = ["ledger", "detach", "--before", "2024-02"];
    let shown = site.written(&detach);
    assert_eq!(
        shown,
        "2024-01  0 entries  -> table usage_ledger_202401\n\
         1 month would be detached; add --apply to do it\n"
    );
    assert_eq!(site.written(&detach), shown);
    let exported = site.run(&["ledger", "export"]);
    assert_eq!(String::from_utf8_lossy(&exported.stderr), "");
    let apply = [&detach[..], &["--apply"]].concat();
    let done = site.written(&apply);
    assert_eq!(done, "2024-01  0 entries of 0 accounts  now table usage_ledger_202401\n");
    assert_eq!(site.written(&apply), "the ledger has nothing from before 2024-02\n");
    let exported = site.run(&["ledger", "export"]);
    let said = String::from_utf8_lossy(&exported.stderr);
    assert_eq!(said, "not in it: what was recorded from 2024-01 to 2024-01, which is detached\n");
    assert!(site.written(&["ledger", "verify"]).ends_with("the ledger verifies\n"));
}

#[test]
fn months_that_cannot_be_detached_are_refused_with_the_reason() {
    let site = Site::on(Database::shared());
    for (arguments, why) in [
        (&[][..], "say --before YYYY-MM, or set store.retain_months"),
        (&["--before", "2024-13"], "--before 2024-13: must be a month, such as 2025-01"),
        (&["--before", "9999-01"], "the last 15 months stay"),
    ] {
        let complaint = site.complaint(&[&["ledger", "detach"], arguments].concat());
        assert!(complaint.contains(why), "{complaint}");
    }
    for (more, why) in [
        (&[("NOVACORE__STORE__RETAIN_MONTHS", "14")][..], "retain_months: 14 months: at least 15"),
        (
            &[("NOVACORE__STORE__RETAIN_MONTHS", "15"), ("NOVACORE__STORE__DISTRIBUTION", "citus")],
            "retain_months: months are not detached on Citus",
        ),
    ] {
        for command in [&["ledger", "detach"][..], &["serve"]] {
            let environment = [&site.environment()[..], more].concat();
            let output = site.folder.run_with(&environment, command);
            assert_eq!(output.status.code(), Some(1));
            let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(complaint.contains(why), "{complaint}");
        }
    }
    let folder = crate::binary::Folder::new();
    for (environment, command) in [
        (&[("NOVACORE__STORE__RETAIN_MONTHS", "15")][..], &["serve"][..]),
        (&[], &["ledger", "detach", "--before", "2024-02"]),
    ] {
        let output = folder.run_with(environment, command);
        assert_eq!(output.status.code(), Some(1));
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(complaint.contains("a data directory keeps every entry"), "{complaint}");
    }
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
