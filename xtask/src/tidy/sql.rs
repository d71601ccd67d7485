//! The SQL of the PostgreSQL store: plain statements that a database of many shards can route.
//!
//! Statements are string literals that begin with a verb of SQL; everything forbidden is looked for
//! in every literal, since a statement may be put together from several. The tables of accounts are
//! read from the migrations: those with a `bucket`.
//! Invariant: nothing runs in the database but what a statement says: no procedures, triggers,
//! sequences, advisory locks or savepoints.
//! Invariant: a statement on the path of a command names the bucket of each account table.
//! Not here: the migrations themselves, and tests, which may do anything to a database.

use std::collections::BTreeSet;

use super::finding::Finding;
use super::rust::{Kind, RustFile};
use super::tree::Tree;

const RULE: &str = "sql";
const BUCKET_RULE: &str = "sql-bucket";

const SOURCES: &str = "crates/store-postgres/src/";
const MIGRATIONS: &str = "crates/store-postgres/migrations/";
/// Changes of the schema, by which nodes take turns; no command waits for them.
const SCHEMA_FILES: &[&str] = &[
    "crates/store-postgres/src/migrate.rs",
    "crates/store-postgres/src/migrate/",
    "crates/store-postgres/src/ledger/partitions.rs",
    "crates/store-postgres/src/retention/",
];
/// What runs for each command or for each question of a user.
const HOT_PATH: &[&str] = &[
    "crates/store-postgres/src/ledger/batch.rs",
    "crates/store-postgres/src/ledger/batch/",
    "crates/store-postgres/src/ledger/reads.rs",
];

const VERBS: &[&str] = &["select", "insert", "update", "delete", "with"];

/// Words that occur in order, and what they would be.
const FORBIDDEN: &[(&str, &str)] = &[
    ("plpgsql", "PL/pgSQL"),
    ("create function", "a procedure"),
    ("create or replace function", "a procedure"),
    ("create procedure", "a procedure"),
    ("create or replace procedure", "a procedure"),
    ("do $", "PL/pgSQL"),
    ("do language", "PL/pgSQL"),
    ("call", "a procedure"),
    ("trigger", "a trigger"),
    ("sequence", "a sequence"),
    ("nextval", "a sequence"),
    ("currval", "a sequence"),
    ("setval", "a sequence"),
    ("lastval", "a sequence"),
    ("smallserial", "a sequence"),
    ("serial", "a sequence"),
    ("bigserial", "a sequence"),
    ("as identity", "a sequence"),
    ("pg_advisory_lock", "an advisory lock"),
    ("pg_advisory_lock_shared", "an advisory lock"),
    ("pg_advisory_xact_lock", "an advisory lock"),
    ("pg_advisory_xact_lock_shared", "an advisory lock"),
    ("pg_try_advisory_lock", "an advisory lock"),
    ("pg_try_advisory_lock_shared", "an advisory lock"),
    ("pg_try_advisory_xact_lock", "an advisory lock"),
    ("pg_try_advisory_xact_lock_shared", "an advisory lock"),
    ("savepoint", "a savepoint"),
    ("rollback to", "a savepoint"),
];

/// Statements that begin with these words are no prose.
const STATEMENT_ONLY: &[&str] = &["call", "do $", "do language"];

pub(crate) fn check(tree: &Tree, sources: &[RustFile]) -> Vec<Finding> {
    let tables = account_tables(tree);
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.path.starts_with(SOURCES)) {
        let may_change_schema = SCHEMA_FILES.iter().any(|path| source.path.starts_with(path));
        let is_hot = HOT_PATH.iter().any(|path| source.path.starts_with(path));
        for token in source.tokens.iter().filter(|token| !token.in_test) {
            let mut find = |rule, message| {
                findings.push(Finding::new(source.path, token.line, rule, message));
            };
            match token.kind {
                Kind::Literal if is_text(&token.text) => {
                    let words = words(&token.text);
                    if let Some(what) = forbidden(&words).filter(|_| !may_change_schema) {
                        find(RULE, format!("{what}: statements here are plain SQL"));
                    }
                    if let Some(table) = unrouted(&token.text, &words, &tables).filter(|_| is_hot) {
                        find(BUCKET_RULE, format!("`{table}` is asked without its `bucket`"));
                    }
                }
                // The client has a method of this name.
                Kind::Word if token.text == "savepoint" => {
                    find(RULE, "a savepoint: statements here are plain SQL".to_owned());
                }
                Kind::Literal | Kind::Word | Kind::Punct | Kind::Open | Kind::Close => {}
            }
        }
    }
    findings
}

