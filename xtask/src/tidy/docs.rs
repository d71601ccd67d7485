//! Every module opens with what it is for (S21), and no example hides in a comment.
//!
//! Invariant: an example is a test. Those in comments are built by themselves, with other features
//! of what they depend on, which costs a second build of all of that; so there are none.

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

/// Fences in doc comments, but for those of `text`: rustdoc would take them for programs to run.
pub(crate) fn check_examples(sources: &[RustFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        let mut is_open = false;
        for (index, line) in source.text.lines().enumerate() {
            let line = line.trim_start();
            let comment = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
            let fence = comment.and_then(|text| text.trim_start().strip_prefix("```"));
            match (comment, fence) {
                (None, _) => is_open = false,
                (Some(_), None) => {}
                (Some(_), Some(language)) => {
                    if !is_open && language != "text" {
                        let message = "an example is a test of its own; a drawing is ```text";
                        findings.push(Finding::new(source.path, index + 1, "doc-test", message));
                    }
                    is_open = !is_open;
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{check, check_examples};
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

    #[test]
    fn an_example_in_a_comment_is_found() {
        let tree = Tree::of(&[
            ("crates/a/src/run.rs", "//! A.\n/// ```\n/// run();\n/// ```\nfn a() {}"),
            ("crates/a/src/bad.rs", "//! A.\n//! ```should_panic\n//! ```\nfn a() {}"),
            ("crates/a/src/two.rs", "//! ```text\n//! a\n//! ```\n//! ```rust\n//! ```\n"),
            ("crates/a/src/ok.rs", "//! ```text\n//! a -> b\n//! ```\nlet a = \"```\";"),
        ]);
        let (sources, _) = lex_all(&tree.files);
        assert_eq!(
            places(&check_examples(&sources)),
            [
                "crates/a/src/run.rs:2: doc-test",
                "crates/a/src/bad.rs:2: doc-test",
                "crates/a/src/two.rs:4: doc-test",
            ]
        );
    }
}
