//! What is particular to this database: buckets that organisations share, text that it cannot hold.

use crate::{node::Database, people::*};
use novacore_access::AuditAction;
use novacore_store::{
    directory::{ApiKeys, AuditLog, AuditQuery, Sessions, UserQuery, Users},
    error::StoreError,
};
use novacore_vocab::{Account, OrgId, UserId};

/// Enough that some of them share one of the 1,024 buckets.
const USERS: u128 = 120;
/// Two users of one bucket, each of whom is his own organisation.
const NEIGHBOURS: &str =
    "SELECT array_agg(user_id) FROM users GROUP BY bucket HAVING count(*) > 1 LIMIT 1";

#[tokio::test]
async fn an_organisation_of_the_same_bucket_is_another() {
    let database = Database::fresh().await;
    let node = database.node().await;
    for number in 1..=USERS {
        stored(&*node, number).await;
    }
    let neighbours = database.session().await.ids(NEIGHBOURS).await;
    let owner = node.find_user(UserId(neighbours[0])).await.unwrap().unwrap();
    let elsewhere = Account { org: OrgId(neighbours[1]), user: owner.id };
    assert_ne!(owner.account(), elsewhere);

    let entry = audit(AuditAction::CreateKey, "key");
    let (own_key, own_session) = (key(1, owner.account()), session(1, owner.account()));
    node.insert_key(&own_key, &entry).await.unwrap();
    node.insert_session(&own_session).await.unwrap();
    assert_eq!(node.find_key(elsewhere, own_key.key.id).await, Ok(None));
    assert_eq!(node.list_keys(elsewhere).await, Ok(vec![]));
    let revoked = node.revoke_key(elsewhere, own_key.key.id, &entry).await;
    assert_eq!(revoked, Err(StoreError::NotFound("key")));
    assert_eq!(node.touch_key(elsewhere, own_key.key.id, at(9)).await, Ok(()));
    assert_eq!(node.find_session(elsewhere, own_session.id).await, Ok(None));
    assert_eq!(node.end_sessions_of(elsewhere, None).await, Ok(0));
    assert_eq!(node.end_session(elsewhere, own_session.id).await, Ok(()));
    let inserted = node.insert_session(&session(2, elsewhere)).await;
    assert_eq!(inserted, Err(StoreError::NotFound("user")));

    assert_eq!(node.find_key(owner.account(), own_key.key.id).await, Ok(Some(own_key)));
    assert_eq!(node.list_sessions(owner.account()).await, Ok(vec![own_session]));
}

#[tokio::test]
async fn text_that_cannot_be_stored_is_nowhere_found() {
    let node = Database::fresh().await.node().await;
    stored(&*node, 1).await;
    let query = UserQuery { search: Some("u1\0".to_owned()), rows_max: 10, ..UserQuery::default() };
    assert_eq!(node.list_users(&query).await, Ok(vec![]));
    let query = AuditQuery { target: Some("\0".to_owned()), rows_max: 10, before: None };
    assert_eq!(node.list_audit(&query).await, Ok(vec![]));
    let query = AuditQuery { before: None, rows_max: 0, target: None };
    assert_eq!(node.list_audit(&query).await, Ok(vec![]));
}
