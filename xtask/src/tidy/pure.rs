//! What a pure crate may take from outside, and the words it may not say: no clock, no randomness,
//! no I/O, no floats where quota is counted.
//!
//! Invariant: tests are free to use what they like, except that their crates come from a list too.

use super::arrows::PURE;
use super::finding::Finding;
use super::manifests::{Manifest, Purpose, short_name};
use super::rust::{Kind, RustFile, Token};

const DEPENDENCY: &str = "pure-dependency";
const WORD: &str = "pure-word";

const FROM_OUTSIDE: &[&str] = &["thiserror"];
/// Crates that some pure crates may take besides, each for scalars or for parsing.
const FROM_OUTSIDE_BESIDES: &[(&str, &[&str])] = &[
    ("vocab", &["serde", "uuid", "jiff"]),
    ("dialects", &["serde_json"]),
    ("memory", &["serde_json", "unicode-normalization", "unicode-segmentation"]),
];
const FROM_OUTSIDE_IN_TESTS: &[&str] = &["proptest"];

/// Sequences of tokens, words parted by spaces.
const BANNED: &[&str] = &[
    "SystemTime",
    ":: now (",
    "now_v7",
    "new_v4",
    "getrandom",
    "rand",
    "tokio",
    "tracing",
    "print !",
    "println !",
    "eprint !",
    "eprintln !",
    "TimeZone :: system",
];
/// Modules of `std` that touch the outside.
const BANNED_OF_STD: &[&str] = &["env", "fs", "net", "process", "thread"];

/// Where an amount is a promise, it is an integer (S6).
const WITHOUT_FLOATS: &[&str] = &["ledger", "vocab", "access"];

pub(crate) fn check(manifests: &[Manifest], sources: &[RustFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in manifests.iter().filter(|manifest| PURE.contains(&manifest.name.as_str())) {
        check_dependencies(manifest, &mut findings);
        for source in sources.iter().filter(|source| source.path.starts_with(&manifest.folder)) {
            check_words(source, &mut findings);
            if WITHOUT_FLOATS.contains(&manifest.name.as_str()) {
                check_floats(source, &mut findings);
            }
        }
    }
    findings
}

fn check_dependencies(manifest: &Manifest, findings: &mut Vec<Finding>) {
    let besides = FROM_OUTSIDE_BESIDES.iter().find(|(name, _)| *name == manifest.name);
    let besides = besides.map_or(&[] as &[&str], |(_, crates)| crates);
    for dependency in &manifest.dependencies {
        let name = dependency.name.as_str();
        let is_allowed = short_name(name).is_some()
            || FROM_OUTSIDE.contains(&name)
            || besides.contains(&name)
            || (dependency.purpose == Purpose::Dev && FROM_OUTSIDE_IN_TESTS.contains(&name));
        if !is_allowed {
            let message = format!("`{}` is pure and may not use `{name}`", manifest.name);
            findings.push(Finding::new(&manifest.path, dependency.line, DEPENDENCY, message));
        }
    }
}

fn check_words(source: &RustFile, findings: &mut Vec<Finding>) {
    for pattern in BANNED {
        for token in source.find(pattern).filter(|token| !token.in_test) {
            let shown = pattern.replace(' ', "");
            let message = format!("`{shown}` in a pure crate; take the value as an argument (S1)");
            findings.push(Finding::new(source.path, token.line, WORD, message));
        }
    }
    for (at, token) in source.tokens.iter().enumerate().filter(|(_, token)| !token.in_test) {
        for module in modules_of_std(source, at).iter().filter(|m| is_banned_of_std(m)) {
            let message = format!("`std::{}` in a pure crate (S1)", module.text);
            findings.push(Finding::new(source.path, token.line, WORD, message));
        }
    }
}

fn is_banned_of_std(token: &Token) -> bool {
    BANNED_OF_STD.contains(&token.text.as_str())
}

/// The words that follow `std::` at `at`: one, or those of `std::{..}`.
fn modules_of_std<'s>(source: &'s RustFile, at: usize) -> Vec<&'s Token> {
    let tokens = &source.tokens;
    if tokens[at].text != "std" || tokens.get(at + 1).is_none_or(|next| next.text != "::") {
        return Vec::new();
    }
    match tokens.get(at + 2) {
        Some(token) if token.kind == Kind::Open => tokens[at + 2..source.close_of(at + 2)]
            .iter()
            .filter(|t| t.kind == Kind::Word)
            .collect(),
        Some(token) => vec![token],
        None => Vec::new(),
    }
}

