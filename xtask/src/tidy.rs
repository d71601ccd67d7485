//! `cargo xtask tidy`: the rules of the house that a machine can check.
//!
//! Each rule is a module with a function from texts to findings, and tests that show it can fail.
//! Invariant: a rule never prints, reads no file, and depends on no other rule.
//! Not here: what rustfmt, clippy and rustdoc check already.

mod arrows;
mod banned;
mod docs;
mod finding;
mod links;
mod manifests;
mod pure;
mod ratchet;
mod rust;
mod sizes;
mod sql;
mod suite;
mod texts;
mod tree;

use std::path::Path;
use std::process::ExitCode;

use finding::Finding;
use ratchet::AllowList;
use tree::Tree;

/// Checks the work tree at `root` and prints one line per finding. Fails if there is one.
pub(crate) fn run(root: &Path) -> anyhow::Result<ExitCode> {
    let tree = Tree::load(root)?;
    let findings = check(&tree)?;
    for finding in &findings {
        println!("{finding}");
    }
    let (files, found) = (tree.files.len(), findings.len());
    if findings.is_empty() {
        println!("tidy: {files} files checked, all in order");
        Ok(ExitCode::SUCCESS)
    } else {
        println!("tidy: {files} files checked, {found} findings");
        Ok(ExitCode::FAILURE)
    }
}

fn check(tree: &Tree) -> anyhow::Result<Vec<Finding>> {
    let (sources, unreadable) = rust::lex_all(&tree.files);
    let manifests = manifests::read_all(tree)?;
    let list = tree.files.iter().find(|file| file.path == ratchet::PATH);
    let list = AllowList::read(list.map_or("", |file| &file.text))?;
    let mut findings: Vec<Finding> = unreadable
        .into_iter()
        .map(|(path, error)| Finding::new(path, 1, "syntax", error))
        .chain(arrows::check(&manifests))
        .chain(manifests::check(&manifests, &sources))
        .chain(pure::check(&manifests, &sources))
        .chain(list.judge(&sizes::measure(tree, &sources)))
        .chain(sizes::check_widths(&sources))
        .chain(banned::check(&sources))
        .chain(banned::check_file_names(tree.paths()))
        .chain(docs::check(&sources))
        .chain(docs::check_examples(&sources))
        .chain(sql::check(tree, &sources))
        .chain(suite::check(&sources))
        .chain(texts::check(tree, &sources))
        .chain(links::check(tree))
        .collect();
    findings.sort();
    findings.dedup();
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::check;
    use super::finding::places;
    use super::tree::Tree;

    /// The canary: a small workspace that breaks one rule of each module.
    #[test]
    fn every_rule_is_asked() {
        let manifest = "[package]
name = \"novacore-ledger\"
[dependencies]
novacore-store.workspace = true
tokio.workspace = true
";
        let code = "use novacore_store as s; // TODO\nfn f() { tokio::x(todo!()) }\n";
        let long = format!("//! {}\nfn f() {{{}}}\n", "x".repeat(100), "\n".repeat(71));
        let tree = Tree::of(&[
            ("README.md", "[x](missing.md)\n"),
            ("crates/ledger/Cargo.toml", manifest),
            ("crates/ledger/src/lib.rs", code),
            ("crates/ledger/src/mod.rs", "fn f() {"),
            ("crates/ledger/src/long.rs", &long),
            ("crates/store-postgres/src/a.rs", "//! A.\nconst A: &str = \"SAVEPOINT a\";\n"),
        ]);
        let found = places(&check(&tree).expect("the example can be read"));
        assert_eq!(
            found,
            [
                "README.md:1: link",
                "crates/ledger/Cargo.toml:1: lints",
                "crates/ledger/Cargo.toml:4: arrow",
                "crates/ledger/Cargo.toml:5: pure-dependency",
                "crates/ledger/src/lib.rs:1: module-doc",
                "crates/ledger/src/lib.rs:1: unfinished",
                "crates/ledger/src/lib.rs:2: banned-call",
                "crates/ledger/src/lib.rs:2: pure-word",
                "crates/ledger/src/long.rs:1: line-width",
                "crates/ledger/src/long.rs:2: function-lines",
                "crates/ledger/src/mod.rs:1: file-name",
                "crates/ledger/src/mod.rs:1: syntax",
                "crates/store-postgres/src/a.rs:2: sql",
            ]
        );
    }
}
