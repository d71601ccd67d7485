//! Two nodes at the same row.
//!
//! That they meet is not left to luck: a session beside them holds what both need until both are
//! seen to wait for it.

use crate::{
    node::{Database, Node},
    people::*,
};
use novacore_access::{
    AuditAction, Generation, KEYS_PER_USER_MAX, PasswordHash, SESSIONS_PER_USER_MAX, Session,
};
use novacore_store::{
    directory::{
        ApiKeys, AuditLog, AuditQuery, AuditSeq, Credentials, KeyInserted, Sessions, UserQuery,
        Users,
    },
    error::StoreError,
};
use tokio::join;

struct Nodes {
    database: Database,
    one: Node,
    two: Node,
}

async fn nodes() -> Nodes {
    let database = Database::fresh().await;
    let (one, two) = (database.node().await, database.node().await);
    Nodes { database, one, two }
}

impl Nodes {
    /// Numbers and targets of the audit log, the oldest first.
    async fn audited(&self) -> Vec<(AuditSeq, String)> {
        let query = AuditQuery { rows_max: 200, ..AuditQuery::default() };
        let rows = self.one.list_audit(&query).await.expect("the audit log");
        rows.into_iter().rev().map(|row| (row.seq, row.entry.target)).collect()
    }
}

/// Of two results one is good; the other's error.
fn loser<T: std::fmt::Debug>(results: [Result<T, StoreError>; 2]) -> StoreError {
    let [one, two] = results;
    match (one, two) {
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => error,
        both => panic!("one wins: {both:?}"),
    }
}

#[tokio::test]
async fn one_address_makes_one_user() {
    let nodes = nodes().await;
    let mut other = credentials(user(2));
    other.user.email = Some(email(1));
    let (first, entry) = (credentials(user(1)), audit(AuditAction::CreateUser, "user"));
    let obstacle = nodes
        .database
        .obstacle("INSERT INTO user_email VALUES ('u1@example.com', gen_random_uuid(), 0)")
        .await;
    let (one, two, ()) = join!(
        nodes.one.create_user(&first, Some(&entry)),
        nodes.two.create_user(&other, Some(&entry)),
        obstacle.give_way_to(2, "ROLLBACK")
    );
    assert_eq!(loser([one, two]), StoreError::Taken { field: "email" });
    let query = UserQuery { rows_max: 10, ..UserQuery::default() };
    let users = nodes.two.list_users(&query).await.unwrap();
    let found = nodes.one.find_credentials(&email(1)).await.unwrap().unwrap();
    assert_eq!(users, [found.user]);
    assert_eq!(nodes.audited().await.len(), 1);
    // Nothing of the loser is left in anybody's way.
    let session = nodes.database.session().await;
    assert_eq!(session.number("SELECT count(*) FROM account_place").await, 1);
}

#[tokio::test]
async fn an_unknown_user_is_made_by_one_and_seen_by_both() {
    let nodes = nodes().await;
    let unknown = user(1);
    let obstacle =
        format!("INSERT INTO account_place VALUES ('{}', '{}', 0)", unknown.id.0, unknown.org.0);
    let obstacle = nodes.database.obstacle(&obstacle).await;
    let (one, two, ()) = join!(
        nodes.one.ensure_user(&unknown),
        nodes.two.ensure_user(&unknown),
        obstacle.give_way_to(2, "ROLLBACK")
    );
    let seen = [one.unwrap(), two.unwrap()];
    assert_eq!(seen.iter().filter(|ensured| ensured.created).count(), 1);
    assert!(seen.iter().all(|ensured| ensured.user == unknown));
}

#[tokio::test]
async fn the_first_administrator_is_made_by_one() {
    let nodes = nodes().await;
    let (two, three) = (admin(2), admin(3));
    let entry = audit(AuditAction::CreateUser, "admin");
    let obstacle = nodes.database.obstacle("SELECT * FROM first_admin FOR UPDATE").await;
    let (by_one, by_two, ()) = join!(
        nodes.one.create_first_admin(&two, &entry),
        nodes.two.create_first_admin(&three, &entry),
        obstacle.give_way_to(2, "ROLLBACK")
    );
    let made = [by_one.unwrap(), by_two.unwrap()];
    assert!(made[0] != made[1], "{made:?}");
    let query = UserQuery { rows_max: 10, ..UserQuery::default() };
    assert_eq!(nodes.one.list_users(&query).await.unwrap().len(), 1);
    assert_eq!(nodes.audited().await.len(), 1);
}