/// A string; a doc comment is one too to the lexer, but says `doc` before it and no SQL in it.
fn is_text(literal: &str) -> bool {
    literal.starts_with('"') || literal.starts_with("r\"") || literal.starts_with("r#")
}

/// The words of a literal, in lower case; a `$` that opens a quoted body is one.
fn words(literal: &str) -> Vec<String> {
    let text = literal.replace("\\\n", " ").replace("\\n", " ").to_lowercase();
    let text = text.replace("$$", " $ ").replace("$body$", " $ ");
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let words = text.split(|c: char| !is_part(c)).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

fn forbidden(words: &[String]) -> Option<&'static str> {
    let starts = |at: usize, pattern: &str| {
        let count = pattern.split(' ').count();
        let window = words.get(at..at + count);
        window.is_some_and(|window| window.iter().map(String::as_str).eq(pattern.split(' ')))
    };
    let found = FORBIDDEN.iter().find(|(pattern, _)| {
        let places = if STATEMENT_ONLY.contains(pattern) { 1 } else { words.len() };
        (0..places).any(|at| starts(at, pattern))
    });
    found.map(|(_, what)| *what)
}

/// The first account table that a statement names more often than buckets.
fn unrouted<'a>(text: &str, words: &'a [String], tables: &BTreeSet<String>) -> Option<&'a str> {
    if !words.first().is_some_and(|word| VERBS.contains(&word.as_str())) {
        return None;
    }
    let follows = ["from", "join", "into", "update", "using"];
    let named = words
        .windows(2)
        .filter(|pair| follows.contains(&pair[0].as_str()) && tables.contains(&pair[1]));
    let named: Vec<&str> = named.map(|pair| pair[1].as_str()).collect();
    let buckets = words.iter().filter(|word| *word == "bucket").count();
    // What the store puts there says the bucket: `distribution.rs` makes it, and is tested.
    let buckets = buckets + text.matches("ON {").count() + text.matches("WHERE {").count();
    named.get(buckets).copied()
}

