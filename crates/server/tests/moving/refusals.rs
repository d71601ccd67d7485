//! What is not moved, and what it leaves behind: nothing.

use crate::{
    memories::{applied, embedded, insert, memory},
    rig::{Rig, embedded_options, import},
};
use novacore_access::{Actor, AuditAction, AuditEntry, Reason, Role, User};
use novacore_ledger::{Cap, Command, Expect, Override, Policy, Record, Verb};
use novacore_memory::Term;
use novacore_postgres_fixture::Server;
use novacore_store::{clock::Clock, moving::Page};
use novacore_store_postgres::{self as postgres, Import, ImportError, OpenError, PostgresStore};
use novacore_store_sqlite::{LEDGER_FILE, OpenError as SourceError, Source};
use novacore_store_suite::ledger::Harness;
use novacore_vocab::{Amount, OrgId, ResourceKind, ResourceName, ResourceSpec, TierName, UserId};
use rusqlite::Connection;
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;

const USER: UserId = UserId(Uuid::from_u128(7));

/// Of every entry in [`filled`].
pub(crate) const METADATA: &str = "{\"what\":\"row\"}";

/// How many rows of a kind an import would have left; partitions count.
pub(crate) const LEFT: &str = "SELECT (SELECT count(*) FROM tier) + (SELECT count(*) FROM users) \
     + (SELECT count(*) FROM memory) + (SELECT count(*) FROM memory_text) \
     + (SELECT count(*) FROM memory_embedding) + (SELECT count(*) FROM memory_head) \
     + (SELECT count(*) FROM account) \
     + (SELECT count(*) FROM audit) + (SELECT count(*) FROM usage_ledger) \
     + (SELECT limit_version + version FROM policy) \
     + (SELECT count(*) FROM pg_class WHERE relname LIKE 'usage_ledger_2%')";

fn resource(text: &str) -> ResourceName {
    ResourceName::parse(text).expect("a name")
}

pub(crate) fn record(of: &str, amount: i64, metadata: Option<&str>) -> Command {
    let verb = Verb::Record(Record {
        resource: resource(of),
        amount: Amount::new(amount).expect("an amount"),
        source: novacore_vocab::Source::Api,
        expect: Expect::Fact,
        corrects: None,
        occurred_at: None,
        metadata: metadata.map(Into::into),
    });
    Command { key: None, fingerprint: 1, verb }
}

/// A rig with a user who has three entries, and a memory that cost him none; closed.
pub(crate) async fn filled(server: &Server) -> Rig {
    let mut rig = Rig::on(server);
    make_user(&rig).await;
    for amount in 1..=3 {
        let command = record("llm_tokens", amount, Some(METADATA));
        let outcome = rig.ledger().submit(USER, command).await;
        outcome.expect("an outcome");
    }
    let memory = memory(&rig, 1, Term::Stm, "short");
    applied(&rig, USER, vec![insert(&memory, Some(embedded("m", &[3.0, 4.0])))]).await;
    rig.close();
    rig
}

async fn make_user(rig: &impl Harness) {
    let user = User {
        id: USER,
        org: OrgId(USER.0),
        email: None,
        role: Role::Student,
        tier: TierName::parse("pro").expect("a tier"),
        disabled: false,
        trial_ends_at: None,
        created_at: rig.clock().now(),
    };
    rig.directory().ensure_user(&user).await.expect("a user");
}

fn audit(rig: &Rig, target: &str) -> AuditEntry {
    AuditEntry {
        actor: Actor::Console,
        action: AuditAction::PutOverride,
        target: target.to_owned(),
        before: None,
        after: None,
        reason: Reason::parse("a test").expect("a reason"),
        at: rig.clock.now(),
    }
}