#[tokio::test]
async fn a_generation_is_passed_by_one() {
    let nodes = nodes().await;
    let account = stored(&*nodes.one, 1).await.account();
    let first = session(1, account);
    nodes.one.insert_session(&first).await.unwrap();
    let next =
        |rotated_s| Session { generation: Generation(1), rotated_at: at(rotated_s), ..first };
    let (ten, eleven) = (next(10), next(11));
    let obstacle = nodes.database.obstacle("SELECT * FROM session FOR UPDATE").await;
    let (one, two, ()) = join!(
        nodes.one.advance_session(Generation(0), &ten),
        nodes.two.advance_session(Generation(0), &eleven),
        obstacle.give_way_to(2, "ROLLBACK")
    );
    let kept = if one.is_ok() { ten } else { eleven };
    assert_eq!(loser([one, two]), StoreError::Stale("session"));
    assert_eq!(nodes.two.find_session(account, first.id).await, Ok(Some(kept)));
}

#[tokio::test]
async fn a_session_that_ends_is_not_advanced() {
    let nodes = nodes().await;
    let account = stored(&*nodes.one, 1).await.account();
    let first = session(1, account);
    nodes.one.insert_session(&first).await.unwrap();
    let next = Session { generation: Generation(1), ..first };
    let obstacle = nodes.database.obstacle("DELETE FROM session").await;
    let (advanced, ()) =
        join!(nodes.one.advance_session(Generation(0), &next), obstacle.give_way_to(1, "COMMIT"));
    assert_eq!(advanced, Err(StoreError::NotFound("session")));
}

#[tokio::test]
async fn a_change_is_made_by_one_and_told_once() {
    let nodes = nodes().await;
    let id = stored(&*nodes.one, 1).await.id;
    let (basic, pro) = (to_tier("basic"), to_tier("pro"));
    let entry = audit(AuditAction::SetTier, "user");
    let obstacle = nodes.database.obstacle("SELECT * FROM users FOR UPDATE").await;
    let (one, two, ()) = join!(
        nodes.one.change_user(id, &basic, &entry),
        nodes.two.change_user(id, &pro, &entry),
        obstacle.give_way_to(2, "ROLLBACK")
    );
    let kept = one.clone().or(two.clone()).unwrap();
    assert_eq!(loser([one, two]), StoreError::Stale("user"));
    assert_eq!(nodes.two.find_user(id).await, Ok(Some(kept)));
    assert_eq!(nodes.audited().await.len(), 1);
}

#[tokio::test]
async fn the_last_free_place_for_a_key_goes_to_one() {
    let nodes = nodes().await;
    let account = stored(&*nodes.one, 1).await.account();
    let entry = audit(AuditAction::CreateKey, "key");
    for number in 1..KEYS_PER_USER_MAX as u128 {
        let inserted = nodes.one.insert_key(&key(number, account), &entry).await;
        assert_eq!(inserted, Ok(KeyInserted::Stored));
    }
    let (last, excess) = (key(1_000, account), key(1_001, account));
    let obstacle = nodes.database.obstacle("SELECT * FROM users FOR UPDATE").await;
    let (one, two, ()) = join!(
        nodes.one.insert_key(&last, &entry),
        nodes.two.insert_key(&excess, &entry),
        obstacle.give_way_to(2, "ROLLBACK")
    );
    let mut inserted = [one.unwrap(), two.unwrap()];
    inserted.sort_by_key(|one| *one == KeyInserted::TooMany);
    assert_eq!(inserted, [KeyInserted::Stored, KeyInserted::TooMany]);
    assert_eq!(nodes.one.list_keys(account).await.unwrap().len(), KEYS_PER_USER_MAX);
    assert_eq!(nodes.audited().await.len(), KEYS_PER_USER_MAX);
}

#[tokio::test]
async fn sessions_are_bounded_over_all_nodes() {
    let nodes = nodes().await;
    let account = stored(&*nodes.one, 1).await.account();
    for number in 1..SESSIONS_PER_USER_MAX as u128 {
        nodes.one.insert_session(&session(number, account)).await.unwrap();
    }
    let (last, excess) = (session(1_000, account), session(1_001, account));
    let obstacle = nodes.database.obstacle("SELECT * FROM users FOR UPDATE").await;
    let (one, two, ()) = join!(
        nodes.one.insert_session(&last),
        nodes.two.insert_session(&excess),
        obstacle.give_way_to(2, "ROLLBACK")
    );
    assert_eq!([one, two], [Ok(()), Ok(())]);
    let sessions = nodes.one.list_sessions(account).await.unwrap();
    assert_eq!(sessions.len(), SESSIONS_PER_USER_MAX);
}