fn check_floats(source: &RustFile, findings: &mut Vec<Finding>) {
    let mut after_dot = false;
    for token in &source.tokens {
        // In `pair.0.1` the lexer sees a number with a fraction.
        if !token.in_test && !after_dot && is_float(token) {
            let message = format!("`{}`: amounts are integers (S6)", token.text);
            findings.push(Finding::new(source.path, token.line, "float", message));
        }
        after_dot = token.text == ".";
    }
}

fn is_float(token: &Token) -> bool {
    let text = token.text.as_str();
    match token.kind {
        Kind::Word => matches!(text, "f32" | "f64"),
        Kind::Literal => {
            let rest = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
            rest.len() < text.len() && [".", "e", "E", "f"].iter().any(|s| rest.starts_with(s))
        }
        Kind::Punct | Kind::Open | Kind::Close => false,
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::finding::places;
    use crate::tidy::manifests::read_all;
    use crate::tidy::rust::lex_all;
    use crate::tidy::tree::Tree;

    fn check_crate(name: &str, dependencies: &str, source: &str) -> Vec<String> {
        let manifest = format!("[package]\nname = \"novacore-{name}\"\n{dependencies}");
        let (toml, rust) =
            (format!("crates/{name}/Cargo.toml"), format!("crates/{name}/src/lib.rs"));
        let tree = Tree::of(&[(&toml, &manifest), (&rust, source)]);
        let manifests = read_all(&tree).expect("the example is a manifest");
        places(&check(&manifests, &lex_all(&tree.files).0))
    }

    fn check_source(source: &str) -> usize {
        check_crate("ledger", "", source).len()
    }

    #[test]
    fn a_pure_crate_takes_only_what_its_list_says() {
        let serde = "[dependencies]\nserde.workspace = true\n";
        assert_eq!(check_crate("vocab", serde, ""), [""; 0]);
        assert_eq!(
            check_crate("ledger", serde, ""),
            ["crates/ledger/Cargo.toml:4: pure-dependency"]
        );
        assert_eq!(check_crate("app", serde, ""), [""; 0]);
        assert_eq!(
            check_crate("ledger", "[dependencies]\nthiserror.workspace = true\n", ""),
            [""; 0]
        );
        let proptest = "dependencies]\nproptest.workspace = true\n";
        assert_eq!(check_crate("ledger", &format!("[dev-{proptest}"), ""), [""; 0]);
        assert_eq!(
            check_crate("ledger", &format!("[{proptest}"), ""),
            ["crates/ledger/Cargo.toml:4: pure-dependency"]
        );
    }

    #[test]
    fn clocks_randomness_and_io_are_found() {
        assert_eq!(check_source("fn f() { Instant::now(); }"), 1);
        assert_eq!(check_source("use std::time::SystemTime;"), 1);
        assert_eq!(check_source("fn f() { Uuid::now_v7(); }"), 1);
        assert_eq!(check_source("use std::env;"), 1);
        assert_eq!(check_source("use std::{collections::BTreeMap, fs, env};"), 2);
        assert_eq!(check_source("fn f() { tokio::spawn(g()); println!(); }"), 2);
    }

    #[test]
    fn words_alone_are_not_code() {
        assert_eq!(
            check_source("/// Not SystemTime.\nfn f(now: Instant) { g(\"tokio\", now); }"),
            0
        );
        assert_eq!(check_source("use std::fmt; use std::{cmp, iter};"), 0);
        assert_eq!(check_source("fn f(policy: Policy) -> Env { policy.env }"), 0);
    }

    #[test]
    fn tests_and_other_crates_are_free() {
        assert_eq!(check_source("#[cfg(test)] mod tests { fn f() -> f64 { println!(); 0.5 } }"), 0);
        assert_eq!(check_crate("app", "", "use std::time::SystemTime;"), [""; 0]);
    }

    #[test]
    fn floats_are_found_and_integers_are_not() {
        assert_eq!(check_source("fn f(x: f64) {}"), 1);
        assert_eq!(
            check_source("const A: X = g(0.5); const B: X = g(1e3); const C: X = g(2f32);"),
            3
        );
        assert_eq!(
            check_source("const A: u64 = 0x1e3; const B: usize = 3usize; fn f() { t.0.1; }"),
            0
        );
        assert_eq!(check_source("const A: &str = \"1.5\"; const B: i64 = 1_000_000i64;"), 0);
    }
}
