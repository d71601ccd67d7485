//! What one node changes, another hears of.

use crate::node::{Database, Node};
use novacore_access::{Actor, AuditAction, AuditEntry, Reason, Role, User};
use novacore_postgres_fixture::Server;
use novacore_store::{
    changes::{Changes, Forgets, Outdated},
    directory::{Credentials, UserChange, Users},
};
use novacore_vocab::{OrgId, TierName, Timestamp, UserId};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use uuid::Uuid;

/// Nothing here takes as long; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the clocks of the nodes say.
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

#[derive(Default)]
struct Notes(Mutex<Vec<Outdated>>);

impl Forgets for Notes {
    fn forget(&self, outdated: Outdated) {
        self.0.lock().expect("no panic").push(outdated);
    }
}

impl Notes {
    async fn hears(&self, outdated: Outdated) {
        let heard = tokio::time::timeout(PATIENCE, async {
            while !self.0.lock().expect("no panic").contains(&outdated) {
                tokio::task::yield_now().await;
            }
        });
        heard.await.expect("it is told");
    }
}

/// Listens to a node that hears of changes already.
async fn listen(node: &Node) -> Arc<Notes> {
    while !node.is_current(NOW) {
        tokio::task::yield_now().await;
    }
    let notes = Arc::new(Notes::default());
    let listener: Arc<dyn Forgets> = notes.clone();
    node.on_change(&listener);
    notes
}

async fn store_user(node: &Node) -> UserId {
    let id = Uuid::from_u128(7);
    let user = User {
        id: UserId(id),
        org: OrgId(id),
        email: None,
        role: Role::Student,
        tier: TierName::parse("free_trial").expect("a tier"),
        disabled: false,
        trial_ends_at: None,
        created_at: NOW,
    };
    let new = Credentials { user, password: None };
    node.create_user(&new, None).await.expect("stored");
    UserId(id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_by_another_node_is_heard() {
    let database = Database::fresh().await;
    let (one, other) = (database.node().await, database.node().await);
    let user = store_user(&one).await;
    let notes = listen(&other).await;
    let change = UserChange::Disabled { from: false, to: true };
    let audit = AuditEntry {
        actor: Actor::Console,
        action: AuditAction::SetDisabled,
        target: "user".to_owned(),
        before: None,
        after: None,
        reason: Reason::parse("as the test asks").expect("a reason"),
        at: NOW,
    };
    one.change_user(user, &change, &audit).await.expect("changed");
    notes.hears(Outdated::User(user)).await;
}

/// What is in the log is heard of though nobody says that it is there: the node that wrote it may
/// have died, and notifications may get lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_without_a_notification_is_heard() {
    let database = Database::fresh().await;
    let node = database.node().await;
    let notes = listen(&node).await;
    const QUIETLY: &str = "WITH last AS (UPDATE audit_last SET seq = seq + 1 RETURNING seq) \
         INSERT INTO audit (seq, at, actor, action, target, reason, user_id) \
         SELECT seq, now(), 'console', 'set_tier', 'user', 'quietly', gen_random_uuid() FROM last \
         RETURNING array[user_id]";
    let session = database.session().await;
    for _ in 0..2 {
        let user = session.ids(QUIETLY).await[0];
        notes.hears(Outdated::User(UserId(user))).await;
    }
}

/// A node that does not hear says so after a second, and forgets everything when it hears again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_hear_says_so_and_forgets_everything() {
    let server = Server::start();
    let database = Database::of(&server).await;
    let node = database.node().await;
    let notes = listen(&node).await;
    server.stop_immediate();
    let later = NOW.plus_seconds(1);
    node.clock().advance_s(1);
    assert!(!node.is_current(later), "what was read is a second old");
    server.start_again();
    notes.hears(Outdated::Everything).await;
    let current = tokio::time::timeout(PATIENCE, async {
        while !node.is_current(later) {
            tokio::task::yield_now().await;
        }
    });
    current.await.expect("it hears again");
}