/// Nothing was left of a try, and the next one, with nothing in its way, is whole.
pub(crate) async fn is_untouched_and_importable(server: &Server, rig: &Rig, entries: u64) {
    assert_eq!(server.psql(rig.url(), LEFT).expect("a count"), "0");
    let moved = import(rig.dir(), &rig.options()).await.expect("it is moved");
    assert_eq!((moved.entries, moved.memories, moved.embeddings), (entries, 1, 1));
    let report = postgres::verify(&rig.options()).await.expect("a report");
    assert_eq!((report.entries, report.memories, report.findings), (entries, 1, vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_is_not_whole_is_refused() {
    let rig = filled(Server::shared()).await;
    let file = rig.dir().join(LEDGER_FILE);
    for (alteration, undo, said) in [
        (
            "UPDATE entry SET amount = amount + 1 WHERE seq = 2",
            "UPDATE entry SET amount = amount - 1 WHERE seq = 2",
            "batch 2 was altered",
        ),
        (
            "UPDATE entry SET seq = 9 WHERE seq = 3",
            "UPDATE entry SET seq = 3 WHERE seq = 9",
            "has 0 of its 1 entries",
        ),
        ("UPDATE user SET user_no = 9", "UPDATE user SET user_no = 1", "has 0 of its 1 entries"),
        (
            "INSERT INTO override VALUES (5, 'a', '', 1, NULL, NULL, NULL, 'b', 'c', 1)",
            "DELETE FROM override",
            "1 sessions, keys or overrides are nobody's",
        ),
        ("PRAGMA user_version = 99", "PRAGMA user_version = 2", "has schema 99"),
        ("PRAGMA application_id = 9", "PRAGMA application_id = 1313822273", "not a NovaCore"),
    ] {
        let alter = |sql: &str| Connection::open(&file).and_then(|it| it.execute_batch(sql));
        alter(alteration).expect("altered");
        let refused = Source::open(rig.dir()).expect_err(alteration).to_string();
        assert!(refused.contains(said), "{alteration}: {refused}");
        alter(undo).expect("undone");
        assert!(Source::open(rig.dir()).is_ok(), "{undo}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_without_a_ledger_and_one_in_use_are_refused() {
    let folder = TempDir::new().expect("a folder");
    let refused = Source::open(folder.path()).expect_err("there is nothing");
    assert!(refused.to_string().contains("there is no ledger here"), "{refused}");
    assert_eq!(folder.path().read_dir().expect("a list").count(), 0, "nothing is made");
    std::fs::write(folder.path().join(LEDGER_FILE), "").expect("a file");
    assert!(matches!(Source::open(folder.path()), Err(SourceError::Foreign(_))));
    let rig = Rig::new();
    assert!(matches!(Source::open(rig.dir()), Err(SourceError::InUse(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_as_migrated_is_refused() {
    let server = Server::shared();
    let rig = filled(server).await;
    let step = |sql: &str| server.psql(rig.url(), sql).expect("a statement");
    let bare = postgres::Options { url: server.fresh_database(), ..rig.options() };
    let refused = import(rig.dir(), &bare).await;
    assert!(matches!(refused, Err(ImportError::Open(OpenError::SchemaOld { found: 0, .. }))));
    // A schema on which a node of ours may work is not one of which we know every table.
    step("INSERT INTO schema_step VALUES (900, 'x', 1)");
    let refused = import(rig.dir(), &rig.options()).await;
    let is_newer =
        matches!(refused, Err(ImportError::Open(OpenError::SchemaUnknown { found: 900, .. })));
    assert!(is_newer, "a schema that is newer than this release");
    step("DELETE FROM schema_step WHERE version = 900");
    is_untouched_and_importable(server, &rig, 3).await;

    let latin = server.fresh_database();
    step("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
    let url = latin.replace(latin.rsplit('/').next().expect("a name"), "latin");
    postgres::migrate(&url).await.expect("the schema");
    let refused = import(rig.dir(), &postgres::Options { url, ..rig.options() }).await;
    assert!(matches!(refused, Err(ImportError::Encoding(found)) if found == "LATIN1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_has_something_is_refused() {
    let server = Server::shared();
    let rig = filled(server).await;
    is_untouched_and_importable(server, &rig, 3).await;
    let twice = import(rig.dir(), &rig.options()).await;
    assert!(matches!(twice, Err(ImportError::NotEmpty("tier"))));

    let other = filled(server).await;
    PostgresStore::open(other.options()).await.expect("a node").close().await;
    let refused = import(other.dir(), &other.options()).await;
    assert!(matches!(refused, Err(ImportError::NotEmpty("tier"))));
    // Whatever it is that is left of a node.
    let step = |sql: &str| server.psql(other.url(), sql).expect("a statement");
    step("DELETE FROM tier");
    let refused = import(other.dir(), &other.options()).await;
    assert!(matches!(refused, Err(ImportError::NotEmpty("policy, audit_last or batch_op"))));
    step("UPDATE policy SET version = 0, limit_version = 0");
    step("INSERT INTO batch_op VALUES (1, gen_random_uuid(), now())");
    let refused = import(other.dir(), &other.options()).await;
    assert!(matches!(refused, Err(ImportError::NotEmpty("policy, audit_last or batch_op"))));
    step("DELETE FROM batch_op");
    import(other.dir(), &other.options()).await.expect("it is moved");
}

/// A second import beside the first waits for the tables, and not for ever; a first one that is
/// given up leaves nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_in_use_is_refused() {
    let server = Server::shared();
    let rig = filled(server).await;
    let mut source = Source::open(rig.dir()).expect("a source");
    let inventory = source.inventory().clone();
    let mut first = Import::begin(&rig.options(), &inventory).await.expect("a beginning");
    while let Some(page) = source.next_page().expect("a page") {
        first.write(&page).await.expect("written");
    }
    drop(source);
    let second = Import::begin(&rig.options(), &inventory).await.err();
    assert!(matches!(second, Some(ImportError::InUse)), "{second:?}");
    drop(first);
    is_untouched_and_importable(server, &rig, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unconfigured_resource_is_refused_by_name() {
    let server = Server::shared();
    let rig = Rig::on(server);
    let dir = TempDir::new().expect("a folder");
    let mut options = embedded_options(dir.path(), &rig.clock);
    let images =
        ResourceSpec { name: resource("images"), kind: ResourceKind::Flow, unit: "images".into() };
    options.resources.push(images);
    let store = novacore_store_sqlite::SqliteStore::open(options).expect("a store");
    let store = Arc::new(store);
    let harness = Plain { store: store.clone(), rig: &rig };
    make_user(&harness).await;
    let outcome = harness.ledger().submit(USER, record("images", 1, None)).await;
    outcome.expect("an outcome");
    drop((harness, store));
    let refused = import(dir.path(), &rig.options()).await.expect_err("images are not configured");
    assert!(matches!(&refused, ImportError::UnknownResource(name) if *name == resource("images")));
    assert_eq!(server.psql(rig.url(), LEFT).expect("a count"), "0");
    let mut options = rig.options();
    let mut resources: Vec<_> = Policy::builtin().resources().cloned().collect();
    resources.push(ResourceSpec {
        name: resource("images"),
        kind: ResourceKind::Flow,
        unit: "images".into(),
    });
    options.resources = resources;
    assert_eq!(import(dir.path(), &options).await.expect("it is moved").entries, 1);
}

/// An embedded store under a rig's clock.
struct Plain<'a> {
    store: Arc<novacore_store_sqlite::SqliteStore>,
    rig: &'a Rig,
}

impl Harness for Plain<'_> {
    fn ledger(&self) -> Arc<dyn novacore_store::ledger::Ledger> {
        self.store.clone()
    }

    fn directory(&self) -> Arc<dyn novacore_store::directory::Directory> {
        self.store.clone()
    }

    fn clock(&self) -> &novacore_store_suite::memory::HandClock {
        &self.rig.clock
    }

    fn reopen(&mut self) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_postgresql_cannot_store_is_refused_by_name() {
    let server = Server::shared();
    for (what, said) in [
        ("reason", "the reason of the override of messages of user 00000000-"),
        ("target", "the target of audit entry 1 contains a NUL"),
        ("metadata", "the metadata of entry 1 of user 00000000-"),
    ] {
        let mut rig = Rig::on(server);
        make_user(&rig).await;
        let value = Override {
            resource: resource("messages"),
            limit: None,
            cap: Some(Cap::Unlimited),
            mode: None,
            warn_at: None,
            expires_at: None,
            reason: if what == "reason" { "a\0b".into() } else { "a".into() },
            author: "b".into(),
            version: 0,
        };
        let entry = audit(&rig, if what == "target" { "a\0b" } else { "a" });
        rig.ledger().put_override(USER, value, &entry).await.expect("an override");
        let metadata = if what == "metadata" { "{\"a\":" } else { "{\"a\":\"\\u0000\"}" };
        let outcome = rig.ledger().submit(USER, record("messages", 1, Some(metadata))).await;
        outcome.expect("an outcome");
        rig.close();
        let refused = import(rig.dir(), &rig.options()).await.expect_err(what).to_string();
        assert!(refused.contains(said), "{refused}");
        assert_eq!(server.psql(rig.url(), LEFT).expect("a count"), "0");
    }
}

/// Pages that do not add up, as no source of ours hands them over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_verify_is_not_committed() {
    let server = Server::shared();
    let rig = filled(server).await;
    for (what, expected, said) in [
        ("one is missing", 3, "2 entries came of 3"),
        ("one in the middle is missing", 2, "it follows version 1"),
        ("one is of nobody", 3, "has entries and no account"),
    ] {
        let mut source = Source::open(rig.dir()).expect("a source");
        let mut inventory = source.inventory().clone();
        inventory.entries = expected;
        let mut moving = Import::begin(&rig.options(), &inventory).await.expect("a beginning");
        while let Some(mut page) = source.next_page().expect("a page") {
            if let Page::Entries(entries) = &mut page {
                if what == "one is of nobody" {
                    entries[2].account.user = UserId(Uuid::from_u128(8));
                } else {
                    entries.remove(1);
                }
            }
            moving.write(&page).await.expect("written");
        }
        let refused = moving.finish().await.expect_err(what).to_string();
        assert!(refused.contains(said), "{what}: {refused}");
    }
    is_untouched_and_importable(server, &rig, 3).await;
}
