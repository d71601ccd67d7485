//! A database is prepared by a command of its own.

use crate::binary::Folder;
use novacore_postgres_fixture::Server;
use std::process::Output;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a command wrote that succeeded.
fn written(output: Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// What a command complained of that failed, which holds nothing of `secret`.
fn complaint(output: Output, secret: &str) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    let complaint = text(&output.stderr);
    assert!(!complaint.contains(secret), "a password is shown");
    complaint
}

fn password_of(url: &str) -> &str {
    let (user, _) = url.split_once('@').expect("a user");
    user.rsplit_once(':').expect("a password").1
}

#[test]
fn a_database_is_migrated_once_and_a_newer_one_refused() {
    let (folder, server) = (Folder::new(), Server::start());
    let url = server.fresh_database();
    let migrate = || folder.run(&["migrate", "--database-url", &url]);
    let first = written(migrate());
    assert!(first.starts_with("the database went from schema version 0 to "), "{first}");
    let again = written(migrate());
    assert!(again.starts_with("the database has this release's schema, version "), "{again}");
    assert!(!folder.data().exists(), "the data directory is not touched");

    let newer = "INSERT INTO schema_step (version, name, readable_from) VALUES (900, 'x', 900)";
    server.psql(&url, newer).expect("a newer schema");
    let refused = complaint(migrate(), password_of(&url));
    assert!(refused.contains("the schema is at version 900"), "{refused}");

    server.stop_immediate();
    let refused = complaint(migrate(), password_of(&url));
    assert!(refused.contains("store.database_url: the store is unavailable"), "{refused}");
}

#[test]
fn the_address_of_a_database_is_never_shown() {
    let folder = Folder::new();
    let secret = "s3cr3t-of-the-database";
    folder.configure(&format!("[store]\ndatabase_url = \"postgres://u:{secret}@127.0.0.1/db\"\n"));
    let shown = written(folder.run(&["config"]));
    assert!(shown.contains("store.database_url = ***\n"), "{shown}");
    assert!(!shown.contains(secret));
    for malformed in [
        format!("postgres://u:{secret}@127.0.0.1:port/db"),
        format!("mysql://u:{secret}@127.0.0.1/db"),
        format!("postgres://u:{secret}@127.0.0.1/db?sslmode={secret}"),
        format!("postgres://u:{secret}@127.0.0.1/db?sslmode=require"),
        format!("postgres://u:%zz{secret}@127.0.0.1/db"),
        secret.to_owned(),
    ] {
        let refused = complaint(folder.run(&["migrate", "--database-url", &malformed]), secret);
        assert!(refused.starts_with("novacore: store.database_url: "), "{refused}");
    }
}

#[test]
fn without_a_database_the_data_directory_is_migrated() {
    let folder = Folder::new();
    let told = written(folder.run(&["migrate"]));
    assert_eq!(told, "the data directory has this release's schema\n");
    assert!(folder.data().join("ledger.db").exists());
}
