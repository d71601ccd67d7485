//! Every module opens with what it is for (S21).

use super::finding::Finding;
use super::rust::RustFile;

pub(crate) fn check(sources: &[RustFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.path.contains("src/")) {
        if !source.is_test && !source.text.starts_with("//!") {
            let message = "open with `//!`: purpose, invariants, what is not here (S21)";
            findings.push(Finding::new(source.path, 1, "module-doc", message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::finding::places;
    use crate::tidy::rust::lex_all;
    use crate::tidy::tree::Tree;

    #[test]
    fn a_module_without_its_purpose_is_found() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "//! The purpose.\n#[cfg(test)] mod tests;"),
            ("crates/a/src/hold.rs", "use std::fmt;"),
            ("crates/a/src/tests.rs", "use std::fmt;"),
            ("crates/a/tests/suite.rs", "use std::fmt;"),
        ]);
        let (sources, _) = lex_all(&tree.files);
        assert_eq!(places(&check(&sources)), ["crates/a/src/hold.rs:1: module-doc"]);
    }
}
