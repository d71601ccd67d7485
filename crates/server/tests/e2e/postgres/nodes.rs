//! Several nodes on one database.

use super::Site;
use crate::flow::reserve;
use novacore_postgres_fixture::Server as Database;
use serde_json::json;

#[test]
fn a_session_of_one_node_works_on_another_and_a_tier_admits_there_at_once() {
    let site = Site::on(Database::shared());
    let (here, there) = (site.serve(), site.serve());
    let (user, token) = here.register("ada@example.com");
    let body = json!({ "email": "ada@example.com", "password": "correct horse" });
    let signed_in = here.post("/api/auth/login", &[], &body).expect("answered");
    assert_eq!(there.get("/api/usage/tokens", &token).body["used"], 0);
    let refresh = json!({ "refreshToken": signed_in.body["refreshToken"] });
    assert_eq!(there.post("/api/auth/refresh", &[], &refresh).expect("answered").status, 200);

    assert_eq!(there.service("/usage/reservations", &reserve(&user, 40_000)).status, 429);
    let bearer = format!("Bearer {}", here.admin());
    let change = json!({ "tier": "basic", "reason": "upgrade" }).to_string();
    let path = format!("/api/admin/users/{user}/tier");
    let changed = here.send("PUT", &path, &[("authorization", &bearer)], &change);
    assert_eq!(changed.expect("answered").status, 200);
    assert_eq!(there.service("/usage/reservations", &reserve(&user, 40_000)).status, 201);
    assert_eq!(here.service("/usage/reservations", &reserve(&user, 20_000)).status, 429);
}