/// Tables with a bucket, as the migrations make them.
fn account_tables(tree: &Tree) -> BTreeSet<String> {
    let mut tables = BTreeSet::new();
    for file in tree.ending_in(".sql").filter(|file| file.path.starts_with(MIGRATIONS)) {
        for statement in file.text.split("CREATE TABLE ").skip(1) {
            let (definition, _) = statement.split_once(';').unwrap_or((statement, ""));
            let columns = definition.lines().skip(1).map(str::trim);
            let is_bucket = |line: &str| line.split_whitespace().next() == Some("bucket");
            if columns.into_iter().any(is_bucket) {
                let name = definition.split([' ', '(']).next().unwrap_or_default();
                tables.insert(name.to_owned());
            }
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::{account_tables, check};
    use crate::tidy::finding::places;
    use crate::tidy::rust::lex_all;
    use crate::tidy::tree::Tree;

    const BATCH: &str = "crates/store-postgres/src/ledger/batch/load.rs";
    const SCHEMA: &str = "CREATE TABLE hold (\n    bucket integer NOT NULL,\n    a int\n);\n\
         CREATE TABLE tier (\n    name text\n) WITH (x = 1);\nCREATE TABLE account (\n    bucket int\n);";

    fn tree(path: &str, code: &str) -> Tree {
        Tree::of(&[(path, code), ("crates/store-postgres/migrations/0001_a.sql", SCHEMA)])
    }

    fn found(path: &str, code: &str) -> Vec<String> {
        let tree = tree(path, code);
        let (sources, unreadable) = lex_all(&tree.files);
        assert!(unreadable.is_empty(), "{unreadable:?}");
        places(&check(&tree, &sources))
    }

    fn rules(path: &str, sql: &str) -> Vec<String> {
        let places = found(path, &format!("const SQL: &str = \"{sql}\";"));
        places.iter().map(|place| place.rsplit(' ').next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn what_runs_in_the_database_by_itself_is_found() {
        for sql in [
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$",
            "create or replace procedure p() as $$ $$",
            "DO $$ BEGIN END $$",
            "DO LANGUAGE x",
            "CALL p(1)",
            "ALTER TABLE a ENABLE TRIGGER ALL",
            "CREATE SEQUENCE s",
            "SELECT nextval('s')",
            "CREATE TABLE t (a bigserial)",
            "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY)",
            "SELECT pg_advisory_xact_lock(1)",
            "SELECT pg_try_advisory_lock(1)",
            "SAVEPOINT s",
            "RELEASE SAVEPOINT s",
            "ROLLBACK TO s",
            "x LANGUAGE plpgsql",
        ] {
            assert_eq!(rules("crates/store-postgres/src/verify.rs", sql), ["sql"], "{sql}");
        }
        let code = "async fn f(tx: T) { tx.savepoint(n).await; }";
        assert_eq!(found("crates/store-postgres/src/verify.rs", code).len(), 1);
    }

    #[test]
    fn plain_statements_prose_and_tests_pass() {
        for sql in [
            "INSERT INTO tier (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET rank = 1",
            "INSERT INTO tier (name) VALUES ($1) ON CONFLICT (name) DO NOTHING",
            "a call of the store",
            "ROLLBACK",
        ] {
            assert!(rules(BATCH, sql).is_empty(), "{sql}");
        }
        let tested = "#[cfg(test)] mod tests { const S: &str = \"SAVEPOINT s\"; }";
        assert!(found(BATCH, tested).is_empty());
        assert!(
            found("crates/store-postgres/tests/suite/a.rs", "fn f() { g(\"SAVEPOINT s\") }")
                .is_empty()
        );
        assert!(rules("crates/store-sqlite/src/writer.rs", "SAVEPOINT s").is_empty());
        assert!(
            rules("crates/store-postgres/src/migrate.rs", "SELECT pg_advisory_lock(1)").is_empty()
        );
    }

    #[test]
    fn a_hot_statement_without_a_bucket_is_found_on_its_line() {
        let code = "const A: &str = \"SELECT 1 FROM tier\";\n\
             const B: &str = \"SELECT 1 \\\n     FROM hold WHERE user_id = $1\";";
        assert_eq!(found(BATCH, code), [format!("{BATCH}:2: sql-bucket")]);
        for (sql, count) in [
            ("DELETE FROM hold WHERE user_id = $1", 1),
            ("UPDATE hold SET a = 1 WHERE user_id = $1", 1),
            ("SELECT 1 FROM hold h WHERE h.bucket = $1", 0),
            ("SELECT 1 FROM hold h JOIN account a USING (user_id) WHERE h.bucket = $1", 1),
            ("SELECT 1 FROM hold h JOIN account a USING (bucket, user_id) WHERE h.bucket = $1", 0),
            ("INSERT INTO hold (bucket, user_id) SELECT a, b FROM unnest($1) AS t (a, b)", 0),
            ("INSERT INTO hold (user_id) VALUES ($1)", 1),
            ("SELECT 1 FROM {rows} JOIN hold h ON {h} JOIN account a ON {a}", 0),
            ("SELECT 1 FROM {rows} JOIN hold h ON {h} JOIN account a ON true", 1),
        ] {
            assert_eq!(rules(BATCH, sql).len(), count, "{sql}");
        }
        let cold = rules("crates/store-postgres/src/ledger/sweep.rs", "SELECT 1 FROM hold");
        assert!(cold.is_empty());
    }

    #[test]
    fn the_tables_of_accounts_come_from_the_migrations() {
        let tree = tree(BATCH, "fn f() {}");
        let tables: Vec<String> = account_tables(&tree).into_iter().collect();
        assert_eq!(tables, ["account", "hold"]);
    }
}
