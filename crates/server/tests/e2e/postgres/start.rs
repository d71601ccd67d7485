//! A node's start, and what is refused at it.

use super::Site;
use crate::{binary::Folder, flow::meets_the_gate};
use novacore_postgres_fixture::Server as Database;

#[test]
fn a_node_serves_the_flow_and_keeps_nothing_of_its_own() {
    let site = Site::on(Database::shared());
    let node = site.serve();
    meets_the_gate(&node);
    node.terminate();
    assert!(node.wait().success());
    assert!(!site.folder.data().exists(), "a node needs no data directory");
    let node = site.serve();
    let admin = node.admin();
    assert_eq!(node.get("/api/admin/users?search=ada", &admin).status, 200);
}

#[test]
fn a_node_is_refused_whose_schema_or_secrets_are_not_there() {
    let site = Site::on(Database::shared());
    let bare = Site { folder: Folder::new(), url: Database::shared().fresh_database() };
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let refused = bare.complaint(&serve);
    assert!(refused.contains("run `novacore migrate`"), "{refused}");

    for (index, key) in [(1, "auth.jwt_secret"), (2, "auth.refresh_secret")] {
        let mut environment = site.environment().to_vec();
        environment.remove(index);
        let output = site.folder.run_with(&environment, &serve);
        let refused = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(1), "{refused}");
        assert!(refused.contains(key), "{refused}");
        assert!(!site.folder.data().exists(), "none is made");
    }
    let environment = [("NOVACORE__STORE__CLOCK_OFFSET_MS_MAX", "300001")];
    let environment = [&site.environment()[..], &environment].concat();
    let output = site.folder.run_with(&environment, &serve);
    let refused = String::from_utf8(output.stderr).expect("text");
    assert!(refused.contains("store.clock_offset_ms_max: at most 300000"), "{refused}");
}