/// A sign-in with the old password is half way through: its session exists for nobody else, and is
/// ended nevertheless.
#[tokio::test]
async fn a_new_password_ends_a_session_that_is_being_stored() {
    let nodes = nodes().await;
    let account = stored(&*nodes.one, 1).await.account();
    let begun = session(1, account);
    let place = format!("bucket, user_id, '{}', org_id", begun.id.0);
    let obstacle = format!(
        "INSERT INTO session (bucket, user_id, session_id, org_id, generation, created_at, \
         rotated_at, expires_at) SELECT {place}, 0, now(), now(), now() FROM users"
    );
    let half_way = nodes.database.obstacle(&obstacle).await;
    let entry = audit(AuditAction::SetPassword, "user");
    let fresh = PasswordHash::new("fresh".to_owned());
    let (inserted, set, ()) = join!(
        nodes.one.insert_session(&begun),
        async {
            // Behind the sign-in.
            let seen = nodes.database.session().await;
            seen.give_way_to(1, "SELECT").await;
            nodes.two.set_password(account, &fresh, &entry).await
        },
        async {
            half_way.give_way_to(2, "ROLLBACK").await;
        }
    );
    assert_eq!((inserted, set), (Ok(()), Ok(())));
    assert_eq!(nodes.one.list_sessions(account).await, Ok(vec![]));
    let found = nodes.one.find_credentials(&email(1)).await.unwrap().unwrap();
    assert_eq!(found, Credentials { user: user(1), password: Some(fresh) });
}

#[tokio::test]
async fn audit_numbers_ascend_in_the_order_of_commits() {
    let nodes = nodes().await;
    let (one, two) = (stored(&*nodes.one, 1).await.id, stored(&*nodes.one, 2).await.id);
    let entry = audit(AuditAction::SetTier, "first");
    nodes.one.change_user(one, &to_tier("basic"), &entry).await.unwrap();
    // Another node has its number and has not committed: the next one comes behind.
    let obstacle = nodes
        .database
        .obstacle(
            "UPDATE audit_last SET seq = 2; \
             INSERT INTO audit SELECT 2, at, actor, action, 'second', NULL, NULL, reason FROM audit",
        )
        .await;
    let entry = audit(AuditAction::SetTier, "third");
    let change = to_tier("pro");
    let (changed, ()) = join!(nodes.two.change_user(two, &change, &entry), async {
        obstacle.give_way_to(1, "COMMIT").await;
    });
    assert!(changed.is_ok(), "{changed:?}");
    // A number whose transaction failed is given again.
    let stale = nodes.one.change_user(one, &to_tier("pro"), &entry).await;
    assert_eq!(stale, Err(StoreError::Stale("user")));
    let entry = audit(AuditAction::EndSessions, "fourth");
    nodes.one.end_sessions_of(user(1).account(), Some(&entry)).await.unwrap();
    let expected = [(1, "first"), (2, "second"), (3, "third"), (4, "fourth")];
    let expected = expected.map(|(seq, target)| (AuditSeq(seq), target.to_owned()));
    assert_eq!(nodes.audited().await, expected);
}

/// Nobody here takes locks against the order; somebody at a console may.
#[tokio::test]
async fn what_is_ended_by_a_deadlock_runs_again() {
    let nodes = nodes().await;
    let id = stored(&*nodes.one, 1).await.id;
    let (change, entry) = (to_tier("pro"), audit(AuditAction::SetTier, "user"));
    // So patient that the node is the one to be ended.
    let obstacle = "SET LOCAL deadlock_timeout = '60s'; UPDATE audit_last SET seq = seq";
    let obstacle = nodes.database.obstacle(obstacle).await;
    let (changed, ()) = join!(
        nodes.one.change_user(id, &change, &entry),
        obstacle.give_way_to(1, "UPDATE users SET disabled = disabled; COMMIT")
    );
    assert_eq!(changed.map(|user| user.tier), Ok(tier("pro")));
    assert_eq!(nodes.audited().await.len(), 1);
}
