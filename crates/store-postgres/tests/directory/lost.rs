//! Connections lost around a commit, and a server that crashes: what is told is true, and the next
//! call finds a way.

use crate::{
    node::{Database, Node},
    people::*,
};
use novacore_access::AuditAction;
use novacore_postgres_fixture::{Moment, Proxy, Rule, Server};
use novacore_store::{
    directory::{AuditLog, AuditQuery, Users},
    error::StoreError,
};

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_told_as_unknown_and_is_whole_or_absent() {
    let proxy = Proxy::start(Server::shared().address()).unwrap();
    let database = Database::fresh().await;
    let node = Node::open(&proxy.url_of(database.url())).await;
    let entry = audit(AuditAction::CreateUser, "user");
    for (number, moment, is_stored) in
        [(1, Moment::BeforeServer, false), (2, Moment::BeforeAnswer, true)]
    {
        let new = credentials(user(number));
        proxy.arm(Rule::at_commit(moment));
        let told = node.create_user(&new, Some(&entry)).await;
        assert_eq!(told, Err(StoreError::Unavailable), "{moment:?}");
        let found = node.find_user(new.user.id).await;
        assert_eq!(found, Ok(is_stored.then_some(new.user)), "{moment:?}");
    }
    let query = AuditQuery { rows_max: 10, ..AuditQuery::default() };
    assert_eq!(node.list_audit(&query).await.map(|rows| rows.len()), Ok(1));
    let again = node.create_user(&credentials(user(2)), Some(&entry)).await;
    assert_eq!(again, Err(StoreError::Taken { field: "id" }));
}

#[tokio::test]
async fn a_server_that_crashes_is_unavailable_until_it_is_back() {
    let server = Server::start();
    let database = Database::of(&server).await;
    let node = database.node().await;
    let first = stored(&*node, 1).await;
    server.stop_immediate();
    assert_eq!(node.find_user(first.id).await, Err(StoreError::Unavailable));
    let told = node.create_user(&credentials(user(2)), None).await;
    assert_eq!(told, Err(StoreError::Unavailable));
    server.start_again();
    assert_eq!(node.find_user(first.id).await, Ok(Some(first)));
    stored(&*node, 2).await;
}
