//! Every method of the storage port has a case in the conformance suite.
//!
//! Invariant: a case is a call, `.method(`, in the suite's source; what it asserts is for review.

use std::collections::BTreeSet;

use super::finding::Finding;
use super::rust::{Kind, RustFile};

const PORT: &str = "crates/store/src/";
const SUITE: &str = "crates/store-suite/src/";
/// Traits beside the port that no store implements.
const NOT_STORAGE: &[&str] = &["Clock", "Forgets", "Observer"];

pub(crate) fn check(sources: &[RustFile]) -> Vec<Finding> {
    let called = calls(sources.iter().filter(|source| source.path.starts_with(SUITE)));
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.path.starts_with(PORT)) {
        for (name, line) in port_methods(source) {
            if !called.contains(name) {
                let message = format!("`{name}` has no case in the suite (STYLE.md, 3.4)");
                findings.push(Finding::new(source.path, line, "suite-case", message));
            }
        }
    }
    findings
}

/// Name and line of each method that takes `self`, in every public trait.
fn port_methods<'s>(source: &'s RustFile) -> Vec<(&'s str, usize)> {
    let tokens = &source.tokens;
    let mut methods = Vec::new();
    for (at, head) in tokens.windows(3).enumerate() {
        let is_port = !NOT_STORAGE.contains(&head[2].text.as_str());
        if head[0].text != "pub" || head[1].text != "trait" || !is_port {
            continue;
        }
        let Some(body) = tokens[at..].iter().position(|token| token.text == "{") else {
            continue;
        };
        let inner = &tokens[at + body..source.close_of(at + body)];
        let functions = inner.windows(6).filter(|window| {
            let takes_self = window[3..].iter().any(|token| token.text == "self");
            window[0].text == "fn" && window[2].text == "(" && takes_self
        });
        methods.extend(functions.map(|window| (window[1].text.as_str(), window[1].line)));
    }
    methods
}

fn calls<'a>(sources: impl Iterator<Item = &'a RustFile<'a>>) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    for source in sources {
        for window in source.tokens.windows(3) {
            let is_call = window[0].text == "." && window[2].text == "(";
            if is_call && window[1].kind == Kind::Word {
                names.insert(window[1].text.as_str());
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::finding::places;
    use crate::tidy::rust::lex_all;
    use crate::tidy::tree::Tree;

    #[test]
    fn a_port_method_without_a_case_is_found() {
        let port = "pub trait Store {\n async fn submit(&self, c: Command) -> R;\n fn wipe(&mut self);\n \
                    fn open();\n}\npub trait Clock { fn now(&self); }\ntrait Inner { fn hidden(&self); }";
        let check_suite = |suite: &str| {
            let tree = Tree::of(&[
                ("crates/store/src/port.rs", port),
                ("crates/store-suite/src/lib.rs", suite),
            ]);
            places(&check(&lex_all(&tree.files).0))
        };
        assert_eq!(check_suite("fn case(s: S) { s.submit(c); s.wipe(); }"), [""; 0]);
        assert_eq!(
            check_suite("fn case(s: S) { s.submit(c); } /// s.wipe()\nfn wipe() {}"),
            ["crates/store/src/port.rs:3: suite-case"]
        );
    }
}
